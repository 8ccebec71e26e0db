"""The forms people print or take along, as data, as files, and as pages for A4."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AfterValidator

from api.dependencies import DbSession, Language, Now, TheSite, with_right
from api.pages.sheets import AS_SHEET, sheet
from api.schemas import Code, among, listed
from gridmap.domain.rights import Viewer
from gridmap.operations import forms
from gridmap.operations.papers import as_json

router = APIRouter(tags=["forms"])

OfForms = Annotated[Viewer, Depends(with_right("forms"))]
Name = Annotated[str, AfterValidator(among(tuple(forms.FORMS))), listed(tuple(forms.FORMS)), Path()]


@router.get("/forms")
def list_forms(_: OfForms, language: Language) -> list[dict[str, Any]]:
    """What can be printed."""
    return [
        {"name": name, "title": form.name.say(language), "of": "issue" if form.of_issue else form.usual}
        for name, form in forms.FORMS.items()
    ]


@router.get("/forms/{name}", response_class=Response, responses=AS_SHEET)
def print_form(
    session: DbSession,
    viewer: OfForms,
    site: TheSite,
    now: Now,
    language: Language,
    name: Name,
    issue: Annotated[Code | None, Query(description="Of a work order: the issue.")] = None,
    period: Annotated[Code | None, Query(description="2026-05, 2026-Q2 or 2026-W21; else what is now.")] = None,
    grid: Annotated[Code | None, Query(description="Only of this grid and those below it.")] = None,
    format: Annotated[Literal["html", "csv", "xlsx", "json"], Query()] = "html",  # noqa: A002 (the parameter's name)
) -> Response:
    """A form, filled with what one may see: a page for A4, a file, or data."""
    paper = forms.paper(name, session, site, viewer, now, language, issue=issue, period=period, grid=grid)
    return sheet(paper, format, name, as_json(paper))
