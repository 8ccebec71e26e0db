"""Labels of a picture: only where they fit, and none over another."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from gridmap.maps.strokes import tag, words
from gridmap.maps.view import View

Box = tuple[float, float, float, float]
# How far from its middle a label may stand, as shares of the room it has to the right and below.
SHIFTS: Final = ((0, 0), (0, -0.35), (0, 0.35), (0, -0.7), (0, 0.7), (-0.5, 0), (0.5, 0), (-0.5, -0.5), (0.5, 0.5))
LINE_HEIGHT: Final = 1.22
# Widths in shares of the size, where nothing measures fonts; a little wide, so that nothing is cut.
WIDE, BROAD, CAPITAL, SMALL, NARROW = 1.0, 0.92, 0.7, 0.59, 0.36
BROADEST: Final = "mwMW@%—"
THIN: Final = " .,:;'|!·iljI-()"
BOLD: Final = (600, 1.05)  # from this weight on, so many times as wide


@dataclass(frozen=True)
class Line:
    """A line of a label."""

    text: str
    size: float
    colour: str
    weight: int = 400
    spacing: float = 0.0

    @property
    def width(self) -> float:
        """About how wide it is in pixels."""
        letters = sum(_advance(letter) for letter in self.text) * self.size
        return letters * (BOLD[1] if self.weight >= BOLD[0] else 1) + self.spacing * max(len(self.text) - 1, 0)


@dataclass(frozen=True)
class Label:
    """Lines around a place in pixels, with the radius of the room there; one that `must` stand may stand on symbols."""

    x: float
    y: float
    lines: Sequence[Line]
    room: float = float("inf")
    angle: float = 0.0
    must: bool = False

    @property
    def size(self) -> tuple[float, float]:
        return max(line.width for line in self.lines), sum(line.size * LINE_HEIGHT for line in self.lines)

    @property
    def fits(self) -> bool:
        """Whether it stands within its own ground: a little over the edge of the largest circle is well within."""
        return self.must or self.size[0] * 0.44 < self.room


def _advance(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return WIDE
    if letter in THIN:
        return NARROW
    if letter in BROADEST:
        return BROAD
    return CAPITAL if letter.isupper() else SMALL


@dataclass
class Lettering:
    """The labels of one picture, and what is taken on it; nothing at all is written where it is closed."""

    view: View
    halo: str
    taken: list[Box] = field(default_factory=list)
    closed: list[Box] = field(default_factory=list)
    labels: list[Box] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def keep_free(self, x: float, y: float, half: float) -> None:
        """A symbol stands here."""
        self.taken.append((x - half, y - half, x + half, y + half))

    def add(self, labels: Iterable[Label]) -> None:
        """Write those that find room, the first first."""
        for label in labels:
            if label.fits:
                self._place(label)

    def _place(self, label: Label) -> None:
        width, height = label.size
        if label.angle:
            width, height = _turned(width, height, label.angle)
        slack = max(0.0, min(label.room, 120.0) - height / 2)
        for across, down in SHIFTS if not label.angle else SHIFTS[:1]:
            x, y = label.x + across * slack, label.y + down * slack
            box = (x - width / 2 - 3, y - height / 2 - 2, x + width / 2 + 3, y + height / 2 + 2)
            if self._inside(box) and not any(meet(box, other) for other in self.taken):
                self._write(label, x, y, box)
                return
        box = (label.x - width / 2, label.y - height / 2, label.x + width / 2, label.y + height / 2)
        if label.must and self._inside(box) and not any(meet(box, other) for other in self.labels):
            self._write(label, label.x, label.y, box)

    def _inside(self, box: Box) -> bool:
        within = box[0] >= 2 and box[1] >= 2 and box[2] <= self.view.width - 2 and box[3] <= self.view.height - 2
        return within and not any(meet(box, other) for other in self.closed)

    def _write(self, label: Label, x: float, y: float, box: Box) -> None:
        self.taken.append(box)
        self.labels.append(box)
        top = y - label.size[1] / 2
        lines = []
        for line in label.lines:
            top += line.size * LINE_HEIGHT
            lines.append(words(
                line.text, x=round(x, 1), y=round(top - line.size * 0.3, 1), font_size=line.size,
                font_weight=None if line.weight == 400 else line.weight, fill=line.colour,
                letter_spacing=line.spacing or None,
            ))  # fmt: skip
        turned = f"rotate({label.angle:.1f} {x:.1f} {y:.1f})" if label.angle else None
        self.written.append(tag("g", "".join(lines), transform=turned) if turned else "".join(lines))

    def svg(self) -> str:
        """All of them, with a halo in the colour of the ground."""
        return tag(
            "g", "".join(self.written), text_anchor="middle", stroke=self.halo, stroke_width=3, stroke_linejoin="round",
            paint_order="stroke",
        ) if self.written else ""  # fmt: skip


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes overlap."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _turned(width: float, height: float, angle: float) -> tuple[float, float]:
    from math import cos, radians, sin

    c, s = abs(cos(radians(angle))), abs(sin(radians(angle)))
    return width * c + height * s, width * s + height * c
