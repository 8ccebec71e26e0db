"""What is done to an issue changes what it should, says so in one line, and what is refused changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text

from gridmap.domain.commands import Actor, Command, PlanStep
from gridmap.domain.history import Line, replay
from gridmap.errors import FieldError, ForbiddenError, MoveRefusedError, NotFoundError
from gridmap.operations.follow_ups import close_silent
from gridmap.operations.issues import Desk
from gridmap.operations.moves import Outcome, act, act_on
from gridmap.operations.moving import present_of
from gridmap.storage import places
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from gridmap.storage.moves import issues_in_full
from tests.conftest import fresh_store
from tests.estate import spot
from tests.operations.acting import (
    AUDITOR,
    COORDINATOR,
    DAY,
    DISPATCHER,
    HEAD,
    HOUR,
    OWNER,
    REPORTER,
    START,
    SUPERVISOR,
    TECHNICIAN,
    Stage,
    account,
    minutes,
    moment,
    shanghai,
)

EVE = Actor("environment_officer", None, "EVE")


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


# ---------------------------------------------------------------- the way of an issue


def test_each_move_is_one_line_that_says_who_when_where_and_what(stage: Stage) -> None:
    code = stage.report()
    stage.later(minutes(5)).act(code, "dispatch", to="EVE", note="she is near")
    stage.later(minutes(5)).act(code, "accept", EVE, lon=121.501, lat=31.251)
    first, second, third = stage.lines(code)
    assert (first.action, first.status, first.at, first.role) == ("report", "reported", START, None)
    assert (second.action, second.status, second.at, second.role) == (
        "dispatch", "dispatched", START + minutes(5), "dispatcher",
    )  # fmt: skip
    assert (second.note, second.data["to"], second.data["role"]) == ("she is near", "EVE", "environment_officer")
    (who,) = stage.sql("select code from person where id = :id", id=third.actor_id)
    (where,) = stage.sql("select st_x(geom) as lon, st_y(geom) as lat from issue_event where id = :id", id=third.id)
    assert (who.code, where.lon, where.lat) == ("EVE", 121.501, 31.251)


def test_each_accepted_command_makes_one_more_version(stage: Stage) -> None:
    code = stage.report()
    versions = [stage.act(code, action, by, **said).version for action, by, said in WAY]
    assert versions == list(range(2, 2 + len(WAY)))


WAY: tuple[tuple[str, Actor, dict[str, Any]], ...] = (
    ("verify", OWNER, {"note": "seen"}),
    ("file", OWNER, {}),
    ("dispatch", DISPATCHER, {"to": "TOM"}),
    ("accept", TECHNICIAN, {}),
    ("arrive", TECHNICIAN, {}),
    ("control", TECHNICIAN, {}),
    ("hold", TECHNICIAN, {"note": "a part"}),
    ("resume", TECHNICIAN, {}),
    ("resolve", TECHNICIAN, {}),
    ("check", OWNER, {"passed": True}),
    ("close", DISPATCHER, {}),
)


def test_the_answer_says_where_it_stands_who_has_it_and_what_may_be_done_next(stage: Stage) -> None:
    code = stage.report()
    sent = stage.act(code, "dispatch", to="TOM")
    assert (sent.status, sent.version, sent.handler) == ("dispatched", 2, "TOM")
    assert sent.allowed == (
        "dispatch", "accept", "return", "transfer", "support", "refer", "answer", "void", "merge", "plan",
    )  # fmt: skip


def test_what_is_solved_on_the_spot_is_recorded_and_closed(stage: Stage) -> None:
    code = stage.report()
    stage.later(minutes(3)).act(code, "resolve", OWNER, note="I changed the bulb")
    stage.act(code, "close", OWNER)
    row = stage.row(code)
    assert (row.status, row.closed_as, row.handler) == ("closed", "solved", None)
    assert {row.accepted_at, row.on_site_at, row.under_control_at, row.resolved_at} == {START + minutes(3)}
    assert stage.history(code) == ["report", "resolve", "close"]


def test_stamps_are_set_when_things_happen(stage: Stage) -> None:
    code = stage.report("burst_main")
    stage.later(minutes(2)).act(code, "accept", TECHNICIAN)
    stage.later(minutes(6)).act(code, "arrive", TECHNICIAN)
    stage.later(minutes(1)).act(code, "answer", TECHNICIAN, note="the water is off")
    stage.later(minutes(30)).act(code, "control", TECHNICIAN)
    stage.later(3 * HOUR).act(code, "resolve", TECHNICIAN)
    row = stage.row(code)
    assert (row.accepted_at, row.on_site_at, row.first_answer_at) == tuple(START + minutes(m) for m in (2, 8, 9))
    assert (row.under_control_at, row.resolved_at) == (START + minutes(39), START + minutes(219))


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("prepared", "action", "said", "may"),
    [
        ((), "accept", {}, ("file", "verify", "dispatch", "refer", "resolve", "answer", "void", "merge")),
        (("dispatch",), "resolve", {},
         ("dispatch", "accept", "return", "transfer", "support", "refer", "answer", "void", "merge", "plan")),
        (("dispatch", "accept"), "resume", {},
         ("dispatch", "return", "transfer", "start", "arrive", "control", "hold", "support", "refer", "resolve",
          "answer", "void", "merge", "plan")),
        (("dispatch", "accept", "resolve"), "hold", {"note": "x"},
         ("check", "answer", "follow_up", "close", "reopen")),
        (("dispatch", "accept", "resolve", "close"), "void", {"note": "x"}, ("follow_up", "reopen")),
    ],
)  # fmt: skip
def test_a_refused_move_changes_nothing_and_says_what_would_be_allowed(
    stage: Stage, prepared: tuple[str, ...], action: str, said: dict[str, Any], may: tuple[str, ...]
) -> None:
    code = stage.worked(stage.report(), *prepared, by=DISPATCHER)
    error = stage.refused(code, action, **said)
    assert isinstance(error, MoveRefusedError)
    assert (error.issue, error.status, error.version) == (code, stage.row(code).status, stage.row(code).version)
    assert error.allowed == may
    assert str(error) == f"{code} is {error.status}: it cannot take {action}; you may {', '.join(may)}"


@pytest.mark.parametrize(
    ("by", "action", "said", "why"),
    [
        (OWNER, "dispatch", {}, ("dispatch is not yours to do here; you may return, transfer, arrive, control, hold, "
                                 "support, refer, resolve, answer, plan")),
        (AUDITOR, "resolve", {}, "resolve is not yours to do here; you may supervise"),
        (EVE, "resolve", {}, "resolve is not yours to do here; there is nothing for you to do"),
        (REPORTER, "void", {"note": "it works"}, "void is not yours to do here; there is nothing for you to do"),
        (COORDINATOR, "sign", {}, ("sign is not yours to do here; you may dispatch, return, transfer, arrive, control, "
                                   "hold, support, refer, resolve, answer, void, merge, supervise, plan")),
    ],
)  # fmt: skip
def test_who_may_not_do_it_is_told_what_he_may(
    stage: Stage, by: Actor, action: str, said: dict[str, Any], why: str
) -> None:
    error = stage.refused(in_progress(stage), action, by, **said)
    assert isinstance(error, ForbiddenError)
    assert str(error) == why


@pytest.mark.parametrize(
    ("action", "said", "field"),
    [
        ("dispatch", {"to": "NOBODY"}, "to"),
        ("transfer", {"to": "NOBODY"}, "to"),
        ("transfer", {}, "to"),
        ("hold", {}, "note"),
        ("hold", {"note": "x", "body": "gas"}, "body"),
        ("refer", {"note": "gas"}, "body"),
        ("support", {}, "note"),
        ("plan", {}, "steps"),
        ("merge", {"parent": "WJ-999999"}, "parent"),
        ("fly", {}, "action"),
        ("link", {}, "action"),
        ("arrive", {"photos": (17,)}, "photos"),
        ("arrive", {"at": START - timedelta(hours=49)}, "at"),
        ("arrive", {"at": START + timedelta(hours=1)}, "at"),
    ],
)
def test_what_a_command_lacks_or_names_wrongly_is_refused_by_its_field(
    stage: Stage, action: str, said: dict[str, Any], field: str
) -> None:
    error = stage.refused(in_progress(stage), action, **said)
    assert isinstance(error, FieldError)
    assert error.field == field


def test_an_issue_that_is_not_there_is_not_found(stage: Stage) -> None:
    assert isinstance(stage.refused("WJ-999999", "accept"), NotFoundError)


def test_what_one_may_not_see_is_not_there(stage: Stage) -> None:
    code = stage.report()
    before = stage.dump()
    (outcome,) = act(stage.session, [Command(code, "file", DISPATCHER)], stage.at, sight=set())
    assert isinstance(outcome.error, NotFoundError)
    assert stage.dump() == before


def test_whoever_looked_at_an_older_version_is_refused_and_told_the_present_one(stage: Stage) -> None:
    code = stage.report()
    stage.act(code, "file", version=1)
    error = stage.refused(code, "dispatch", version=1, to="TOM")
    assert isinstance(error, MoveRefusedError)
    assert (error.version, error.status) == (2, "filed")
    assert "dispatch" in error.allowed
    assert stage.act(code, "dispatch", version=2, to="TOM").version == 3


def test_whoever_has_handled_it_does_not_check_it(stage: Stage) -> None:
    code = stage.report()
    stage.act(code, "dispatch", to="P-Z1-C1-1")
    stage.worked(code, "accept", "resolve", by=OWNER)
    error = stage.refused(code, "check", OWNER, passed=True)
    assert isinstance(error, ForbiddenError)
    assert stage.act(code, "check", SUPERVISOR, passed=True).status == "checked"


def test_a_photo_of_another_issue_is_none_of_this_one(stage: Stage) -> None:
    code, other = in_progress(stage), stage.report()
    stage.sql(
        "insert into photo (site_id, issue_id, at, width, height, digest, content) "
        "select site_id, id, :at, 1, 1, '', '' from issue where code in (:one, :two)",
        at=stage.at, one=code, two=other,
    )  # fmt: skip
    own, strange = [
        stage.sql("select p.id from photo p join issue i on i.id = p.issue_id where i.code = :code", code=each)[0].id
        for each in (code, other)
    ]
    error = stage.refused(code, "arrive", photos=(own, strange))
    assert (isinstance(error, FieldError), str(strange) in str(error)) == (True, True)
    stage.act(code, "arrive", photos=(own,))
    assert stage.said(code) == {"photos": [own]}


def test_of_many_commands_each_is_done_or_refused_by_itself(stage: Stage) -> None:
    one, two = stage.report(), stage.report()
    outcomes = act(
        stage.session,
        [
            Command(one, "dispatch", DISPATCHER, to="TOM"),
            Command(two, "accept", DISPATCHER),
            Command("WJ-999999", "file", DISPATCHER),
            Command(two, "dispatch", DISPATCHER, to="NOBODY"),
            Command(two, "file", DISPATCHER),
            Command(one, "accept", TECHNICIAN),
        ],
        stage.at,
    )
    assert [type(outcome.error).__name__ for outcome in outcomes] == [
        "NoneType", "MoveRefusedError", "NotFoundError", "FieldError", "NoneType", "NoneType",
    ]  # fmt: skip
    assert (stage.row(one).status, stage.row(two).status) == ("accepted", "filed")
    assert (stage.history(one), stage.history(two)) == (["report", "dispatch", "accept"], ["report", "file"])


# ---------------------------------------------------------------- when


def test_what_was_done_where_there_is_no_network_is_told_later(stage: Stage) -> None:
    code = stage.worked(stage.report(), "dispatch", "accept")
    stage.later(5 * HOUR)
    stage.act(code, "arrive", TECHNICIAN, at=START + minutes(20))
    assert stage.row(code).on_site_at == START + minutes(20)


def test_what_is_told_later_happened_after_what_was_told_before(stage: Stage) -> None:
    code = stage.report()
    stage.later(2 * HOUR).act(code, "dispatch", to="TOM")
    stage.later(1 * HOUR).act(code, "accept", TECHNICIAN, at=START)
    assert stage.row(code).accepted_at == START + 2 * HOUR
    outcomes = act(
        stage.session,
        [Command(code, "start", TECHNICIAN), Command(code, "arrive", TECHNICIAN, at=START + minutes(150))],
        stage.at,
    )
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert [line.at for line in stage.lines(code)] == sorted(line.at for line in stage.lines(code))


def test_a_clock_that_is_a_little_fast_makes_nothing_happen_in_the_future(stage: Stage) -> None:
    code = stage.report(reported_at=START + minutes(4))
    assert stage.row(code).reported_at == START
    stage.worked(code, "dispatch")
    stage.act(code, "accept", TECHNICIAN, at=stage.at + minutes(4))
    assert stage.row(code).accepted_at == stage.at


def test_who_had_to_wait_for_another_comes_after_him(stage: Stage) -> None:
    code = stage.report()
    stage.later(minutes(1)).act(code, "file")
    stage.at -= timedelta(seconds=5)
    stage.act(code, "dispatch", to="TOM")
    assert [line.at for line in stage.lines(code)] == [START, START + minutes(1), START + minutes(1)]


# ---------------------------------------------------------------- deadlines


def limits_said(stage: Stage, code: str) -> list[dict[str, Any]]:
    """What each line says of deadlines, where it says anything."""
    return [line.data["deadlines"] for line in stage.lines(code) if line.data and "deadlines" in line.data]


def test_a_report_says_by_when_what_is_due(stage: Stage) -> None:
    """A lamp: an answer in half an hour of the front desk, on site in four of the technicians', done in a day."""
    code = stage.report("lamp")
    due = {"first_answer": shanghai(5, 13, 10, 30), "on_site": shanghai(5, 13, 14), "resolved": shanghai(5, 14, 10)}
    assert stage.deadlines(code) == due
    assert stage.row(code).due_at == due["resolved"]
    assert [{stamp: moment(at) for stamp, at in said.items()} for said in limits_said(stage, code)] == [due]


