"""What time brings by itself: Editions begin, sign-ins and old answers end. Several clocks at once do no harm."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.operations import accounts, publication


def tick(session: Session, at: datetime) -> dict[str, tuple[int, int]]:
    """Do what has become due: by site, how many open issues moved to another grid or owner, and how many stayed."""
    accounts.prune(session, at)
    sites = session.scalars(select(Site).order_by(Site.code)).all()
    moves = {site.code: publication.take_over(session, site, at) for site in sites}
    return {code: counts for code, counts in moves.items() if any(counts)}
