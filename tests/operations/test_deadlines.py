"""Deadlines of issues that run: set anew by days, hours, limits and weather, each time with one line that says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.commands import Actor, Command
from gridmap.domain.history import Line, replay
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, ForbiddenError, InputError, NotFoundError
from gridmap.operations import accounts, calendars, warnings
from gridmap.operations.checks import check
from gridmap.operations.deadlines import recompute, renew_provisional
from gridmap.operations.intake import Intake, Report
from gridmap.operations.moves import act_on
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.operations.warnings import Weather
from gridmap.storage import places
from gridmap.storage.database import Database
from tests.estate import Estate, spot
from tests.operations.conftest import Publisher

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEDNESDAY = datetime(2026, 5, 13, 10, tzinfo=SHANGHAI)
Reporter = Callable[..., str]


def at(said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=SHANGHAI)


@pytest.fixture
def report(session: Session, estate: Site) -> Reporter:
    """Report something at a place and a moment; its code."""
    account = session.execute(
        text(
            "insert into account (name, role, site_id, created_at) "
            "values ('desk', 'dispatcher', :site, :at) returning id"
        ),
        {"site": estate.id, "at": WEDNESDAY},
    ).scalar_one()

    def take(category: str, when: datetime = WEDNESDAY, column: float = 0.5, row: float = 0.5) -> str:
        given = Report(*spot(column, row), account, "desk", category=category, site="WJ", text="it is so")
        answer = Intake().take(session, [given], when)[0].answer
        assert answer is not None
        return str(json.loads(answer)["code"])

    return take


def due(session: Session, code: str) -> dict[str, str]:
    """The deadlines of an issue by the clock of the place."""
    rows = session.execute(
        text("select d.stamp, d.due_at from deadline d join issue i on i.id = d.issue_id where i.code = :code"),
        {"code": code},
    )
    return {stamp: f"{moment.astimezone(SHANGHAI):%m-%d %H:%M}" for stamp, moment in rows}


def lines(session: Session, code: str, action: str = "deadline") -> list[Any]:
    return list(
        session.execute(
            text("""
                select e.at, e.status, e.account_id, e.role, e.data from issue_event e
                join issue i on i.id = e.issue_id where i.code = :code and e.action = :action order by e.id
            """),
            {"code": code, "action": action},
        )
    )


def of_issue(session: Session, code: str) -> Any:
    return session.execute(text("select * from issue where code = :code"), {"code": code}).one()


# ---------------------------------------------------------------- own days, hours, limits


def test_a_day_off_moves_what_is_counted_in_working_time_and_says_so_once(
    session: Session, estate: Site, report: Reporter
) -> None:
    asked, lift = report("fees"), report("lift")
    before, lift_before = due(session, asked), due(session, lift)
    moved = calendars.set_day(session, estate, date(2026, 5, 14), [], WEDNESDAY, name="moving house")
    assert moved == [asked]
    assert due(session, asked) == {"first_answer": before["first_answer"], "resolved": "05-19 18:00"}
    (line,) = lines(session, asked)
    assert line.data == {
        "why": "calendar",
        "deadlines": {"resolved": ["2026-05-18T10:00:00+00:00", "2026-05-19T10:00:00+00:00"]},
    }
    assert due(session, lift) == lift_before
    assert lines(session, lift) == []


def test_the_issue_follows_its_deadline_and_has_a_new_version(session: Session, estate: Site, report: Reporter) -> None:
    code = report("fees")
    before = of_issue(session, code)
    calendars.set_day(session, estate, date(2026, 5, 14), [], WEDNESDAY)
    after = of_issue(session, code)
    assert after.version == before.version + 1
    assert after.due_at == at("2026-05-19T18:00")


def test_a_day_that_is_taken_back_restores_what_was(session: Session, estate: Site, report: Reporter) -> None:
    code = report("fees")
    before = due(session, code)
    calendars.set_day(session, estate, date(2026, 5, 14), ["08:00-09:00"], WEDNESDAY, hours="office")
    assert due(session, code) != before
    assert calendars.remove_day(session, estate, date(2026, 5, 14), WEDNESDAY, hours="office") == [code]
    assert due(session, code) == before
    assert len(lines(session, code)) == 2
    with pytest.raises(NotFoundError, match="no day of its own on 2026-05-14"):
        calendars.remove_day(session, estate, date(2026, 5, 14), WEDNESDAY)


def test_saying_the_same_again_writes_nothing(session: Session, estate: Site, report: Reporter) -> None:
    code = report("fees")
    for _ in range(2):
        calendars.set_day(session, estate, date(2026, 5, 14), [], WEDNESDAY)
    assert recompute(session, estate, WEDNESDAY, "calendar") == []
    assert len(lines(session, code)) == 1


def test_who_set_it_stands_in_the_line(session: Session, estate: Site, report: Reporter) -> None:
    code = report("fees")
    account = of_account(session)
    calendars.set_day(session, estate, date(2026, 5, 14), [], WEDNESDAY, by=Viewer(account, "desk", "head", estate.id))
    (line,) = lines(session, code)
    assert (line.account_id, line.role, line.at) == (account, "head", WEDNESDAY)


def of_account(session: Session) -> int:
    return int(session.execute(text("select id from account")).scalar_one())


def test_a_site_keeps_hours_of_its_own(session: Session, estate: Site, report: Reporter) -> None:
    code = report("litter", at("2026-05-13T20:30"))
    assert due(session, code) == {"resolved": "05-14 07:30"}
    late = {"hours": {"late": {"week": {"mon-sun": ["07:00-23:00"]}}}, "roles": {"environment_officer": "late"}}
    assert calendars.set_hours(session, estate, late, WEDNESDAY) == [code]
    assert due(session, code) == {"resolved": "05-13 21:30"}
    assert calendars.set_hours(session, estate, None, WEDNESDAY) == [code]
    assert due(session, code) == {"resolved": "05-14 07:30"}
    assert [line.data["why"] for line in lines(session, code)] == ["hours", "hours"]


def test_a_sites_own_limits_come_first_and_a_limit_can_be_taken_away(
    session: Session, estate: Site, report: Reporter
) -> None:
    code = report("lamp")
    assert set(due(session, code)) == {"first_answer", "on_site", "resolved"}
    own: list[dict[str, Any]] = [
        {"stamp": "resolved", "after": "2 days", "clock": "natural_days", "categories": ["lamp"]},
        {"stamp": "on_site", "after": None, "categories": ["lamp"]},
    ]
    assert calendars.set_limits(session, estate, own, WEDNESDAY) == [code]
    assert due(session, code) == {"first_answer": "05-13 10:30", "resolved": "05-16 00:00"}
    (line,) = lines(session, code)
    assert line.data["deadlines"]["on_site"] == ["2026-05-13T06:00:00+00:00", None]
    calendars.set_limits(session, estate, None, WEDNESDAY)
    assert due(session, code)["on_site"] == "05-13 14:00"


def test_limits_that_make_no_sense_change_nothing(session: Session, estate: Site, report: Reporter) -> None:
    code = report("lamp")
    before = due(session, code)
    with pytest.raises(InputError, match="limit 1, categories: 'lampp'"):
        calendars.set_limits(
            session, estate, [{"stamp": "resolved", "after": "1 h", "categories": ["lampp"]}], WEDNESDAY
        )
    with pytest.raises(InputError, match="is no window"):
        calendars.set_day(session, estate, date(2026, 5, 14), ["all day"], WEDNESDAY)
    with pytest.raises(FieldError, match="no hours are called 'siesta'"):
        calendars.set_day(session, estate, date(2026, 5, 14), [], WEDNESDAY, hours="siesta")
    with pytest.raises(FieldError, match="out of the years"):
        calendars.set_day(session, estate, date(1066, 10, 14), [], WEDNESDAY)
    assert due(session, code) == before


def test_what_is_reported_afterwards_is_counted_by_what_is_said_now(
    session: Session, estate: Site, report: Reporter
) -> None:
    calendars.set_day(session, estate, date(2026, 5, 13), [], WEDNESDAY)
    assert due(session, report("fees"))["first_answer"] == "05-14 12:00"


PLAN = """
[[limits]]
stamp = "resolved"
after = "2 h"
categories = ["lamp"]

