"""The column beside a shaded map that says what its colours and signs mean, row under row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gridmap.maps.escape import clipped
from gridmap.maps.layers import Look
from gridmap.maps.lettering import Line
from gridmap.maps.shades import Shade
from gridmap.maps.strokes import tag, words

EDGE: Final = 10.0
PAD: Final = 11.0
SIGN: Final = 17.0
HIGH: Final = 16.5
# A heading is broken where it is wider; a longer word is cut.
WRAP: Final = 170.0
LONGEST: Final = 120
STEP: Final = 45.0

Draw = Callable[[float, float], str]


@dataclass(frozen=True)
class Row:
    """A row of the column: how wide and high it is, and how it is drawn from its left upper corner to a right edge."""

    width: float
    height: float
    draw: Callable[[float, float, float], str]


def heading(text: str, look: Look, *, counted: str | None = None) -> list[Row]:
    """What is told below, broken to the column; and what is counted at the right."""
    lines = list(_broken(clipped(text, LONGEST))) or [""]
    rows = [*(_line(line, look, None) for line in lines[:-1]), _line(lines[-1], look, counted)]
    return [*rows, Row(0, 3, lambda _x, _y, _right: "")]


def _line(text: str, look: Look, counted: str | None) -> Row:
    def draw(x: float, y: float, right: float) -> str:
        said = words(text, x=round(x, 1), y=round(y + 11, 1), font_size=10.5, font_weight=700, fill=look.ink["ink"])
        return said + (_at_right(counted, right, y + 11, look) if counted else "")

    beside = Line(counted, 9, "").width + 14 if counted else 0.0
    return Row(Line(text, 10.5, "").width * 1.04 + beside, 14.5, draw)


def swatch(shade: Shade, look: Look) -> Row:
    """A colour, what it is called, and how many grids have it."""

    def sign(x: float, y: float) -> str:
        return tag("rect", x=round(x, 1), y=round(y + 2.5, 1), width=13, height=11, rx=2, fill=shade.colour,
                   stroke=look.ink["ink3"], stroke_width=0.5, stroke_opacity=0.6)  # fmt: skip

    return row(sign, shade.term, look, counted=f"{shade.count:,}")


def row(sign: Draw, term: str, look: Look, *, counted: str | None = None) -> Row:
    """A sign and what it is."""
    said = Line(clipped(term, 40), 10.5, look.ink["ink2"])

    def draw(x: float, y: float, right: float) -> str:
        text = words(said.text, x=round(x + SIGN + 3, 1), y=round(y + 12, 1), font_size=said.size, fill=said.colour)
        return sign(x, y) + text + (_at_right(counted, right, y + 12, look) if counted is not None else "")

    beside = Line(counted, 9, "").width + 18 if counted is not None else 0.0
    return Row(SIGN + 3 + said.width + beside, HIGH, draw)


def gap() -> Row:
    """Nothing, between two subjects."""
    return Row(0, 8, lambda _x, _y, _right: "")


def _at_right(text: str, right: float, y: float, look: Look) -> str:
    return words(text, x=round(right, 1), y=round(y, 1), font_size=9, text_anchor="end", fill=look.ink["ink3"])


def _broken(text: str) -> Iterator[str]:
    """Lines no wider than the column, broken at spaces, or between signs where there is none."""
    line = ""
    for part in _parts(text):
        if line and Line(line + part.rstrip(), 10.5, "").width > WRAP:
            yield line.strip()
            line = part.lstrip()
        else:
            line += part
    if line.strip():
        yield line.strip()


def _parts(text: str) -> Iterator[str]:
    word = ""
    for letter in text:
        if letter > "\u2e80":
            yield from (word, letter) if word else (letter,)
            word = ""
        else:
            word += letter
            if letter in " -/":
                yield word
                word = ""
    if word:
        yield word


def width_of(rows: Sequence[Row]) -> float:
    """How wide the column of some rows is with what is left free beside it, in steps: maps of like rows are alike."""
    return math.ceil(_natural(rows) / STEP) * STEP if rows else 0.0


def _natural(rows: Sequence[Row]) -> float:
    return max(each.width for each in rows) + 2 * PAD + EDGE


def column(rows: Sequence[Row], right: float, sheet: float, look: Look) -> str:
    """The rows on a panel at the right edge, in the middle of a sheet so high."""
    if not rows:
        return ""
    left = right - _natural(rows)
    high = sum(each.height for each in rows) + 1.5 * PAD
    y = max((sheet - high) / 2, EDGE)
    panel = {"x": round(left, 1), "y": round(y, 1), "width": round(right - left - EDGE, 1), "height": round(high, 1)}
    parts = [tag("rect", **panel, rx=8, fill=look.ink["panel"], fill_opacity=0.94, stroke=look.ink["line"])]
    y += PAD * 0.75
    for each in rows:
        parts.append(each.draw(left + PAD, y, right - EDGE - PAD))
        y += each.height
    return "".join(parts)
