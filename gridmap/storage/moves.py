"""Issues that somebody acts on: held, moved and told in two statements, however many they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Session

from gridmap.storage.prepared import run_prepared

Rows = Sequence[Mapping[str, Any]]


def hold_issues(session: Session, codes: Iterable[str]) -> None:
    """Nobody else moves the issues of these codes until we are done.

    By number, so that two who act on the same ones do not wait for one another in a circle. What they are like is
    asked afterwards: who had to wait would be shown what was before.
    """
    held = text("select 1 from issue where code = any(cast(:codes as text[])) order by id for update")
    session.execute(held, {"codes": sorted(set(codes))})


def issues_in_full(session: Session, codes: Iterable[str]) -> list[RowMapping]:
    """The issues of these codes with all that acting on them asks for."""
    return run_prepared(session, "issues_to_move", {"codes": "text[]"}, {"codes": sorted(set(codes))})


def write_moves(
    session: Session, issues: Rows, lines: Rows, deadlines: Rows = (), follow_ups: Rows = (), messages: Rows = ()
) -> dict[str, int]:
    """Store what came of actions, as the columns of `move.sql`: the new version of each issue by its code."""
    parts = {
        "issues": issues,
        "lines": lines,
        "deadlines": deadlines,
        "follow_ups": follow_ups,
        "messages": messages,
    }
    values = {name: json.dumps(rows, default=str) for name, rows in parts.items()}
    return {row["code"]: row["version"] for row in run_prepared(session, "move", dict.fromkeys(parts, "json"), values)}


def standings(session: Session, site_id: int, people: Iterable[str], at: datetime) -> dict[str, RowMapping]:
    """How people stand: whether a shift of theirs runs, or any is near; what they have in hand; where they last were.

    A position of more than half a day ago says nothing of where somebody is.
    """
    rows = session.execute(
        text("""
            select p.code, here.lon, here.lat,
                   (select count(*) from issue i where i.handler_id = p.id
                    and i.status not in ('closed', 'void', 'merged', 'resolved', 'checked')) as open_work,
                   exists (select 1 from shift s where s.person_id = p.id and s.starts <= :at and :at < s.ends)
                       as on_shift,
                   exists (select 1 from shift s where s.person_id = p.id
                           and tstzrange(s.starts, s.ends) && tstzrange(:at - interval '36 hours',
                                                                        :at + interval '36 hours')) as has_shifts
            from person p
            left join lateral (
                select st_x(geom) as lon, st_y(geom) as lat from position
                where person_id = p.id and at <= :at and at > :at - interval '12 hours'
                order by at desc limit 1
            ) here on true
            where p.site_id = :site_id and p.code = any(cast(:people as text[]))
        """),
        {"site_id": site_id, "people": sorted(set(people)), "at": at},
    )
    return {row["code"]: row for row in rows.mappings()}
