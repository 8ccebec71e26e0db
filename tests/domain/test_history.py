"""The present follows from the history, line by line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gridmap.domain.history import Line, Present, after, is_late, replay

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def line(action: str, status: str, minutes: float, **data: Any) -> Line:
    return Line(action, status, at(minutes), data)


def history(*lines: tuple[str, str, float, dict[str, Any]] | tuple[str, str, float]) -> Present:
    """The present after a report at noon and some lines."""
    rest = [Line(each[0], each[1], at(each[2]), each[3] if len(each) > 3 else {}) for each in lines]
    return replay([line("report", "reported", 0), *rest])


WORKED = (
    ("dispatch", "dispatched", 5, {"to": "TOM", "role": "technician"}),
    ("accept", "accepted", 10),
    ("arrive", "in_progress", 30),
)


def test_an_issue_begins_with_its_report() -> None:
    assert history() == Present(status="reported", moments={"report": NOON})


def test_each_stamp_is_set_by_what_says_so_and_by_all_that_implies_it() -> None:
    stamps = ("first_answer", "accepted", "on_site", "under_control", "resolved")
    sets = {
        "answer": ("first_answer",),
        "accept": ("accepted",),
        "start": ("accepted",),
        "arrive": ("accepted", "on_site"),
        "control": ("accepted", "on_site", "under_control"),
        "resolve": ("accepted", "on_site", "under_control", "resolved"),
        "verify": (),
        "dispatch": (),
        "hold": (),
        "refer": (),
        "follow_up": (),
    }
    for action, wanted in sets.items():
        present = history((action, "in_progress", 7))
        assert {stamp for stamp in stamps if present.stamp(stamp) == at(7)} == set(wanted), action
        assert all(present.stamp(stamp) is None for stamp in stamps if stamp not in wanted), action


def test_a_stamp_is_set_once() -> None:
    present = history(*WORKED, ("answer", "in_progress", 31), ("answer", "in_progress", 40), ("arrive", "x", 50))
    assert (present.first_answer_at, present.accepted_at, present.on_site_at) == (at(31), at(10), at(30))


def test_the_work_order_is_written_once_however_often_it_is_handed_on() -> None:
    present = history(*WORKED, ("transfer", "dispatched", 40, {"to": "EVE", "role": "environment_officer"}))
    assert (present.handler, present.handler_role) == ("EVE", "environment_officer")
    assert present.moments == {"report": NOON, "dispatch": at(5)}


def test_what_is_returned_is_nobodys_and_remembers_whose_it_is_not() -> None:
    present = history(*WORKED, ("return", "filed", 40, {"from": ["TOM"]}))
    assert (present.status, present.handler, present.handler_role) == ("filed", None, None)
    assert present.returned == ("TOM",)
    again = after(after(present, line("dispatch", "dispatched", 41, to="EVE", role="x")),
                  line("return", "filed", 42, **{"from": ["EVE", "P-Z1"]}))  # fmt: skip
    assert again.returned == ("TOM", "EVE", "P-Z1")


def test_a_hold_is_remembered_from_when_to_when() -> None:
    held = history(*WORKED, ("hold", "on_hold", 40, {"look_at": at(100).isoformat()}))
    assert (held.held_at, held.look_at, held.holds) == (at(40), at(100), ((at(40), None),))
    resumed = after(held, line("resume", "in_progress", 90))
    assert (resumed.held_at, resumed.look_at, resumed.holds) == (None, None, ((at(40), at(90)),))
    again = after(resumed, line("hold", "on_hold", 95))
    assert again.holds == ((at(40), at(90)), (at(95), None))


def test_what_is_referred_waits_from_when_it_waited_first() -> None:
    referred = history(
        *WORKED, ("hold", "on_hold", 40), ("refer", "referred", 50, {"body": "gas company", "reference": "G-1"})
    )
    assert (referred.held_at, referred.holds) == (at(40), ((at(40), None),))
    assert referred.referral == {"body": "gas company", "reference": "G-1"}
    looked = after(referred, line("refer", "referred", 60, body="gas company", reference="G-2", look_at=at(99)))
    assert (looked.holds, looked.look_at) == (((at(40), None),), at(99))
    done = after(looked, line("resolve", "resolved", 120))
    assert (done.held_at, done.holds, done.resolved_at) == (None, ((at(40), at(120)),), at(120))


@pytest.mark.parametrize("action", ["dispatch", "return"])
def test_what_comes_back_into_the_house_is_referred_no_more(action: str) -> None:
    referred = history(*WORKED, ("refer", "referred", 50, {"body": "gas company"}))
    back = after(referred, line(action, "filed", 60, to="TOM", role="technician"))
    assert (back.referral, back.held_at, back.holds) == (None, None, ((at(50), at(60)),))


def test_a_failed_check_is_rework_and_a_passed_one_is_none() -> None:
    resolved = history(*WORKED, ("resolve", "resolved", 50))
    failed = after(resolved, line("check", "in_progress", 60, passed=False))
    assert (failed.status, failed.reworks, failed.resolved_at, failed.on_site_at) == ("in_progress", 1, None, at(30))
    passed = after(resolved, line("check", "checked", 60, passed=True))
    assert (passed.status, passed.reworks, passed.resolved_at) == ("checked", 0, at(50))
    twice = after(after(failed, line("resolve", "resolved", 70)), line("check", "in_progress", 80, passed=False))
    assert (twice.reworks, twice.resolved_at) == (2, None)


def test_who_did_not_answer_has_not_been_followed_up() -> None:
    resolved = history(*WORKED, ("resolve", "resolved", 50))
    silent = after(resolved, line("follow_up", "resolved", 60, via="phone", no_answer=True))
    assert (silent.followed, silent.satisfaction) == (False, None)
    said = after(silent, line("follow_up", "resolved", 70, via="phone", satisfaction=4))
    assert (said.followed, said.satisfaction) == (True, 4)
    # Who has answered once is not unasked because nobody was at home the second time.
    assert after(said, line("follow_up", "resolved", 80, via="phone", no_answer=True)) == said


def test_reopening_begins_anew_but_somebody_was_answered() -> None:
    closed = history(
        ("answer", "reported", 1), *WORKED, ("plan", "in_progress", 35, {"steps": [{"what": "a"}]}),
        ("hold", "on_hold", 36), ("resume", "in_progress", 37), ("sign", "in_progress", 38),
        ("resolve", "resolved", 50), ("follow_up", "resolved", 55, {"satisfaction": 1}),
        ("close", "closed", 60, {"as": "solved"}),
    )  # fmt: skip
    assert (closed.closed_at, closed.closed_as, closed.signed) == (at(60), "solved", True)
    reopened = after(closed, line("reopen", "filed", 70))
    assert reopened == Present(
        status="filed", first_answer_at=at(1), reopens=1, satisfaction=1,
        moments={"report": NOON, "reopen": at(70)},
    )  # fmt: skip
    assert after(reopened, line("reopen", "filed", 80)).reopens == 2


@pytest.mark.parametrize(("action", "status"), [("void", "void"), ("merge", "merged")])
def test_what_is_void_or_hung_under_another_has_ended_as_that(action: str, status: str) -> None:
    ended = history(*WORKED, ("hold", "on_hold", 40), (action, status, 50, {"parent": "WJ-000001"}))
    assert (ended.closed_at, ended.closed_as, ended.parent) == (at(50), status, "WJ-000001")
    assert ended.holds == ((at(40), at(50)),)


def test_supervision_plans_and_difficulty_are_kept() -> None:
    steps = [{"what": "order stone", "due": at(99).isoformat(), "done": False}]
    present = history(
        ("verify", "reported", 1, {"complex": True}), *WORKED, ("supervise", "in_progress", 31),
        ("supervise", "in_progress", 32), ("plan", "in_progress", 33, {"steps": steps}),
        ("sign", "in_progress", 34),
    )  # fmt: skip
    assert (present.complex, present.supervised, present.plan, present.signed) == (True, 2, tuple(steps), True)


@pytest.mark.parametrize("action", ["reroute", "warn", "escalate", "link", "alarm", "recover", "support", "answer"])
def test_the_other_lines_leave_everything_where_it_is(action: str) -> None:
    before = history(*WORKED)
    changed = after(before, line(action, "in_progress", 40, child="WJ-000007", to=["TOM"]))
    assert changed == (before if action != "answer" else history(*WORKED, ("answer", "in_progress", 40)))


def test_deadlines_are_those_that_the_lines_say() -> None:
    first = replay([line("report", "reported", 0, deadlines={"on_site": at(60).isoformat()})])
    assert first.deadlines == {"on_site": at(60)}
    moved = after(
        first, line("deadline", "reported", 5, deadlines={"on_site": [at(60).isoformat(), at(90).isoformat()],
                                                          "resolved": [None, at(200).isoformat()]}),
    )  # fmt: skip
    assert moved.deadlines == {"on_site": at(90), "resolved": at(200)}
    gone = after(moved, line("reopen", "filed", 6, deadlines={"on_site": [at(90).isoformat(), None]}))
    assert gone.deadlines == {"resolved": at(200)}


def test_a_stamp_is_late_when_its_deadline_has_passed_before_it_was_set() -> None:
    limits = {"deadlines": {"on_site": at(45).isoformat(), "resolved": at(100).isoformat()}}
    begun = after(replay([line("report", "reported", 0, **limits)]), line("accept", "accepted", 10))
    assert not is_late(begun, "on_site", at(45))
    assert is_late(begun, "on_site", at(46))
    assert not is_late(begun, "accepted", at(999))  # it has no limit
    arrived = after(begun, line("arrive", "in_progress", 44))
    assert not is_late(arrived, "on_site", at(999))
    assert is_late(arrived, "resolved", at(101))
    held = after(arrived, line("hold", "on_hold", 90))
    assert not is_late(held, "resolved", at(101))
    assert is_late(after(begun, line("arrive", "in_progress", 50)), "on_site", at(51))