def test_a_hold_is_added_in_the_clock_of_each_limit(stage: Stage) -> None:
    """Held from Wednesday 11:00 to Thursday 9:00: ten hours of technicians at work, twenty-two by the clock."""
    code = stage.worked(stage.report("lamp"), "dispatch", "accept")
    stage.at = shanghai(5, 13, 11)
    stage.act(code, "hold", TECHNICIAN, note="the shop is shut")
    held = stage.deadlines(code)
    stage.at = shanghai(5, 14, 9)
    stage.act(code, "resume", TECHNICIAN)
    assert stage.deadlines(code) == {
        "first_answer": shanghai(5, 13, 10, 30),  # it was over before anybody waited
        "on_site": shanghai(5, 14, 12),
        "resolved": shanghai(5, 15, 8),
    }
    said = limits_said(stage, code)[-1]
    assert {stamp: [moment(each) for each in both] for stamp, both in said.items()} == {
        "on_site": [held["on_site"], shanghai(5, 14, 12)],
        "resolved": [held["resolved"], shanghai(5, 15, 8)],
    }


def test_what_was_reached_stays_as_it_was_judged(stage: Stage) -> None:
    code = stage.worked(stage.report("lamp"), "dispatch", "accept", "arrive")
    stage.at = shanghai(5, 13, 11)
    stage.act(code, "hold", TECHNICIAN, note="the shop is shut")
    stage.at = shanghai(5, 13, 12)
    stage.act(code, "resume", TECHNICIAN)
    assert stage.deadlines(code)["on_site"] == shanghai(5, 13, 14)
    assert list(limits_said(stage, code)[-1]) == ["resolved"]


