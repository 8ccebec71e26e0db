"""To whom an issue goes: by role and ground, then who is there, has least to do, is nearest."""

from __future__ import annotations

from typing import Any

import pytest

from gridmap.domain.dispatching import (
    EMERGENCY,
    HANDS_OUT,
    OUTSIDE,
    Candidate,
    Standing,
    alarmed,
    candidates,
    choose,
    ranked,
    wanted,
)
from gridmap.domain.facts import Person, PostFact, Roster
from gridmap.domain.lifecycle import DISPATCH_MODELS
from gridmap.domain.roles import ROLES

CHAIN = ("Z1-C1-1", "Z1-C1", "Z1")
OWNS = {"duty": "owns", "role": "grid_owner"}
REPAIRS = {"duty": "repairs", "role": "technician"}


def person(code: str) -> Person:
    return Person(code, f"name of {code}")


def post(role: str, grid: str | None, code: str, **more: Any) -> PostFact:
    return PostFact(role, grid, person(code), **more)


def found(roster: Roster, role: str, specialty: str | None = None, but: str | None = None) -> list[tuple[str, int]]:
    return [(each.person.code, each.depth) for each in candidates(roster, role, CHAIN, specialty, but)]


def chosen(people: dict[str, Standing], depths: dict[str, int] | None = None) -> tuple[str, list[str]]:
    """Who of some people is chosen, and why."""
    those = [Candidate(person(code), "technician", None, (depths or {}).get(code, 3)) for code in people]
    choice = choose(those, people)
    assert choice.candidate is not None
    return choice.candidate.person.code, [reason.text.say("en") for reason in choice.reasons]


# ---------------------------------------------------------------- whose work it is


@pytest.mark.parametrize(
    ("answers", "group", "roles"),
    [
        ([OWNS], "neighbours", ("grid_owner",)),
        ([OWNS, REPAIRS], "equipment", ("technician", "grid_owner")),
        # Cleaning is the contractor's, then whoever owns it.
        ([OWNS], "cleaning", ("contractor", "grid_owner")),
        ([{"duty": "owns", "role": "environment_officer"}], "sanitation", ("contractor", "environment_officer")),
        ([OWNS, REPAIRS], "greening", ("contractor", "technician", "grid_owner")),
        ([{"duty": "owns", "role": "guard"}, REPAIRS], "fire_safety", ("technician", "guard")),
        ([OWNS, {"duty": "helps", "role": "guard"}], "decoration", ("grid_owner",)),
    ],
)
def test_those_are_asked_first_who_do_the_work(
    answers: list[dict[str, str]], group: str, roles: tuple[str, ...]
) -> None:
    assert wanted(answers, group) == roles


# ---------------------------------------------------------------- who could take it


def test_everybody_who_holds_the_role_on_the_ground_or_above_it_could_take_it() -> None:
    roster = Roster(
        [
            post("guard", "Z1", "GUS"), post("guard", "Z1-C1", "GIL"), post("guard", None, "GEO"),
            post("guard", "Z2", "FAR"), post("technician", "Z1", "TOM"),
        ]
    )  # fmt: skip
    assert found(roster, "guard") == [("GIL", 1), ("GUS", 2), ("GEO", 3)]


def test_a_technician_is_of_the_specialty_or_of_all() -> None:
    roster = Roster(
        [
            post("technician", None, "REP", specialty="repair"), post("technician", None, "GRE", specialty="greening"),
            post("technician", None, "ALL"),
        ]
    )  # fmt: skip
    assert found(roster, "technician", "repair") == [("REP", 3), ("ALL", 3)]


def test_while_he_is_away_his_deputy_takes_it_and_if_both_are_nobody() -> None:
    away = post("grid_owner", "Z1-C1-1", "OWN", deputy=person("DEP"), away=True)
    assert found(Roster([away]), "grid_owner") == [("DEP", 0)]
    both = post("grid_owner", "Z1-C1-1", "OWN", deputy=person("DEP"), away=True, deputy_away=True)
    assert found(Roster([both]), "grid_owner") == []
    alone = post("grid_owner", "Z1-C1-1", "OWN", away=True)
    assert found(Roster([alone]), "grid_owner") == []


def test_the_one_it_is_about_is_no_candidate_nor_as_a_deputy() -> None:
    roster = Roster(
        [
            post("guard", "Z1-C1", "BAD"),
            post("guard", "Z1", "GUS", deputy=person("BAD"), away=True),
            post("guard", None, "GEO"),
        ]
    )
    assert found(roster, "guard", but="BAD") == [("GEO", 3)]


def test_who_holds_two_posts_is_one_candidate_of_the_smaller_area() -> None:
    roster = Roster([post("guard", "Z1", "GUS"), post("guard", "Z1-C1", "GUS")])
    assert found(roster, "guard") == [("GUS", 1)]


# ---------------------------------------------------------------- the choice


def test_who_is_on_duty_comes_before_all_else() -> None:
    who, why = chosen({"A": Standing(False, 0, 1.0), "B": Standing(True, 9, 5000.0)}, {"A": 0, "B": 3})
    assert who == "B"
    assert why == ["it is the work of the technician: name of B", "of 2 the one on duty"]


