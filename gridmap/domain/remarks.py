"""What a finding says to somebody who draws: one sentence a check, with the grids and the ground it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gridmap.domain.findings import Finding
from gridmap.language import Phrase, phrase

MOST_NAMED: Final = 6


def remark(finding: Finding) -> Phrase:
    """A finding as a sentence; what nobody can draw is said as the check says it."""
    said = (_SAID if finding.codes else _SUMMED).get(finding.check)
    return Phrase(finding.message) if said is None else said(finding)


def ground(square_metres: float | None) -> str:
    """An area in words that every language reads."""
    if square_metres is None:
        return "–"
    return f"{square_metres:,.2f} m²" if square_metres < 100 else f"{square_metres:,.0f} m²"


def _named(codes: tuple[str, ...]) -> str:
    return ", ".join(codes[:MOST_NAMED]) + (" …" if len(codes) > MOST_NAMED else "")


Said = Callable[[Finding], Phrase]


def _both(finding: Finding) -> Phrase:
    return phrase("{grids} overlap by {area}", grids=_named(finding.codes), area=ground(finding.measure))


def _gap(finding: Finding) -> Phrase:
    return phrase("nobody covers {area} between {grids}", area=ground(finding.measure), grids=_named(finding.codes))


def _sliver(finding: Finding) -> Phrase:
    return phrase("a sliver of {area} at {grids}", area=ground(finding.measure), grids=_named(finding.codes))


def _outside_parent(finding: Finding) -> Phrase:
    return phrase(
        "{grid} reaches {area} out of {parent}",
        grid=finding.codes[0],
        area=ground(finding.measure),
        parent=_named(finding.codes[1:]),
    )


def _uncovered(finding: Finding) -> Phrase:
    return phrase("nobody below {grid} covers {area} of it", grid=finding.codes[0], area=ground(finding.measure))


def _cut(finding: Finding) -> Phrase:
    return phrase(
        "building {building} is cut: {area} of it lie in {others}, not in {grid}",
        building=finding.codes[0],
        area=ground(finding.measure),
        grid=finding.codes[1],
        others=_named(finding.codes[2:]),
    )


def _outside(finding: Finding) -> Phrase:
    return phrase(
        "{area} of building {building} lie in no grid", area=ground(finding.measure), building=finding.codes[0]
    )


# check: its sentence about what its codes name
_SAID: Final[dict[str, Said]] = {
    "overlap": _both,
    "gap": _gap,
    "sliver": _sliver,
    "outside-parent": _outside_parent,
    "uncovered-parent": _uncovered,
    "cut-building": _cut,
    "building-outside": _outside,
    "given-up": lambda finding: phrase(
        "{area} of {grids} are covered no more", area=ground(finding.measure), grids=_named(finding.codes)
    ),
    "missing-code": lambda finding: phrase("{code} is no fit code", code=finding.codes[0]),
    "duplicate-code": lambda finding: phrase("the code {code} is there twice", code=finding.codes[0]),
    "empty-geometry": lambda finding: phrase("{grid} has no ground", grid=finding.codes[0]),
    "wrong-geometry": lambda finding: phrase("{grid} is no area", grid=finding.codes[0]),
    "invalid-geometry": lambda finding: phrase("the outline of {grid} crosses itself", grid=finding.codes[0]),
    "unknown-parent": lambda finding: phrase("{grid} belongs to no grid above it", grid=finding.codes[0]),
    "childless-parent": lambda finding: phrase("{grid} has no grids below it", grid=finding.codes[0]),
    "nobody-in-charge": lambda finding: phrase("nobody answers for {grid}", grid=finding.codes[0]),
    "unsupervised": lambda finding: phrase("nobody supervises {grid}", grid=finding.codes[0]),
    "two-in-charge": lambda finding: phrase("two people answer for {grid} at once", grid=finding.codes[0]),
    "unknown-grid": lambda finding: phrase("{grid} is named, and there is no such grid", grid=finding.codes[0]),
}
# The same for what is told of many at once.
_SUMMED: Final[dict[str, Said]] = {
    "outside-parent": lambda finding: phrase(
        "children reach out of their parents by {area} altogether", area=ground(finding.measure)
    ),
    "uncovered-parent": lambda finding: phrase(
        "parents have {area} altogether that no child covers", area=ground(finding.measure)
    ),
}
