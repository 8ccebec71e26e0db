"""A stage on which issues of the small estate are reported and moved, at moments that are said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gridmap.domain.commands import Actor, Command
from gridmap.operations.intake import Intake, Report
from gridmap.operations.moves import Outcome, act
from tests.estate import spot

# A Wednesday, 10:00 in Shanghai; the next holiday is weeks off.
START = datetime(2026, 5, 13, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# All that moving an issue may write to.
TABLES = (
    "issue", "issue_event", "deadline", "message", "follow_up", "escalation", "reporter", "photo", "follow_link",
    "alarm", "receipt", "decision",
)  # fmt: skip

DISPATCHER = Actor("dispatcher", None, "DIS")
TECHNICIAN = Actor("technician", None, "TOM")
OWNER = Actor("grid_owner", None, "P-Z1-C1-1")
SUPERVISOR = Actor("supervisor", None, "P-Z1-C1")
COORDINATOR = Actor("coordinator", None, "P-Z1")
HEAD = Actor("head")
AUDITOR = Actor("auditor")
REPORTER = Actor("resident", is_reporter=True)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def shanghai(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of 2026 by the clocks of the estate."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def account(session: Session, name: str = "desk", role: str = "dispatcher") -> int:
    """Somebody who may report."""
    return int(
        session.execute(
            text("""
                insert into account (name, role, site_id, created_at)
                select :name, :role, id, '2026-01-01Z' from site where code = 'WJ' returning id
            """),
            {"name": name, "role": role},
        ).scalar_one()
    )


@contextmanager
def undone(engine: Engine) -> Iterator[Session]:
    """A session whose transaction is undone in the end."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@dataclass
class Stage:
    """The estate at a moment that is put forward by hand."""

    session: Session
    by: int
    at: datetime = START
    codes: dict[str, str] = field(default_factory=dict)

    def later(self, by: timedelta) -> Stage:
        self.at += by
        return self

    def report(self, category: str = "lamp", where: tuple[float, float] = (0.5, 0.5), **said: Any) -> str:
        """The code of an issue that is reported now."""
        lon, lat = spot(*where)
        report = Report(lon, lat, **{"account_id": self.by, "source": "desk", "site": "WJ", **said}, category=category)
        outcome = Intake().take(self.session, [report], self.at)[0]
        assert outcome.error is None, outcome.error
        return str(json.loads(outcome.answer)["code"])

    def tried(self, code: str, action: str, by: Actor = DISPATCHER, **said: Any) -> Outcome:
        return act(self.session, [Command(code, action, by, **said)], self.at)[0]

    def act(self, code: str, action: str, by: Actor = DISPATCHER, **said: Any) -> Outcome:
        outcome = self.tried(code, action, by, **said)
        assert outcome.error is None, outcome.error
        return outcome

    def refused(self, code: str, action: str, by: Actor = DISPATCHER, **said: Any) -> Exception:
        """Why a command is refused, and that it has left everything as it was."""
        before = self.dump()
        outcome = self.tried(code, action, by, **said)
        assert outcome.error is not None
        assert self.dump() == before
        return outcome.error

    def worked(self, code: str, *actions: str, by: Actor = TECHNICIAN) -> str:
        """Some plain steps, one minute after another."""
        for action in actions:
            self.later(minutes(1)).act(code, action, DISPATCHER if action == "dispatch" else by)
        return code

    # ------------------------------------------------------------ what there is

    def sql(self, statement: str, **values: Any) -> Any:
        result = self.session.execute(text(statement), values)
        return result.all() if result.returns_rows else None

    def model(self, name: str) -> None:
        """Who hands work out on the site."""
        self.sql("update site set dispatch_model = :name where code = 'WJ'", name=name)

    def row(self, code: str) -> Any:
        (row,) = self.sql(
            "select i.*, h.code as handler from issue i left join person h on h.id = i.handler_id where i.code = :code",
            code=code,
        )
        return row

    def deadlines(self, code: str) -> dict[str, datetime]:
        rows = self.sql(
            "select d.stamp, d.due_at from deadline d join issue i on i.id = d.issue_id where i.code = :code", code=code
        )
        return {row.stamp: row.due_at for row in rows}

    def lines(self, code: str) -> list[Any]:
        return list(
            self.sql(
                "select e.* from issue_event e join issue i on i.id = e.issue_id where i.code = :code order by e.id",
                code=code,
            )
        )

    def history(self, code: str) -> list[str]:
        """The history in words: what was done."""
        return [line.action for line in self.lines(code)]

    def said(self, code: str) -> dict[str, Any]:
        """What the last line says beside the action."""
        return dict(self.lines(code)[-1].data or {})

    def told(self, code: str, since: datetime | None = None) -> list[tuple[str, str, datetime]]:
        """Who is told what of an issue, and not before when."""
        rows = self.sql(
            "select m.kind, p.code, m.not_before from message m join person p on p.id = m.person_id "
            "join issue i on i.id = m.issue_id where i.code = :code and m.created_at >= :since order by m.id",
            code=code, since=since or datetime(1970, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        return [tuple(row) for row in rows]

    def dump(self) -> dict[str, list[Any]]:
        """Every row of everything that moving issues may write to."""
        return {
            table: list(
                self.session.execute(text(f"select to_jsonb(t) as row from {table} t order by t::text")).scalars()
            )
            for table in TABLES
        }


def moment(said: Any) -> datetime:
    """A moment as a line of history writes it."""
    return datetime.fromisoformat(said)


def in_progress(stage: Stage, category: str = "lamp", **said: Any) -> str:
    """An issue that the technician works on: reported at START, dispatched, accepted and begun a minute apart."""
    return stage.worked(stage.report(category, **said), "dispatch", "accept", "start")


def resolved(stage: Stage, **said: Any) -> str:
    return stage.worked(in_progress(stage, **said), "resolve")


def anonymous(stage: Stage) -> str:
    """Resolved, and nobody to ask."""
    return resolved(stage)


def asked(stage: Stage) -> str:
    """Resolved, and reported by somebody who can be asked."""
    return resolved(stage, reporter_name="Li", reporter_phone="13700000000")
