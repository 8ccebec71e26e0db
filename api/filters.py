"""Which issues are meant, as addresses say it: one set of words wherever issues are listed or taken along."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator

from api.dependencies import OfIssues, allow
from api.schemas import Code, Line, MomentAsked, Status, bbox_of
from gridmap.storage.views import IssueFilter


def _sound_box(text: str) -> str:
    bbox_of(text)
    return text


Box = Annotated[Line, AfterValidator(_sound_box)]


def _narrowed(
    viewer: OfIssues,
    grid: Annotated[Code | None, Query(description="In this grid.")] = None,
    under: Annotated[Code | None, Query(description="In this grid or any below it.")] = None,
    status: Annotated[list[Status] | None, Query(description="In one of these; say it several times.")] = None,
    category: Annotated[Code | None, Query()] = None,
    owner: Annotated[Code | None, Query(description="The code of the person who owns it.")] = None,
    since: Annotated[MomentAsked | None, Query(description="Reported from this moment on.")] = None,
    until: Annotated[MomentAsked | None, Query(description="Reported before this moment.")] = None,
    bbox: Annotated[Box | None, Query(description="west,south,east,north in degrees (WGS 84).")] = None,
    open_only: Annotated[bool, Query(alias="open", description="Only what has not ended.")] = False,
) -> IssueFilter:
    """What is asked for of all sites: whoever lists says of which."""
    if owner is not None:
        allow(viewer, "people")
    return IssueFilter(
        grid=grid, under=under, status=tuple(status or ()), category=category, owner=owner, since=since, until=until,
        bbox=bbox_of(bbox) if bbox else None, open_only=open_only,
    )  # fmt: skip


Narrowed = Annotated[IssueFilter, Depends(_narrowed)]
