"""The monthly report as pages: what stands on them is given in blocks, each of a kind the template knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from gridmap.language import phrase
from gridmap.maps.escape import clipped
from gridmap.maps.typeset import Form, typeset

LONGEST: Final = 200


@dataclass(frozen=True)
class Tile:
    """A figure that is seen first: what it is, what it was before, and whether the change is good."""

    name: str
    value: str
    before: str = ""
    direction: str = ""
    good: bool | None = None


@dataclass(frozen=True)
class Tiles:
    tiles: tuple[Tile, ...]
    kind: str = "tiles"


@dataclass(frozen=True)
class Heading:
    text: str
    kind: str = "heading"


@dataclass(frozen=True)
class Words:
    text: str
    kind: str = "words"


@dataclass(frozen=True)
class Figure:
    """A drawing of ours, so many millimetres wide and high; its classes are colours with what each means."""

    svg: str
    width: float
    height: float | None = None
    title: str = ""
    classes: tuple[tuple[str, str], ...] = ()
    kind: str = "figure"


@dataclass(frozen=True)
class Table:
    """A table; of its columns those that are `numbers` stand to the right, rows in `marked` burn."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    marked: tuple[int, ...] = ()
    widths: tuple[str, ...] = ()
    kind: str = "table"


@dataclass(frozen=True)
class Beside:
    """Two blocks next to one another."""

    left: Figure | Table
    right: Figure | Table
    kind: str = "beside"


@dataclass(frozen=True)
class NewPage:
    kind: str = "page"


Block = Tiles | Heading | Words | Figure | Table | Beside | NewPage


def report(
    blocks: Sequence[Block], *, site: str, month: str, printed: str, language: str, at: datetime, form: Form = "pdf",
    ppi: float = 110.0,
) -> list[bytes]:  # fmt: skip
    """The blocks as pages of A4 with a head, a foot and numbers."""
    data = {
        "title": phrase("Monthly report of the grids").say(language),
        "site": clipped(site, LONGEST),
        "month": month,
        "printed": f"{phrase('printed at').say(language)} {printed}",
        "blocks": [_as_data(block) for block in blocks],
    }
    return typeset("monthly", data, language, at, form, ppi)


def _as_data(block: Block) -> dict[str, Any]:
    said = asdict(block)
    return {name: _clipped(value) for name, value in said.items() if name != "svg"} | (
        {"svg": said["svg"]} if "svg" in said else {}
    )


def _clipped(value: Any) -> Any:
    """Every text of a block, at most so long; drawings are whole."""
    if isinstance(value, str):
        return clipped(value, LONGEST)
    if isinstance(value, dict):
        return {name: each if name == "svg" else _clipped(each) for name, each in value.items()}
    return [_clipped(each) for each in value] if isinstance(value, list | tuple) else value