def test_two_holds_are_added_and_what_others_do_is_one(stage: Stage) -> None:
    code = in_progress(stage, "lift")  # to be done in 24 hours by the clock
    for begins, ends, action in ((1, 3, "hold"), (5, 10, "refer")):
        stage.at = START + begins * HOUR
        stage.act(code, action, TECHNICIAN, **({"note": "x"} if action == "hold" else {"body": "the maker"}))
        stage.at = START + ends * HOUR
        if action == "hold":
            stage.act(code, "resume", TECHNICIAN)
    assert stage.deadlines(code)["resolved"] == START + 26 * HOUR
    stage.act(code, "resolve", TECHNICIAN)
    assert stage.deadlines(code)["resolved"] == START + 31 * HOUR
    assert list(limits_said(stage, code)[-1]) == ["resolved"]


def test_public_works_are_due_fifteen_days_after_the_work_order_and_not_before_there_is_one(stage: Stage) -> None:
    code = stage.report("road")
    assert set(stage.deadlines(code)) == {"first_answer", "on_site"}
    assert stage.row(code).due_at is None
    stage.later(2 * DAY).act(code, "dispatch", to="TOM")
    # Friday the 15th and fifteen days: the end of the 30th.
    assert stage.deadlines(code)["resolved"] == stage.row(code).due_at == shanghai(5, 31)
    assert limits_said(stage, code)[-1] == {"resolved": [None, stage.row(code).due_at.astimezone(
        shanghai(5, 1).tzinfo).isoformat()]}  # fmt: skip
    stage.later(DAY).act(code, "dispatch", to="EVE")
    assert stage.deadlines(code)["resolved"] == shanghai(5, 31)  # handed on, not ordered anew


