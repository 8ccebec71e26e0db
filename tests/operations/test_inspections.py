"""Forms are held against the standards; what fails is routed, once, and accepted by joint checks alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.commands import Actor, Command
from gridmap.domain.model import Site
from gridmap.domain.subjects import Item
from gridmap.errors import FieldError, NotFoundError
from gridmap.language import phrase
from gridmap.operations import facilities, inspections, sweeps
from gridmap.operations.inspections import InspectionGiven, inspect
from gridmap.operations.moves import act
from tests.operations.conftest import NOW

HOUSE = "H-Z2-C2-1"
LATER = NOW + timedelta(days=14)


def rows(session: Session, statement: str, **values: Any) -> list[Any]:
    return list(session.execute(text(statement), values).all())


@pytest.fixture
def account(session: Session, estate: Site) -> int:
    return int(
        session.execute(
            text(
                "insert into account (name, role, site_id, created_at) values ('desk', 'supervisor', :site, :at) "
                "returning id"
            ),
            {"site": estate.id, "at": NOW},
        ).scalar_one()
    )


@pytest.fixture
def form(account: int) -> InspectionGiven:
    """The inside of a house with a fire door that does not shut."""
    answers = {"plates": True, "lights": True, "fire_door": False}
    return InspectionGiven("f1", account, 3, answers, NOW, building=HOUSE, person="P-Z2-C2-1", language="en")


def test_what_fails_becomes_an_issue_that_is_routed_and_names_subject_and_item(
    session: Session, estate: Site, form: InspectionGiven
) -> None:
    done = inspect(session, estate, replace(form, notes={"fire_door": "a wedge"}), NOW)
    assert not done.passed
    assert list(done.issues) == ["fire_door"]
    issue = rows(
        session,
        "select i.kind, i.source, i.text, i.tier3, i.owner_role, c.code as category from issue i "
        "join category c on c.id = i.category_id where i.code = :code", code=done.issues["fire_door"],
    )[0]  # fmt: skip
    assert (issue.kind, issue.source, issue.category, issue.tier3) == (
        "inspection",
        "inspection",
        "fire_door",
        "Z2-C2-1",
    )
    assert "building interior · the fire door opens, and shuts itself · a wedge" in issue.text


def test_a_form_that_comes_again_is_the_same_inspection_and_no_second_issue(
    session: Session, estate: Site, form: InspectionGiven
) -> None:
    first, again = (inspect(session, estate, form, NOW) for _ in range(2))
    assert (again.number, again.before) == (first.number, True)
    assert rows(session, "select count(*) from issue") == [(1,)]


def test_what_fails_every_day_is_one_issue_until_it_has_ended(
    session: Session, estate: Site, form: InspectionGiven
) -> None:
    first = inspect(session, estate, form, NOW)
    tomorrow = NOW + timedelta(days=1)
    second = inspect(session, estate, replace(form, uid="f2", at=tomorrow), tomorrow)
    assert first.issues == second.issues
    session.execute(text("update issue set status = 'closed'"))
    third = inspect(session, estate, replace(form, uid="f3", at=tomorrow), tomorrow)
    assert third.issues != first.issues


@pytest.mark.parametrize(
    ("subject", "answers", "failed"),
    [
        (4, {"area": 120, "extinguishers": 2}, ["extinguishers"]),
        (4, {"area": 60, "extinguishers": 2}, []),
        (4, {"extinguishers": 1}, ["extinguishers"]),
        (8, {"certificate": "2026-04-30"}, ["certificate"]),
        (8, {"certificate": "2026-05-01"}, []),
        (9, {"contracted": 6, "present": 5}, ["present"]),
        (12, {"litter": 61, "bins": 67, "snow_path": 0.9}, ["litter", "snow_path"]),
        (14, {"emptied": "2026-04-29", "pest_control": "2026-04-24"}, ["emptied"]),
    ],
)
def test_each_answer_is_held_against_its_standard(
    session: Session, estate: Site, form: InspectionGiven, subject: int, answers: dict[str, Any], failed: list[str]
) -> None:
    assert list(inspect(session, estate, replace(form, subject=subject, answers=answers), NOW).issues) == failed


def test_a_site_has_its_own_standard_and_leaves_items_out(
    session: Session, estate: Site, form: InspectionGiven
) -> None:
    own = Item(12, "litter", phrase("how long litter has lain"), "litter", "number", "at_most", 30, "min")
    inspections.write_item(session, estate, own)
    inspections.write_item(session, estate, replace(own, code="bins"), left_out=True)
    litter = replace(form, subject=12, answers={"litter": 31})
    assert list(inspect(session, estate, litter, NOW).issues) == ["litter"]
    with pytest.raises(FieldError) as refused:
        inspect(session, estate, replace(litter, uid="f2", answers={"bins": 5}), NOW)
    assert refused.value.field == "bins"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"answers": {"fire_door": "no"}}, "fire_door"),
        ({"answers": {"plaits": True}}, "plaits"),
        ({"answers": {}}, "answers"),
        ({"building": "H-NOWHERE"}, "building"),
        ({"building": None}, "lon"),
        ({"facility": "NONE", "building": None}, "facility"),
        ({"subject": 16}, "subject"),
        ({"kind": "guess"}, "kind"),
        ({"at": NOW + timedelta(hours=1)}, "at"),
        ({"at": NOW - timedelta(days=60)}, "at"),
        ({"rechecks": {7: True}}, "rechecks"),
        ({"kind": "joint", "joint_with": "TOM"}, "joint_with"),
    ],
)  # fmt: skip
def test_a_form_that_makes_no_sense_is_refused_by_its_field_and_nothing_is_kept(
    session: Session, estate: Site, form: InspectionGiven, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldError) as refused:
        inspect(session, estate, replace(form, **change), NOW)
    assert refused.value.field == field
    assert rows(session, "select count(*) from issue") == [(0,)]
    assert rows(session, "select count(*) from inspection") == [(0,)]


# ---------------------------------------------------------------- joint checks


@pytest.fixture
def failure(session: Session, estate: Site, form: InspectionGiven) -> tuple[int, str]:
    """A stair that is dirty: the failure's number and its issue."""
    done = inspect(session, estate, replace(form, subject=11, answers={"stairs": False}), NOW)
    return int(rows(session, "select id from inspection_answer where not passed")[0].id), done.issues["stairs"]


