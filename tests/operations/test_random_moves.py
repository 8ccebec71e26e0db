"""Whatever people do, and in whatever order: held against a plain model that knows nothing of the tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from gridmap.domain.commands import Actor, Command, PlanStep
from gridmap.domain.history import Line, Present, replay
from gridmap.domain.rights import Viewer
from gridmap.errors import MoveRefusedError
from gridmap.operations.known import Known
from gridmap.operations.moves import Outcome, act
from gridmap.operations.moving import present_of
from gridmap.storage.moves import issues_in_full
from gridmap.storage.waiting import queue_of, work_of
from tests.operations.acting import DAY, Stage, account, undone

RUNS: Final = 200
RUNS_OF_A_PROOF: Final = 1_000
STEPS: Final = 30

# ---------------------------------------------------------------- a plain model, from the words of the trade

PEOPLE: Final = {
    "dispatcher": Actor("dispatcher", None, "DIS"),
    "technician": Actor("technician", None, "TOM"),
    "officer": Actor("contractor", None, "EVE"),
    "owner": Actor("grid_owner", None, "P-Z1-C1-1"),
    "supervisor": Actor("supervisor", None, "P-Z1-C1"),
    "head": Actor("head"),
    "auditor": Actor("auditor"),
    "reporter": Actor("resident", is_reporter=True),
    "neighbour": Actor("resident"),
}
OPEN: Final = ("reported", "filed", "dispatched", "accepted", "in_progress", "on_hold", "referred")
BEING_DONE: Final = ("dispatched", "accepted", "in_progress")
DONE: Final = ("resolved", "checked")
OVER: Final = ("closed", "void", "merged")
WORDS: Final = (
    "file", "verify", "dispatch", "accept", "return", "transfer", "start", "arrive", "control", "hold", "resume",
    "support", "refer", "resolve", "check", "answer", "follow_up", "close", "reopen", "void", "merge", "supervise",
    "plan", "sign",
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What the model knows of an issue."""

    status: str = "reported"
    has_it: str | None = None
    asked: bool = False
    planned: bool = False
    resolved_at: datetime | None = None
    due_at: datetime | None = None
    reopens: int = 0
    reworks: int = 0
    # Who does not get it again by the rules.
    refused_by: frozenset[str] = frozenset()


def may(told: Told, action: str, who: str, said: dict[str, Any], now: datetime, parent_open: bool) -> bool:
    """Whether somebody may do something to an issue that stands so."""
    directs = who in ("dispatcher", "supervisor", "head")
    ground = directs or who == "owner"
    person = PEOPLE[who].person
    handles = ground or (person is not None and person == told.has_it)
    reporter = who == "reporter"
    status = told.status
    handed = (*BEING_DONE, "on_hold")
    rules = {
        "file": status == "reported" and ground,
        "verify": status in ("reported", "filed") and handles,
        "dispatch": status in OPEN and directs,
        "accept": status == "dispatched" and handles,
        "return": status in (*handed, "referred") and handles,
        "transfer": status in handed and handles,
        "start": status == "accepted" and handles,
        "arrive": status in ("dispatched", "accepted", "in_progress") and handles,
        "control": status in ("dispatched", "accepted", "in_progress") and handles,
        "hold": status in ("accepted", "in_progress") and handles,
        "resume": status == "on_hold" and handles,
        "support": status in handed and handles,
        "refer": status in OPEN and handles,
        "resolve": status in ("reported", "filed", "accepted", "in_progress", "referred") and handles,
        "check": status == "resolved" and ground and person != (told.has_it or "nobody"),
        "answer": status in (*OPEN, *DONE) and handles,
        "follow_up": status in (*DONE, "closed") and (ground or reporter),
        "close": status in DONE and ground and _may_close(told, said, now),
        "reopen": (status in (*DONE, "closed") and (ground or reporter)) or (status in ("void", "merged") and directs),
        "void": (status in OPEN and directs) or (status in ("reported", "filed") and reporter),
        "merge": status in OPEN and directs and parent_open,
        "supervise": status in OPEN and who in ("supervisor", "head", "auditor"),
        "plan": status in handed and handles,
        "sign": status in handed and who == "head" and (told.planned or (told.due_at or now) < now),
    }
    return rules[action]