def test_reopening_sets_all_limits_anew_but_the_answer_that_was_given(stage: Stage) -> None:
    code = stage.report("lamp")
    stage.later(minutes(5)).act(code, "answer", note="we come")
    stage.worked(code, "dispatch", "accept", "resolve", by=DISPATCHER)
    before = stage.deadlines(code)
    stage.at = shanghai(5, 18, 19)  # a Monday evening
    stage.act(code, "reopen", note="dark again")
    assert stage.deadlines(code) == {
        "first_answer": before["first_answer"],
        "on_site": shanghai(5, 19, 11),  # an hour today, three tomorrow
        "resolved": shanghai(5, 19, 19),
    }
    assert stage.row(code).due_at == shanghai(5, 19, 19)
    assert {line.cycle for line in stage.sql("select cycle from deadline where stamp <> 'first_answer'")} == {1}
    assert stage.row(code).first_answer_at == START + minutes(5)


def test_public_works_that_are_reopened_are_due_again_once_there_is_an_order_again(stage: Stage) -> None:
    code = stage.worked(stage.report("road"), "dispatch", "accept", "resolve")
    stage.later(3 * DAY).act(code, "reopen", note="it has sunk")
    assert "resolved" not in stage.deadlines(code)
    assert stage.row(code).due_at is None
    assert limits_said(stage, code)[-1]["resolved"][1] is None
    stage.later(DAY).act(code, "dispatch", to="TOM")
    assert stage.row(code).due_at == shanghai(6, 2)  # the 17th and fifteen days


