"""Limits that are near or over, by timelines written by hand."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.escalation import LADDER
from gridmap.domain.model import Site
from gridmap.operations.checks import check
from gridmap.operations.escalation import escalate
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.storage.database import Database
from tests.estate import Estate
from tests.operations.issues import issue, limit, person, sql

# A Wednesday morning at the office: 10:00 in Shanghai.
START = datetime(2026, 5, 13, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
OFFICE_OPENS = datetime(2026, 5, 14, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _heads(session: Session, estate: Site) -> None:
    person(session, "HED", "project_head")
    person(session, "ENG", "head_of_engineering")


def told(session: Session, since: int = 0) -> list[tuple[str, str, str]]:
    """Who was told what, and in which role, in order."""
    rows = sql(
        session,
        "select m.kind, p.code, m.role from message m join person p on p.id = m.person_id where m.id > :since "
        "order by m.id",
        since=since,
    )
    return [tuple(row) for row in rows]


def lines(session: Session, issue_id: int) -> list[tuple[str, dict[str, Any]]]:
    rows = sql(session, "select action, data from issue_event where issue_id = :id order by id", id=issue_id)
    return [(row.action, {name: row.data[name] for name in ("stamp", "step", "to")}) for row in rows]


def test_a_limit_warns_and_then_climbs_to_the_head(session: Session) -> None:
    number = issue(session, "I-1", START, handler="TOM", handler_role="technician")
    limit(session, number, "resolved", START, START + 4 * HOUR)
    seen, timeline = [], {}
    for minutes in range(0, 9 * 60, 15):
        escalate(session, START + timedelta(minutes=minutes))
        now = told(session)
        if len(now) > len(seen):
            timeline[minutes / 240] = sorted(now[len(seen) :])
            seen = now
    # share of the limit that has passed: who hears of it
    assert timeline == {
        0.75: [("near_limit", "TOM", "technician")],
        1.0: [
            ("over_limit", "ENG", "head_of_engineering"),
            ("over_limit", "P-Z1-C1-1", "grid_owner"),
            ("over_limit", "TOM", "technician"),
        ],
        1.25: [("over_limit", "P-Z1-C1", "supervisor")],
        1.5: [("over_limit", "P-Z1", "coordinator")],
        2.0: [("over_limit", "HED", "project_head")],
    }
    assert [(action, data["step"]) for action, data in lines(session, number)] == [
        ("warn", "warn"), ("escalate", "limit"), ("escalate", "supervisor"), ("escalate", "coordinator"),
        ("escalate", "head"),
    ]  # fmt: skip
    assert lines(session, number)[0][1] == {"stamp": "resolved", "step": "warn", "to": ["TOM"]}
    status, version = sql(session, "select status, version from issue where id = :id", id=number)[0]
    assert (status, version) == ("accepted", 6)


def test_each_step_is_taken_once_however_often_the_clock_beats_and_the_limit_moves(session: Session) -> None:
    number = issue(session, "I-1", START, handler="TOM", handler_role="technician")
    limit(session, number, "resolved", START, START + HOUR)
    for _ in range(3):
        escalate(session, START + HOUR)
    before = told(session)
    limit(session, number, "resolved", START, START + 2 * HOUR)
    escalate(session, START + 2 * HOUR)
    assert told(session) == before
    limit(session, number, "resolved", START + HOUR, START + 2 * HOUR, cycle=1)
    escalate(session, START + 2 * HOUR)
    assert len(told(session)) == 2 * len(before)


def test_a_clock_that_stood_still_does_not_warn_of_what_is_over(session: Session) -> None:
    number = issue(session, "I-1", START, handler="TOM", handler_role="technician")
    limit(session, number, "on_site", START, START + HOUR)
    counts = escalate(session, START + 10 * HOUR)
    assert counts == {"warn": 0, "escalate": 4, "nobody": 1}
    assert {kind for kind, _, _ in told(session)} == {"over_limit"}


@pytest.mark.parametrize("status", ["on_hold", "referred", "closed", "void", "merged"])
def test_what_waits_for_others_or_has_ended_does_not_climb(session: Session, status: str) -> None:
    number = issue(session, "I-1", START, status=status, handler="TOM", handler_role="technician")
    limit(session, number, "resolved", START, START + HOUR)
    assert escalate(session, START + 10 * HOUR) == {"warn": 0, "escalate": 0, "nobody": 0}
    assert told(session) == []


@pytest.mark.parametrize("stamp", ["first_answer", "accepted", "on_site", "under_control", "resolved"])
def test_a_stamp_that_was_met_does_not_climb(session: Session, stamp: str) -> None:
    number = issue(session, "I-1", START, handler="TOM", handler_role="technician")
    limit(session, number, stamp, START, START + HOUR)
    sql(session, f"update issue set {stamp}_at = :at where id = :id", at=START, id=number)
    escalate(session, START + 10 * HOUR)
    assert told(session) == []


def test_what_is_resolved_still_owes_an_answer_and_nothing_else(session: Session) -> None:
    number = issue(session, "I-1", START, status="resolved", handler="TOM", handler_role="technician")
    sql(session, "update issue set resolved_at = :at where id = :id", at=START, id=number)
    for stamp in ("first_answer", "on_site"):
        limit(session, number, stamp, START, START + HOUR)
    escalate(session, START + HOUR)
    assert {data["stamp"] for _, data in lines(session, number)} == {"first_answer"}


def test_who_is_off_duty_hears_of_it_when_he_is_at_work_again(session: Session) -> None:
    number = issue(session, "I-1", START, handler="TOM", handler_role="technician")
    late = START + 9 * HOUR  # 19:00: the office has closed, the technicians have not
    limit(session, number, "resolved", START, late)
    escalate(session, late)
    rows = sql(session, "select m.role, m.not_before, m.urgent from message m")
    assert {role: (when, urgent) for role, when, urgent in rows} == {
        "technician": (late, False),
        "grid_owner": (OFFICE_OPENS, False),
        "head_of_engineering": (OFFICE_OPENS, False),
    }


@pytest.mark.parametrize("urgency", ["life", "emergency"])
def test_an_emergency_waits_for_nobodys_hours(session: Session, urgency: str) -> None:
    at = START + 16 * HOUR  # 02:00
    number = issue(session, "I-1", START, urgency=urgency, handler="TOM", handler_role="technician")
    limit(session, number, "resolved", at - HOUR, at)
    escalate(session, at + HOUR)
    rows = sql(session, "select not_before, urgent from message")
    assert {tuple(row) for row in rows} == {(at + HOUR, True)}


def test_posts_that_nobody_holds_are_passed_over_without_a_line(session: Session) -> None:
    sql(session, "delete from post where role in ('supervisor', 'coordinator', 'project_head')")
    number = issue(session, "I-1", START, handler="TOM", handler_role="technician")
    limit(session, number, "resolved", START, START + HOUR)
    assert escalate(session, START + 3 * HOUR) == {"warn": 0, "escalate": 1, "nobody": 4}
    assert [data["step"] for _, data in lines(session, number)] == ["limit"]
    assert escalate(session, START + 4 * HOUR) == {"warn": 0, "escalate": 0, "nobody": 0}


def test_nobody_hears_of_a_complaint_about_himself(session: Session) -> None:
    for about in ("P-Z1-C1-1", "P-Z1-C1", "P-Z1", "HED", "TOM"):
        number = issue(session, f"I-{about}", START, handler="TOM", handler_role="technician", about=about)
        limit(session, number, "resolved", START, START + HOUR)
        escalate(session, START + HOUR - timedelta(minutes=1))
        escalate(session, START + 3 * HOUR)
        rows = sql(session, "select p.code from message m join person p on p.id = m.person_id where issue_id = :id",
                   id=number)  # fmt: skip
        people = {row.code for row in rows}
        assert about not in people
        assert len(people) >= 4


def test_who_stands_in_hears_of_it_while_somebody_is_away(session: Session) -> None:
    number = issue(session, "I-1", START, handler="P-Z1-C1-1", handler_role="grid_owner")
    sql(
        session, "insert into leave (person_id, starts, ends) select id, :a, :b from person where code = 'P-Z1-C1-1'",
        a=START - HOUR, b=START + 99 * HOUR,
    )  # fmt: skip
    limit(session, number, "resolved", START, START + HOUR)
    escalate(session, START + HOUR)
    assert told(session) == [("over_limit", "DEP", "grid_owner")]


@pytest.mark.parametrize(
    ("model", "hands_out"),
    [
        ("coordinator", ("P-Z1", "coordinator")),
        ("centre", ("DIS", "dispatcher")),
        ("front_desk", ("DIS", "dispatcher")),
    ],
)
def test_as_long_as_nobody_has_it_whoever_hands_out_is_warned(
    session: Session, model: str, hands_out: tuple[str, str]
) -> None:
    sql(session, "update site set dispatch_model = :model", model=model)
    session.expire_all()
    number = issue(session, "I-1", START, status="filed")
    limit(session, number, "accepted", START, START + HOUR)
    escalate(session, START + timedelta(minutes=50))
    assert told(session) == [("near_limit", *hands_out)]


def test_two_limits_of_one_issue_climb_each_by_itself(session: Session) -> None:
    number = issue(session, "I-1", START, handler="TOM", handler_role="technician")
    limit(session, number, "on_site", START, START + HOUR)
    limit(session, number, "resolved", START, START + 4 * HOUR)
    escalate(session, START + HOUR + timedelta(minutes=20))
    escalate(session, START + 3 * HOUR)
    assert sorted((data["stamp"], data["step"]) for _, data in lines(session, number)) == [
        ("on_site", "coordinator"), ("on_site", "head"), ("on_site", "limit"), ("on_site", "supervisor"),
        ("resolved", "warn"),
    ]  # fmt: skip
    assert sql(session, "select version from issue where id = :id", id=number)[0][0] == 3


def test_several_clocks_at_once_take_each_step_once(database: Database, tmp_path: Path) -> None:
    with database.session() as session:
        plan = read_plan(outline_from_toml(Estate().write(tmp_path / "plan")))
        publish(session, check(session, plan, START), START)
        for number in range(20):
            row = issue(session, f"I-{number}", START, handler="TOM", handler_role="technician")
            limit(session, row, "resolved", START, START + HOUR)
    gate = threading.Barrier(4)

    def clock() -> None:
        gate.wait()
        for _ in range(3):
            with database.session() as session:
                escalate(session, START + HOUR)

    threads = [threading.Thread(target=clock) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.session() as session:
        # TOM and the owner of the ground, for there is no head of engineering here.
        assert sql(session, "select count(*), count(distinct issue_id) from message") == [(40, 20)]
        assert sql(session, "select count(*) from issue_event where action = 'escalate'") == [(20,)]


def test_the_ladder_rises(session: Session) -> None:
    shares = [rung.share for rung in LADDER]
    assert shares == sorted(set(shares))
    assert len({rung.step for rung in LADDER}) == len(LADDER)
    assert session.execute(text("select count(*) from escalation")).scalar_one() == 0
