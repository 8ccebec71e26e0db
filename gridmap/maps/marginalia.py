"""What stands at the edge of a picture: title, moment, scale, north, and what the signs mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from gridmap.language import phrase
from gridmap.maps.escape import clipped
from gridmap.maps.layers import LOAD_OPACITY, Look
from gridmap.maps.lettering import Line
from gridmap.maps.strokes import tag, words
from gridmap.maps.style import ATTENTIONS, LOAD_TERMS
from gridmap.maps.view import View

EDGE: Final = 12.0
ROW: Final = 22.0
CLASS_PX: Final = 30.0
# What the scale takes of the foot, and what a heading takes of the head.
SCALE_PX: Final = 160.0
BAND: Final = 38.0
LONGEST: Final = 60
STEPS: Final = (1, 2, 5)


def scale_bar(view: View, look: Look) -> str:
    """How long a round number of metres is, and which way is north."""
    metres = _round_length(110 * view.metres_per_px)
    length = metres / view.metres_per_px
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    right, bottom = view.width - EDGE, view.height - EDGE
    line = f"M{right - length:.1f} {bottom - 5:.1f}v5h{length:.1f}v-5"
    bar = [
        tag("path", d=line, fill="none", stroke=look.ink["halo"], stroke_width=4, stroke_opacity=0.8),
        tag("path", d=line, fill="none", stroke=look.ink["ink2"], stroke_width=1.4),
        _on_halo(text, right - length / 2, bottom - 7, 10.5, look, anchor="middle"),
    ]
    return "".join(bar) + _north(right - length - 18, bottom - 12, look)


def _north(x: float, y: float, look: Look) -> str:
    arrow = f"M{x:.1f} {y - 10:.1f}l5 14l-5 -3.6l-5 3.6z"
    drawn = tag("path", d=arrow, fill=look.ink["ink2"], stroke=look.ink["halo"], stroke_width=1.5, paint_order="stroke")
    return drawn + _on_halo("N", x, y + 14, 9, look, anchor="middle", weight=700)


def _round_length(most: float) -> float:
    """The longest of 1, 2, 5, 10 … metres that is no longer."""
    power = 10.0 ** math.floor(math.log10(max(most, 1.0)))
    return max(step * power for step in STEPS if step * power <= max(most, 1.0))


def heading(look: Look, title: str | None, moment: str | None) -> str:
    """The site and the moment, in a corner."""
    width = 24.0
    parts = []
    for text, size, weight, ink in ((title, 15, 700, "ink"), (moment, 11, 400, "ink3")):
        if text:
            line = Line(clipped(text, LONGEST), size, look.ink[ink], weight)
            parts.append(words(line.text, x=round(EDGE + width - 12, 1), y=EDGE + 19, font_size=size,
                               font_weight=weight, fill=line.colour))  # fmt: skip
            width += line.width + 12
    return _panel(EDGE, EDGE, width - 12, BAND - 8, look) + "".join(parts) if parts else ""


@dataclass(frozen=True)
class Entry:
    """Something a legend says: how wide it is, and how it is drawn from its left upper corner."""

    width: float
    draw: Callable[[float, float], str]


def legend(view: View, look: Look, entries: Sequence[Entry]) -> str:
    """What the signs mean, in rows at the foot."""
    rows = _flow(entries, view.width - 2 * EDGE - SCALE_PX)
    if not rows:
        return ""
    height, width = len(rows) * ROW + 12, max(sum(entry.width for entry in row) for row in rows) + 14
    top = view.height - EDGE - height
    parts = [_panel(EDGE, top, width, height, look)]
    for number, row in enumerate(rows):
        x = EDGE + 10.0
        for entry in row:
            parts.append(entry.draw(x, top + 6 + number * ROW))
            x += entry.width
    return "".join(parts)


def entries_of(look: Look, language: str, *, load: bool, shown: Collection[str]) -> list[Entry]:
    """The symbols that are on the sheet, and the classes of the load."""
    found = [_of_symbol(look, name, language) for name in ATTENTIONS if name in shown]
    return [*found, _of_load(look, language)] if load else found


def height_of(entries: Sequence[Entry], width: float) -> float:
    """How high a legend is on a sheet so wide, with what is left free around it."""
    rows = _flow(entries, width - 2 * EDGE - SCALE_PX)
    return len(rows) * ROW + 12 + EDGE + 6 if rows else 0.0


def _flow(entries: Sequence[Entry], width: float) -> list[list[Entry]]:
    rows: list[list[Entry]] = []
    for entry in entries:
        if rows and sum(each.width for each in rows[-1]) + entry.width <= width:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    return rows


def _of_symbol(look: Look, name: str, language: str) -> Entry:
    term, symbol = ATTENTIONS[name].term.say(language), look.symbol(name).removeprefix("<svg")

    def draw(x: float, y: float) -> str:
        sign = f'<svg x="{x:.1f}" y="{y + 4:.1f}" width="14" height="14"{symbol}'
        return sign + words(term, x=round(x + 19, 1), y=round(y + 15, 1), font_size=11, fill=look.ink["ink2"])

    return Entry(Line(term, 11, "").width + 34, draw)


def _of_load(look: Look, language: str) -> Entry:
    title = phrase("open issues per 100 households").say(language)
    wide = Line(title, 11, "").width + 10

    def draw(x: float, y: float) -> str:
        parts = [words(title, x=round(x, 1), y=round(y + 15, 1), font_size=11, fill=look.ink["ink2"])]
        for number, (colour, term) in enumerate(zip(look.style["loadColours"], LOAD_TERMS, strict=True)):
            left = x + wide + number * CLASS_PX
            parts.append(tag("rect", x=round(left, 1), y=round(y + 3, 1), width=CLASS_PX - 2, height=8, rx=2,
                             fill=colour, fill_opacity=LOAD_OPACITY[look.theme] + 0.2,
                             stroke=look.ink["line"]))  # fmt: skip
            parts.append(words(term, x=round(left + CLASS_PX / 2 - 1, 1), y=round(y + 20, 1), font_size=8.5,
                               text_anchor="middle", fill=look.ink["ink3"]))  # fmt: skip
        return "".join(parts)

    return Entry(wide + len(LOAD_TERMS) * CLASS_PX + 10, draw)


def _panel(x: float, y: float, width: float, height: float, look: Look) -> str:
    return tag("rect", x=round(x, 1), y=round(y, 1), width=round(width, 1), height=round(height, 1), rx=8,
               fill=look.ink["panel"], fill_opacity=0.94, stroke=look.ink["line"])  # fmt: skip


def _on_halo(text: str, x: float, y: float, size: float, look: Look, anchor: str, weight: int = 400) -> str:
    return words(text, x=round(x, 1), y=round(y, 1), font_size=size, font_weight=weight, text_anchor=anchor,
                 fill=look.ink["ink2"], stroke=look.ink["halo"], stroke_width=3, stroke_linejoin="round",
                 paint_order="stroke")  # fmt: skip