def test_another_urgency_has_other_limits_and_those_it_has_not_are_gone(stage: Stage) -> None:
    code = stage.report("noise")  # a complaint: a day to answer, seven to solve
    assert stage.deadlines(code) == {"first_answer": shanghai(5, 15), "resolved": shanghai(5, 21)}
    stage.later(minutes(10)).act(code, "verify", urgency="emergency")
    assert stage.deadlines(code) == {
        "on_site": START + minutes(15), "under_control": START + 2 * HOUR, "resolved": START + 24 * HOUR,
    }  # fmt: skip
    assert stage.row(code).urgency == "emergency"


def test_what_turns_out_to_be_hard_has_more_time(stage: Stage) -> None:
    code = stage.report("lamp")
    stage.later(minutes(10)).act(code, "verify", OWNER, complex=True, note="the cable is broken")
    assert stage.row(code).due_at == START + 48 * HOUR
    assert list(limits_said(stage, code)[-1]) == ["resolved"]


def test_a_time_that_others_have_set_is_not_ours_to_move(stage: Stage) -> None:
    code = stage.report("lamp")
    given = START + 90 * DAY
    stage.sql("update issue set due_at = :due where code = :code", due=given, code=code)
    stage.sql("delete from deadline where stamp = 'resolved'")
    stage.worked(code, "dispatch", "accept")
    stage.act(code, "hold", TECHNICIAN, note="x")
    stage.later(HOUR).act(code, "resume", TECHNICIAN)
    assert (stage.row(code).due_at, "resolved" in stage.deadlines(code)) == (given, False)
    stage.worked(code, "resolve")
    stage.act(code, "reopen", note="x")
    assert stage.row(code).due_at == stage.at + 24 * HOUR


# ---------------------------------------------------------------- what it is about


def test_what_it_is_about_is_put_right_and_goes_to_those_whose_work_that_is(stage: Stage) -> None:
    code = stage.report("lamp", (2.5, 2.5))
    stage.act(code, "file", category="litter", urgency="urgent", note="it is rubbish")
    (row,) = stage.sql("select c.code, i.urgency from issue i join category c on c.id = i.category_id")
    assert tuple(row) == ("litter", "urgent")
    said = stage.said(code)
    assert (said["category"], said["urgency"]) == (["lamp", "litter"], ["normal", "urgent"])
    error = stage.refused(code, "verify", category="unicorn")
    assert (isinstance(error, FieldError), getattr(error, "field", None)) == (True, "category")


def test_what_turns_out_to_be_an_emergency_goes_out_and_reaches_all(stage: Stage) -> None:
    code = stage.report("lamp")
    stage.later(minutes(1)).act(code, "verify", OWNER, category="burst_main", urgency="emergency")
    assert (stage.row(code).status, stage.row(code).handler) == ("dispatched", "TOM")
    told = stage.told(code, stage.at)
    assert {who for kind, who, _ in told if kind == "emergency"} == {"GUS", "P-Z1-C1-1", "TOM", "P-Z1-C1", "P-Z1"}
    assert {when for _, _, when in told} == {stage.at}
    assert stage.history(code) == ["report", "verify", "dispatch"]
    before = len(stage.told(code))
    stage.act(code, "return", TECHNICIAN, note="x")
    assert [kind for kind, _, _ in stage.told(code)[before:]] == ["dispatched"]


