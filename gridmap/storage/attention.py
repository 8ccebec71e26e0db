"""What open issues ask for, told where they are stored: the rule of `domain.attention` for issue `i` at :now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gridmap.domain.attention import ATTENTIONS, BEGUN, TO_VERIFY, URGENT


def _list(words: Iterable[str]) -> str:
    return "({})".format(", ".join(f"'{word}'" for word in words))


def _case(answers: Mapping[str, str]) -> str:
    return f"""case
        when i.status in {_list(TO_VERIFY)} then {answers["verify"]}
        when i.due_at < :now and i.held_at is null then {answers["overdue"]}
        when i.urgency in {_list(URGENT)} then {answers["urgent"]}
        when i.status in {_list(BEGUN)} then {answers["doing"]}
        else {answers["new"]}
    end"""


ATTENTION: Final = _case({name: f"'{name}'" for name in ATTENTIONS})
# Its place in the order of what burns, from 0.
RANK: Final = _case({name: str(place) for place, name in enumerate(ATTENTIONS)})