[hours.hours.late]
week = { mon-sun = ["14:00-22:00"] }
[hours.roles]
technician = "late"
"""


def test_a_plan_says_hours_and_limits_of_its_site(session: Session, published: Publisher) -> None:
    published(Estate(plan=PLAN))
    site = places.site(session, "WJ")
    assert calendars.limits_in_force(site)[0] == {
        "stamp": "resolved", "after": "2 h", "clock": "round_the_clock", "categories": ["lamp"], "own": True,
    }  # fmt: skip
    assert calendars.hours_in_force(session, site)["roles"]["technician"] == "late"


def test_a_plan_that_says_them_anew_moves_what_is_under_way(
    session: Session, estate: Site, report: Reporter, published: Publisher
) -> None:
    code = report("lamp")
    published(Estate(plan=PLAN), WEDNESDAY)
    assert due(session, code)["resolved"] == "05-13 12:00"
    assert due(session, code)["on_site"] == "05-13 18:00"
    assert [line.data["why"] for line in lines(session, code)] == ["hours", "limits"]


def test_a_report_on_its_way_is_counted_by_the_day_that_is_set_meanwhile(database: Database, tmp_path: Path) -> None:
    with database.session() as session:
        plan = read_plan(outline_from_toml(Estate().write(tmp_path / "plan")))
        publish(session, check(session, plan, WEDNESDAY), WEDNESDAY)
        account = accounts.add(session, "desk", "dispatcher", "WJ", None, None, None, WEDNESDAY).id

    def close_thursday() -> None:
        with database.session() as session:
            calendars.set_day(session, places.site(session, "WJ"), date(2026, 5, 14), [], WEDNESDAY)

    closing = Thread(target=close_thursday)
    with database.session() as session:
        given = Report(*spot(0.5, 0.5), account, "desk", category="fees", site="WJ", text="how much?")
        code = json.loads(Intake().take(session, [given], WEDNESDAY)[0].answer or "")["code"]
        closing.start()
        wait_for_somebody_who_waits(database)
    closing.join()
    with database.session() as session:
        assert due(session, code)["resolved"] == "05-19 18:00"
        assert len(lines(session, code)) == 1


def wait_for_somebody_who_waits(database: Database) -> None:
    """Until another transaction stands before a lock of ours."""
    for _ in range(200):
        with database.session() as session:
            if session.execute(text("select count(*) from pg_locks where not granted")).scalar_one():
                return
        sleep(0.05)
    raise AssertionError("nobody waits")


# ---------------------------------------------------------------- what has been reached, and what is on hold


def act(session: Session, code: str, action: str, when: datetime, **said: Any) -> None:
    act_on(session, Command(code, action, Actor("admin", None), **said), when)


def test_what_has_been_reached_stays_as_it_was_judged(session: Session, estate: Site, report: Reporter) -> None:
    code = report("fees")
    act(session, code, "answer", WEDNESDAY + timedelta(minutes=5), note="we look into it")
    before = due(session, code)
    calendars.set_day(session, estate, date(2026, 5, 13), [], WEDNESDAY)
    after = due(session, code)
    assert after["first_answer"] == before["first_answer"]
    assert after["resolved"] != before["resolved"]


def test_what_is_on_hold_is_computed_when_it_goes_on(session: Session, estate: Site, report: Reporter) -> None:
    code = report("lamp")
    for action, hour, said in (("dispatch", 11, {"to": "TOM"}), ("accept", 11, {}), ("hold", 12, {"note": "no lamp"})):
        act(session, code, action, WEDNESDAY.replace(hour=hour), **said)
    before = due(session, code)
    assert calendars.set_limits(session, estate, [{"stamp": "resolved", "after": "36 h"}], WEDNESDAY) == []
    assert due(session, code) == before
    act(session, code, "resume", WEDNESDAY.replace(hour=13))
    assert due(session, code)["resolved"] == "05-14 23:00"


def test_history_replays_to_the_deadlines_that_hold(session: Session, estate: Site, report: Reporter) -> None:
    code = report("fees")
    calendars.set_day(session, estate, date(2026, 5, 14), [], WEDNESDAY)
    calendars.set_limits(session, estate, [{"stamp": "first_answer", "after": None}], WEDNESDAY)
    rows = session.execute(
        text(
            "select e.action, e.status, e.at, e.data from issue_event e join issue i on i.id = e.issue_id "
            "where i.code = :code order by e.id"
        ),
        {"code": code},
    )
    present = replay(Line(row.action, row.status, row.at, row.data or {}) for row in rows)
    assert {stamp: f"{moment.astimezone(SHANGHAI):%m-%d %H:%M}" for stamp, moment in present.deadlines.items()} == due(
        session, code
    )


def test_a_time_that_was_given_with_the_report_is_not_ours_to_move(
    session: Session, estate: Site, report: Reporter
) -> None:
    code = report("fees")
    session.execute(text("delete from deadline"))
    session.execute(text("update issue set due_at = :at"), {"at": WEDNESDAY})
    recompute(session, estate, WEDNESDAY, "limits")
    assert "resolved" not in due(session, code)
    assert of_issue(session, code).due_at == WEDNESDAY


def test_what_has_ended_is_left_alone(session: Session, estate: Site, report: Reporter) -> None:
    code = report("fees")
    act(session, code, "void", WEDNESDAY, note="by mistake")
    before = due(session, code)
    assert calendars.set_day(session, estate, date(2026, 5, 14), [], WEDNESDAY) == []
    assert due(session, code) == before


# ---------------------------------------------------------------- weather


def storm(**said: Any) -> Weather:
    return Weather(**{"kind": "storm", "starts": WEDNESDAY, "ends": WEDNESDAY + timedelta(hours=6), **said})


def test_a_warning_stretches_the_limits_of_its_grids_and_of_no_others(
    session: Session, estate: Site, report: Reporter
) -> None:
    here, beside = report("lift"), report("lift", column=2.5)
    before = due(session, beside)
    row, moved = warnings.declare(session, estate, storm(grids=("Z1-C1",), stamps=("resolved",)), WEDNESDAY)
    assert moved == [here]
    assert due(session, here) == {**before, "resolved": "05-14 22:00"}
    assert due(session, beside) == before
    assert warnings.end(session, estate, row.id, WEDNESDAY) == [here]
    assert due(session, here) == before
    assert [line.data["why"] for line in lines(session, here)] == ["warning", "warning"]


def test_a_warning_that_ends_has_stretched_what_ran_while_it_lasted(
    session: Session, estate: Site, report: Reporter
) -> None:
    code = report("lift")
    row, _ = warnings.declare(session, estate, storm(ends=None), WEDNESDAY)
    stretched = due(session, code)
    assert warnings.end(session, estate, row.id, WEDNESDAY + timedelta(hours=2)) == []
    assert due(session, code) == stretched
    assert due(session, report("lift", WEDNESDAY + timedelta(hours=3)))["resolved"] == "05-14 13:00"


def test_what_is_reported_in_a_storm_has_more_time_at_once(session: Session, estate: Site, report: Reporter) -> None:
    warnings.declare(session, estate, storm(), WEDNESDAY)
    assert due(session, report("lift"))["resolved"] == "05-14 22:00"


def test_a_warning_can_be_changed(session: Session, estate: Site, report: Reporter) -> None:
    code = report("lift")
    row, _ = warnings.declare(session, estate, storm(), WEDNESDAY)
    changed, moved = warnings.change(session, estate, row.id, storm(factor=2.0), WEDNESDAY)
    assert (changed.id, moved) == (row.id, [code])
    assert due(session, code)["resolved"] == "05-15 10:00"
    with pytest.raises(NotFoundError, match="has no warning"):
        warnings.change(session, estate, row.id + 1, storm(), WEDNESDAY)


def test_snow_is_due_when_the_warning_has_ended(session: Session, estate: Site, report: Reporter) -> None:
    row, _ = warnings.declare(session, estate, storm(kind="snow", ends=None), WEDNESDAY)
    code = report("snow", WEDNESDAY + timedelta(hours=1))
    assert due(session, code) == {}
    assert warnings.end(session, estate, row.id, WEDNESDAY + timedelta(hours=3)) == [code]
    assert due(session, code) == {"resolved": "05-13 17:00"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "drizzle"}, "kind"),
        ({"ends": WEDNESDAY}, "ends"),
        ({"factor": 0.5}, "factor"),
        ({"factor": float("nan")}, "factor"),
        ({"stamps": ("solved",)}, "stamps"),
        ({"grids": ("Z9",)}, "grids"),
        ({"grids": ()}, "grids"),
    ],
)
def test_a_warning_that_makes_no_sense_is_refused(
    session: Session, estate: Site, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldError) as refused:
        warnings.declare(session, estate, storm(**said), WEDNESDAY)
    assert refused.value.field == field


def test_who_directs_a_part_declares_for_that_part(session: Session, estate: Site, report: Reporter) -> None:
    report("lift")
    part = Viewer(of_account(session), "z1", "coordinator", estate.id, "WJ", ("Z1",))
    other = Viewer(of_account(session), "z2", "coordinator", estate.id, "WJ", ("Z2",))
    row, _ = warnings.declare(session, estate, storm(), WEDNESDAY, by=part)
    assert row.grids == ["Z1"]
    with pytest.raises(FieldError, match="you may declare warnings for Z1"):
        warnings.declare(session, estate, storm(grids=("Z2-C1",)), WEDNESDAY, by=part)
    with pytest.raises(ForbiddenError, match="more than your own ground"):
        warnings.end(session, estate, row.id, WEDNESDAY, by=other)
    assert warnings.change(session, estate, row.id, storm(grids=("Z1-C1",)), WEDNESDAY, by=part)[0].grids == ["Z1-C1"]


def test_warnings_are_listed_while_they_matter(session: Session, estate: Site) -> None:
    warnings.declare(session, estate, storm(), WEDNESDAY)
    warnings.declare(session, estate, storm(kind="heat", starts=WEDNESDAY + timedelta(days=1), ends=None), WEDNESDAY)
    now = warnings.listed(session, estate, WEDNESDAY)
    assert [(row["kind"], row["in_force"]) for row in now] == [("storm", True), ("heat", False)]
    later = WEDNESDAY + timedelta(days=2)
    assert [row["kind"] for row in warnings.listed(session, estate, later)] == ["heat"]
    assert len(warnings.listed(session, estate, later, all_of_them=True)) == 2


# ---------------------------------------------------------------- a year that is not settled


FAR = 2040  # nobody has announced that year yet
NEW_YEARS_EVE = datetime(FAR - 1, 12, 30, 16, tzinfo=SHANGHAI)


def provisional(session: Session, code: str) -> set[bool]:
    rows = session.execute(
        text("select provisional from deadline d join issue i on i.id = d.issue_id where i.code = :code"),
        {"code": code},
    )
    return set(rows.scalars())


def test_a_deadline_in_a_year_that_is_not_settled_says_so(session: Session, report: Reporter) -> None:
    assert provisional(session, report("fees", NEW_YEARS_EVE)) == {True}
    assert provisional(session, report("lift", NEW_YEARS_EVE)) == {False}
    assert provisional(session, report("fees")) == {False}


def test_what_was_provisional_is_set_anew_when_the_year_is_settled(
    session: Session, estate: Site, report: Reporter
) -> None:
    code = report("fees", NEW_YEARS_EVE)
    before = due(session, code)
    assert list(renew_provisional(session, NEW_YEARS_EVE)) == []
    # The announcement comes: New Year's Eve is bridged, and both years are entered.
    session.execute(
        text("insert into calendar_day (site_id, day, hours, windows) values (:site, :day, '', '[]')"),
        {"site": estate.id, "day": date(FAR - 1, 12, 31)},
    )
    session.execute(text("update site set hours = :hours"), {"hours": json.dumps({"confirmed": [FAR - 1, FAR]})})
    session.expire_all()
    said = renew_provisional(session, NEW_YEARS_EVE + timedelta(hours=1))
    assert [line.partition(":")[0] for line in said] == ["WJ"]
    assert due(session, code) != before
    assert provisional(session, code) == {False}
    assert [line.data["why"] for line in lines(session, code)] == ["published"]
    assert list(renew_provisional(session, NEW_YEARS_EVE + timedelta(hours=2))) == []


def test_a_year_that_is_settled_as_it_was_expected_moves_nothing(
    session: Session, estate: Site, report: Reporter
) -> None:
    code = report("fees", NEW_YEARS_EVE)
    before = due(session, code)
    confirmed = {"confirmed": [FAR - 1, FAR]}
    assert calendars.set_hours(session, estate, confirmed, NEW_YEARS_EVE) == []
    assert due(session, code) == before
    assert provisional(session, code) == {False}
    assert lines(session, code) == []


# ---------------------------------------------------------------- a year as it is shown


def test_a_year_shows_the_days_that_are_unlike_their_weekday(session: Session, estate: Site) -> None:
    calendars.set_day(session, estate, date(2026, 5, 20), [], WEDNESDAY, name="founding day")
    year = calendars.year_of(session, estate, 2026, language="en")
    assert year["provisional"] is False
    found = {day["day"]: (day["because"], day["name"], day["windows"]) for day in year["days"]}
    assert found["2026-05-20"] == ("own", "founding day", [])
    assert found["2026-10-10"] == ("makeup", None, ["08:00-12:00", "13:00-18:00"])
    assert found["2026-10-01"] == ("holiday", "National Day", [])
    assert found["2026-10-04"][0] == "holiday"
    assert "2026-07-18" not in found
    assert calendars.year_of(session, estate, FAR)["provisional"] is True
    with pytest.raises(FieldError, match="no hours are called 'siesta'"):
        calendars.year_of(session, estate, 2026, "siesta")


def test_limits_are_shown_with_the_sites_own_first(session: Session, estate: Site) -> None:
    calendars.set_limits(session, estate, [{"stamp": "resolved", "after": "2 h"}], WEDNESDAY)
    shown = calendars.limits_in_force(estate)
    assert shown[0] == {"stamp": "resolved", "after": "2 h", "clock": "round_the_clock", "own": True}
    assert not any(row["own"] for row in shown[1:])
