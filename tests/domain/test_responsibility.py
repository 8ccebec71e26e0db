"""Who answers: the nine rules of the trade, deputies, and the way up the tiers."""

import pytest

from gridmap.domain.facts import Facts, Keeper, Person, PostFact, Roster, Subject, Tree
from gridmap.domain.responsibility import Verdict, decide
from gridmap.domain.rules import RULES, parse_rules, rule_as_json
from gridmap.errors import InputError

TREE = Tree(
    {"Z": None, "Z1": "Z", "Z2": "Z", "Z11": "Z1", "Z12": "Z1", "Z21": "Z2"},
    {"Z": 1, "Z1": 2, "Z2": 2, "Z11": 3, "Z12": 3, "Z21": 3},
)


def person(name: str) -> Person:
    return Person(name, name.title())


def post(role: str, grid: str | None, name: str, **details: object) -> PostFact:
    return PostFact(role, grid, person(name), **details)  # type: ignore[arg-type]


POSTS = (
    post("grid_owner", "Z11", "ann"),
    post("grid_owner", "Z12", "ben"),
    post("grid_owner", "Z21", "cai"),
    post("supervisor", "Z1", "sun"),
    post("coordinator", "Z", "coo"),
    post("environment_officer", "Z1", "eve"),
    post("guard", "Z1", "gus"),
    post("technician", "Z", "tom", specialty="repair"),
    post("technician", "Z", "sec", specialty="security"),
    post("developer", None, "dev"),
    post("head_of_engineering", None, "hed"),
    post("project_head", None, "pro"),
    post("reception_lead", None, "rec"),
    post("dispatcher", None, "dis"),
)


def decided(*posts: PostFact, about: str | None = None, group: str = "other", **known: object) -> Verdict:
    subject = Subject(
        group=group,
        kind=str(known.pop("kind", "repair")),
        specialty=known.pop("specialty", None),  # type: ignore[arg-type]
        refer_to=known.pop("refer_to", None),  # type: ignore[arg-type]
        about=about,
    )
    leaf = known.pop("leaf", "Z11")
    facts = Facts(
        position=str(known.pop("position", "inside")),
        leaf=leaf,  # type: ignore[arg-type]
        chain=TREE.chain(leaf),  # type: ignore[arg-type]
        subject=subject,
        **known,  # type: ignore[arg-type]
    )
    people = {name: person(name) for name in ("kim",)}
    return decide(facts, TREE, Roster(posts or POSTS, people))


def who(verdict: Verdict) -> list[tuple[str, str | None]]:
    return [(answer.duty, answer.person.code if answer.person else answer.body) for answer in verdict.answers]


def rule(verdict: Verdict) -> str:
    return next(reason.rule for reason in verdict.reasons if reason.rule != "place")


