"""Small charts for paper as SVG: a bar a day, and bars with their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gridmap.maps.escape import clipped
from gridmap.maps.layers import INKS
from gridmap.maps.strokes import families, number, tag, words
from gridmap.maps.view import PX_PER_MM

BLUE, PALE, WARM = "#2f66b3", "#cfe0f5", "#b3123a"
INK: Final = INKS["light"]
FOOT, HEAD = 18.0, 14.0
ROW: Final = 19.0
LONGEST: Final = 14


def _chart(inner: Sequence[str], width: float, height: float, language: str, said: str) -> str:
    return tag(
        "svg", "".join(inner), xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {number(width)} {number(height)}",
        width=f"{number(width / PX_PER_MM)}mm", height=f"{number(height / PX_PER_MM)}mm",
        font_family=families(language), role="img", aria_label=said,
    )  # fmt: skip


def day_bars(
    counts: Sequence[int], resting: Sequence[bool], *, width_mm: float, height_mm: float, language: str, said: str
) -> str:
    """How many each day, from the first of a month; days of rest are pale."""
    width, height = width_mm * PX_PER_MM, height_mm * PX_PER_MM
    most, room = max([*counts, 1]), height - FOOT - HEAD
    step = (width - 30) / max(len(counts), 1)
    parts = _lines(most, width, room)
    for day, (count, rests) in enumerate(zip(counts, resting, strict=True)):
        tall, x = room * count / most, 30 + day * step
        if count:
            parts.append(tag("rect", x=round(x + step * 0.12, 1), y=round(HEAD + room - tall, 1), rx=1.2,
                             width=round(step * 0.76, 1), height=round(tall, 1),
                             fill="#9dbfe8" if rests else BLUE))  # fmt: skip
        last = len(counts) - 1
        if day in (0, last) or (day % 5 == 4 and last - day > 1):
            parts.append(words(day + 1, x=round(x + step / 2, 1), y=round(height - 4, 1), font_size=9,
                               text_anchor="middle", fill=INK["ink3"]))  # fmt: skip
    return _chart(parts, width, height, language, said)


def _lines(most: int, width: float, room: float) -> list[str]:
    """The scale: nothing, half and the most."""
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = HEAD + room * (1 - share)
        parts.append(tag("path", d=f"M30 {y:.1f}H{width:.1f}", stroke=INK["line"], stroke_width=0.8))
        parts.append(words(f"{most * share:g}", x=25, y=round(y + 3, 1), font_size=9, text_anchor="end",
                           fill=INK["ink3"]))  # fmt: skip
    return parts


def named_bars(rows: Sequence[tuple[str, int, int]], *, width_mm: float, language: str, said: str) -> str:
    """Names with how many, the part of them that burns in the warm colour."""
    width, height = width_mm * PX_PER_MM, ROW * max(len(rows), 1) + 4
    most = max([count for _, count, _ in rows], default=1) or 1
    left, parts = 118.0, []
    for place, (name, count, burning) in enumerate(rows):
        y = 2 + place * ROW
        long = (width - left - 64) * count / most
        parts.append(words(clipped(name, LONGEST if language.startswith("zh") else 19), x=left - 8, y=round(y + 13, 1),
                           font_size=10.5, text_anchor="end", fill=INK["ink"]))  # fmt: skip
        parts.append(tag("rect", x=left, y=round(y + 3, 1), width=round(max(long, 1), 1), height=12, rx=2, fill=BLUE))
        if burning:
            parts.append(tag("rect", x=left, y=round(y + 3, 1), width=round(max(long * burning / count, 1), 1),
                             height=12, rx=2, fill=WARM))  # fmt: skip
        text = f"{count} ({burning})" if burning else f"{count}"
        parts.append(words(text, x=round(left + long + 6, 1), y=round(y + 13, 1), font_size=10, fill=INK["ink2"]))
    return _chart(parts, width, height, language, said)
