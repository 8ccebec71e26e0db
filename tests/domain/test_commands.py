"""What a command has to say, and what it has no place for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gridmap.domain.commands import Actor, Command, PlanStep, refuse_incomplete
from gridmap.domain.lifecycle import ACTIONS
from gridmap.errors import FieldError

AT = datetime(2026, 5, 1, 8, tzinfo=UTC)
# What each action needs, written by hand; an action that is not here needs nothing.
ENOUGH: dict[str, dict[str, Any]] = {
    "return": {"note": "not mine"},
    "transfer": {"to": "EVE"},
    "hold": {"note": "for a part"},
    "support": {"note": "a ladder"},
    "refer": {"body": "the gas company"},
    "check": {"passed": False},
    "answer": {"note": "somebody comes at nine"},
    "follow_up": {"via": "phone", "satisfaction": 3},
    "reopen": {"note": "it drips again"},
    "void": {"note": "there was nothing"},
    "merge": {"parent": "WJ-000001"},
    "plan": {"steps": (PlanStep("order stone", AT),)},
}
# field: a value of it, and where it belongs
PLACES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "to": ("EVE", ("dispatch", "transfer")),
    "passed": (True, ("check",)),
    "body": ("the gas company", ("refer",)),
    "reference": ("G-17", ("refer",)),
    "look_at": (AT, ("refer", "hold")),
    "satisfaction": (5, ("follow_up",)),
    "words": ("thank you", ("follow_up",)),
    "via": ("phone", ("follow_up",)),
    "parent": ("WJ-000001", ("merge",)),
    "steps": ((PlanStep("order stone", AT),), ("plan",)),
    "category": ("lamp", ("verify", "file")),
    "urgency": ("urgent", ("verify", "file")),
    "complex": (True, ("verify", "file")),
}


def refused(action: str, **said: Any) -> str:
    """The field under which a command is refused."""
    with pytest.raises(FieldError) as found:
        refuse_incomplete(Command("WJ-000009", action, **said))
    return found.value.field


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_that_says_what_it_needs_is_taken(action: str) -> None:
    refuse_incomplete(Command("WJ-000009", action, **ENOUGH.get(action, {})))


@pytest.mark.parametrize(
    ("action", "field"),
    [
        ("return", "note"), ("transfer", "to"), ("hold", "note"), ("support", "note"), ("refer", "body"),
        ("check", "passed"), ("answer", "note"), ("follow_up", "via"), ("reopen", "note"), ("void", "note"),
        ("merge", "parent"), ("plan", "steps"),
    ],
)  # fmt: skip
def test_what_lacks_something_is_refused_under_the_name_of_what_it_lacks(action: str, field: str) -> None:
    assert refused(action) == field


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - set(ENOUGH)))
def test_the_other_actions_need_nothing(action: str) -> None:
    refuse_incomplete(Command("WJ-000009", action))


@pytest.mark.parametrize("field", list(PLACES))
@pytest.mark.parametrize("action", ACTIONS)
def test_what_an_action_has_no_place_for_is_refused_rather_than_forgotten(action: str, field: str) -> None:
    value, belongs = PLACES[field]
    said = {**ENOUGH.get(action, {}), field: value}
    if action in belongs:
        refuse_incomplete(Command("WJ-000009", action, **said))
    else:
        assert refused(action, **said) == field


def test_what_is_false_is_said_too() -> None:
    """A check that has not passed is not a check without an answer."""
    refuse_incomplete(Command("WJ-000009", "check", passed=False))
    assert refused("hold", note="for a part", passed=True) == "passed"


@pytest.mark.parametrize("action", ["hold", "return", "support", "answer", "void", "reopen"])
def test_empty_words_are_no_words(action: str) -> None:
    assert refused(action, note="") == "note"


@pytest.mark.parametrize("satisfaction", [0, 6, -1])
def test_satisfaction_is_from_one_to_five(satisfaction: int) -> None:
    assert refused("follow_up", via="phone", satisfaction=satisfaction) == "satisfaction"


def test_asking_is_by_a_way_that_is_known_and_brings_an_answer_or_none() -> None:
    assert refused("follow_up", via="pigeon", satisfaction=5) == "via"
    assert refused("follow_up", via="phone") == "satisfaction"
    refuse_incomplete(Command("WJ-000009", "follow_up", via="visit", words="all is well"))
    refuse_incomplete(Command("WJ-000009", "follow_up", via="visit", no_answer=True))


@pytest.mark.parametrize("said", [{"satisfaction": 5}, {"words": "thank you"}])
def test_who_has_answered_is_not_without_an_answer(said: dict[str, Any]) -> None:
    assert refused("follow_up", via="phone", no_answer=True, **said) == "no_answer"


@pytest.mark.parametrize(
    ("actor", "handler", "reporter", "roles"),
    [
        (Actor("technician", 7, "TOM"), "TOM", 9, ("technician", "handler")),
        (Actor("technician", 7, "TOM"), "EVE", 9, ("technician",)),
        (Actor("resident", 9), None, 9, ("resident", "reporter")),
        (Actor("resident", 9), None, 8, ("resident",)),
        (Actor("resident", is_reporter=True), None, None, ("resident", "reporter")),
        (Actor(), None, None, ("system",)),
        (Actor("grid_owner", 7, None), None, None, ("grid_owner",)),
    ],
)
def test_one_is_what_one_is_and_what_one_has_to_do_with_it(
    actor: Actor, handler: str | None, reporter: int | None, roles: tuple[str, ...]
) -> None:
    assert actor.roles(handler, reporter) == roles
