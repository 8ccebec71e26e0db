"""Phones and clocks do not wait for one another: what two do at once is done once, and all of it counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from gridmap.domain.frequencies import Frequency
from gridmap.operations import patrols, rounds
from gridmap.operations.checks import check
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.patrols import CheckInGiven, CheckpointGiven, PlanGiven
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.storage import places
from gridmap.storage.database import Database
from tests.estate import Estate, spot
from tests.operations.conftest import NOW

SPOTS = {f"c{n}": spot(0.1 + 0.1 * n, 0.8) for n in range(8)}


@pytest.fixture
def tokens(database: Database, tmp_path: Path) -> dict[str, str]:
    """The small estate with a round past eight checkpoints of one cell."""
    file = Estate().write(tmp_path / "plan")
    with database.session() as session:
        publish(session, check(session, read_plan(outline_from_toml(file)), NOW), NOW)
    with database.session() as session:
        site = places.site(session, "WJ")
        made = patrols.write_checkpoints(
            session, site, [CheckpointGiven(code, code, *at) for code, at in SPOTS.items()]
        )
        plan = PlanGiven("P", "a round", Frequency("daily"), NOW.date(), person="P-Z1-C1-1")
        patrols.write_plan(session, site, plan)
    return made


def rows(database: Database, statement: str) -> list[Any]:
    with database.session() as session:
        return list(session.execute(text(statement)).all())


def test_several_clocks_give_out_a_round_once_and_tell_of_it_once(database: Database, tokens: dict[str, str]) -> None:
    start = Barrier(4)

    def give_out(_: int) -> int:
        start.wait()
        with database.session() as session:
            return rounds.plan_rounds(session, NOW, timedelta(days=1))

    def miss(_: int) -> int:
        start.wait()
        with database.session() as session:
            return rounds.overdue(session, NOW + timedelta(hours=9))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(give_out, range(4))) == [0, 0, 0, 2]
        assert sorted(pool.map(miss, range(4))) == [0, 0, 0, 1]
    assert rows(database, "select count(*) from round") == [(2,)]
    assert rows(database, "select count(*) from message") == [(2,)]


def test_check_ins_of_one_round_that_come_at_once_all_count(database: Database, tokens: dict[str, str]) -> None:
    with database.session() as session:
        rounds.plan_rounds(session, NOW, timedelta(days=1))
    walker = int(rows(database, "select id from person where code = 'P-Z1-C1-1'")[0].id)
    start = Barrier(8)

    def scan(n: int) -> str | None:
        code = f"c{n}"
        lon, lat = SPOTS[code]
        given = CheckInGiven(
            walker, code, NOW + timedelta(minutes=n), "qr", token=tokens[code], lon=lon, lat=lat, accuracy_m=5
        )
        start.wait()
        with database.session() as session:
            patrols.check_in(session, [given], NOW + timedelta(hours=1))
        with database.session() as session:
            return patrols.check_in(session, [given], NOW + timedelta(hours=1))[0].verdict

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(scan, range(8))) == {"accepted"}
    done = rows(database, "select visited, due, status from round order by starts limit 1")
    assert done == [(8, 8, "done")]
    assert rows(database, "select count(*) from check_in") == [(8,)]
