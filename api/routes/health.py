"""Whether the service is there, and the description of its API."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import text

import gridmap
from api.dependencies import DbSession

router = APIRouter(tags=["service"])


@router.get("/health")
def health(session: DbSession) -> dict[str, str]:
    """Answers as long as the service and its database do."""
    session.execute(text("select 1"))
    return {"status": "ok", "version": gridmap.__version__}