# ---------------------------------------------------------------- holding, referring, asking


def test_what_waits_says_for_what_and_until_when_somebody_looks_again(stage: Stage) -> None:
    code = in_progress(stage)
    stage.act(code, "hold", TECHNICIAN, note="for a part", look_at=START + 2 * DAY)
    row = stage.row(code)
    assert (row.status, row.held_at, row.look_at, stage.lines(code)[-1].note) == (
        "on_hold", stage.at, START + 2 * DAY, "for a part",
    )  # fmt: skip
    stage.later(DAY).act(code, "resume", TECHNICIAN)
    row = stage.row(code)
    assert (row.status, row.held_at, row.look_at) == ("in_progress", None, None)


def test_what_others_do_is_followed_with_their_reference_until_it_is_done(stage: Stage) -> None:
    code = in_progress(stage)
    stage.act(code, "refer", TECHNICIAN, body="gas company", reference="G-1", look_at=START + DAY)
    assert stage.row(code).present["referral"] == {"body": "gas company", "reference": "G-1"}
    stage.later(DAY).act(code, "refer", TECHNICIAN, body="gas company", reference="G-2", look_at=START + 3 * DAY)
    row = stage.row(code)
    assert (row.present["referral"]["reference"], row.look_at, row.held_at) == (
        "G-2", START + 3 * DAY, START + minutes(3),
    )  # fmt: skip
    stage.later(DAY).act(code, "resolve", TECHNICIAN, note="they have sealed it")
    row = stage.row(code)
    assert (row.status, row.held_at, row.look_at) == ("resolved", None, None)
    assert row.due_at > row.resolved_at  # not late: it was not ours to do


def test_support_is_asked_of_whoever_is_above(stage: Stage) -> None:
    code = in_progress(stage)
    stage.act(code, "support", TECHNICIAN, note="a ladder")
    assert stage.row(code).status == "in_progress"
    assert stage.told(code, stage.at) == [("support", "P-Z1-C1", stage.at)]


def test_supervision_tells_who_has_it_and_who_owns_it_and_is_counted(stage: Stage) -> None:
    code = in_progress(stage)
    stage.act(code, "supervise", AUDITOR, note="the third lamp this week")
    stage.later(HOUR).act(code, "supervise", HEAD)
    assert stage.row(code).present["supervised"] == 2
    assert [(kind, who) for kind, who, _ in stage.told(code, stage.at)] == [
        ("supervised", "TOM"), ("supervised", "P-Z1-C1-1"),
    ]  # fmt: skip


# ---------------------------------------------------------------- rework, reopening, closing


def test_what_has_not_passed_is_done_again_by_the_same_one_however_often(stage: Stage) -> None:
    code = resolved(stage)
    for again in (1, 2):
        stage.later(minutes(5)).act(code, "check", OWNER, passed=False, note="still dark")
        row = stage.row(code)
        assert (row.status, row.handler, row.reworks, row.resolved_at) == ("in_progress", "TOM", again, None)
        assert stage.told(code, stage.at) == [("rework", "TOM", stage.at)]
        stage.worked(code, "resolve")
    stage.act(code, "check", OWNER, passed=True)
    assert (stage.row(code).status, stage.row(code).reworks) == ("checked", 2)


def test_a_resident_who_is_not_satisfied_reopens_by_saying_so(stage: Stage) -> None:
    code = asked(stage)
    outcome = stage.later(HOUR).act(code, "follow_up", DISPATCHER, via="phone", satisfaction=2, words="it drips")
    assert outcome.status == "filed"
    assert stage.history(code)[-2:] == ["follow_up", "reopen"]
    row = stage.row(code)
    assert (row.reopens, row.satisfaction, row.handler, row.resolved_at) == (1, 2, None, None)
    (said,) = stage.sql("select satisfaction, words, via, role from follow_up")
    assert tuple(said) == (2, "it drips", "phone", "dispatcher")
    assert [(kind, who) for kind, who, _ in stage.told(code, stage.at)] == [
        ("reopened", "TOM"), ("reopened", "P-Z1-C1-1"), ("to_dispatch", "P-Z1"),
    ]  # fmt: skip
    assert "it drips" not in str(stage.dump()["issue_event"])


