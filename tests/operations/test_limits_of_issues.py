"""By when what is due: counted at the report, at the work order, after a hold, and anew when it is reopened."""

from __future__ import annotations

from typing import Any

from gridmap.errors import FieldError
from tests.operations.acting import (
    DAY,
    DISPATCHER,
    HOUR,
    OWNER,
    START,
    TECHNICIAN,
    Stage,
    in_progress,
    minutes,
    moment,
    shanghai,
)

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
