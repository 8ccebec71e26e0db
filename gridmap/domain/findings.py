"""What a check can find, how grave it is, and what accepting it by name covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from gridmap.errors import InputError

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Severity = Literal["error", "warning", "accepted", "note"]

# name: (severity unless the check says otherwise, what it means)
CHECKS: dict[str, tuple[Severity, str]] = {
    "missing-code": ("error", "a row without a code, or with an unfit one"),
    "duplicate-code": ("error", "one code on several rows of a layer"),
    "national-code": ("error", "a code that is not a national number of the division its plan names"),
    "empty-geometry": ("error", "a row without a shape"),
    "wrong-geometry": ("error", "a shape of another type than the layer's"),
    "invalid-geometry": ("error", "a ring that crosses or touches itself"),
    "swapped-axes": ("error", "longitude and latitude stand in the wrong order"),
    "not-degrees": ("error", "metres or feet posing as degrees"),
    "overlap": ("error", "two grids of a tier cover the same ground"),
    "gap": ("error", "ground between the grids of a tier that no grid covers"),
    "sliver": ("warning", "a gap or overlap so thin or small that it is a fault of drawing"),
    "unknown-parent": ("error", "a parent that the plan does not have"),
    "outside-parent": ("error", "a child reaches out of its parent (a warning below 5 % of the child)"),
    "uncovered-parent": (
        "error",
        "ground of a parent that no child covers (a warning below 5 % of the parent)",
    ),
    "given-up": ("error", "ground that the Edition in force covers and a drawn one does not, at the edge or as a hole"),
    "aligned-parent": ("note", "a parent that took, or could not take, the outline of its children"),
    "childless-parent": ("warning", "a grid above the leaf tier without children"),
    "cut-building": ("error", "a grid cuts a building, and not along its units (a warning below 1 m2)"),
    "building-outside": ("warning", "a building that lies in no grid"),
    "nobody-in-charge": ("error", "a leaf grid whose owner's post nobody holds"),
    "unsupervised": ("note", "a grid above the leaf whose post nobody holds"),
    "two-in-charge": ("error", "two people hold the owner's post of a grid at the same time"),
    "unknown-grid": ("error", "a row names a grid the plan does not have"),
    "unknown-person": ("error", "a row names a person who is not known"),
    "unknown-building": ("error", "a unit names a building the plan does not have"),
    "wrong-value": ("error", "a value that does not fit its column"),
}


@dataclass(frozen=True)
class Finding:
    """One thing a check found: what, where, how much, and in words."""

    check: str
    layer: str
    message: str
    codes: tuple[str, ...] = ()
    tier: int | None = None
    measure: float | None = None
    unit: str = ""
    geometry: BaseGeometry | None = None
    severity: Severity = "error"


def found(check: str, layer: str, message: str, *, severity: Severity | None = None, **details: object) -> Finding:
    """A finding with its check's own severity, unless another is given."""
    return Finding(check, layer, message, severity=severity or CHECKS[check][0], **details)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Acceptance:
    """`NAME` accepts a check's findings everywhere, `NAME:A,B` those that concern a grid A or B."""

    check: str
    codes: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Acceptance:
        check, _, codes = text.partition(":")
        if check not in CHECKS:
            raise InputError(f"--accept {text}: no check is called {check!r}; there are {', '.join(sorted(CHECKS))}")
        return cls(check, frozenset(code.strip() for code in codes.split(",") if code.strip()))

    def covers(self, finding: Finding) -> bool:
        return finding.check == self.check and (not self.codes or bool(self.codes & set(finding.codes)))


def accept(findings: Iterable[Finding], acceptances: Iterable[Acceptance]) -> list[Finding]:
    """The findings, with errors that were accepted by name marked so."""
    known = list(acceptances)
    return [
        replace(finding, severity="accepted")
        if finding.severity == "error" and any(acceptance.covers(finding) for acceptance in known)
        else finding
        for finding in findings
    ]
