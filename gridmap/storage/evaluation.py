"""Weights and lines of a site, what was typed in, and the scores of the periods that are closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gridmap.domain.evaluation import Weighing
from gridmap.domain.model import PassLine, Period, Person, Score, Weight
from gridmap.domain.periods import Span
from gridmap.storage.places import read_table


def weights(session: Session, site_id: int) -> list[Weighing]:
    """What a site itself has said that indicators weigh."""
    rows = session.scalars(select(Weight).where(Weight.site_id == site_id).order_by(Weight.role, Weight.indicator))
    return [Weighing(row.role, row.indicator, row.weight, row.target, row.floor) for row in rows]


def write_weights(session: Session, site_id: int, role: str, rows: Sequence[Weighing]) -> None:
    """Make these all the weights of a role; without any, the trade's hold again."""
    session.execute(delete(Weight).where(Weight.site_id == site_id, Weight.role == role))
    for row in rows:
        values = {"weight": row.weight, "target": row.target, "floor": row.floor}
        session.add(Weight(site_id=site_id, role=role, indicator=row.indicator, **values))
    session.flush()


def lines(session: Session, site_id: int) -> dict[str, float]:
    """How many points of a hundred a role needs, where the site has said so."""
    return {row.role: row.points for row in session.scalars(select(PassLine).where(PassLine.site_id == site_id))}


def write_line(session: Session, site_id: int, role: str, points: float) -> None:
    row = insert(PassLine).values(site_id=site_id, role=role, points=points)
    session.execute(row.on_conflict_do_update(index_elements=["site_id", "role"], set_={"points": points}))


# ---------------------------------------------------------------- what is typed in


def write_entry(session: Session, values: Mapping[str, Any]) -> None:
    """Type in a figure, or another one in its place."""
    session.execute(
        text("""
            insert into entry (site_id, period, indicator, person_id, numerator, denominator, note, account_id, at)
            values (:site_id, :period, :indicator, :person_id, :numerator, :denominator, :note, :account_id, :at)
            on conflict (site_id, period, indicator, coalesce(person_id, 0)) do update set
                numerator = excluded.numerator, denominator = excluded.denominator, note = excluded.note,
                account_id = excluded.account_id, at = excluded.at
        """),
        dict(values),
    )


def entries(session: Session, site_id: int, periods: Sequence[str]) -> pd.DataFrame:
    """What was typed in for some periods, added up: indicator, person (None for the site), numerator, denominator."""
    return read_table(
        session,
        """
        select e.indicator, p.code as person, sum(e.numerator) as numerator, sum(e.denominator) as denominator
        from entry e left join person p on p.id = e.person_id
        where e.site_id = :site and e.period = any(:periods) group by e.indicator, p.code order by 1, 2
        """,
        {"site": site_id, "periods": list(periods)},
    )


def person_id(session: Session, site_id: int, code: str) -> int | None:
    return session.scalar(select(Person.id).where(Person.site_id == site_id, Person.code == code))


# ---------------------------------------------------------------- what is closed


def period(session: Session, site_id: int, name: str) -> Period | None:
    """A period, if it is closed."""
    return session.scalar(select(Period).where(Period.site_id == site_id, Period.name == name))


def closed_periods(session: Session, site_id: int) -> list[Period]:
    """The periods that are closed, the latest first."""
    return list(session.scalars(select(Period).where(Period.site_id == site_id).order_by(Period.starts.desc())))


def close(
    session: Session, site_id: int, span: Span, at: datetime, account_id: int | None, held: Mapping[str, float]
) -> int | None:
    """The row of a period that is closed now; None if somebody has closed it before."""
    row = insert(Period).values(
        site_id=site_id, name=span.name, kind=span.kind, starts=span.first, closed_at=at, closed_by=account_id,
        lines=dict(held),
    )  # fmt: skip
    return session.scalar(row.on_conflict_do_nothing(index_elements=["site_id", "name"]).returning(Period.id))


def write_scores(session: Session, period_id: int, site_id: int, rows: Iterable[Mapping[str, Any]]) -> None:
    """The scores of a period, people by their codes."""
    known: Any = session.execute(select(Person.code, Person.id).where(Person.site_id == site_id))
    people = dict(known.all())
    kept = [
        {
            **{name: row[name] for name in row if name != "person"},
            "period_id": period_id,
            "person_id": people[row["person"]],
        }
        for row in rows
    ]
    if kept:
        session.execute(insert(Score), kept)


def scores(session: Session, period_id: int) -> pd.DataFrame:
    """The scores of a closed period, as they were."""
    return read_table(
        session,
        """
        select s.role, p.code as person, s.indicator, s.numerator, s.denominator, s.value, s.low, s.high,
               s.weight, s.target, s.points
        from score s join person p on p.id = s.person_id where s.period_id = :period
        order by s.role, p.code, s.indicator
        """,
        {"period": period_id},
    )


def below(session: Session, site_id: int, before: date) -> pd.DataFrame:
    """Closed months before a day with everybody's points of a hundred, the latest first."""
    return read_table(
        session,
        """
        select p.starts, s.role, w.code as person,
               100 * sum(s.points) / sum(s.weight) < (p.lines ->> s.role)::float8 as below
        from period p join score s on s.period_id = p.id join person w on w.id = s.person_id
        where p.site_id = :site and p.kind = 'month' and p.starts < :before and s.points is not null
        group by p.id, s.role, w.code order by p.starts desc, s.role, w.code
        """,
        {"site": site_id, "before": before},
    )
