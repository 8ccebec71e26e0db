"""Several who act on the same issues at the same moment, in transactions of their own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import text

from gridmap.domain.commands import Command
from gridmap.errors import MoveRefusedError
from gridmap.operations.moves import Outcome, act
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from tests.conftest import fresh_store
from tests.operations.acting import (
    DISPATCHER,
    START,
    Stage,
    account,
    minutes,
)


@pytest.fixture
def open_store(cluster: Cluster, estate_template: str) -> Iterator[Database]:
    """A store with the estate in it, for those who really act at the same time."""
    with fresh_store(cluster, estate_template) as database:
        yield database


def reported(database: Database, count: int = 1) -> list[str]:
    with database.session() as session:
        stage = Stage(session, account(session))
        return [stage.report() for _ in range(count)]


def at_once(database: Database, *commands: list[Command]) -> list[list[Outcome]]:
    """What comes of several who act in transactions of their own, at the same time."""
    ready = Barrier(len(commands))

    def one(each: list[Command]) -> list[Outcome]:
        with database.session() as session:
            session.execute(text("select 1"))
            ready.wait(10)
            return act(session, each, START + minutes(1))

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(one, commands))


def test_of_two_who_act_at_once_one_wins_and_the_other_is_told_how_it_stands(open_store: Database) -> None:
    (code,) = reported(open_store)
    both = [Command(code, "dispatch", DISPATCHER, version=1, to=who) for who in ("TOM", "EVE")]
    outcomes = [each[0] for each in at_once(open_store, *([command] for command in both))]
    winner, loser = sorted(outcomes, key=lambda outcome: outcome.error is not None)
    assert winner.error is None
    assert isinstance(loser.error, MoveRefusedError)
    assert (loser.error.status, loser.error.version) == ("dispatched", 2)
    assert "accept" in loser.error.allowed
    with open_store.session() as session:
        stage = Stage(session, 0)
        assert (stage.row(code).handler, stage.row(code).version) == (winner.command.to, 2)
        assert stage.history(code) == ["report", "dispatch"]
        assert [(kind, who) for kind, who, _ in stage.told(code) if kind == "dispatched"] == [
            ("dispatched", winner.command.to)
        ]


def test_two_who_take_the_same_issues_in_another_order_do_not_wait_for_one_another(open_store: Database) -> None:
    codes = reported(open_store, 20)
    forth = [Command(code, "dispatch", DISPATCHER, version=1, to="TOM") for code in codes]
    back = [replace(command, to="EVE") for command in reversed(forth)]
    outcomes = [outcome for each in at_once(open_store, forth, back) for outcome in each]
    assert sum(outcome.error is None for outcome in outcomes) == 20
    assert all(isinstance(outcome.error, MoveRefusedError) for outcome in outcomes if outcome.error is not None)
    with open_store.session() as session:
        assert session.execute(text("select array_agg(distinct version) from issue")).scalar_one() == [2]


def test_many_who_act_without_looking_come_one_after_another(open_store: Database) -> None:
    (code,) = reported(open_store)
    outcomes = at_once(open_store, *[[Command(code, "answer", DISPATCHER, note=str(n))] for n in range(6)])
    assert sorted(each[0].version for each in outcomes) == [2, 3, 4, 5, 6, 7]
    with open_store.session() as session:
        stage = Stage(session, 0)
        assert sorted(line.note for line in stage.lines(code)[1:]) == list("012345")
        assert stage.row(code).first_answer_at == START + minutes(1)


def test_two_who_hang_two_issues_under_one_another_at_once_make_no_circle(open_store: Database) -> None:
    one, two = reported(open_store, 2)
    at_once(
        open_store, [Command(one, "merge", DISPATCHER, parent=two)], [Command(two, "merge", DISPATCHER, parent=one)]
    )
    with open_store.session() as session:
        stage = Stage(session, 0)
        assert sorted(stage.row(code).status for code in (one, two)) == ["merged", "reported"]
