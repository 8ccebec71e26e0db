"""The forms that people expect to print or take along: each is filled from what its reader may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, NotFoundError
from gridmap.language import Phrase, phrase
from gridmap.operations import filling
from gridmap.operations.filling import Asked, Rows
from gridmap.operations.papers import Paper


@dataclass(frozen=True)
class Form:
    """A form: what it is called, what it is filled for, and how."""

    name: Phrase
    fill: Callable[[Asked], tuple[tuple[str, ...], Rows]]
    of_issue: bool = False
    usual: str = "month"
    signed: tuple[Phrase, ...] = field(default=())


def paper(
    name: str,
    session: Session,
    site: Site,
    viewer: Viewer,
    at: datetime,
    language: str,
    *,
    issue: str | None = None,
    period: str | None = None,
    grid: str | None = None,
) -> Paper:
    """A form filled for its reader; without a period, for the month or week that is."""
    form = FORMS.get(name)
    if form is None:
        raise NotFoundError(f"there is no form {name}: they are {', '.join(FORMS)}")
    if form.of_issue != (issue is not None):
        said = "say of which issue, by its code" if form.of_issue else f"{name} is of a period, not of one issue"
        raise FieldError("issue", said)
    span = None if form.of_issue else _span(form, site, at, period)
    asked = Asked(session, site, viewer, at, language, issue, span, grid)
    columns, rows = form.fill(asked)
    return Paper(
        asked.say(form.name), columns, rows, tuple(_above(asked)), tuple(asked.say(line) for line in form.signed),
        language, upright=form.of_issue,
    )  # fmt: skip


def _span(form: Form, site: Site, at: datetime, period: str | None) -> Span:
    if period is not None:
        return Span.read(period, site.timezone)
    if form.usual == "month":
        return Span.month_of(at, site.timezone)
    return Span.week_of(at, site.timezone)


def _above(asked: Asked) -> Iterable[tuple[str, str]]:
    yield asked.say(phrase("site")), asked.site.name
    if asked.span is not None:
        yield asked.say(phrase("period")), asked.span.name
    if asked.grid is not None:
        yield asked.say(phrase("grid")), asked.grid
    yield asked.say(phrase("printed at")), asked.moment(asked.at)


FORMS: Final[dict[str, Form]] = {
    "work_order": Form(
        phrase("Work order"), filling.work_order, of_issue=True,
        signed=(phrase("technician"), phrase("accepted by"), phrase("date")),
    ),
    "stewards_log": Form(phrase("Steward's log"), filling.stewards_log, signed=(phrase("grid owner"), phrase("date"))),
    "round_log": Form(phrase("Round log"), filling.round_log, signed=(phrase("supervisor"), phrase("date"))),
    "cleaning_record": Form(
        phrase("Cleaning record"), filling.cleaning_record,
        signed=(phrase("environment officer"), phrase("contractor"), phrase("date")),
    ),
    "weekly_summary": Form(phrase("Weekly summary by class"), filling.weekly_summary, usual="week"),
    "technicians_month": Form(
        phrase("Technicians' month"), filling.technicians_month, signed=(phrase("head of engineering"), phrase("date"))
    ),
    "environment_rating": Form(
        phrase("Monthly environment rating"), filling.environment_rating,
        signed=(phrase("environment officer"), phrase("date")),
    ),
    "grid_log": Form(phrase("Grid log"), filling.grid_log, signed=(phrase("grid owner"), phrase("date"))),
}  # fmt: skip
