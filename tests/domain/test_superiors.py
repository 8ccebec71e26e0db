"""Who directs somebody is whoever a complaint about him would go to; whoever merely stands in is nobody's superior."""

from __future__ import annotations

from typing import Any

import pytest

from gridmap.domain.facts import Person, PostFact, Roster, Tree
from gridmap.domain.households import missing, told
from gridmap.domain.superiors import superior

TREE = Tree({"Z": None, "Z-1": "Z", "Z-1-1": "Z-1", "Z-1-2": "Z-1"}, {"Z": 1, "Z-1": 2, "Z-1-1": 3, "Z-1-2": 3})


def post(role: str, grid: str | None, person: str, **said: Any) -> PostFact:
    return PostFact(role, grid, Person(person, person), **said)


POSTS = (
    post("grid_owner", "Z-1-1", "owner"), post("grid_owner", "Z-1-2", "other"), post("supervisor", "Z-1", "supervisor"),
    post("coordinator", "Z", "coordinator"), post("guard", "Z-1-1", "guard"), post("guard", None, "night guard"),
    post("technician", None, "technician"), post("head_of_engineering", None, "engineer"),
    post("dispatcher", None, "dispatcher"),
)  # fmt: skip


def above(person: str | None, ground: str | None = None, posts: tuple[PostFact, ...] = POSTS) -> str | None:
    found = superior(person, ground, TREE, Roster(posts))
    return found.person.code if found and found.person else None


@pytest.mark.parametrize(
    ("person", "ground", "wanted"),
    [
        ("owner", "Z-1-1", "supervisor"), ("owner", None, "supervisor"), ("owner", "Z-1-2", "supervisor"),
        ("supervisor", None, "coordinator"), ("guard", "Z-1-1", "owner"), ("technician", None, "engineer"),
        ("technician", "Z-1-1", "engineer"), (None, "Z-1-2", "supervisor"), ("stranger", "Z-1-1", "supervisor"),
        ("night guard", None, None), ("engineer", None, None), ("stranger", None, None), (None, None, None),
    ],
)  # fmt: skip
def test_it_is_the_post_above(person: str | None, ground: str | None, wanted: str | None) -> None:
    assert above(person, ground) == wanted


def test_whoever_is_of_no_grid_is_directed_by_the_heads_at_last() -> None:
    assert above("night guard", None, (*POSTS, post("project_head", None, "head"))) == "head"


def test_a_dispatcher_who_takes_what_nobody_else_takes_is_not_told_of_a_household() -> None:
    alone = (post("grid_owner", "Z-1-1", "owner"), post("dispatcher", None, "dispatcher"))
    assert above("owner", "Z-1-1", alone) is None
    assert told("owner", "Z-1-1", TREE, Roster(alone)) == {"owner"}
    assert told("owner", "Z-1-1", TREE, Roster(POSTS)) == {"owner", "supervisor"}


def test_while_the_superior_is_away_his_deputy_stands_in_or_the_next_one_up() -> None:
    away = tuple(each for each in POSTS if each.role != "supervisor")
    deputy = post("supervisor", "Z-1", "supervisor", away=True, deputy=Person("deputy", "deputy"))
    assert above("owner", None, (*away, deputy)) == "deputy"
    assert above("owner", None, (*away, post("supervisor", "Z-1", "supervisor", away=True))) == "coordinator"


def test_a_household_at_risk_is_settled_by_a_shelter_and_a_guardian() -> None:
    assert missing({"shelter": None, "guardian": "g"}) == ("shelter",)
    assert missing({"shelter": "s", "guardian": "g"}) == ()
