"""Deductions for public repairs that went over: seen by those above, judged by audit."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from api.dependencies import DbSession, Now, TheSite, with_right
from api.schemas import Body, Words
from gridmap.domain.rights import Viewer
from gridmap.operations import deductions
from gridmap.storage import deductions as stored

router = APIRouter(tags=["evaluation"])
OfDeductions = Annotated[Viewer, Depends(with_right("deductions"))]
Judging = Annotated[Viewer, Depends(with_right("judge"))]


class JudgementBody(Body):
    """Whether a deduction stands, and why."""

    upheld: bool
    note: Words | None = None


@router.get("/deductions")
def list_deductions(
    session: DbSession,
    viewer: OfDeductions,
    site: TheSite,
    open_only: Annotated[bool, Query(alias="open", description="Only what audit has not judged.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[dict[str, Any]]:
    """What was recorded against engineering for public repairs that went over without a signature."""
    return stored.deductions(session, viewer, site.id, open_only=open_only, limit=limit)


@router.post("/deductions/{number}/judgement", status_code=204)
def judge(
    session: DbSession,
    viewer: Judging,
    site: TheSite,
    now: Now,
    number: Annotated[int, Path(ge=1, le=2**62)],
    body: JudgementBody,
) -> None:
    """Say whether a deduction stands; once."""
    deductions.judge(session, site, viewer, number, now, upheld=body.upheld, note=body.note)