def _may_close(told: Told, said: dict[str, Any], now: datetime) -> bool:
    if said.get("no_answer"):
        return told.resolved_at is not None and now >= told.resolved_at + 3 * DAY
    return told.asked


LEADS: Final = {
    "file": "filed", "dispatch": "dispatched", "accept": "accepted", "return": "filed", "transfer": "dispatched",
    "start": "in_progress", "arrive": "in_progress", "control": "in_progress", "hold": "on_hold",
    "resume": "in_progress", "refer": "referred", "resolve": "resolved", "close": "closed", "reopen": "filed",
    "void": "void", "merge": "merged",
}  # fmt: skip


def becomes(told: Told, action: str, who: str, said: dict[str, Any], at: datetime) -> Told:
    """How an issue stands when something was done that might be."""
    told = replace(told, status=LEADS.get(action, told.status))
    if action in ("dispatch", "transfer"):
        return replace(told, has_it=said["to"])
    if action == "return":
        people = {told.has_it, PEOPLE[who].person} - {None}
        return replace(told, has_it=None, refused_by=told.refused_by | frozenset(map(str, people)))
    if action == "resolve":
        return replace(told, resolved_at=at)
    if action == "check":
        if said["passed"]:
            return replace(told, status="checked")
        return replace(told, status="in_progress", reworks=told.reworks + 1, resolved_at=None, asked=False)
    if action == "follow_up":
        told = replace(told, asked=told.asked or "no_answer" not in said)
        return _anew(told) if said.get("satisfaction", 5) <= 2 else told
    if action == "reopen":
        return _anew(told)
    return replace(told, planned=True) if action == "plan" else told


def _anew(told: Told) -> Told:
    return Told("filed", reopens=told.reopens + 1, reworks=told.reworks)


# ---------------------------------------------------------------- what is tried

SAID: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "verify": ({}, {"complex": True}, {"urgency": "urgent"}, {"urgency": "emergency"}, {"category": "water_leak"}),
    "file": ({}, {"category": "road"}, {"urgency": "normal"}),
    "dispatch": ({"to": "TOM"}, {"to": "EVE"}, {"to": "P-Z1-C1-1"}),
    "transfer": ({"to": "EVE"}, {"to": "TOM"}),
    "return": ({"note": "not mine"},),
    "hold": ({"note": "a part"}, {"note": "a part", "look_at": datetime.fromisoformat("2026-06-01T00:00:00Z")}),
    "support": ({"note": "a ladder"},),
    "refer": ({"body": "gas company", "reference": "G-1"}, {"body": "the maker"}),
    "check": ({"passed": True}, {"passed": False}),
    "answer": ({"note": "we come"},),
    "follow_up": (
        {"via": "phone", "satisfaction": 5}, {"via": "phone", "no_answer": True}, {"via": "link", "satisfaction": 1},
        {"via": "visit", "words": "well"},
    ),
    "close": ({}, {"no_answer": True}),
    "reopen": ({"note": "again"},),
    "void": ({"note": "nothing there"},),
    "plan": ({"steps": (PlanStep("order", datetime.fromisoformat("2026-06-01T00:00:00Z")),)},),
}  # fmt: skip


@dataclass(frozen=True)
class Try:
    """One thing somebody tries, some time after the one before; `apt` if it is one of those that he may do."""

    apt: bool
    pick: int
    action: str
    who: str
    wait: timedelta
    late: timedelta
    stale: bool


WAITS: Final = tuple(timedelta(minutes=m) for m in (0, 1, 7, 45, 300, 1440, 4400))
TRIES: Final = st.builds(
    Try,
    apt=st.integers(0, 9).map(lambda n: n < 7),
    pick=st.integers(0, 10_000),
    action=st.sampled_from(WORDS),
    who=st.sampled_from(sorted(PEOPLE)),
    wait=st.sampled_from(WAITS),
    late=st.sampled_from((timedelta(0), timedelta(0), timedelta(minutes=30), timedelta(hours=30))),
    stale=st.integers(0, 19).map(lambda n: n == 0),
)


# Tried more often, so that issues get far.
FORWARD: Final = ("accept", "start", "arrive", "hold", "resume", "resolve", "check", "follow_up", "close")


