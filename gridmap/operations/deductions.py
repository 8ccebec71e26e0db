"""Public repairs that go over without a signature: a deduction is recorded for audit to judge, and never charged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import ConflictError, NotFoundError
from gridmap.storage import deductions as stored

# The head has a day to sign once the limit is over.
GRACE: Final = timedelta(days=1)
AGAINST: Final = "head_of_engineering"


def record(session: Session, at: datetime) -> Sequence[str]:
    """Record what has become due to be recorded."""
    codes = stored.record(session, at, GRACE, AGAINST)
    return (f"deductions for audit to judge: {', '.join(codes)}",) if codes else ()


def judge(
    session: Session, site: Site, viewer: Viewer, number: int, at: datetime, *, upheld: bool, note: str | None
) -> None:
    """Audit says whether a deduction stands; once."""
    done = stored.judge(session, site.id, number, viewer.account_id, at, upheld=upheld, note=note)
    if done is None:
        raise NotFoundError(f"there is no deduction {number} here")
    if not done:
        raise ConflictError(f"deduction {number} has been judged before")