def test_it_is_reopened_again_and_again(stage: Stage) -> None:
    code = asked(stage)
    for again in (1, 2, 3):
        stage.later(HOUR).act(code, "follow_up", REPORTER, via="link", satisfaction=5)
        stage.act(code, "close")
        stage.later(DAY).act(code, "reopen", REPORTER, note="it drips again")
        row = stage.row(code)
        assert (row.status, row.reopens, row.closed_at, row.closed_as) == ("filed", again, None, None)
        stage.worked(code, "dispatch", "accept", "resolve")
    assert stage.history(code).count("reopen") == 3


def test_whoever_reported_is_asked_before_it_is_closed(stage: Stage) -> None:
    code = asked(stage)
    error = stage.refused(code, "close")
    assert isinstance(error, MoveRefusedError)
    # Three days after it was resolved, by the clock of the place: 13 May 10:04 and three days.
    assert str(error).endswith("from 2026-05-16 10:04 on, it can be closed as no_answer")
    stage.act(code, "follow_up", via="visit", satisfaction=4)
    stage.act(code, "close")
    assert (stage.row(code).closed_as, stage.row(code).satisfaction) == ("solved", 4)


def test_who_was_asked_and_did_not_answer_is_not_satisfied(stage: Stage) -> None:
    code = asked(stage)
    stage.act(code, "follow_up", via="phone", no_answer=True)
    assert isinstance(stage.refused(code, "close"), MoveRefusedError)
    assert isinstance(stage.refused(code, "close", no_answer=True), MoveRefusedError)
    stage.at = START + minutes(4) + 3 * DAY
    stage.act(code, "close", no_answer=True)
    assert (stage.row(code).closed_as, stage.row(code).satisfaction) == ("no_answer", None)


def test_silence_closes_after_so_many_days_as_the_site_says_and_never_as_solved(stage: Stage) -> None:
    stage.sql("update site set silence_days = 5 where code = 'WJ'")
    silent, answered, nobody = asked(stage), asked(stage), anonymous(stage)
    last = stage.at
    stage.act(answered, "follow_up", via="phone", satisfaction=5)
    assert close_silent(stage.session, last + 4 * DAY) == ()
    assert close_silent(stage.session, last + 5 * DAY) == ("1 issues closed without an answer",)
    assert [stage.row(code).status for code in (silent, answered, nobody)] == ["closed", "resolved", "resolved"]
    assert (stage.row(silent).closed_as, stage.lines(silent)[-1].role) == ("no_answer", "system")
    assert close_silent(stage.session, last + 6 * DAY) == ()


def test_where_there_is_nobody_to_ask_it_is_closed_as_solved(stage: Stage) -> None:
    code = anonymous(stage)
    stage.act(code, "close")
    assert stage.row(code).closed_as == "solved"


# ---------------------------------------------------------------- plans


def test_a_plan_has_dated_steps_and_the_last_one_holds(stage: Stage) -> None:
    code = in_progress(stage, "road")
    stage.act(code, "plan", TECHNICIAN, steps=(PlanStep("order stone", START + 3 * DAY),))
    stage.later(3 * DAY)
    steps = (PlanStep("order stone", START + 3 * DAY, done=True), PlanStep("lay it", START + 20 * DAY))
    stage.act(code, "plan", TECHNICIAN, steps=steps)
    assert stage.row(code).present["plan"] == [
        {"what": "order stone", "due": (START + 3 * DAY).isoformat(), "done": True},
        {"what": "lay it", "due": (START + 20 * DAY).isoformat(), "done": False},
    ]


def test_the_head_signs_for_what_is_overdue_or_has_a_plan(stage: Stage) -> None:
    code, planned = in_progress(stage, "road"), in_progress(stage, "road")
    assert isinstance(stage.refused(code, "sign", HEAD), FieldError)
    stage.act(planned, "plan", TECHNICIAN, steps=(PlanStep("lay it", START + 20 * DAY),))
    stage.act(planned, "sign", HEAD, note="it takes as long as it takes")
    stage.at = shanghai(5, 29)
    assert isinstance(stage.refused(code, "sign", HEAD), FieldError)
    stage.later(timedelta(seconds=1)).act(code, "sign", HEAD)
    assert stage.row(code).present["signed"] is True
    assert stage.row(planned).present["signed"] is True


