"""Sweeps (拉網式排查): begun over grids, and seen building by building."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from gridmap.domain.codes import fault_of, fault_of_name
from gridmap.domain.model import Site
from gridmap.domain.patrols import SWEEP_STATES
from gridmap.domain.subjects import SUBJECTS
from gridmap.errors import FieldError, NotFoundError
from gridmap.storage import patrols
from gridmap.storage import sweeps as stored

AHEAD: Final = timedelta(minutes=5)


def begin(
    session: Session,
    site: Site,
    code: str,
    name: str,
    starts: datetime,
    ends: datetime,
    at: datetime,
    *,
    grids: Sequence[str] | None = None,
    subject: int | None = None,
    account_id: int | None = None,
) -> int:
    """Begin a sweep over all buildings of some grids, or change it: what was looked at stays."""
    if fault := fault_of(code):
        raise FieldError("code", f"the code {fault}")
    if fault := fault_of_name(name):
        raise FieldError("name", f"the name {fault}")
    if ends <= starts:
        raise FieldError("ends", "a sweep ends after it begins")
    if subject is not None and subject not in SUBJECTS:
        raise FieldError("subject", f"subjects are numbered 1 to {len(SUBJECTS)}")
    unknown = patrols.unknown_grids(session, site.id, grids or ())
    if unknown:
        raise FieldError("grids", f"there is no grid {unknown[0]} in {site.code}")
    row = {
        "code": code, "name": name, "subject": subject, "grids": list(grids) if grids else None, "starts": starts,
        "ends": ends, "account_id": account_id,
    }  # fmt: skip
    return stored.write_sweep(session, site.id, row, at)


def look_at(
    session: Session,
    site: Site,
    code: str,
    building: str,
    state: str,
    seen_at: datetime,
    at: datetime,
    *,
    person_id: int | None = None,
    note: str | None = None,
) -> None:
    """Note how a building of a sweep stands; sent twice, or late, it does no harm."""
    if state not in SWEEP_STATES:
        raise FieldError("state", f"a building of a sweep is one of {', '.join(SWEEP_STATES)}")
    if seen_at > at + AHEAD:
        raise FieldError("at", "this lies in the future")
    sweep = stored.sweep_by_code(session, site.id, code)
    row = {"building": building, "state": state, "at": seen_at, "person_id": person_id, "note": note}
    if sweep is None or not stored.mark(session, sweep.id, row):
        raise NotFoundError(f"{building} is no building of a sweep {code} here")
