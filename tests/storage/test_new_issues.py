"""Many issues at once: what is promised of each is kept, whoever the store belongs to, and whoever listens is told."""

from __future__ import annotations

import json
import select
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gridmap.errors import StoreError
from gridmap.operations.checks import check
from gridmap.operations.issues import Desk
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.storage import new_issues, places
from gridmap.storage.database import Database
from gridmap.storage.new_issues import MANY, MOST_TOLD, Prepared, worth_one_go, write_issues
from tests.estate import Estate, spot

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)


@pytest.fixture
def estate(database: Database, tmp_path: Path) -> Database:
    with database.session() as session:
        publish(session, check(session, read_plan(outline_from_toml(Estate().write(tmp_path))), NOW), NOW)
    return database


def points(count: int, **known: Any) -> pd.DataFrame:
    lon, lat = spot(0.5, 0.5)
    frame = pd.DataFrame({"lon": [lon] * count, "lat": lat, "category": "lift", **known})
    return frame.assign(reference=[str(n) for n in range(count)])


def prepared(session: Session, rows: pd.DataFrame) -> Prepared:
    ready = Desk(session, places.site(session, "WJ")).take(rows, NOW, "file").prepared
    assert ready is not None
    return ready


@contextmanager
def listening(database: Database) -> Iterator[list[Any]]:
    """What is said while the block runs, filled when it ends."""
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection, heard = psycopg2.connect(url), []
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("listen gridmap")
    yield heard
    select.select([connection], [], [], 5)
    connection.poll()
    heard += [json.loads(said.payload) for said in connection.notifies]
    connection.close()


@pytest.mark.parametrize("count", [3, MANY + 1])
def test_few_and_many_are_stored_alike(estate: Database, count: int) -> None:
    with estate.session() as session:
        stored = write_issues(session, prepared(session, points(count, closed_at=[NOW] + [None] * (count - 1))))
    assert len(stored) == count
    with estate.session() as session:
        lines = session.execute(
            text("""
                select i.id - :first as n, i.status, e.action, e.status as line from issue i
                join issue_event e on e.issue_id = i.id order by i.id, e.id limit 3
            """),
            {"first": int(stored["id"].min())},
        ).all()
    assert [tuple(line) for line in lines] == [
        (0, "closed", "report", "reported"),
        (0, "closed", "close", "closed"),
        (1, "reported", "report", "reported"),
    ]


@pytest.mark.parametrize("count", [3, MANY + 1])
def test_an_issue_that_points_to_nothing_is_refused(estate: Database, count: int) -> None:
    with pytest.raises((StoreError, IntegrityError)), estate.session() as session:  # noqa: PT012
        ready = prepared(session, points(count))
        session.execute(text("delete from decision"))
        write_issues(session, ready)
    with estate.session() as session:
        assert session.execute(text("select count(*) from issue")).scalar_one() == 0


def test_who_may_not_pass_over_checks_stores_the_same_rows(estate: Database) -> None:
    with estate.session() as session:
        session.execute(text("create role clerk_of_tests"))
        session.execute(text("grant select, insert, update on all tables in schema public to clerk_of_tests"))
        session.execute(text("grant usage on all sequences in schema public to clerk_of_tests"))
        session.execute(text("set local role clerk_of_tests"))
        assert len(write_issues(session, prepared(session, points(MANY + 1)))) == MANY + 1
        with pytest.raises(IntegrityError), session.begin_nested():  # noqa: PT012
            ready = prepared(session, points(MANY + 2))
            session.execute(text("reset role"))
            session.execute(text("set local session_replication_role = replica"))
            session.execute(text("delete from decision"))
            session.execute(text("set local session_replication_role = origin"))
            session.execute(text("set local role clerk_of_tests"))
            write_issues(session, ready)
        session.execute(text("reset role"))
        session.execute(text("drop owned by clerk_of_tests"))
        session.execute(text("drop role clerk_of_tests"))


def test_triggers_fire_again_after_many_were_stored(estate: Database) -> None:
    with estate.session() as session:
        write_issues(session, prepared(session, points(MANY + 1)))
        assert session.execute(text("show session_replication_role")).scalar_one() == "origin"


def test_what_somebody_stored_meanwhile_is_left_alone(estate: Database) -> None:
    with estate.session() as session:
        prepared(session, points(MANY + 50))  # the decisions are there: nobody waits for anybody's
    with estate.session() as early, estate.session() as late:
        ready = prepared(early, points(MANY + 50))
        write_issues(late, prepared(late, points(MANY)))
        late.commit()
        stored = write_issues(early, ready)
    assert stored["n"].tolist() == list(range(MANY, MANY + 50))
    with estate.session() as session:
        assert tuple(session.execute(text("select count(*), count(distinct reference) from issue")).one()) == (250, 250)


def test_listeners_are_told_of_each_issue_and_of_very_many_only_to_read_again(estate: Database) -> None:
    with listening(estate) as heard, estate.session() as session:
        stored = write_issues(session, prepared(session, points(2)))
    assert heard == [{"kind": "issue", "code": code} for code in stored["code"]]
    with listening(estate) as heard, estate.session() as session:
        write_issues(session, prepared(session, points(MOST_TOLD + 3)))
    assert heard == [{"kind": "resync"}]


def test_a_file_is_stored_in_one_go_if_it_is_large_and_much_larger_than_the_store(
    estate: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_issues, "LARGE", 20)
    with estate.session() as session:
        write_issues(session, prepared(session, points(10)))
        assert [worth_one_go(session, rows) for rows in (19, 39, 40, 1000)] == [False, False, True, True]
