"""The table of an issue's life, cell by cell, as it was meant: written by hand, not drawn from the code."""

from __future__ import annotations

import pytest

from gridmap.domain.lifecycle import (
    ACTIONS,
    AWAITED,
    ENDED,
    EVENTS,
    HANDLED,
    OPEN,
    STATUSES,
    STEPS,
    allowed,
    waits_for,
)

# To which status an action leads from each: `.` there is no such step.
LEADS = """
           reported filed    dispatched accepted in_progress on_hold referred resolved checked closed void merged
file       filed    .        .          .        .           .       .        .        .       .      .    .
verify     reported filed    .          .        .           .       .        .        .       .      .    .
dispatch   disp     disp     disp       disp     disp        disp    disp     .        .       .      .    .
accept     .        .        accepted   .        .           .       .        .        .       .      .    .
return     .        .        filed      filed    filed       filed   filed    .        .       .      .    .
transfer   .        .        disp       disp     disp        disp    .        .        .       .      .    .
start      .        .        .          working  .           .       .        .        .       .      .    .
arrive     .        .        working    working  working     .       .        .        .       .      .    .
control    .        .        working    working  working     .       .        .        .       .      .    .
hold       .        .        .          on_hold  on_hold     .       .        .        .       .      .    .
resume     .        .        .          .        .           working .        .        .       .      .    .
support    .        .        disp       accepted working     on_hold .        .        .       .      .    .
refer      referred referred referred   referred referred    referred referred .       .       .      .    .
resolve    resolved resolved .          resolved resolved    .       resolved .        .       .      .    .
check      .        .        .          .        .           .       .        checked  .       .      .    .
answer     reported filed    disp       accepted working     on_hold referred resolved checked .      .    .
follow_up  .        .        .          .        .           .       .        resolved checked closed .    .
close      .        .        .          .        .           .       .        closed   closed  .      .    .
reopen     .        .        .          .        .           .       .        filed    filed   filed  filed filed
void       void     void     void       void     void        void    void     .        .       .      .    .
merge      merged   merged   merged     merged   merged      merged  merged   .        .       .      .    .
supervise  reported filed    disp       accepted working     on_hold referred .        .       .      .    .
plan       .        .        disp       accepted working     on_hold .        .        .       .      .    .
sign       .        .        disp       accepted working     on_hold .        .        .       .      .    .
"""
IN_FULL = {"disp": "dispatched", "working": "in_progress"}

# Whose it is to do so, wherever it can be done but for the exceptions below.
WHOSE = """
           handler reporter grid_owner supervisor coordinator head dispatcher auditor admin system
file       .       .        x          x          x           x    x          .       x     x
verify     x       .        x          x          x           x    x          .       x     x
dispatch   .       .        .          x          x           x    x          .       x     x
accept     x       .        x          x          x           x    x          .       x     x
return     x       .        x          x          x           x    x          .       x     x
transfer   x       .        x          x          x           x    x          .       x     x
start      x       .        x          x          x           x    x          .       x     x
arrive     x       .        x          x          x           x    x          .       x     x
control    x       .        x          x          x           x    x          .       x     x
hold       x       .        x          x          x           x    x          .       x     x
resume     x       .        x          x          x           x    x          .       x     x
support    x       .        x          x          x           x    x          .       x     x
refer      x       .        x          x          x           x    x          .       x     x
resolve    x       .        x          x          x           x    x          .       x     x
check      .       .        x          x          x           x    x          .       x     x
answer     x       .        x          x          x           x    x          .       x     x
follow_up  .       x        x          x          x           x    x          .       x     x
close      .       .        x          x          x           x    x          .       x     x
reopen     .       x        x          x          x           x    x          .       x     x
void       .       .        .          x          x           x    x          .       x     x
merge      .       .        .          x          x           x    x          .       x     x
supervise  .       .        .          x          x           x    .          x       .     x
plan       x       .        x          x          x           x    x          .       x     x
sign       .       .        .          .          .           x    .          .       .     .
"""
# What was void or hung under another comes back by those who direct alone; who reported may take it back at first.
EXCEPTIONS = {
    ("void", "reopen"): {"supervisor", "coordinator", "head", "dispatcher", "admin", "system"},
    ("merged", "reopen"): {"supervisor", "coordinator", "head", "dispatcher", "admin", "system"},
    ("reported", "void"): {"reporter", "supervisor", "coordinator", "head", "dispatcher", "admin", "system"},
    ("filed", "void"): {"reporter", "supervisor", "coordinator", "head", "dispatcher", "admin", "system"},
}