def apt(told: Told, now: datetime, pick: int) -> tuple[str, str, dict[str, Any]]:
    """Something that may be done."""
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for action in WORDS:
        for who in PEOPLE:
            for said in SAID.get(action, ({},)):
                if may(told, action, who, said, now, parent_open=True):
                    found.setdefault(action, []).append((who, said))
    actions = [action for action in found for _ in range(5 if action in FORWARD else 2 if action != "void" else 1)]
    action = actions[pick % len(actions)]
    return action, *found[action][pick // 100 % len(found[action])]


# ---------------------------------------------------------------- the run


@dataclass
class Run:
    """One issue that people do things to, and another one it may be hung under."""

    stage: Stage
    code: str
    parent: str
    told: Told
    by_centre: bool
    known: Known
    viewers: list[Viewer]
    version: int = 1
    row: Any = None
    lines: list[Any] = field(default_factory=list)
    limits: dict[str, datetime] = field(default_factory=dict)

    def step(self, tried: Try) -> None:
        stage, told = self.stage, self.told
        stage.later(tried.wait)
        action, who = tried.action, tried.who
        said = SAID.get(action, ({},))[tried.pick % len(SAID.get(action, ({},)))]
        if tried.apt:
            action, who, said = apt(told, stage.at, tried.pick)
        if action == "merge":
            said = {"parent": self.parent}
        expected = may(told, action, who, said, stage.at, parent_open=True) and not tried.stale
        before = None if expected else self.fingerprint()
        limits, lines = self.limits, len(self.lines)
        at = stage.at - tried.late if tried.late else None
        outcome = self.command(action, PEOPLE[who], at, self.version - 1 if tried.stale else None, said)
        assert (outcome.error is None) == expected, (told, action, who, said, outcome.error)
        if not expected:
            assert self.fingerprint() == before
            assert outcome.version == self.version
            assert action not in outcome.allowed or not isinstance(outcome.error, MoveRefusedError) or (
                tried.stale or action == "close"
            )  # fmt: skip
            return
        self.version += 1
        assert outcome.version == self.version
        self.look()
        self.agrees(becomes(told, action, who, said, self.lines[lines].at), outcome)
        self.limits_said(limits, lines)
        self.replays()

    def look(self) -> None:
        """Read how it stands, once a step."""
        (self.row,) = issues_in_full(self.stage.session, [self.code])
        self.lines = self.stage.lines(self.code)
        due = self.row["deadlines"] or {}
        self.limits = {stamp: datetime.fromisoformat(at) for stamp, at in due.items()}

    def command(
        self, action: str, actor: Actor, at: datetime | None, version: int | None, said: dict[str, Any]
    ) -> Outcome:
        # No issue has a version below the first.
        command = Command(self.code, action, actor, at, version if version != 0 else 99, **said)
        return act(self.stage.session, [command], self.stage.at, self.known)[0]

    def fingerprint(self) -> Any:
        """All rows of everything, in short."""
        tables = ("issue", "issue_event", "deadline", "message", "follow_up")
        parts = ", ".join(f"(select md5(string_agg(t::text, '' order by t::text)) from {name} t)" for name in tables)
        return self.stage.sql(f"select {parts}")

    def agrees(self, told: Told, outcome: Outcome) -> None:
        """The issue stands as the model has it; where gridmap hands it out by itself, to somebody who may get it."""
        row = self.row
        goes_out = told.status == "filed" and self.told.status != "reported" and outcome.status == "dispatched"
        urgent = row["urgency"] in ("life", "emergency")
        if goes_out or (urgent and told.status in ("reported", "filed") and outcome.status == "dispatched"):
            assert self.by_centre or urgent
            assert row["handler"] is not None
            assert row["handler"] not in told.refused_by
            told = replace(told, status="dispatched", has_it=row["handler"])
        found = [row[name] for name in ("status", "handler", "resolved_at", "reopens", "reworks")]
        assert found == [told.status, told.has_it, told.resolved_at, told.reopens, told.reworks]
        assert outcome.status == told.status
        assert (row["held_at"] is not None) == (told.status in ("on_hold", "referred"))
        assert (row["closed_at"] is not None) == (told.status in OVER)
        stamps = [row[f"{name}_at"] for name in ("first_answer", "accepted", "on_site", "under_control", "resolved")]
        assert all(row["reported_at"] <= stamp <= self.stage.at for stamp in stamps if stamp is not None)
        if told.status in OVER:
            assert self.code not in self.waiting()
        self.told = replace(told, due_at=row["due_at"])

    def limits_said(self, before: dict[str, datetime], lines: int) -> None:
        """A deadline that has moved, come or gone: a line that was just written says from when to when."""
        now = self.limits
        said: dict[str, list[str | None]] = {}
        for line in self.lines[lines:]:
            for stamp, (was, due) in (line.data or {}).get("deadlines", {}).items():
                said[stamp] = [said[stamp][0] if stamp in said else was, due]
        moved = {stamp for stamp in {*before, *now} if before.get(stamp) != now.get(stamp)}
        kept = {stamp for stamp, (was, due) in said.items() if was == due}
        assert set(said) - kept == moved
        for stamp in moved:
            was, due = (datetime.fromisoformat(each) if each else None for each in said[stamp])
            assert (was, due) == (before.get(stamp), now.get(stamp))

    def replays(self) -> None:
        """The stored lines lead to the stored present, every column and the rest of it."""
        assert [line.at for line in self.lines] == sorted(line.at for line in self.lines)
        present = replay(Line(line.action, line.status, line.at, line.data or {}) for line in self.lines)
        assert present == present_of(self.row)
        assert self.row["present"] == as_json(present)
        assert self.row["due_at"] == present.deadlines.get("resolved")

    def waiting(self) -> set[str]:
        """The issues that wait for whoever hands out, and for those who have had it."""
        session, at = self.stage.session, self.stage.at
        found = queue_of(session, self.viewers[0], at, 50)
        for viewer in self.viewers:
            found += work_of(session, viewer, at, 50)
        return {each["code"] for each in found}


def viewers(stage: Stage) -> list[Viewer]:
    """Those who may be waited for, each seeing all of the site."""
    people = {"DIS": "dispatcher", "TOM": "technician"}
    rows = stage.sql("select site_id, id, code from person where code = any(:codes) order by code", codes=[*people])
    return [Viewer(stage.by, row.code, people[row.code], row.site_id, "WJ", None, row.id, row.code) for row in rows]


def as_json(present: Present) -> dict[str, Any]:
    """What has no column of its own, as it is stored: what is nothing is left out."""
    rest = {
        "holds": [[begin.isoformat(), end and end.isoformat()] for begin, end in present.holds],
        "moments": {name: at.isoformat() for name, at in present.moments.items()},
        **{name: getattr(present, name) for name in ("followed", "referral", "supervised", "signed", "complex")},
        "returned": list(present.returned), "plan": [dict(step) for step in present.plan],
    }  # fmt: skip
    return {name: value for name, value in rest.items() if value}


def lived(engine: Engine, category: str, by_centre: bool, tries: list[Try]) -> None:
    """One issue's life, every step of it held against the model."""
    with undone(engine) as session:
        stage = Stage(session, account(session))
        parent = stage.report(category)
        if by_centre:
            stage.act(parent, "dispatch", to="EVE")
            stage.model("centre")
        code = stage.report(category, reporter_name="Li", reporter_phone="13700000000")
        row = stage.row(code)
        told = Told(row.status, row.handler, due_at=row.due_at)
        run = Run(stage, code, parent, told, by_centre, Known().current(session), viewers(stage), row.version)
        run.look()
        for tried in tries:
            run.step(tried)


LIVES: Final = given(
    category=st.sampled_from(("lamp", "road", "noise", "lift")),
    by_centre=st.booleans(),
    tries=st.lists(TRIES, min_size=STEPS, max_size=STEPS),
)
SLOW: Final = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=RUNS, suppress_health_check=SLOW)
@LIVES
def test_whatever_people_do_no_rule_is_broken_and_the_history_leads_to_the_present(
    estate_engine: Engine, category: str, by_centre: bool, tries: list[Try]
) -> None:
    lived(estate_engine, category, by_centre, tries)


@pytest.mark.prove
@settings(max_examples=RUNS_OF_A_PROOF, suppress_health_check=SLOW)
@LIVES
def test_however_long_it_is_tried_no_rule_is_broken(
    estate_engine: Engine, category: str, by_centre: bool, tries: list[Try]
) -> None:
    lived(estate_engine, category, by_centre, tries)
