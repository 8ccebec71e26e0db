"""Scores of people in their roles: computed while a period is open, and as they were from when it is closed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.analytics.indicators.definitions import INDICATORS
from gridmap.domain import evaluation as rules
from gridmap.domain.evaluation import LINE, TYPED_IN, WEIGHTS, Weighing
from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.roles import ROLES
from gridmap.errors import ConflictError, FieldError, RefusedError
from gridmap.operations.charges import Found, people_figures
from gridmap.operations.indicators import months, read
from gridmap.storage import evaluation as stored


@dataclass(frozen=True)
class Line:
    """What one indicator said of somebody, and the points it gave him."""

    indicator: str
    numerator: float | None
    denominator: float | None
    value: float | None
    low: float | None
    high: float | None
    weight: float
    target: float | None
    points: float | None


@dataclass(frozen=True)
class Standing:
    """Somebody in a role: his points of a hundred, the line, and for how many months in a row he has been below it."""

    role: str
    person: str
    total: float | None
    line: float
    months_below: int
    lines: tuple[Line, ...]

    @property
    def below(self) -> bool:
        return self.total is not None and self.total < self.line


def weights(session: Session, site: Site) -> dict[str, tuple[Weighing, ...]]:
    """What counts for each role: as the site says; where it says nothing of a role, as the trade has it."""
    own = stored.weights(session, site.id)
    said = {row.role for row in own}
    rows = [*own, *(row for row in WEIGHTS if row.role not in said)]
    return {role: tuple(row for row in rows if row.role == role) for role in ROLES if any(r.role == role for r in rows)}


def weigh(session: Session, site: Site, role: str, rows: Sequence[Weighing], line: float | None = None) -> None:
    """Say what counts for a role, and the line; without rows, the trade's hold again."""
    if role not in ROLES:
        raise FieldError("role", f"there is no role {role}: they are {', '.join(ROLES)}")
    for row in rows:
        if row.indicator not in INDICATORS:
            raise FieldError("indicator", f"there is no indicator {row.indicator}: they are {', '.join(INDICATORS)}")
        if not 0 < row.weight < math.inf:
            raise FieldError("weight", f"{row.indicator}: a weight is more than 0; leave out what does not count")
        if not all(level is None or math.isfinite(level) for level in (row.target, row.floor)):
            raise FieldError("target", f"{row.indicator}: target and floor are numbers, or are left out")
    if len({row.indicator for row in rows}) < len(rows):
        raise FieldError("weights", "an indicator is said twice: say once what it weighs")
    stored.write_weights(session, site.id, role, rows)
    if line is not None:
        stored.write_line(session, site.id, role, line)


def enter(
    session: Session,
    site: Site,
    span: Span,
    indicator: str,
    numerator: float,
    denominator: float = 1.0,
    *,
    at: datetime,
    person: str | None = None,
    account_id: int | None = None,
    note: str | None = None,
) -> None:
    """Type in what is not measured, of a site or of somebody; what was typed in before for the same gives way."""
    if indicator not in TYPED_IN:
        raise FieldError("indicator", f"{indicator} is not typed in: these are {', '.join(TYPED_IN)}")
    if not 0 <= numerator < math.inf or not 0 < denominator < math.inf:
        raise FieldError("numerator", "a figure is 0 or more, and is divided by more than 0")
    _open(session, site, span)
    person_id = stored.person_id(session, site.id, person) if person is not None else None
    if person is not None and person_id is None:
        raise FieldError("person", f"nobody is known as {person} here")
    stored.write_entry(
        session,
        {
            "site_id": site.id, "period": span.name, "indicator": indicator, "person_id": person_id,
            "numerator": numerator, "denominator": denominator, "note": note, "account_id": account_id, "at": at,
        },
    )  # fmt: skip


def _open(session: Session, site: Site, span: Span) -> None:
    if span.kind == "week":
        raise FieldError("period", f"{span.name}: people are evaluated by months and quarters, as 2026-05 or 2026-Q2")
    closed = stored.period(session, site.id, span.name)
    if closed is not None:
        raise ConflictError(
            f"{span.name} is closed since {closed.closed_at.astimezone(UTC).isoformat()}: it stays as it was"
        )


def close_period(
    session: Session, site: Site, span: Span, at: datetime, account_id: int | None = None
) -> list[Standing]:
    """Freeze a period that is over: whatever happens to its issues from now on, its scores stay as they are."""
    _open(session, site, span)
    if span.end > at:
        raise RefusedError(f"{span.name} is not over before {span.end.isoformat()}: close it then")
    found = _computed(session, site, span, at)
    held = dict.fromkeys(weights(session, site), LINE) | stored.lines(session, site.id)
    number = stored.close(session, site.id, span, at, account_id, held)
    if number is None:
        raise ConflictError(f"somebody has just closed {span.name}: it stays as it was")
    rows = [{"role": each.role, "person": each.person, **vars(line)} for each in found for line in each.lines]
    stored.write_scores(session, number, site.id, rows)
    return found