def table(written: str) -> dict[str, dict[str, str]]:
    head, *rows = [line.split() for line in written.strip("\n").splitlines()]
    return {action: dict(zip(head, cells, strict=True)) for action, *cells in rows}


def steps() -> dict[tuple[str, str], str]:
    return {
        (status, action): IN_FULL.get(to, to)
        for action, cells in table(LEADS).items()
        for status, to in cells.items()
        if to != "."
    }


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_cell_of_the_table_leads_where_it_should_and_is_open_to_whom_it_should(status: str, action: str) -> None:
    to = steps().get((status, action))
    step = STEPS.get((status, action))
    assert (step.to if step else None) == to
    if step is not None:
        named = {role for role, cell in table(WHOSE)[action].items() if cell == "x"}
        assert set(step.roles) == EXCEPTIONS.get((status, action), named)


def test_the_tables_here_name_every_status_and_every_action() -> None:
    assert set(table(LEADS)) == set(table(WHOSE)) == set(ACTIONS)
    assert all(tuple(cells) == STATUSES for cells in table(LEADS).values())
    assert set(STEPS) == set(steps())


def test_a_check_alone_can_fail_and_then_it_is_worked_on_again() -> None:
    assert {pair: step.failed for pair, step in STEPS.items() if step.failed} == {("resolved", "check"): "in_progress"}


def test_no_role_of_nobody_may_do_anything() -> None:
    assert [status for status in STATUSES if allowed(status, ["resident", "technician", "contractor", "analyst"])] == []


@pytest.mark.parametrize(
    ("status", "roles", "may"),
    [
        ("reported", ["reporter"], ("void",)),
        ("dispatched", ["technician", "handler"],
         ("accept", "return", "transfer", "arrive", "control", "support", "refer", "answer", "plan")),
        ("accepted", ["technician", "handler"],
         ("return", "transfer", "start", "arrive", "control", "hold", "support", "refer", "resolve", "answer", "plan")),
        ("on_hold", ["contractor", "handler"], ("return", "transfer", "resume", "support", "refer", "answer", "plan")),
        ("resolved", ["resident", "reporter"], ("follow_up", "reopen")),
        ("closed", ["resident", "reporter"], ("follow_up", "reopen")),
        ("in_progress", ["auditor"], ("supervise",)),
        ("resolved", ["auditor"], ()),
        ("void", ["grid_owner"], ()),
        ("merged", ["dispatcher"], ("reopen",)),
        ("in_progress", ["head"],
         ("dispatch", "return", "transfer", "arrive", "control", "hold", "support", "refer", "resolve", "answer",
          "void", "merge", "supervise", "plan", "sign")),
    ],
)  # fmt: skip
def test_what_may_be_done_is_said_in_the_order_of_the_words(
    status: str, roles: list[str], may: tuple[str, ...]
) -> None:
    assert allowed(status, roles) == may


def test_what_has_ended_is_left_by_reopening_alone() -> None:
    assert set(ENDED) == {"closed", "void", "merged"}
    for status in ENDED:
        assert {action for (at, action), step in STEPS.items() if at == status and step.to != status} == {"reopen"}


def test_every_status_can_be_reached_from_the_report_and_left_again() -> None:
    reached, last = {"reported"}, set[str]()
    while reached != last:
        last = set(reached)
        reached |= {step.to for (status, _), step in STEPS.items() if status in last}
    assert reached == set(STATUSES)
    for status in STATUSES:
        assert any(step.to != status for (at, _), step in STEPS.items() if at == status), status


def test_every_open_status_waits_for_an_action_that_can_be_done_in_it() -> None:
    assert set(AWAITED) == set(OPEN)
    assert all((status, action) in STEPS for status, action in AWAITED.items())
    assert set(HANDLED) < set(OPEN)


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("resident", ()),
        ("technician", ()),
        ("grid_owner", ("resolved", "checked")),
        ("supervisor", ("reported", "filed", "resolved", "checked")),
        ("dispatcher", ("reported", "filed", "resolved", "checked")),
        ("auditor", ()),
    ],
)
def test_an_issue_waits_for_those_whose_turn_it_is(role: str, statuses: tuple[str, ...]) -> None:
    assert waits_for(role) == statuses


def test_a_line_of_history_can_say_every_action_and_what_gridmap_does_itself() -> None:
    assert set(EVENTS) - set(ACTIONS) == {
        "report", "reroute", "deadline", "warn", "escalate", "link", "alarm", "recover",
    }  # fmt: skip
