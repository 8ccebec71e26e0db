"""The demo's estate lives: what was missed first, then with the time, alone, and only as long as it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from gridmap.domain.lifecycle import OPEN
from gridmap.domain.model import Issue
from gridmap.operations import accounts
from gridmap.operations.clock import WORKS, tick
from gridmap.operations.intake import Intake, Report
from gridmap.simulation import demo, living
from gridmap.simulation.entering import enter, expect_history
from gridmap.simulation.estate import Estate
from gridmap.storage.database import Database

NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)


@pytest.fixture
def store(database: Database, imagined: Estate) -> Database:
    """The estate with a day of history."""
    with database.session() as session:
        demo.furnish(session, NOW - timedelta(days=1))
    world = enter(database, demo.CODE, imagined, living.SEED, NOW - timedelta(days=1), NOW)
    expect_history(world, imagined, NOW, 1)
    world.live(NOW)
    return database


def ticking(times: list[datetime], stops: list[bool]) -> Callable[[], datetime]:
    """A clock that says these moments, and then that it is over."""

    def now() -> datetime:
        at = times.pop(0)
        if not times:
            stops.append(True)
            times.append(at)
        return at

    return now


def test_it_lives_on_with_the_time_and_takes_up_what_others_report(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living, "EVERY_S", 0.0)
    with store.session() as session:
        other = accounts.add(session, "visitor", "dispatcher", demo.CODE, None, None, None, NOW)
        report = Report(104.0598, 30.6638, other.id, "phone", "lamp", site=demo.CODE)
        code = Intake().take(session, [report], NOW + timedelta(seconds=20))[0].answer.split('"')[3]
        before = session.scalars(select(func.count()).select_from(Issue)).one()
    told: list[tuple[int, int]] = []
    stops: list[bool] = []
    times = [NOW + timedelta(minutes=1), *(NOW + timedelta(hours=hours) for hours in (1, 5, 9, 10, 10))]
    living.live_on(store, ticking(times, stops), lambda *far: told.append(far), lambda: bool(stops))
    assert told[-1][0] == told[-1][1]
    with store.session() as session:
        assert session.scalars(select(func.count()).select_from(Issue)).one() > before
        assert session.scalar(select(Issue.accepted_at).where(Issue.code == code)) is not None


def test_while_the_past_is_lived_the_clock_of_a_service_leaves_its_works_to_it(store: Database) -> None:
    late = NOW + timedelta(days=30)
    with living.alone(store, lambda: False, *WORKS) as mine:
        assert mine
        assert [beat for beat in tick(store, lambda: late) if beat.said or beat.error] == []
    assert any(beat.said for beat in tick(store, lambda: late))


def test_two_do_not_live_in_one_store(store: Database) -> None:
    asked: Iterator[bool] = iter([False, False, True, True, True])
    with (
        living.alone(store, lambda: False, living.WORK) as first,
        living.alone(store, lambda: next(asked), living.WORK) as second,
    ):
        assert first
        assert not second


def test_what_is_open_now_has_somebody_or_waits_for_somebody(store: Database) -> None:
    with store.session() as session:
        rows = session.execute(
            text("select status, handler_id from issue where status = any(:open)"), {"open": list(OPEN)}
        ).all()
    assert rows
    assert all(row.handler_id is not None for row in rows if row.status not in ("reported", "filed"))
