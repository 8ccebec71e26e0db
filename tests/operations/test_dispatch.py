"""To whom issues go, who hands them out, and who is told when."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from gridmap.domain.commands import Actor, Command
from gridmap.errors import FieldError
from gridmap.operations.known import Known
from gridmap.operations.moves import act
from gridmap.operations.waiting import candidates
from tests.operations.acting import DISPATCHER, HEAD, HOUR, OWNER, START, TECHNICIAN, Stage, minutes, shanghai

EVENING = shanghai(5, 13, 22)


def person(stage: Stage, code: str, role: str, grid: str | None = None, specialty: str | None = None) -> None:
    """Somebody more, in a post since ever."""
    stage.sql("insert into person (site_id, code, name) select id, :code, :code from site where code = 'WJ'", code=code)
    stage.sql(
        "insert into post (site_id, role, grid_code, person_id, specialty, valid_from) "
        "select site_id, :role, :grid, id, :specialty, '1970-01-01Z' from person where code = :code",
        code=code, role=role, grid=grid, specialty=specialty,
    )  # fmt: skip


def on_shift(stage: Stage, code: str, starts: datetime, ends: datetime) -> None:
    stage.sql(
        "insert into shift (person_id, starts, ends) select id, :starts, :ends from person where code = :code",
        code=code, starts=starts, ends=ends,
    )  # fmt: skip


def seen_at(stage: Stage, code: str, at: datetime, lon: float, lat: float) -> None:
    stage.sql(
        "insert into position (person_id, at, received_at, geom) "
        "select id, :at, :at, st_setsrid(st_makepoint(:lon, :lat), 4326) from person where code = :code",
        code=code, at=at, lon=lon, lat=lat,
    )  # fmt: skip


def away(stage: Stage, code: str, starts: datetime, ends: datetime) -> None:
    stage.sql(
        "insert into leave (person_id, starts, ends) select id, :starts, :ends from person where code = :code",
        code=code, starts=starts, ends=ends,
    )  # fmt: skip


def sent(stage: Stage, code: str) -> tuple[str | None, list[str]]:
    """Who gets an issue by the rules, and why."""
    outcome = stage.act(code, "dispatch")
    reasons = [reason["key"] for reason in stage.said(code)["reasons"]]
    return outcome.handler, reasons


# ---------------------------------------------------------------- among several


def test_a_repair_goes_to_the_technician_of_the_specialty_with_the_reasons(stage: Stage) -> None:
    code = stage.report("lamp")
    assert sent(stage, code) == ("TOM", ["it is the work of the {role}: {person}"])
    said = stage.said(code)
    assert (said["to"], said["role"], stage.row(code).handler_role) == ("TOM", "technician", "technician")


def test_of_several_the_one_with_the_least_open_work_gets_it(stage: Stage) -> None:
    person(stage, "TIM", "technician", None, "repair")
    for _ in range(2):
        stage.act(stage.report("lamp"), "dispatch", to="TIM")
    stage.act(stage.report("lamp"), "dispatch", to="TOM")
    who, why = sent(stage, stage.report("lamp"))
    assert (who, why[1]) == ("TOM", "of {count} the one with the least open work: {work}")


def test_work_that_is_done_is_no_open_work(stage: Stage) -> None:
    person(stage, "TIM", "technician", None, "repair")
    stage.worked(stage.report("lamp"), "dispatch", "accept", "resolve", by=DISPATCHER)  # TIM's, the first by code
    assert sent(stage, stage.report("lamp"))[0] == "TIM"


def test_of_several_alike_the_nearest_by_last_position_gets_it(stage: Stage) -> None:
    person(stage, "TIM", "technician", None, "repair")
    code = stage.report("lamp", (0.5, 0.5))
    issue = stage.sql("select st_x(geom) as lon, st_y(geom) as lat from issue where code = :code", code=code)[0]
    seen_at(stage, "TOM", START - HOUR, issue.lon, issue.lat + 0.001)
    seen_at(stage, "TIM", START - 13 * HOUR, issue.lon, issue.lat)  # where he was last night says nothing
    who, why = sent(stage, code)
    assert (who, why[1]) == ("TOM", "of {count} the nearest by last position: {metres} m")
    assert stage.said(code)["reasons"][1]["values"]["metres"] == pytest.approx(111, abs=1)


def test_who_is_on_shift_comes_before_who_is_not(stage: Stage) -> None:
    """TIM has nothing to do, but his shift begins at noon."""
    person(stage, "TIM", "technician", None, "repair")
    stage.act(stage.report("lamp"), "dispatch", to="TOM")
    on_shift(stage, "TIM", START + 2 * HOUR, START + 10 * HOUR)
    on_shift(stage, "TOM", START - 2 * HOUR, START + 6 * HOUR)
    who, why = sent(stage, stage.report("lamp"))
    assert (who, why[1]) == ("TOM", "of {count} the one on duty")
    stage.at = START + 7 * HOUR
    assert sent(stage, stage.report("lamp"))[0] == "TIM"


def test_who_has_no_shifts_is_on_duty_in_the_hours_of_his_post(stage: Stage) -> None:
    person(stage, "TIM", "technician", None, "repair")
    on_shift(stage, "TOM", EVENING - HOUR, EVENING + 8 * HOUR)
    stage.at = EVENING
    who, why = sent(stage, stage.report("lamp"))
    assert (who, why[1]) == ("TOM", "of {count} the one on duty")


def test_where_nobody_is_on_duty_it_goes_out_all_the_same_and_says_so(stage: Stage) -> None:
    stage.at = EVENING
    who, why = sent(stage, stage.report("lamp"))
    assert (who, why[1]) == ("TOM", "nobody who could do it is on duty")


def test_cleaning_is_the_contractors_where_there_is_one(stage: Stage) -> None:
    person(stage, "CON", "contractor", "Z2-C2")
    assert sent(stage, stage.report("dirty_interior", (2.5, 2.5)))[0] == "CON"
    assert sent(stage, stage.report("dirty_interior", (0.5, 0.5)))[0] == "P-Z1-C1-1"
    assert stage.row(stage.worked(stage.report("litter", (2.5, 2.5)), "dispatch")).handler_role == "contractor"


def test_what_turns_out_to_be_something_else_goes_to_those_whose_work_that_is(stage: Stage) -> None:
    person(stage, "CON", "contractor", "Z2-C2")
    code = stage.report("lamp", (2.5, 2.5))
    outcomes = act(
        stage.session,
        [Command(code, "file", DISPATCHER, category="dirty_interior"), Command(code, "dispatch", DISPATCHER)],
        stage.at,
    )
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert stage.row(code).handler == "CON"


def test_what_turns_out_to_be_an_emergency_goes_to_those_who_deal_with_that(stage: Stage) -> None:
    """A noise is the owner's of the ground; the burst main behind it is the technician's."""
    code = stage.report("noise")
    stage.act(code, "verify", OWNER, category="burst_main", urgency="emergency")
    assert stage.row(code).handler == "TOM"
    assert "TOM" in [who for kind, who, _ in stage.told(code) if kind == "emergency"]


def test_what_turns_out_to_be_something_else_has_another_owner_from_then_on(stage: Stage) -> None:
    code = stage.report("lamp", (3.9, 3.9))
    assert stage.row(code).owner_role == "grid_owner"
    stage.act(code, "verify", category="litter")
    assert (stage.row(code).owner_role, stage.history(code)) == (
        "environment_officer", ["report", "verify", "reroute"],
    )  # fmt: skip
    assert sent(stage, code)[0] == "EVE"


def test_while_the_owner_is_on_leave_the_deputy_gets_his_work(stage: Stage) -> None:
    away(stage, "P-Z1-C1-1", START - HOUR, START + 48 * HOUR)
    assert sent(stage, stage.report("noise"))[0] == "DEP"
    stage.at = START + 49 * HOUR
    assert sent(stage, stage.report("noise"))[0] == "P-Z1-C1-1"


# ---------------------------------------------------------------- by hand, and many


def test_the_dispatcher_names_whom_he_likes(stage: Stage) -> None:
    code = stage.report("lamp")
    stage.act(code, "dispatch", to="EVE")
    assert (stage.row(code).handler, stage.row(code).handler_role) == ("EVE", "environment_officer")
    assert stage.said(code)["reasons"] == []


def test_two_hundred_are_handed_out_at_once_and_evenly(stage: Stage) -> None:
    for code in ("TAM", "TEM", "TIM"):
        person(stage, code, "technician", None, "repair")
    codes = [stage.report("lamp", (0.01 * n, 0.5)) for n in range(200)]
    outcomes = act(stage.session, [Command(code, "dispatch", DISPATCHER) for code in codes], stage.at)
    assert [outcome.error for outcome in outcomes] == [None] * 200
    rows = stage.sql("select p.code from issue i join person p on p.id = i.handler_id")
    assert Counter(row.code for row in rows) == {"TAM": 50, "TEM": 50, "TIM": 50, "TOM": 50}
    assert {row.version for row in stage.sql("select version from issue")} == {2}


def test_a_refused_dispatch_gives_nobody_work(stage: Stage) -> None:
    person(stage, "TIM", "technician", None, "repair")
    one, two = stage.report("lamp"), stage.report("lamp")
    late = Command(one, "dispatch", DISPATCHER, at=START - 100 * HOUR, to="TIM")
    outcomes = act(stage.session, [late, Command(two, "dispatch", DISPATCHER)], stage.at)
    assert isinstance(outcomes[0].error, FieldError)
    assert outcomes[1].handler == "TIM"  # the first by code of two that have nothing to do


def test_candidates_are_ranked_as_they_would_be_chosen(stage: Stage) -> None:
    person(stage, "TIM", "technician", None, "repair")
    stage.act(stage.report("lamp"), "dispatch", to="TIM")
    code = stage.report("lamp")
    found = candidates(stage.session, code, stage.at, Known(kept=True), "en")
    assert found["person"]["code"] == "TOM"
    assert [(each["person"]["code"], each["open_work"]) for each in found["candidates"]] == [("TOM", 0), ("TIM", 1)]
    assert sent(stage, code)[0] == "TOM"


# ---------------------------------------------------------------- what comes back


def test_what_is_returned_goes_to_somebody_else_and_not_back_again(stage: Stage) -> None:
    stage.model("centre")
    person(stage, "TIM", "technician", None, "repair")
    code = stage.report("lamp")
    assert stage.row(code).handler == "TIM"
    stage.act(code, "return", Actor("technician", None, "TIM"), note="not my building")
    assert stage.row(code).handler == "TOM"
    stage.later(HOUR).act(code, "return", TECHNICIAN, note="nor mine")
    assert stage.row(code).handler == "P-Z1-C1-1"  # whose ground it is
    stage.later(HOUR).act(code, "return", OWNER, note="nor mine")
    assert (stage.row(code).status, stage.row(code).handler) == ("filed", None)
    assert stage.told(code, stage.at) == [("to_dispatch", "DIS", stage.at)]
    error = stage.refused(code, "dispatch")
    assert (isinstance(error, FieldError), str(error)) == (True, "nobody is there whose work it is: name a person")
    stage.act(code, "dispatch", to="TIM")  # by hand it may


def test_what_the_front_office_hands_out_comes_back_to_it(stage: Stage) -> None:
    code = stage.report("lamp")
    stage.worked(code, "dispatch")
    stage.later(minutes(1)).act(code, "return", TECHNICIAN, note="not mine")
    assert stage.row(code).status == "filed"
    assert stage.told(code, stage.at) == [("returned", "P-Z1", stage.at)]


def test_one_who_returns_what_he_was_given_in_the_same_breath_does_not_get_it_again(stage: Stage) -> None:
    stage.model("centre")
    code = stage.report("noise")
    outcomes = act(
        stage.session,
        [
            Command(code, "dispatch", DISPATCHER, to="TOM"),
            Command(code, "return", DISPATCHER, note="he is busy"),
        ],
        stage.at,
    )
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert stage.row(code).present["returned"] == ["TOM", "DIS"]
    assert stage.row(code).handler == "P-Z1-C1-1"


def test_what_is_reopened_may_go_to_those_who_had_returned_it(stage: Stage) -> None:
    stage.model("centre")
    code = stage.report("lamp")
    stage.act(code, "return", TECHNICIAN, note="not mine")
    stage.worked(code, "accept", "resolve", by=OWNER)
    stage.later(HOUR).act(code, "reopen", note="again")
    assert stage.row(code).handler == "TOM"


# ---------------------------------------------------------------- who hands out


@pytest.mark.parametrize(
    ("model", "posts", "told"),
    [
        ("coordinator", [], "P-Z1"),
        ("front_desk", ["front_desk"], "FRO"),
        ("front_desk", [], "DIS"),
    ],
)
def test_what_is_reported_waits_for_whoever_hands_out_on_that_site(
    stage: Stage, model: str, posts: list[str], told: str
) -> None:
    stage.model(model)
    for role in posts:
        person(stage, "FRO", role)
    code = stage.report("lamp")
    assert (stage.row(code).status, stage.history(code)) == ("reported", ["report"])
    assert stage.told(code) == [("to_dispatch", told, START)]


def test_where_the_centre_hands_out_it_goes_at_once(stage: Stage) -> None:
    stage.model("centre")
    code = stage.report("lamp")
    assert (stage.row(code).status, stage.row(code).handler, stage.row(code).version) == ("dispatched", "TOM", 2)
    assert [(line.action, line.role) for line in stage.lines(code)] == [("report", None), ("dispatch", "system")]
    assert stage.told(code) == [("dispatched", "TOM", START)]


@pytest.mark.parametrize("model", ["coordinator", "front_desk", "centre"])
def test_an_emergency_goes_out_at_once_and_reaches_all_at_the_same_moment_at_any_hour(stage: Stage, model: str) -> None:
    stage.model(model)
    person(stage, "EM1", "emergency_team")
    person(stage, "HED", "project_head")
    person(stage, "DPT", "department_head")
    stage.at = shanghai(5, 1, 3)
    code = stage.report("burst_main")
    assert (stage.row(code).status, stage.row(code).handler) == ("dispatched", "TOM")
    told = stage.told(code)
    assert sorted(who for kind, who, _ in told if kind == "emergency") == [
        "DPT", "EM1", "GUS", "HED", "P-Z1", "P-Z1-C1", "P-Z1-C1-1", "TOM",
    ]  # fmt: skip
    assert {when for _, _, when in told} == {shanghai(5, 1, 3)}
    assert {row.urgent for row in stage.sql("select urgent from message")} == {True}


# ---------------------------------------------------------------- when they are told


@pytest.mark.parametrize(
    ("at", "category", "who", "when"),
    [
        # The technicians work every day from eight to eight.
        (shanghai(5, 13, 10), "lamp", "TOM", shanghai(5, 13, 10)),
        (shanghai(5, 13, 20), "lamp", "TOM", shanghai(5, 14, 8)),
        (shanghai(5, 2, 7), "lamp", "TOM", shanghai(5, 2, 8)),
        # The office is shut at noon, in the evening, and on the holiday from the first to the fifth of May.
        (shanghai(5, 13, 12, 30), "noise", "P-Z1-C1-1", shanghai(5, 13, 13)),
        (shanghai(5, 13, 18), "noise", "P-Z1-C1-1", shanghai(5, 14, 8)),
        (shanghai(5, 1, 10), "noise", "P-Z1-C1-1", shanghai(5, 6, 8)),
    ],
)
def test_what_can_wait_is_told_in_duty_hours(
    stage: Stage, at: datetime, category: str, who: str, when: datetime
) -> None:
    stage.model("centre")
    stage.at = at
    assert stage.told(stage.report(category)) == [("dispatched", who, when)]


def test_who_is_on_shift_at_night_is_told_at_night(stage: Stage) -> None:
    stage.model("centre")
    on_shift(stage, "TOM", EVENING - HOUR, EVENING + 8 * HOUR)
    stage.at = EVENING
    assert stage.told(stage.report("lamp")) == [("dispatched", "TOM", EVENING)]


def test_who_takes_it_himself_is_not_told_of_it(stage: Stage) -> None:
    code = stage.report("lamp")
    stage.later(minutes(1)).act(code, "dispatch", to="DIS")
    assert stage.told(code, stage.at) == []


# ---------------------------------------------------------------- a complaint about somebody


BAD = "P-Z1-C1-1"


def complaint(stage: Stage, **said: Any) -> str:
    return stage.report("service", about=BAD, text="he was rude", **said)


def test_a_complaint_about_somebody_does_not_go_to_him_by_the_rules(stage: Stage) -> None:
    stage.model("centre")
    code = complaint(stage)
    row = stage.row(code)
    assert (row.owner_role, row.handler, row.handler_role) == ("supervisor", "P-Z1-C1", "supervisor")
    found = candidates(stage.session, code, stage.at, Known(kept=True))
    assert BAD not in str(found)


@pytest.mark.parametrize("action", ["dispatch", "transfer"])
def test_nor_by_hand(stage: Stage, action: str) -> None:
    code = stage.worked(complaint(stage), "dispatch")
    error = stage.refused(code, action, to=BAD)
    assert (isinstance(error, FieldError), getattr(error, "field", None)) == (True, "to")


def test_nor_as_a_deputy_nor_when_all_others_have_returned_it(stage: Stage) -> None:
    stage.model("centre")
    away(stage, "P-Z1-C1", START - HOUR, START + HOUR)
    stage.sql(
        "update post set deputy_id = (select id from person where code = :bad) where role = 'supervisor'", bad=BAD
    )
    code = complaint(stage)
    for _ in range(6):
        row = stage.row(code)
        assert row.handler != BAD
        if row.handler is None:
            break
        stage.act(code, "return", DISPATCHER, note="not he")
    assert stage.row(code).status == "filed"


def test_nothing_of_it_is_told_to_him_whatever_is_done(stage: Stage) -> None:
    code = complaint(stage, reporter_name="Li", reporter_phone="1", urgency="emergency")
    steps: list[tuple[str, dict[str, Any]]] = [
        ("accept", {}), ("support", {"note": "help"}), ("supervise", {}), ("resolve", {}), ("check", {"passed": False}),
        ("resolve", {}), ("follow_up", {"via": "phone", "satisfaction": 1}), ("supervise", {}),
    ]  # fmt: skip
    for action, said in steps:
        stage.later(HOUR).act(code, action, HEAD if action == "supervise" else DISPATCHER, **said)
    people = {who for _, who, _ in stage.told(code)}
    assert people
    assert BAD not in people