def test_then_the_smallest_area_then_least_work_then_the_nearest_then_the_code() -> None:
    work, far, near = Standing(True, 5, 1.0), Standing(True, 2, 900.0), Standing(True, 2, 30.4)
    assert chosen({"A": far, "B": work}, {"A": 3, "B": 1})[1][-1] == "of 2 the one with the smallest area"
    assert chosen({"A": work, "B": far}) == (
        "B",
        ["it is the work of the technician: name of B", "of 2 the one with the least open work: 2"],
    )
    assert chosen({"A": far, "B": near, "C": work})[1][-1] == "of 3 the nearest by last position: 30 m"
    assert chosen({"B": near, "A": near})[1][-1] == "of 2 that stand alike, the first by code"
    assert chosen({"B": near, "A": near})[0] == "A"


def test_who_is_known_to_be_somewhere_comes_before_who_may_be_anywhere() -> None:
    assert chosen({"A": Standing(True, 2), "B": Standing(True, 2, 5000.0)})[0] == "B"


def test_where_nobody_is_on_duty_the_choice_says_so() -> None:
    who, why = chosen({"A": Standing(False, 3), "B": Standing(False, 1)})
    assert (who, why[1]) == ("B", "nobody who could do it is on duty")


def test_where_there_is_nobody_nobody_is_chosen_and_it_says_why() -> None:
    choice = choose([], {})
    assert choice.candidate is None
    assert [reason.text.say("en") for reason in choice.reasons] == ["nobody is there whose work it is"]


def test_the_ranking_is_the_order_in_which_they_would_be_chosen() -> None:
    people = {"A": Standing(True, 2), "B": Standing(False, 0), "C": Standing(True, 1), "D": Standing(True, 1, 9.0)}
    those = [Candidate(person(code), "guard", None, 3) for code in people]
    assert [each.person.code for each in ranked(those, people)] == ["D", "C", "A", "B"]


# ---------------------------------------------------------------- emergencies


def everybody() -> list[PostFact]:
    return [
        post("guard", "Z1", "GUS"), post("guard", "Z1", "GIL"), post("guard", None, "FAR"),
        post("grid_owner", "Z1-C1-1", "OWN", deputy=person("DEP")), post("grid_owner", "Z1-C1-2", "NEXT"),
        post("supervisor", "Z1-C1", "SUP"), post("coordinator", "Z1", "COO"), post("coordinator", "Z2", "OTHER"),
        post("technician", None, "TOM", specialty="repair"), post("technician", None, "GRE", specialty="greening"),
        post("emergency_team", None, "EM1"), post("emergency_team", None, "EM2"),
        post("control_room", None, "CTL"), post("department_head", None, "DPT"), post("project_head", None, "HED"),
        post("front_desk", None, "FRO"), post("contractor", "Z1", "CON"), post("audit", None, "AUD"),
    ]  # fmt: skip


IN_CHARGE = {"Z1-C1-1": "grid_owner", "Z1-C1": "supervisor", "Z1": "coordinator"}


def told(posts: list[PostFact], but: str | None = None) -> dict[str, str]:
    return {person.code: role for role, person in alarmed(Roster(posts), CHAIN, "repair", IN_CHARGE, but)}


def test_an_emergency_reaches_all_who_have_to_know_of_that_ground_and_nobody_else() -> None:
    assert told(everybody()) == {
        "GUS": "guard", "GIL": "guard", "OWN": "grid_owner", "TOM": "technician", "EM1": "emergency_team",
        "EM2": "emergency_team", "SUP": "supervisor", "COO": "coordinator", "CTL": "control_room",
        "DPT": "department_head", "HED": "project_head",
    }  # fmt: skip


def test_an_emergency_about_somebody_reaches_the_others() -> None:
    assert set(told(everybody())) - set(told(everybody(), but="GUS")) == {"GUS"}


def test_of_who_is_away_the_deputy_hears_of_an_emergency() -> None:
    posts = [post("grid_owner", "Z1-C1-1", "OWN", deputy=person("DEP"), away=True)]
    assert told(posts) == {"DEP": "grid_owner"}


def test_where_the_guards_of_the_ground_are_away_those_of_the_next_larger_area_hear_of_it() -> None:
    posts = [post("guard", "Z1-C1", "GIL", away=True), post("guard", "Z1", "GUS"), post("guard", None, "FAR")]
    assert told(posts) == {"GUS": "guard"}


def test_nobody_is_told_twice_though_he_holds_two_posts() -> None:
    posts = [post("guard", "Z1", "GUS"), post("emergency_team", None, "GUS")]
    assert told(posts) == {"GUS": "guard"}


# ---------------------------------------------------------------- the tables


def test_every_model_says_who_hands_out_and_every_role_is_known() -> None:
    assert HANDS_OUT == {
        "centre": ("dispatcher", "front_desk", "coordinator"),
        "coordinator": ("coordinator", "dispatcher", "front_desk"),
        "front_desk": ("front_desk", "dispatcher", "coordinator"),
    }
    assert set(HANDS_OUT) == set(DISPATCH_MODELS)
    assert set(EMERGENCY) <= set(ROLES)


@pytest.mark.parametrize(("category", "number"), [("fire", "119"), ("theft", "110"), ("injury", "120"), ("gas", None)])
def test_whom_to_call_outside_is_known(category: str, number: str | None) -> None:
    assert OUTSIDE[category][1] == number
