"""Holding, referring, doing it again, asking, closing; plans, duplicates and mistakes."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from gridmap.domain.commands import Command, PlanStep
from gridmap.domain.history import Line, replay
from gridmap.errors import FieldError, ForbiddenError, MoveRefusedError
from gridmap.operations.follow_ups import close_silent
from gridmap.operations.issues import Desk
from gridmap.operations.moves import act
from gridmap.operations.moving import present_of
from gridmap.storage import places
from gridmap.storage.moves import issues_in_full
from tests.estate import spot
from tests.operations.acting import (
    AUDITOR,
    DAY,
    DISPATCHER,
    HEAD,
    HOUR,
    OWNER,
    REPORTER,
    START,
    TECHNICIAN,
    Stage,
    anonymous,
    asked,
    in_progress,
    minutes,
    resolved,
    shanghai,
)

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
