"""What time brings by itself: each work alone, several clocks at once, one that fails."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from gridmap.operations import clock
from gridmap.storage.database import Database
from gridmap.storage.turns import have_turn
from tests.operations.issues import sql

NOW = datetime(2026, 5, 13, 2, tzinfo=UTC)


def test_a_work_that_fails_keeps_no_other_from_being_done(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking(session: Session, at: datetime) -> Sequence[str]:
        sql(session, "insert into site (code, name, metric_epsg) values ('HALF', 'half', 32651)")
        raise RuntimeError("this one is broken")

    def working(session: Session, at: datetime) -> Sequence[str]:
        sql(session, "insert into site (code, name, metric_epsg) values ('WHOLE', 'whole', 32651)")
        return (f"done at {at:%H:%M}",)

    monkeypatch.setattr(clock, "WORKS", {"broken": breaking, "sound": working})
    broken, sound = clock.tick(database, lambda: NOW)
    assert str(broken.error) == "this one is broken"
    assert (sound.said, sound.error) == (("done at 02:00",), None)
    with database.session() as session:
        assert [row.code for row in sql(session, "select code from site")] == ["WHOLE"]


def test_a_work_that_another_clock_is_at_is_left_to_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, go_on, times = threading.Event(), threading.Event(), []

    def slow(session: Session, at: datetime) -> Sequence[str]:
        times.append(at)
        at_work.set()
        assert go_on.wait(30)
        return ()

    monkeypatch.setattr(clock, "WORKS", {"slow": slow})
    first = threading.Thread(target=clock.tick, args=(database, lambda: NOW))
    first.start()
    assert at_work.wait(30)
    assert clock.tick(database, lambda: NOW) == [clock.Beat("slow")]
    go_on.set()
    first.join()
    clock.tick(database, lambda: NOW)
    assert len(times) == 2


def test_turns_at_different_work_do_not_wait_for_one_another(database: Database) -> None:
    with database.session() as one, database.session() as other:
        assert have_turn(one, "editions")
        assert not have_turn(other, "editions")
        assert have_turn(other, "limits")


def test_a_store_without_anything_has_nothing_due(database: Database) -> None:
    assert all(beat.error is None and beat.said == () for beat in clock.tick(database, lambda: NOW))