@pytest.mark.parametrize(
    ("known", "name", "answers"),
    [
        ({"overlays": (Keeper("CLUB", "Clubhouse", "keeper", role="reception_lead"),), "group": "cleaning"},
         "1 special keeper", [("owns", "rec")]),
        ({"overlays": (Keeper("SHOW", "Show flat", "keeper", person="kim"),)}, "1 special keeper", [("owns", "kim")]),
        ({"overlays": (Keeper("PUMP", "Pump room", "key_area"),)}, "the cell", [("owns", "ann")]),
        ({"group": "fire_safety", "specialty": "security"},
         "2 fire and security", [("owns", "gus"), ("repairs", "sec")]),
        ({"group": "smart_systems", "specialty": "security"},
         "2 fire and security", [("owns", "gus"), ("repairs", "sec")]),
        ({"group": "decoration"}, "3 decoration", [("owns", "ann"), ("helps", "gus")]),
        ({"group": "tenants"}, "3 tenants", [("owns", "gus")]),
        ({"group": "sanitation"}, "4 sanitation", [("owns", "eve")]),
        ({"group": "cleaning", "building_grid": "Z12"}, "5 by a building", [("owns", "ben")]),
        ({"group": "cleaning"}, "5 public ground", [("owns", "eve")]),
        ({"group": "cleaning", "own_level": True, "level_grid": "Z21", "building_grid": "Z11"},
         "5 own level", [("owns", "cai"), ("helps", "eve")]),
        ({"group": "cleaning", "own_level": True, "building_grid": "Z11"}, "5 own level", [("owns", "eve")]),
        ({"group": "equipment", "specialty": "repair"}, "6 equipment", [("owns", "ann"), ("repairs", "tom")]),
        ({"group": "defects", "under_warranty": True}, "6 under warranty", [("owns", "dev"), ("follows", "ann")]),
        ({"group": "equipment", "specialty": "repair", "touches": ("Z11", "Z12")},
         "7 equipment of several grids", [("owns", "sun"), ("repairs", "tom"), ("helps", "ann"), ("helps", "ben")]),
        ({"group": "outside", "refer_to": "gas company", "overlays": (Keeper("CLUB", "Clubhouse", "keeper"),)},
         "9 referred out", [("owns", "ann"), ("refers", "gas company")]),
        ({"touches": ("Z11", "Z12")}, "7 several grids", [("owns", "sun"), ("helps", "ann"), ("helps", "ben")]),
        ({"touches": ("Z11", "Z21")}, "7 several grids", [("owns", "coo"), ("helps", "ann"), ("helps", "cai")]),
        ({"group": "service", "kind": "complaint"}, "8 about staff", [("owns", "sun")]),
        ({"group": "outside", "refer_to": "gas company"},
         "9 referred out", [("owns", "ann"), ("refers", "gas company")]),
        ({}, "the cell", [("owns", "ann")]),
    ],
)  # fmt: skip
def test_the_rules_of_the_trade_decide_in_order(known: dict[str, object], name: str, answers: object) -> None:
    verdict = decided(**known)  # type: ignore[arg-type]
    assert who(verdict) == answers
    assert name in [reason.rule for reason in verdict.reasons]


@pytest.mark.parametrize(
    ("about", "expected"),
    [("ann", "sun"), ("sun", "coo"), ("coo", "pro"), ("gus", "sun"), ("tom", "hed"), ("hed", "pro"), ("nobody", "sun")],
)
def test_a_complaint_starts_one_post_above_the_person_complained_of(about: str, expected: str) -> None:
    assert who(decided(about=about, kind="complaint", group="service")) == [("owns", expected)]


def test_a_complaint_never_reaches_the_person_it_is_about_even_where_he_holds_the_post_above() -> None:
    posts = (post("grid_owner", "Z11", "ann"), post("supervisor", "Z1", "ann"), post("coordinator", "Z", "coo"))
    assert who(decided(*posts, about="ann", kind="complaint")) == [("owns", "coo")]


def test_a_complaint_about_the_guard_goes_to_the_owner_who_directs_him() -> None:
    posts = (post("guard", "Z11", "gus"), post("grid_owner", "Z11", "ann"))
    assert who(decided(*posts, about="gus", kind="complaint")) == [("owns", "ann")]


@pytest.mark.parametrize("group", ["equipment", "cleaning", "fire_safety", "decoration"])
def test_a_complaint_about_a_person_is_no_matter_of_the_group_it_is_filed_under(group: str) -> None:
    assert who(decided(about="ann", kind="complaint", group=group)) == [("owns", "sun")]


@pytest.mark.parametrize("about", ["coo", "dis", "tom"])
def test_a_complaint_never_goes_below_the_person_complained_of(about: str) -> None:
    without_heads = tuple(each for each in POSTS if each.role not in ("project_head", "head_of_engineering"))
    owner = decided(*without_heads, about=about, kind="complaint").owner
    below = {"ann", "ben", "cai", "sun", "gus", "eve", about}
    assert (owner.person is None or owner.person.code not in below) or owner.role == "dispatcher"