def scores(session: Session, site: Site, span: Span, at: datetime) -> list[Standing]:
    """Everybody's points in a period, by role and code: frozen ones as they were, others as they are at a moment."""
    if span.kind == "week":
        raise FieldError("period", f"{span.name}: people are evaluated by months and quarters, as 2026-05 or 2026-Q2")
    closed = stored.period(session, site.id, span.name)
    if closed is None:
        return _computed(session, site, span, at)
    rows = stored.scores(session, closed.id)
    return _standings(
        session, site, span, _read_lines(rows), {role: float(line) for role, line in closed.lines.items()}
    )


def _read_lines(rows: pd.DataFrame) -> dict[tuple[str, str], list[Line]]:
    found: dict[tuple[str, str], list[Line]] = {}
    for row in rows.to_dict("records"):
        key = str(row.pop("role")), str(row.pop("person"))
        line: dict[str, Any] = {str(name): None if pd.isna(value) else value for name, value in row.items()}
        found.setdefault(key, []).append(Line(**line))
    return _ordered(found)


def _ordered(lines: Mapping[tuple[str, str], list[Line]]) -> dict[tuple[str, str], list[Line]]:
    order = list(INDICATORS)
    return {key: sorted(each, key=lambda line: order.index(line.indicator)) for key, each in lines.items()}


def _standings(
    session: Session, site: Site, span: Span, found: Mapping[tuple[str, str], Sequence[Line]], held: Mapping[str, float]
) -> list[Standing]:
    earlier = stored.below(session, site.id, span.first) if span.kind == "month" else pd.DataFrame()
    standings = []
    for (role, person), each in sorted(found.items()):
        total = rules.total([(line.points, line.weight) for line in each])
        line = held.get(role, LINE)
        run = 0
        if total is not None and total < line:
            run = 1 + (_run(earlier, span, role, person) if len(earlier) else 0)
        standings.append(Standing(role, person, total, line, run, tuple(each)))
    return standings


def _run(earlier: pd.DataFrame, span: Span, role: str, person: str) -> int:
    """How many closed months before a month, in a row, somebody was below the line."""
    rows = earlier[(earlier["role"] == role) & (earlier["person"] == person)]
    below = dict(zip(rows["starts"], rows["below"], strict=True))
    run, month = 0, span.before()
    while below.get(month.first):
        run, month = run + 1, month.before()
    return run


# ---------------------------------------------------------------- what an open period says


def _computed(session: Session, site: Site, span: Span, at: datetime) -> list[Standing]:
    weighed = weights(session, site)
    codes = {row.indicator for rows in weighed.values() for row in rows}
    data = read(session, site, span.window(at), codes=codes)
    found = people_figures(data, codes)
    found += list(_typed_in(session, site, span, found, codes))
    base = _base(session, site, span, at) if "complaints" in codes else {}
    lines: dict[tuple[str, str], list[Line]] = {}
    for role, person, row in found:
        weighing = next((each for each in weighed.get(role, ()) if each.indicator == row["indicator"]), None)
        if weighing is not None:
            lines.setdefault((role, person), []).append(_line(weighing, row, base.get((role, person))))
    held = dict.fromkeys(weighed, LINE) | stored.lines(session, site.id)
    return _standings(session, site, span, _ordered(lines), held)


def _line(weighing: Weighing, row: Mapping[str, Any], base: float | None) -> Line:
    numbers = {name: _number(row[name]) for name in ("numerator", "denominator", "value", "low", "high")}
    target = weighing.target if weighing.target is not None else base
    points = rules.points(numbers["value"], weighing, base)
    return Line(weighing.indicator, weight=weighing.weight, target=target, points=points, **numbers)


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _base(session: Session, site: Site, span: Span, at: datetime) -> dict[tuple[str, str], float]:
    """Complaints per 100 households in the base period: a year before, or just before if nothing is known of then."""
    for past in (span.year_before(), span.before()):
        data = read(session, site, past.window(at), codes=["complaints"])
        if len(data.facts):
            return {(role, person): row["value"] for role, person, row in people_figures(data, ["complaints"])}
    return {}


def _typed_in(session: Session, site: Site, span: Span, found: Found, codes: Iterable[str]) -> Iterator[Any]:
    """What was typed in: of somebody for him; of the site for everybody who is evaluated at all."""
    rows = stored.entries(session, site.id, months(span))
    everybody = sorted({(role, person) for role, person, _ in found})
    for code in sorted(set(codes) & set(TYPED_IN)):
        said = {row["person"]: row for row in rows[rows["indicator"] == code].to_dict("records")}
        for role, person in everybody:
            row = said.get(person) or said.get(None)
            if row is not None:
                value = row["numerator"] if code == "accidents" else row["numerator"] / row["denominator"]
                yield role, person, {**row, "value": value, "low": None, "high": None}