def joint(form: InspectionGiven, uid: str, rechecks: dict[int, bool], **said: Any) -> InspectionGiven:
    return replace(
        form, uid=uid, subject=11, kind="joint", joint_with="EVE", at=LATER, answers={}, rechecks=rechecks, **said
    )


def resolved(session: Session, code: str) -> None:
    desk = Actor("dispatcher")
    outcomes = act(session, [Command(code, "resolve", desk)], LATER)
    if outcomes[0].error is not None:
        outcomes = act(session, [Command(code, "start", desk), Command(code, "resolve", desk)], LATER)
    assert outcomes[-1].error is None, outcomes


def status(session: Session, code: str) -> tuple[str, int]:
    row = rows(session, "select status, reworks from issue where code = :code", code=code)[0]
    return row.status, row.reworks


def test_an_item_that_fails_twice_in_re_check_is_rework_twice_and_then_accepted(
    session: Session, estate: Site, form: InspectionGiven, failure: tuple[int, str]
) -> None:
    number, code = failure
    for n in (1, 2):
        resolved(session, code)
        assert not inspect(session, estate, joint(form, f"j{n}", {number: False}), LATER).passed
        assert status(session, code) == ("in_progress", n)
    resolved(session, code)
    assert inspect(session, estate, joint(form, "j3", {number: True}), LATER).passed
    assert status(session, code) == ("checked", 2)
    row = rows(session, "select rechecks, accepted_at from inspection_answer where id = :id", id=number)[0]
    assert (row.rechecks, row.accepted_at) == (2, LATER)
    with pytest.raises(FieldError, match="no failure that is open"):
        inspect(session, estate, joint(form, "j4", {number: True}), LATER)