def test_a_complaint_about_the_owner_of_another_cell_goes_to_the_post_above_that_cell() -> None:
    posts = (*POSTS, post("supervisor", "Z2", "sal"))
    assert who(decided(*posts, about="cai", kind="complaint", leaf="Z11")) == [("owns", "sal")]


def test_a_keeper_on_leave_or_complained_of_does_not_answer() -> None:
    overlay = Keeper("CLUB", "Clubhouse", "keeper", person="kim")
    facts = Facts("inside", "Z11", TREE.chain("Z11"), overlays=(overlay,))
    people = {"kim": person("kim")}
    assert who(decide(facts, TREE, Roster(POSTS, people))) == [("owns", "kim")]
    assert who(decide(facts, TREE, Roster(POSTS, people, away={"kim"}))) == [("owns", "rec")]


def test_the_deputy_stands_in_for_an_owner_who_is_away() -> None:
    verdict = decided(post("grid_owner", "Z11", "ann", away=True, deputy=person("dan")))
    assert who(verdict) == [("owns", "dan")]
    assert "Ann is away: Dan stands in" in [reason.text.say("en") for reason in verdict.reasons]


def test_leave_without_a_deputy_moves_the_work_up() -> None:
    posts = (
        post("grid_owner", "Z11", "ann", away=True, deputy=person("dan"), deputy_away=True),
        post("supervisor", "Z1", "sun"),
    )
    verdict = decided(*posts)
    assert who(verdict) == [("owns", "sun")]
    assert verdict.owner.post == "Z1"


def test_nobody_on_a_post_goes_up_the_tiers_and_then_to_the_sites_fallback() -> None:
    assert who(decided(post("coordinator", "Z", "coo"))) == [("owns", "coo")]
    assert who(decided(post("dispatcher", None, "dis"))) == [("owns", "dis")]


def test_where_nobody_at_all_is_named_the_post_answers_without_a_person() -> None:
    verdict = decided(post("grid_owner", "Z21", "cai"))
    assert (verdict.owner.role, verdict.owner.post, verdict.owner.person) == ("grid_owner", "Z11", None)


def test_a_place_outside_every_grid_goes_to_the_sites_fallback() -> None:
    verdict = decided(leaf=None, position="outside")
    assert (verdict.owner.role, verdict.owner.person) == ("dispatcher", person("dis"))


def test_in_a_two_tier_plan_the_second_tier_has_the_owner_and_the_first_the_coordinator() -> None:
    tree = Tree({"A": None, "A1": "A"}, {"A": 1, "A1": 2})
    assert (tree.rank("A1"), tree.rank("A")) == ("leaf", "top")


def test_no_answer_names_the_same_person_twice() -> None:
    posts = (post("grid_owner", "Z11", "ann"), post("technician", None, "ann", specialty="repair"))
    assert who(decided(*posts, group="equipment", specialty="repair")) == [("owns", "ann")]


def test_a_sites_own_rules_decide_instead() -> None:
    own = parse_rules([{"name": "all to the guard", "seats": [{"duty": "owns", "role": "guard", "place": "area"}]}])
    facts = Facts("inside", "Z11", TREE.chain("Z11"))
    assert who(decide(facts, TREE, Roster(POSTS), own)) == [("owns", "gus")]


def test_rules_written_out_are_read_back_the_same() -> None:
    assert parse_rules([rule_as_json(each) for each in RULES]) == RULES


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"name": "x", "when": {"moon": True}, "seats": [{"duty": "owns", "role": "guard", "place": "area"}]}, "moon"),
        ({"name": "x", "when": {"groups": ["moon"]}, "seats": []}, "moon"),
        ({"name": "x", "seats": [{"duty": "owns", "role": "king", "place": "area"}]}, "king"),
        ({"name": "x", "seats": []}, "at least one seat"),
    ],
)
def test_a_rule_with_an_unknown_word_is_refused_by_its_name(row: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_rules([row])