# ---------------------------------------------------------------- duplicates and mistakes


def test_a_duplicate_is_hung_under_its_parent_and_both_say_so(stage: Stage) -> None:
    parent, child = stage.report(), stage.report()
    stage.later(minutes(1)).act(child, "merge", parent=parent)
    row = stage.row(child)
    assert (row.status, row.closed_as, row.closed_at, row.parent_id) == (
        "merged", "merged", stage.at, stage.row(parent).id,
    )  # fmt: skip
    assert (stage.history(child), stage.said(child)) == (["report", "merge"], {"parent": parent})
    assert (stage.history(parent), stage.said(parent)) == (["report", "link"], {"child": child})
    assert (stage.row(parent).status, stage.row(parent).version) == ("reported", 2)


def test_nothing_hangs_under_itself_or_under_what_has_ended(stage: Stage) -> None:
    one, two = stage.report(), stage.report()
    stage.act(two, "void", note="nothing there")
    for parent in (one, two, "WJ-999999"):
        error = stage.refused(one, "merge", parent=parent)
        assert (isinstance(error, FieldError), getattr(error, "field", None)) == (True, "parent")


def test_two_issues_do_not_hang_under_one_another(stage: Stage) -> None:
    one, two = stage.report(), stage.report()
    outcomes = act(
        stage.session,
        [Command(one, "merge", DISPATCHER, parent=two), Command(two, "merge", DISPATCHER, parent=one)],
        stage.at,
    )
    assert [type(outcome.error) for outcome in outcomes] == [type(None), FieldError]
    assert (stage.row(one).status, stage.row(two).status) == ("merged", "reported")


def test_a_duplicate_that_was_none_comes_back_from_under_its_parent(stage: Stage) -> None:
    parent, child = stage.report(), stage.report()
    stage.act(child, "merge", parent=parent)
    assert isinstance(stage.refused(child, "reopen", REPORTER, note="mine is another"), ForbiddenError)
    stage.act(child, "reopen", note="another lamp")
    row = stage.row(child)
    assert (row.status, row.parent_id, row.closed_as, row.closed_at) == ("filed", None, None, None)


def test_whoever_reported_takes_it_back_until_somebody_has_set_out(stage: Stage) -> None:
    code = stage.report()
    stage.act(code, "void", REPORTER, note="it was the fuse at home")
    assert (stage.row(code).status, stage.row(code).closed_as) == ("void", "void")
    sent = stage.worked(stage.report(), "dispatch")
    assert isinstance(stage.refused(sent, "void", REPORTER, note="no more"), ForbiddenError)


# ---------------------------------------------------------------- what came from elsewhere


def test_the_history_of_what_was_loaded_from_a_file_leads_to_its_present(stage: Stage) -> None:
    ends = [None, START - DAY, START - DAY, START - DAY]
    lon, lat = spot(0.5, 0.5)
    points = pd.DataFrame(
        {
            "lon": lon, "lat": lat, "reported_at": START - 2 * DAY, "closed_at": ends, "category": "lamp",
            "status": ["reported", "closed", "void", "merged"],
        }
    )  # fmt: skip
    Desk(stage.session, places.site(stage.session, "WJ")).report(points, START, "file")
    codes = [row.code for row in stage.sql("select code from issue order by id")]
    for row in issues_in_full(stage.session, codes):
        lines = [Line(line.action, line.status, line.at, line.data or {}) for line in stage.lines(row["code"])]
        assert replay(lines) == present_of(row)
    assert [stage.row(code).closed_as for code in codes] == [None, None, "void", "merged"]
    stage.act(codes[1], "reopen", note="it was not")
    assert stage.row(codes[1]).due_at == START + 24 * HOUR


# ---------------------------------------------------------------- two at once


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


def test_a_refusal_is_raised_where_one_thing_is_done(stage: Stage) -> None:
    with pytest.raises(MoveRefusedError):
        act_on(stage.session, Command(stage.report(), "accept", DISPATCHER), stage.at)


def test_nothing_is_said_of_a_moment_before_the_report(stage: Stage) -> None:
    code = stage.report(reported_at=START - HOUR)
    stage.act(code, "resolve", OWNER, at=START - 3 * HOUR)
    assert stage.row(code).resolved_at == START - HOUR
    assert isinstance(stage.row(code).resolved_at, datetime)
