"""What the page about messages shows is what its commands say, and its ladder is that of the code."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from gridmap.domain.escalation import DIRECTING, HANDLER, LADDER
from gridmap.domain.roles import ROLES
from gridmap.storage.cluster import Cluster
from tests.conftest import PROJECT
from tests.docs.pages import EXAMPLE, hold_to_what_is_said

PAGE = PROJECT / "docs" / "guide" / "messages.md"
SEATS = {
    HANDLER: "whoever has it in hand; as long as nobody has, whoever hands work out",
    DIRECTING: "whoever directs him",
    **ROLES,
}


def ladder() -> Iterator[str]:
    yield "| step | after | who is told |\n"
    yield "| --- | --- | --- |\n"
    for rung in LADDER:
        yield f"| `{rung.step}` | {rung.share:.0%} | {', '.join(SEATS[seat] for seat in rung.seats)} |\n"


def test_the_ladder_is_that_of_the_code() -> None:
    said = PAGE.read_text(encoding="utf-8")
    place = re.compile(r"(?<=<!-- ladder -->\n)((?:\|.*\n)*)")
    now = "".join(ladder())
    if os.environ.get("GRIDMAP_WRITE_DOCS"):
        PAGE.write_text(place.sub(lambda _: now, said, count=1), encoding="utf-8")
        return
    found = place.search(said)
    assert found is not None
    assert found[1] == now


def test_the_page_shows_what_its_commands_say(cluster: Cluster, template: str, tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "example")
    hold_to_what_is_said("docs/guide/messages.md", cluster, template, folder)
