"""Issues and their history: stored once, moved when the grids are redrawn."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gridmap.domain.categories import CategoryRow
from gridmap.storage.bulk import came_twice, constant, copy_rows, new_ids, packed, stage
from gridmap.storage.places import read_table

DECISION_COLUMNS = {"id": "bigint", "site_id": "bigint", "digest": "bytea", "answers": "jsonb", "reasons": "jsonb"}


def categories(session: Session, site_id: int | None = None) -> dict[str, CategoryRow]:
    """The categories of a site by their codes: the built-in ones and its own; without a site, everybody's."""
    rows = session.execute(
        text("""
            select code, "group", name, specialty, kind, urgency, subject, refer_to from category
            where site_id is null or site_id = coalesce(:site_id, site_id) order by site_id nulls first
        """),
        {"site_id": site_id},
    )
    return {row.code: CategoryRow(*row) for row in rows}


def write_categories(session: Session, rows: Iterable[CategoryRow], site_id: int | None = None) -> None:
    """Add categories, built-in or a site's own, or bring them up to date by their codes."""
    for row in rows:
        session.execute(
            text("""
                insert into category (code, site_id, "group", name, specialty, kind, urgency, subject, refer_to)
                values (:code, :site_id, :group, :name, :specialty, :kind, :urgency, :subject, :refer_to)
                on conflict (coalesce(site_id, 0), code) do update set "group" = excluded."group",
                    name = excluded.name, specialty = excluded.specialty, kind = excluded.kind,
                    urgency = excluded.urgency, subject = excluded.subject, refer_to = excluded.refer_to
            """),
            {**asdict(row), "site_id": site_id},
        )


def decision_ids(session: Session, site_id: int, verdicts: Iterable[Mapping[str, Any]]) -> list[int]:
    """The row of each verdict (its answers and reasons as JSON), which is written if it is new."""
    rows = [(json.dumps(verdict["answers"]), json.dumps(verdict["reasons"])) for verdict in verdicts]
    digests = [blake2b("".join(row).encode(), digest_size=16).digest() for row in rows]
    known = _known_decisions(session, site_id, digests)
    while new := {digest: row for digest, row in zip(digests, rows, strict=True) if digest not in known}:
        try:
            with session.begin_nested():
                known |= _write_decisions(session, site_id, new)
        except IntegrityError as error:
            if not came_twice(error):
                raise
            # Somebody has just decided alike.
            known |= _known_decisions(session, site_id, list(new))
    return [known[digest] for digest in digests]


def decisions_there(session: Session, ids: Sequence[int]) -> list[int]:
    """Which of some decisions are stored."""
    query = text("select id from unnest(cast(:ids as bigint[])) as asked (id) join decision using (id)")
    return list(session.execute(query, {"ids": list(ids)}).scalars())


def _known_decisions(session: Session, site_id: int, digests: Sequence[bytes]) -> dict[bytes, int]:
    rows = session.execute(
        text("""
            select digest, d.id from unnest(cast(:digests as bytea[])) as asked (digest)
            join decision d using (digest) where d.site_id = :site_id
        """),
        {"site_id": site_id, "digests": list(digests)},
    )
    return {bytes(digest): number for digest, number in rows}


def _write_decisions(session: Session, site_id: int, rows: Mapping[bytes, tuple[str, str]]) -> dict[bytes, int]:
    """In the order of their digests, so that two who write the same do not wait for one another."""
    digests = sorted(rows)
    ids = new_ids(session, "decision", len(digests))
    answers, reasons = zip(*(rows[digest] for digest in digests), strict=True)
    columns = {
        "id": pa.array(ids), "site_id": constant(site_id, "bigint", len(ids)), "digest": pa.array(digests),
        "answers": pa.array(answers), "reasons": pa.array(reasons),
    }  # fmt: skip
    copy_rows(session, packed("decision", columns, DECISION_COLUMNS))
    return dict(zip(digests, ids.tolist(), strict=True))


def open_issues(session: Session, site_id: int, ids: Sequence[int] | None = None) -> pd.DataFrame:
    """The issues of a site that have not ended, or some of them, with what routing them again needs."""
    return read_table(
        session,
        """
        select i.id, i.code, st_x(i.geom) as lon, st_y(i.geom) as lat, c.code as category, i.kind, i.level,
               i.accuracy_m, i.extent_m, f.code as facility, about.code as about, i.status,
               g.code as grid, i.owner_role, i.owner_grid, owner.code as owner, owner.name as owner_name
        from issue i
        join category c on c.id = i.category_id
        left join grid g on g.id = i.grid_id
        left join facility f on f.id = i.facility_id
        left join person about on about.id = i.about_id
        left join person owner on owner.id = i.owner_id
        where i.site_id = :site_id and i.status not in ('closed', 'void', 'merged')
          and (cast(:ids as bigint[]) is null or i.id = any(cast(:ids as bigint[])))
        order by i.id
        """,
        {"site_id": site_id, "ids": None if ids is None else list(ids)},
    )


def move_issues(session: Session, site_id: int, routed: pd.DataFrame, at: Any) -> None:
    """Give issues the route of the Edition now in force; those whose grid or owner changes get a line of history."""
    columns = {
        "id": "bigint", "position": "text", "edition_id": "bigint", "grid_id": "bigint", "tier1": "text",
        "tier2": "text", "tier3": "text", "decision_id": "bigint", "owner_role": "text", "owner_grid": "text",
        "owner": "text", "change": "jsonb",
    }  # fmt: skip
    stage(session, "moved", routed, columns)
    session.execute(
        text("""
            update issue i set position = m.position, edition_id = m.edition_id, grid_id = m.grid_id, tier1 = m.tier1,
                tier2 = m.tier2, tier3 = m.tier3, decision_id = m.decision_id, owner_role = m.owner_role,
                owner_grid = m.owner_grid,
                owner_id = (select p.id from person p where p.site_id = :site_id and p.code = m.owner)
            from moved m where i.id = m.id
        """),
        {"site_id": site_id},
    )
    session.execute(
        text("""
            insert into issue_event (issue_id, at, action, status, data)
            select m.id, :at, 'reroute', i.status, m.change from moved m join issue i on i.id = m.id
            where m.change is not null order by m.id
        """),
        {"at": at},
    )


def misrouted(session: Session, at: Any) -> pd.DataFrame:
    """Open issues that break the promise: a current owner whose grid covers the spot in the Edition in force."""
    return read_table(
        session,
        """
        select i.code, i.position, g.code as grid
        from issue i
        left join grid g on g.id = i.grid_id
        left join edition e on e.id = i.edition_id
        where i.status not in ('closed', 'void', 'merged') and not (
            e.status <> 'draft' and e.valid_from <= :at and (e.valid_to is null or e.valid_to > :at)
            and i.owner_role is not null
            and case i.position
                when 'outside' then i.grid_id is null
                when 'near' then g.edition_id = e.id and not st_covers(g.geom, i.geom)
                else g.edition_id = e.id and st_covers(g.geom, i.geom)
            end
        )
        order by i.code
        """,
        {"at": at},
    )
