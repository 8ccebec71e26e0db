"""What is done to an issue changes what it should, says so in one line, and what is refused changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from gridmap.domain.commands import Actor, Command
from gridmap.errors import FieldError, ForbiddenError, MoveRefusedError, NotFoundError
from gridmap.operations.moves import act, act_on
from tests.operations.acting import (
    AUDITOR,
    COORDINATOR,
    DISPATCHER,
    HOUR,
    OWNER,
    REPORTER,
    START,
    SUPERVISOR,
    TECHNICIAN,
    Stage,
    in_progress,
    minutes,
)

EVE = Actor("environment_officer", None, "EVE")

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
        "dispatch", "accept", "return", "transfer", "arrive", "control", "support", "refer", "answer", "void",
        "merge", "plan",
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
         ("dispatch", "accept", "return", "transfer", "arrive", "control", "support", "refer", "answer", "void",
        "merge", "plan")),
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


def test_a_refusal_is_raised_where_one_thing_is_done(stage: Stage) -> None:
    with pytest.raises(MoveRefusedError):
        act_on(stage.session, Command(stage.report(), "accept", DISPATCHER), stage.at)


def test_nothing_is_said_of_a_moment_before_the_report(stage: Stage) -> None:
    code = stage.report(reported_at=START - HOUR)
    stage.act(code, "resolve", OWNER, at=START - 3 * HOUR)
    assert stage.row(code).resolved_at == START - HOUR
    assert isinstance(stage.row(code).resolved_at, datetime)
