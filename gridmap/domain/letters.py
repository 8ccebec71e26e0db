"""What a message says: one sentence a kind, in the language of who reads it, and nothing but text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from gridmap.language import Phrase, phrase

# The ways a message can leave by.
CHANNEL_KINDS: Final = ("webhook", "mail", "wecombot", "dingtalk", "feishu", "log")
# A delivery waits for its next attempt, has been sent, or is given up with the reason.
DELIVERY_STATES: Final = ("waiting", "sent", "dead")
# A line of a letter is cut here: no name of a place is longer, and some robots take 2,048 bytes in all.
LONGEST_LINE: Final = 300

STAMP_NAMES: Final[dict[str, Phrase]] = {
    "first_answer": phrase("first answer"),
    "accepted": phrase("acceptance"),
    "on_site": phrase("arrival on site"),
    "under_control": phrase("getting it under control"),
    "resolved": phrase("solution"),
}

# kind of message: its sentence; a value that a message does not have is an empty word
SENTENCES: Final[dict[str, Phrase]] = {
    "dispatched": phrase("{code} is yours to handle: {category}"),
    "emergency": phrase("Emergency {code}: {category}"),
    "to_dispatch": phrase("{code} waits to be dispatched: {category}"),
    "near_limit": phrase("{code}: {stamp} is due by {due} ({category})"),
    "over_limit": phrase("{code}: {stamp} was due by {due} ({category})"),
    "returned": phrase("{code} came back and waits to be dispatched again: {category}"),
    "reopened": phrase("{code} was reopened: {category}"),
    "rework": phrase("{code} failed its check and must be done again: {category}"),
    "supervised": phrase("{code} is under supervision: {category}"),
    "support": phrase("Support is asked for at {code}: {category}"),
    "resolved": phrase("{code} has been resolved: {category}"),
    "overdue_round": phrase("The round {round} was due by {due}"),
    "alarm": phrase("Alarm {code}: {category}"),
    "recovered": phrase("The alarm of {code} has ended: {category}"),
}
WHERE: Final = phrase("Grid: {grid}")
BY_WHEN: Final = phrase("Next limit: {stamp} by {due}")


@dataclass(frozen=True)
class Occasion:
    """What a message is about: its issue, if it has one, or whatever else it names."""

    uid: UUID
    kind: str
    at: datetime
    site: str
    site_name: str
    timezone: str
    urgent: bool = False
    issue: str | None = None
    category: str | None = None
    category_name: str | None = None
    grid: str | None = None
    stamp: str | None = None
    due_at: datetime | None = None
    round: str | None = None
    person: str | None = None


@dataclass(frozen=True)
class Letter:
    """A message as it leaves: the same `uid` however often it is sent."""

    uid: UUID
    kind: str
    subject: str
    text: str
    language: str
    at: datetime
    urgent: bool = False
    # What programs are told besides; words of reporters are never among it.
    facts: dict[str, Any] = field(default_factory=dict)


def letter_of(occasion: Occasion, language: str) -> Letter:
    """The letter that says a message in a language."""
    sentence = line(sentence_of(occasion, language))
    lines = [sentence, *(line(said.say(language)) for said in _besides(occasion))]
    return Letter(
        uid=occasion.uid,
        kind=occasion.kind,
        subject=line(f"{occasion.site_name} · {sentence}"),
        text="\n".join(lines),
        language=language,
        at=occasion.at,
        urgent=occasion.urgent,
        facts=_facts(occasion),
    )


def sentence_of(occasion: Occasion, language: str) -> str:
    """What a message says, on one line."""
    return Phrase(SENTENCES[occasion.kind].key, _words(occasion)).say(language)


def _besides(occasion: Occasion) -> Iterator[Phrase]:
    """Where it is, and by when what has to be done, unless the sentence has just said so."""
    if occasion.grid is not None:
        yield Phrase(WHERE.key, {"grid": occasion.grid})
    if occasion.due_at is not None and occasion.stamp in STAMP_NAMES and "{due}" not in SENTENCES[occasion.kind].key:
        yield Phrase(BY_WHEN.key, _words(occasion))


def _words(occasion: Occasion) -> dict[str, object]:
    stamp = STAMP_NAMES.get(occasion.stamp or "")
    return {
        "code": occasion.issue or "",
        "category": Phrase(occasion.category_name) if occasion.category_name else "",
        "stamp": stamp or "",
        "due": _local(occasion.due_at, occasion.timezone),
        "round": occasion.round or "",
    }


def _local(moment: datetime | None, timezone: str) -> str:
    return "" if moment is None else f"{moment.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"


def _facts(occasion: Occasion) -> dict[str, Any]:
    named = ("site", "issue", "category", "grid", "stamp", "round", "person")
    facts: dict[str, Any] = {name: getattr(occasion, name) for name in named}
    facts["due_at"] = None if occasion.due_at is None else occasion.due_at.isoformat()
    return {name: value for name, value in facts.items() if value is not None}


def line(text: str) -> str:
    """Text on one line: whatever would begin another, turn the line around or steer a screen becomes a blank."""
    sound = "".join(letter if _stands(letter) else " " for letter in text)
    flat = " ".join(sound.split())
    return flat if len(flat) <= LONGEST_LINE else flat[: LONGEST_LINE - 1] + "…"


def _stands(letter: str) -> bool:
    # Cc and Cf steer, Zl and Zp break lines, Cs cannot be sent; a blank is a blank.
    return unicodedata.category(letter) not in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn")
