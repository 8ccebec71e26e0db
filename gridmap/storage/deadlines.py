"""The deadlines of issues whose limits run: held, read, and set anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.storage.prepared import run_prepared

Rows = Sequence[Mapping[str, Any]]
RENEWAL = {"issues": "json", "deadlines": "json", "at": "timestamptz", "account_id": "bigint", "role": "text"}


def hold_running(
    session: Session, site_id: int, ids: Iterable[int] | None = None, *, provisional: bool = False
) -> list[str]:
    """The codes of the open issues of a site, or of some of them, that nobody else moves until we are done.

    `provisional`: of those alone with a deadline that rests on a year that is not settled yet.
    """
    held = session.execute(
        text("""
            select i.code from issue i
            where i.site_id = :site_id and i.status not in ('closed', 'void', 'merged')
              and (cast(:ids as bigint[]) is null or i.id = any(cast(:ids as bigint[])))
              and (not :provisional
                   or exists (select 1 from deadline d where d.issue_id = i.id and d.provisional))
            order by i.id for update of i
        """),
        {"site_id": site_id, "ids": None if ids is None else sorted(set(ids)), "provisional": provisional},
    )
    return list(held.scalars())


def deadlines_of(session: Session, codes: Sequence[str]) -> dict[int, dict[str, dict[str, Any]]]:
    """The deadlines of issues as they were last set, by the number of the issue and the stamp."""
    rows = session.execute(
        text("""
            select d.issue_id, d.stamp, d.due_at, d.provisional, d.rule
            from deadline d join issue i on i.id = d.issue_id where i.code = any(cast(:codes as text[]))
        """),
        {"codes": list(codes)},
    )
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for row in rows.mappings():
        found.setdefault(row["issue_id"], {})[row["stamp"]] = dict(row)
    return found


def sites_in_suspense(session: Session) -> list[str]:
    """The sites where a deadline of an open issue rests on a year that is not settled yet."""
    rows = session.execute(
        text("""
            select s.code from site s where exists (
                select 1 from deadline d join issue i on i.id = d.issue_id
                where d.provisional and i.site_id = s.id and i.status not in ('closed', 'void', 'merged')
            )
            order by s.code
        """)
    )
    return list(rows.scalars())


def renew_deadlines(
    session: Session, issues: Rows, deadlines: Rows, at: datetime, account_id: int | None, role: str | None
) -> list[str]:
    """Store deadlines that came out anew, as the columns of `renew.sql`: the codes of the issues they move."""
    values = {
        "issues": json.dumps(issues),
        "deadlines": json.dumps(deadlines),
        "at": at,
        "account_id": account_id,
        "role": role,
    }
    return [row["code"] for row in run_prepared(session, "renew", RENEWAL, values)]
