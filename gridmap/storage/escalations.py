"""Limits that are near or over: found by one statement, and told of by another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.escalation import CLIMBING, OWED_AFTER_RESOLVED, Rung
from gridmap.domain.lifecycle import STAMPS
from gridmap.domain.model.issues import IS_OPEN

_UNMET: Final = "case d.stamp {} end is null".format(" ".join(f"when '{stamp}' then i.{stamp}_at" for stamp in STAMPS))


def due(session: Session, at: datetime, ladder: Sequence[Rung], limit: int) -> Sequence[Row[Any]]:
    """Steps that have become due and were not climbed in this cycle; what somebody else moves just now waits."""
    return session.execute(
        text(f"""
            with near as materialized (
                select i.id as issue_id, i.code, i.site_id, i.edition_id, i.grid_id, i.urgency, i.handler_id,
                       i.handler_role, i.about_id, d.stamp, d.cycle, d.due_at, ladder.step, ladder.share,
                       d.started_at + (d.due_at - d.started_at) * ladder.share as moment
                from issue i
                join deadline d on d.issue_id = i.id
                cross join unnest(cast(:steps as text[]), cast(:shares as float8[])) as ladder (step, share)
                where i.{IS_OPEN} and i.status = any(:climbing) and {_UNMET}
                  and (i.resolved_at is null or d.stamp = any(:owed))
                  and d.started_at + (d.due_at - d.started_at) * ladder.share <= :at
                  and not exists (
                      select 1 from escalation e
                      where e.issue_id = i.id and e.stamp = d.stamp and e.cycle = d.cycle and e.step = ladder.step
                  )
                order by moment, i.id, d.stamp, ladder.share
                limit :limit for update of i skip locked
            )
            -- By itself, so that all these tables are not weighed against one another each time.
            select n.issue_id, n.code, s.code as site, n.edition_id, g.code as grid, n.urgency,
                   handler.code as handler, n.handler_role, about.code as about, n.stamp, n.cycle, n.due_at, n.step
            from near n
            join site s on s.id = n.site_id
            left join grid g on g.id = n.grid_id
            left join person handler on handler.id = n.handler_id
            left join person about on about.id = n.about_id
            order by n.moment, n.issue_id, n.stamp, n.share
        """),
        {
            "at": at, "steps": [rung.step for rung in ladder], "shares": [rung.share for rung in ladder],
            "climbing": list(CLIMBING), "owed": list(OWED_AFTER_RESOLVED), "limit": limit,
        },
    ).all()  # fmt: skip


def climb(session: Session, at: datetime, steps: Iterable[Mapping[str, Any]]) -> None:
    """Note steps, each once a cycle; those that tell anybody with a line of history and messages.

    A step has `issue_id`, `stamp`, `cycle`, `step`, `due_at`, `action`, `kind`, `urgent`, and in `told` the `person`,
    `role` and `not_before` of everybody it tells.
    """
    session.execute(
        text("""
            with steps as (
                select * from jsonb_to_recordset(cast(:steps as jsonb)) as s (
                    n int, issue_id bigint, stamp text, cycle int, step text, due_at timestamptz, action text,
                    kind text, urgent bool, told jsonb
                )
            ), climbed as (
                insert into escalation (issue_id, stamp, cycle, step, at, due_at)
                select issue_id, stamp, cycle, step, :at, due_at from steps
                on conflict (issue_id, stamp, cycle, step) do nothing
                returning issue_id, stamp, cycle, step
            ), loud as (
                select steps.* from steps join climbed using (issue_id, stamp, cycle, step)
                where jsonb_array_length(steps.told) > 0
            ), lines as (
                insert into issue_event (issue_id, at, action, status, data)
                select i.id, :at, loud.action, i.status, jsonb_build_object(
                    'stamp', loud.stamp, 'step', loud.step, 'due_at', loud.due_at,
                    'to', jsonb_path_query_array(loud.told, '$[*].person')
                )
                from loud join issue i on i.id = loud.issue_id
                order by loud.n
            ), moved as (
                update issue set version = version + 1 where id in (select issue_id from loud)
            )
            insert into message (site_id, issue_id, kind, person_id, role, urgent, data, created_at, not_before)
            select i.site_id, i.id, loud.kind, p.id, t.role, loud.urgent,
                   jsonb_build_object('stamp', loud.stamp, 'step', loud.step, 'due_at', loud.due_at),
                   :at, t.not_before
            from loud join issue i on i.id = loud.issue_id
            cross join lateral jsonb_to_recordset(loud.told) as t (person text, role text, not_before timestamptz)
            join person p on p.site_id = i.site_id and p.code = t.person
            order by loud.n
        """),
        {"at": at, "steps": json.dumps([{"n": n, **step} for n, step in enumerate(steps)], default=datetime.isoformat)},
    )