def test_only_the_two_who_hold_the_posts_of_that_ground_check_jointly(
    session: Session, estate: Site, form: InspectionGiven, failure: tuple[int, str]
) -> None:
    for change in ({"joint_with": "P-Z2-C2-1"}, {"person": "P-Z1-C1-1"}, {"joint_with": None}):
        with pytest.raises(FieldError) as refused:
            inspect(session, estate, replace(joint(form, "j1", {failure[0]: True}), **change), LATER)
        assert refused.value.field == "joint_with"


def test_a_sample_accepts_nothing_that_failed_before(
    session: Session, estate: Site, form: InspectionGiven, failure: tuple[int, str]
) -> None:
    with pytest.raises(FieldError, match="a joint check accepts"):
        inspect(session, estate, replace(form, uid="f9", rechecks={failure[0]: True}), NOW)


# ---------------------------------------------------------------- facilities and sweeps


def state(session: Session) -> str:
    return str(rows(session, "select state from facility where code = 'PUMP'")[0].state)


def test_a_facility_is_in_the_latest_of_its_states_whenever_it_was_told(session: Session, estate: Site) -> None:
    facilities.set_state(session, estate, "PUMP", "out_of_order", NOW, NOW, note="burnt out")
    facilities.set_state(session, estate, "PUMP", "degraded", NOW - timedelta(days=1), NOW)
    assert state(session) == "out_of_order"
    facilities.set_state(session, estate, "PUMP", "in_order", NOW + timedelta(minutes=1), NOW)
    assert state(session) == "in_order"
    assert rows(session, "select count(*) from facility_state") == [(3,)]
    for code, word in (("PUMP", "broken"), ("NONE", "closed")):
        with pytest.raises((FieldError, NotFoundError)):
            facilities.set_state(session, estate, code, word, NOW, NOW)


def test_an_overdue_facility_is_listed_until_it_is_inspected(
    session: Session, estate: Site, form: InspectionGiven
) -> None:
    session.execute(text("update facility set inspection_due = '2026-04-30' where code = 'PUMP'"))
    assert [(row["code"], row["days"]) for row in facilities.overdue(session, estate, NOW)] == [("PUMP", 1)]
    look = replace(
        form, building=None, facility="PUMP", subject=6, answers={"in_order": True}, state="degraded",
        next_due=date(2026, 5, 8),
    )  # fmt: skip
    assert inspect(session, estate, look, NOW).passed
    assert facilities.overdue(session, estate, NOW) == []
    assert state(session) == "degraded"


def test_a_sweep_is_seen_building_by_building(session: Session, estate: Site) -> None:
    ends = NOW + timedelta(days=10)
    sweeps.begin(session, estate, "S1", "before the floods", NOW, ends, NOW, grids=["Z2-C2"])
    found = rows(session, "select b.code from sweep_building s join building b on b.id = s.building_id order by 1")
    assert [row.code for row in found] == ["H-Z2-C2-1", "H-Z2-C2-2", "H-Z2-C2-3"]
    sweeps.look_at(session, estate, "S1", HOUSE, "fault", NOW, NOW, note="cracks")
    sweeps.look_at(session, estate, "S1", HOUSE, "in_order", NOW - timedelta(hours=1), NOW)
    assert rows(session, "select state, note from sweep_building where at is not null") == [("fault", "cracks")]
    sweeps.begin(session, estate, "S1", "before the floods", NOW, ends, NOW, grids=["Z2-C2-1", "Z1-C1-1"])
    assert rows(session, "select state, count(*) from sweep_building group by 1 order by 1") == [
        ("fault", 1),
        ("to_do", 1),
    ]
    with pytest.raises(NotFoundError):
        sweeps.look_at(session, estate, "S1", "H-Z1-C2-1", "fault", NOW, NOW)
