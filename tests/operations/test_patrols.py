"""Rounds are given out, walked and missed; check-ins are believed as far as they can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.frequencies import Frequency
from gridmap.domain.model import Site
from gridmap.errors import FieldError, NotFoundError
from gridmap.operations import patrols, rounds
from gridmap.operations.patrols import CheckedIn, CheckInGiven, CheckpointGiven, PlanGiven
from tests.estate import spot
from tests.operations.conftest import NOW

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TODAY = NOW.date()


def rows(session: Session, statement: str, **values: Any) -> list[Any]:
    return list(session.execute(text(statement), values).all())


def person(session: Session, code: str) -> int:
    return int(session.execute(text("select id from person where code = :code"), {"code": code}).scalar_one())


@pytest.fixture
def plates(session: Session, estate: Site) -> dict[str, str]:
    """Two checkpoints in one cell, one in the next, and the tokens of their plates."""
    places = {"door": spot(0.5, 0.7), "bin": spot(0.2, 0.8), "gate": spot(1.5, 0.7)}
    given = [CheckpointGiven(code, f"the {code}", *place) for code, place in places.items()]
    return patrols.write_checkpoints(session, estate, given)


def plan(session: Session, site: Site, **said: Any) -> None:
    usual = {"code": "P1", "name": "daily round", "frequency": Frequency("daily"), "since": TODAY, "role": "grid_owner"}
    patrols.write_plan(session, site, PlanGiven(**{**usual, **said}))


def planned(session: Session, at: datetime = NOW, ahead: timedelta = timedelta(days=1)) -> list[Any]:
    rounds.plan_rounds(session, at, ahead)
    return rows(
        session,
        "select r.id, r.grid_code, w.code as person, r.due, r.visited, r.status, r.starts, r.ends, r.stops, r.key, "
        "r.done_at "
        "from round r left join person w on w.id = r.person_id order by r.starts, r.grid_code, r.key",
    )


def check(session: Session, *given: CheckInGiven, at: datetime = NOW + HOUR) -> list[CheckedIn]:
    return patrols.check_in(session, given, at)


@pytest.fixture
def scan(session: Session, estate: Site, plates: dict[str, str]) -> CheckInGiven:
    """The owner of the first cell at the door of his house."""
    lon, lat = spot(0.5, 0.7)
    return CheckInGiven(
        person(session, "P-Z1-C1-1"), "u1", NOW, "qr", token=plates["door"], lon=lon, lat=lat, accuracy_m=8
    )


# ---------------------------------------------------------------- giving out


def test_every_owner_has_a_round_a_day_past_the_checkpoints_of_his_cell(
    session: Session, estate: Site, plates: Any
) -> None:
    plan(session, estate)
    found = planned(session)
    today = [row for row in found if row.key == "2026-05-01"]
    assert len(today) == 16
    assert {row.grid_code: row.due for row in today if row.due > 1} == {"Z1-C1-1": 2}
    assert all(row.person == f"P-{row.grid_code}" for row in found)
    # The day of the site begins eight hours before that of UTC.
    assert today[0].starts == datetime.fromisoformat("2026-04-30T16:00:00+00:00")


def test_giving_out_twice_adds_nothing(session: Session, estate: Site, plates: Any) -> None:
    plan(session, estate)
    before = planned(session)
    assert rounds.plan_rounds(session, NOW, timedelta(days=1)) == 0
    session.execute(text("update patrol_plan set planned_until = null"))
    assert rounds.plan_rounds(session, NOW, timedelta(days=1)) == 0
    assert planned(session) == before


def test_a_clock_that_stood_still_gives_out_what_was_due_meanwhile(session: Session, estate: Site) -> None:
    plan(session, estate, grids=("Z1-C1-1",))
    planned(session)
    found = planned(session, NOW + timedelta(days=5))
    assert [row.key for row in found] == [f"2026-05-0{day}" for day in range(1, 8)]


def test_leave_gives_the_rounds_that_have_not_begun_to_the_deputy(session: Session, estate: Site, plates: Any) -> None:
    plan(session, estate, grids=("Z1-C1-1",))
    planned(session, ahead=timedelta(days=3))
    session.execute(
        text("insert into leave (person_id, starts, ends) values (:person, :starts, :ends)"),
        {"person": person(session, "P-Z1-C1-1"), "starts": NOW + timedelta(days=1), "ends": NOW + timedelta(days=2)},
    )
    found = planned(session, ahead=timedelta(days=3))
    assert [row.person for row in found] == ["P-Z1-C1-1", "P-Z1-C1-1", "DEP", "P-Z1-C1-1"]


def test_guards_take_turns_every_four_hours_and_who_is_on_duty_comes_first(
    session: Session, estate: Site, plates: Any
) -> None:
    session.execute(
        text(
            "insert into post (site_id, role, grid_code, person_id, valid_from) "
            "select site_id, 'guard', 'Z1', id, '2020-01-01Z' from person where code = 'EVE'"
        )
    )
    plan(session, estate, role="guard", frequency=Frequency("hours", every=4), checkpoints=("gate", "door"))
    found = planned(session)
    assert [row.person for row in found[:4]] == ["GUS", "EVE", "GUS", "EVE"] or [row.person for row in found[:4]] == [
        "EVE", "GUS", "EVE", "GUS",
    ]  # fmt: skip
    names = {row.id: row.code for row in rows(session, "select id, code from checkpoint")}
    assert [names[stop] for stop in found[0].stops] == ["gate", "door"]
    session.execute(
        text("insert into shift (person_id, starts, ends) values (:person, :starts, :ends)"),
        {"person": person(session, "EVE"), "starts": NOW, "ends": NOW + timedelta(days=1)},
    )
    session.execute(text("update patrol_plan set planned_revision = 0"))
    later = [row.person for row in planned(session) if row.starts > NOW]
    assert set(later) == {"EVE"}


def test_a_sample_leads_past_others_every_day_and_a_cell_without_an_owner_has_nobody(
    session: Session, estate: Site, plates: Any
) -> None:
    session.execute(text("delete from post where person_id = :person"), {"person": person(session, "P-Z1-C1-2")})
    plan(session, estate, sample=1, grids=("Z1-C1",))
    found = planned(session, ahead=timedelta(days=12))
    assert {len(row.stops) for row in found if row.grid_code == "Z1-C1-1"} == {1}
    assert len({tuple(row.stops) for row in found if row.grid_code == "Z1-C1-1"}) == 2
    assert {row.person for row in found if row.grid_code == "Z1-C1-2"} == {None}


def test_a_plan_of_facilities_leads_past_them_and_gives_each_a_checkpoint_once(session: Session, estate: Site) -> None:
    facilities = {"role": None, "person": "TOM", "facilities": ("PUMP", "CARPARK")}
    plan(session, estate, **facilities)
    plan(session, estate, code="P2", **facilities)
    asked = "select c.code, f.code as facility, c.level from checkpoint c join facility f on f.id = c.facility_id"
    points = rows(session, asked)
    assert sorted(map(tuple, points)) == [("CARPARK", "CARPARK", "B1"), ("PUMP", "PUMP", None)]
    assert {row.due for row in planned(session)} == {2}
    with pytest.raises(FieldError, match="no facility is called"):
        plan(session, estate, **{**facilities, "facilities": ("NONE",)})


def test_what_a_plan_names_that_is_not_there_is_refused_by_its_field(session: Session, estate: Site) -> None:
    for field, said in {
        "person": {"person": "NOBODY", "role": None}, "checkpoint": {"checkpoints": ("none",)},
        "grids": {"grids": ("Z9",)}, "role": {"role": "king"}, "until": {"until": TODAY - timedelta(days=1)},
        "subject": {"subject": 16}, "code": {"code": " "},
    }.items():  # fmt: skip
        with pytest.raises(FieldError) as refused:
            plan(session, estate, **said)
        assert refused.value.field == field


def test_a_plan_that_is_closed_takes_what_has_not_begun_with_it(session: Session, estate: Site) -> None:
    plan(session, estate, grids=("Z1-C1-1",))
    planned(session)
    patrols.close_plan(session, estate, "P1", NOW)
    assert [row.status for row in planned(session)] == ["planned", "cancelled"]


def test_the_trades_own_frequencies_are_ready_to_use(session: Session, estate: Site) -> None:
    patrols.write_plan(session, estate, patrols.ready_plan("guard_rounds", "G", TODAY))
    patrols.write_plan(session, estate, patrols.ready_plan("joint_check", "J", TODAY))
    found = planned(session)
    assert {(row.grid_code, row.key) for row in found if row.key == "2026-05-1"} == {("Z2-C2", "2026-05-1")}
    assert len([row for row in found if row.grid_code == "Z1"]) >= 6


# ---------------------------------------------------------------- checking in


def test_a_round_is_done_when_every_checkpoint_of_it_was_visited(
    session: Session, estate: Site, plates: Any, scan: CheckInGiven
) -> None:
    plan(session, estate, grids=("Z1-C1-1",))
    number = planned(session)[0].id
    first = check(session, scan)[0]
    assert (first.verdict, first.reasons, first.round) == ("accepted", (), number)
    assert planned(session)[0].status == "started"
    lon, lat = spot(0.2, 0.8)
    check(session, replace(scan, uid="u2", token=plates["bin"], at=NOW + 5 * MINUTE, lon=lon, lat=lat))
    done = planned(session)[0]
    assert (done.status, done.visited, done.done_at) == ("done", 2, NOW + 5 * MINUTE)


def test_what_comes_again_is_answered_as_before_and_stored_once(session: Session, scan: CheckInGiven) -> None:
    one, two = check(session, scan, scan)
    assert (one.verdict, one.before, two.verdict, two.before) == ("accepted", False, "accepted", True)
    assert check(session, scan)[0].before
    assert rows(session, "select count(*) from check_in")[0] == (1,)
    assert rows(session, "select count(*) from position")[0] == (1,)


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        ({"token": "copied from nowhere"}, "refused", "wrong_token"),
        ({"at": NOW + timedelta(days=400)}, "refused", "ahead"),
        ({"lon": spot(3.5, 3.5)[0], "lat": spot(3.5, 3.5)[1]}, "doubtful", "elsewhere"),
        ({"token": None, "checkpoint": "door", "method": "gps", "lon": spot(3.5, 3.5)[0]}, "refused", "far"),
        ({"token": None, "checkpoint": "door", "method": "gps", "lon": None}, "refused", "no_place"),
        ({"token": None, "checkpoint": "door"}, "doubtful", "unscanned"),
        ({"at": NOW - timedelta(days=9)}, "doubtful", "stale"),
        ({"lon": None}, "accepted", "placeless"),
    ],
)
def test_what_cannot_be_believed_says_why(
    session: Session, scan: CheckInGiven, change: dict[str, Any], verdict: str, reason: str
) -> None:
    outcome = check(session, replace(scan, **change))[0]
    assert outcome.verdict == verdict
    assert reason in outcome.reasons


def test_two_checkpoints_too_far_apart_for_the_time_are_doubted_in_whatever_order_they_come(
    session: Session, plates: dict[str, str], scan: CheckInGiven
) -> None:
    lon, lat = spot(1.5, 0.7)
    away = replace(scan, uid="u2", token=plates["gate"], lon=lon, lat=lat, at=NOW + timedelta(seconds=5))
    assert [each.verdict for each in check(session, away, scan)] == ["doubtful", "accepted"]
    later = replace(away, uid="u3", at=NOW + timedelta(seconds=6))
    assert check(session, later)[0].reasons[0] == "again"


def test_the_same_scan_under_another_number_is_a_replay(session: Session, scan: CheckInGiven) -> None:
    check(session, scan)
    assert "replayed" in check(session, replace(scan, uid="u2"))[0].reasons


def test_anothers_round_is_not_there(session: Session, estate: Site, plates: Any, scan: CheckInGiven) -> None:
    plan(session, estate, grids=("Z1-C1-2",))
    number = planned(session)[0].id
    outcome = check(session, replace(scan, round=number))[0]
    assert isinstance(outcome.error, NotFoundError)
    assert rows(session, "select count(*) from check_in")[0] == (0,)


def test_a_round_that_is_late_is_not_done_in_time(
    session: Session, estate: Site, plates: Any, scan: CheckInGiven
) -> None:
    plan(session, estate, grids=("Z1-C1-1",), checkpoints=("door",))
    number = planned(session)[0].id
    after = NOW + timedelta(hours=9)
    outcome = check(session, replace(scan, round=number, at=after), at=after + HOUR)[0]
    assert (outcome.verdict, outcome.reasons) == ("accepted", ("late",))
    assert planned(session)[0].status == "late"


def test_a_round_without_checkpoints_is_done_by_being_on_its_ground(session: Session, estate: Site) -> None:
    plan(session, estate, grids=("Z2-C2-4",))
    assert planned(session)[0].due == 1
    lon, lat = spot(3.5, 3.5)
    there = CheckInGiven(person(session, "P-Z2-C2-4"), "u1", NOW, "gps", lon=lon, lat=lat, accuracy_m=5)
    lon, lat = spot(0.5, 0.5)
    assert check(session, replace(there, uid="u0", lon=lon, lat=lat, at=NOW - HOUR))[0].verdict == "refused"
    assert check(session, there)[0].verdict == "accepted"
    assert planned(session)[0].status == "done"


# ---------------------------------------------------------------- missed


def test_a_missed_round_is_told_once_to_who_walks_it_and_to_his_supervisor(session: Session, estate: Site) -> None:
    plan(session, estate, grids=("Z1-C1-1",))
    planned(session)
    assert rounds.overdue(session, NOW) == 0
    over = NOW + timedelta(hours=8, minutes=16)
    assert (rounds.overdue(session, over), rounds.overdue(session, over + HOUR)) == (1, 0)
    told = rows(
        session,
        "select m.kind, m.role, w.code, m.not_before from message m join person w on w.id = m.person_id order by m.id",
    )
    assert [row[:3] for row in told] == [
        ("overdue_round", "grid_owner", "P-Z1-C1-1"), ("overdue_round", "supervisor", "P-Z1-C1"),
    ]  # fmt: skip
    # It is past midnight of a holiday there: they read it when they are at work.
    assert all(row.not_before > over for row in told)
    assert planned(session, over)[0].status == "missed"


def test_check_ins_that_arrive_late_make_up_for_a_round_that_was_called_missed(
    session: Session, estate: Site, plates: Any, scan: CheckInGiven
) -> None:
    plan(session, estate, grids=("Z1-C1-1",), checkpoints=("door",))
    planned(session)
    over = NOW + timedelta(days=1)
    rounds.overdue(session, over)
    check(session, scan, at=over + HOUR)
    assert planned(session, over)[0].status == "done"
