"""Who sees what: for every sort of viewer the issues and the part of the plan that are his, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.model import Account, Reporter, Site
from gridmap.domain.rights import Viewer
from gridmap.operations.issues import Desk
from gridmap.storage import atlas, places
from gridmap.storage.views import (
    IssueFilter,
    Plan,
    issue_by_code,
    issue_list,
    open_features,
    people_seen,
    plan_features,
    plan_row,
    stamp_of_issues,
    stamp_of_plan,
)
from tests.estate import Estate, spot
from tests.operations.conftest import NOW, Publisher, checked, published

__all__ = ["checked", "published"]

# What was reported, by a letter: where, about what, and about whom.
REPORTS = {
    "a": {"at": (0.1, 0.1), "category": "lift"},  # Z1-C1-1: its owner, and the technician Tom
    "b": {"at": (2.1, 2.1), "category": "lift"},  # Z2-C2-1: its owner, and Tom
    "c": {"at": (2.5, 2.9), "category": "waste_removal"},  # Z2-C2-1, but the environment officer Eve of Z2-C2
    "d": {"at": (1.1, 0.1), "category": "service", "about": "P-Z1-C1-2"},  # Z1-C1-2: one post above its owner
    "e": {"at": (9, 9), "category": "lamp"},  # in no grid: the dispatcher
    "f": {"at": (0.1, 2.1), "category": "noise", "status": "closed"},  # Z2-C1-1, and done with
}
OPEN = set("abcde")


@pytest.fixture
def site(session: Session, published: Publisher) -> Site:
    """The small estate with a road, and a site beside it that is nobody's business here."""
    estate = Estate()
    road = {"code": "ROAD", "name": "road", "kind": "road", "geometry": shapely.LineString([spot(-1, 0), spot(9, 0)])}
    both = pd.concat([estate.layers["facilities"], gpd.GeoDataFrame([road], crs=4326)], ignore_index=True)
    estate.layers["facilities"] = both
    published(estate)
    return places.site(session, "WJ")


@pytest.fixture
def codes(session: Session, site: Site) -> dict[str, str]:
    """The issues, by their letters; b was reported by a resident."""
    rows = [
        {
            "lon": spot(*said["at"])[0], "lat": spot(*said["at"])[1], "category": said["category"], "text": letter * 3,
            "about": said.get("about"), "status": said.get("status"), "reported_at": NOW - timedelta(hours=number),
        }
        for number, (letter, said) in enumerate(REPORTS.items())
    ]  # fmt: skip
    stored = Desk(session, site).report(pd.DataFrame(rows), NOW, "desk").stored
    session.add(Account(id=70, name="li", role="resident", site_id=site.id, created_at=NOW))
    session.flush()
    session.add(Reporter(issue_id=int(stored["id"][1]), account_id=70, name="李四", phone="13900000000"))
    session.flush()
    return dict(zip(REPORTS, stored["code"], strict=True))


Seen = Callable[..., Viewer]


@pytest.fixture
def viewer(session: Session, site: Site) -> Seen:
    """Somebody of the site, in a role, with his grids and who he is."""

    def of(role: str, *grids: str, person: str | None = None, account: int = 1, whole: bool = False) -> Viewer:
        found = session.scalar(text("select id from person where code = :code").bindparams(code=person))
        return Viewer(account, "x", role, site.id, site.code, None if whole else grids, found, person)

    return of


@pytest.fixture
def plan(session: Session, site: Site) -> Plan:
    edition = places.edition_in_force(session, site.id, NOW)
    assert edition is not None
    return Plan(site.id, edition.id, edition.leaf_tier, NOW)


# who asks: role, grids (None for all of the site), person, account; and the letters of the issues he sees
WHO: dict[str, tuple[str, tuple[str, ...] | None, str | None, int, str]] = {
    "owner of a cell": ("grid_owner", ("Z1-C1-1",), "P-Z1-C1-1", 1, "a"),
    "owner of the cell next to it": ("grid_owner", ("Z1-C1-3",), "P-Z1-C1-3", 1, ""),
    "owner who is complained of": ("grid_owner", ("Z1-C1-2",), "P-Z1-C1-2", 1, ""),
    "account of a grid whose owner is complained of": ("grid_owner", ("Z1-C1-2",), None, 1, ""),
    "owner of a cell in which another answers": ("grid_owner", ("Z2-C2-1",), "P-Z2-C2-1", 1, "bc"),
    "supervisor": ("supervisor", ("Z1-C1",), "P-Z1-C1", 1, "ad"),
    "supervisor of the next cluster": ("supervisor", ("Z1-C2",), "P-Z1-C2", 1, ""),
    "coordinator": ("coordinator", ("Z2",), "P-Z2", 1, "bcf"),
    "one without any post": ("supervisor", (), None, 1, ""),
    "dispatcher": ("dispatcher", None, "DIS", 1, "abcdef"),
    "technician": ("technician", None, "TOM", 1, "ab"),
    "technician nobody knows": ("technician", None, None, 1, ""),
    "contractor": ("contractor", None, "GUS", 1, ""),
    "environment officer's account": ("contractor", None, "EVE", 1, "c"),
    "resident who reported": ("resident", None, None, 70, "b"),
    "resident who did not": ("resident", None, None, 71, ""),
    "owner who reported elsewhere": ("grid_owner", ("Z1-C1-1",), "P-Z1-C1-1", 70, "ab"),
    "analyst": ("analyst", None, None, 1, "abcdef"),
    "administrator": ("admin", None, None, 1, "abcdef"),
}


@pytest.mark.parametrize("who", WHO)
def test_each_sees_the_issues_that_are_his_whichever_way_he_asks(
    who: str, session: Session, codes: dict[str, str], viewer: Seen, plan: Plan
) -> None:
    role, grids, person, account, letters = WHO[who]
    asking = viewer(role, *(grids or ()), person=person, account=account, whole=grids is None)
    expected = {codes[letter] for letter in letters}
    still_open = {codes[letter] for letter in set(letters) & OPEN}

    assert listed(session, asking) == expected
    assert {code for code in codes.values() if issue_by_code(session, asking, code, NOW)} == expected
    features = json.loads(open_features(session, asking, plan))["features"]
    assert {feature["id"] for feature in features} == still_open
    assert set(atlas.open_issues(session, asking, plan)["code"]) == still_open
    assert len(atlas.heat_points(session, asking, plan, NOW - timedelta(days=90))) == len(expected)


def listed(session: Session, asking: Viewer, wanted: IssueFilter | None = None, **said: Any) -> set[str]:
    return {json.loads(row)["code"] for row in issue_list(session, asking, wanted or IssueFilter(), NOW, **said).rows}


def test_those_of_another_site_see_nothing_of_this_one(session: Session, codes: dict[str, str], viewer: Seen) -> None:
    for role, grids in (("admin", None), ("dispatcher", None), ("coordinator", ("Z1",)), ("analyst", None)):
        stranger = replace(viewer(role, whole=True), site_id=-1, site="ELSEWHERE", grids=grids)
        assert listed(session, stranger) == set()
        assert issue_by_code(session, stranger, codes["a"], NOW) is None


def test_who_is_of_no_site_sees_all_of_them(session: Session, codes: dict[str, str]) -> None:
    assert listed(session, Viewer(1, "root", "admin")) == set(codes.values())


def test_an_issue_of_an_earlier_edition_stays_with_whoever_has_the_grid_now(
    session: Session, site: Site, codes: dict[str, str], viewer: Seen, published: Publisher
) -> None:
    published(at=NOW + timedelta(days=1), draft=False)
    assert listed(session, viewer("grid_owner", "Z2-C1-1")) == {codes["f"]}


def test_an_issue_whose_owner_sits_in_the_area_belongs_to_it(
    session: Session, codes: dict[str, str], viewer: Seen
) -> None:
    session.execute(text("update issue set owner_grid = 'Z1-C2' where code = :code"), {"code": codes["b"]})
    assert listed(session, viewer("supervisor", "Z1-C2")) == {codes["b"]}
    assert listed(session, viewer("coordinator", "Z1")) == {codes[letter] for letter in "abd"}


# ---------------------------------------------------------------- words, names and phones


@pytest.mark.parametrize(
    ("role", "words", "names", "reporter"),
    [
        ("dispatcher", True, True, True),
        ("admin", True, True, False),
        ("analyst", False, False, False),
    ],
)
def test_words_names_and_reporters_go_to_those_who_have_the_right(
    role: str,
    words: bool,
    names: bool,
    reporter: bool,
    session: Session,
    codes: dict[str, str],
    viewer: Seen,
    plan: Plan,
) -> None:
    asking = viewer(role, whole=True)
    found = issue_by_code(session, asking, codes["b"], NOW)
    assert found is not None
    assert (found["text"] == "bbb") is words
    assert (found["owner"]["person"] is not None) is names
    assert found["reporter"] == ({"name": "李四", "phone": "13900000000"} if reporter else None)
    read = atlas.open_issues(session, asking, plan).set_index("code").loc[codes["b"]]
    assert (read["text"], read["owner_name"]) == ("bbb" if words else None, "name of P-Z2-C2-1" if names else None)


def test_a_resident_reads_his_own_words_but_not_who_works_on_them(
    session: Session, codes: dict[str, str], viewer: Seen
) -> None:
    found = issue_by_code(session, viewer("resident", account=70, whole=True), codes["b"], NOW)
    assert found is not None
    assert (found["text"], found["owner"]["person"], found["reporter"]["name"]) == ("bbb", None, "李四")


def test_reasons_that_name_people_and_what_was_moved_to_whom_are_not_for_everybody(
    session: Session, codes: dict[str, str], viewer: Seen
) -> None:
    away = [{"rule": "place", "key": "k", "values": {}}, {"rule": "deputy", "key": "k", "values": {"person": "王"}}]
    session.execute(
        text("""
            update decision set reasons = cast(:reasons as jsonb)
            where id = (select decision_id from issue where code = :code)
        """),
        {"reasons": json.dumps(away), "code": codes["b"]},
    )
    session.execute(
        text("""
            insert into issue_event (issue_id, at, action, status, note, data)
            select id, :at, 'reroute', status, 'a note', '{"to": {"person": "P-Z2-C2-1"}}' from issue where code = :code
        """),
        {"at": NOW, "code": codes["b"]},
    )
    rules, lines = {}, {}
    for role in ("dispatcher", "analyst", "resident"):
        found = issue_by_code(session, viewer(role, account=70, whole=True), codes["b"], NOW)
        assert found is not None
        rules[role] = [reason["rule"] for reason in found["reasons"]]
        lines[role] = (found["history"][-1]["note"], found["history"][-1]["data"])
    assert rules == {"dispatcher": ["place", "deputy"], "analyst": ["place"], "resident": ["place"]}
    assert lines == {
        "dispatcher": ("a note", {"to": {"person": "P-Z2-C2-1"}}),
        "analyst": (None, None),
        "resident": ("a note", None),
    }


def test_an_issue_tells_its_answers_its_reasons_and_its_history(
    session: Session, codes: dict[str, str], viewer: Seen
) -> None:
    found = issue_by_code(session, viewer("admin", whole=True), codes["a"], NOW)
    assert found is not None
    assert [answer["duty"] for answer in found["answers"]] == ["owns", "repairs"]
    assert [reason["rule"] for reason in found["reasons"]] == ["place", "6 equipment"]
    assert [(line["action"], line["status"]) for line in found["history"]] == [("report", "reported")]


# ---------------------------------------------------------------- lists


@pytest.mark.parametrize(
    ("wanted", "letters"),
    [
        (IssueFilter(), "abcdef"),
        (IssueFilter(grid="Z2-C2-1"), "bc"),
        (IssueFilter(grid="Z2-C2"), ""),
        (IssueFilter(under="Z2-C2"), "bc"),
        (IssueFilter(under="Z2"), "bcf"),
        (IssueFilter(under="Z9"), ""),
        (IssueFilter(status=("closed",)), "f"),
        (IssueFilter(status=("closed", "reported")), "abcdef"),
        (IssueFilter(category="lift"), "ab"),
        (IssueFilter(owner="EVE"), "c"),
        (IssueFilter(since=NOW - timedelta(hours=1)), "ab"),
        (IssueFilter(until=NOW - timedelta(hours=1)), "cdef"),
        (IssueFilter(bbox=(*spot(0, 0), *spot(1, 1))), "a"),
        (IssueFilter(open_only=True), "abcde"),
        (IssueFilter(under="Z2", category="lift", open_only=True), "b"),
    ],
)
def test_a_list_is_narrowed_by_what_is_asked(
    wanted: IssueFilter, letters: str, session: Session, codes: dict[str, str], viewer: Seen
) -> None:
    for asking in (viewer("admin", whole=True), Viewer(1, "root", "admin")):
        assert listed(session, asking, wanted) == {codes[letter] for letter in letters}


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
def test_pages_hold_every_issue_once_and_the_newest_first(
    size: int, session: Session, codes: dict[str, str], viewer: Seen
) -> None:
    # Three of them at the same moment.
    session.execute(
        text("update issue set reported_at = :at where category_id = (select min(category_id) from issue)"), {"at": NOW}
    )
    session.execute(
        text("update issue set reported_at = :at where code in (:a, :b)"), {"at": NOW, "a": codes["c"], "b": codes["d"]}
    )
    asking, pages, after = viewer("admin", whole=True), [], None
    while True:
        page = issue_list(session, asking, IssueFilter(), NOW, limit=size, after=after)
        pages += [json.loads(row) for row in page.rows]
        after = page.after
        if after is None:
            break
    assert sorted(each["code"] for each in pages) == sorted(codes.values())
    assert [each["reported_at"] for each in pages] == sorted((each["reported_at"] for each in pages), reverse=True)


def test_a_list_of_features_holds_what_a_list_holds(session: Session, codes: dict[str, str], viewer: Seen) -> None:
    asking = viewer("admin", whole=True)
    rows = [json.loads(row) for row in issue_list(session, asking, IssueFilter(), NOW).rows]
    features = [json.loads(row) for row in issue_list(session, asking, IssueFilter(), NOW, geojson=True).rows]
    assert [feature["id"] for feature in features] == [row["code"] for row in rows]
    for feature, row in zip(features, rows, strict=True):
        place = [round(row.pop("lon"), 8), round(row.pop("lat"), 8)]
        assert feature["geometry"] == {"type": "Point", "coordinates": pytest.approx(place, abs=2e-8)}
        assert feature["properties"] == row


# ---------------------------------------------------------------- the plan

CHAIN = {"Z1", "Z1-C1", "Z1-C1-1"}


def test_one_sees_his_grids_all_below_and_the_chain_above(session: Session, viewer: Seen, plan: Plan) -> None:
    def grids(*own: str, whole: bool = False) -> set[str]:
        return set(atlas.layer(session, viewer("supervisor", *own, whole=whole), plan, "grids")["code"])

    assert grids("Z1-C1-1") == CHAIN
    assert grids("Z1-C1") == {"Z1", "Z1-C1", *(f"Z1-C1-{number}" for number in (1, 2, 3, 4))}
    assert grids("Z1-C1-1", "Z2-C1-1") == CHAIN | {"Z2", "Z2-C1", "Z2-C1-1"}
    assert grids() == set()
    assert len(grids(whole=True)) == 22


@pytest.mark.parametrize(
    ("own", "buildings", "facilities", "overlays"),
    [
        (("Z1-C1-1",), 1, {"PUMP", "ROAD"}, set()),
        (("Z1-C1",), 4, {"PUMP", "ROAD"}, set()),
        (("Z2-C2",), 3, {"CARPARK", "ROAD"}, {"CLUB", "KEY"}),
        (("Z2-C2-4",), 0, {"CARPARK", "ROAD"}, {"CLUB"}),
        ((), 0, {"ROAD"}, set()),
    ],
)
def test_one_sees_what_stands_on_his_ground_and_the_roads_of_the_site(
    own: tuple[str, ...],
    buildings: int,
    facilities: set[str],
    overlays: set[str],
    session: Session,
    viewer: Seen,
    plan: Plan,
) -> None:
    asking = viewer("supervisor", *own)
    seen = {
        name: set(atlas.layer(session, asking, plan, name)["code"]) for name in ("buildings", "facilities", "overlays")
    }
    assert (len(seen["buildings"]), seen["facilities"], seen["overlays"]) == (buildings, facilities, overlays)
    for name, found in seen.items():
        given = json.loads(plan_features(session, asking, plan, name))["features"]
        assert {feature["id"] for feature in given} == found
        assert plan_row(session, asking, plan, name, "H-Z1-C2-1") is None


@pytest.mark.parametrize(
    ("role", "name", "phone"),
    [("grid_owner", True, True), ("admin", True, True), ("resident", False, False), ("analyst", False, False)],
)
def test_who_holds_a_grid_and_his_phone(
    role: str, name: bool, phone: bool, session: Session, viewer: Seen, plan: Plan
) -> None:
    asking = viewer(role, "Z1-C1-1")
    grids = atlas.layer(session, asking, plan, "grids").set_index("code")
    expected = [("grid_owner", "P-Z1-C1-1"), ("supervisor", "P-Z1-C1"), ("coordinator", "P-Z1")]
    held = [tuple(grids.loc[code, ["owner_role", "owner"]]) for code in ("Z1-C1-1", "Z1-C1", "Z1")]
    assert held == (expected if name else [(None, None)] * 3)
    assert set(grids["phone"]) == ({"13800000000"} if phone else {None})


def test_people_are_those_with_a_post_in_ones_part_of_the_tree_or_for_all_of_it(
    session: Session, viewer: Seen, plan: Plan
) -> None:
    found = {person["code"] for person in people_seen(session, viewer("grid_owner", "Z1-C1-1"), plan)}
    assert found == {"P-Z1-C1-1", "P-Z1-C1", "P-Z1", "DEP", "GUS", "DIS", "TOM"}


def test_what_is_remembered_of_a_layer_holds_until_something_changes(
    session: Session, site: Site, codes: dict[str, str], plan: Plan
) -> None:
    issues, ground = stamp_of_issues(session), stamp_of_plan(session, plan)
    Desk(session, site).report(pd.DataFrame([{"lon": spot(1, 1)[0], "lat": spot(1, 1)[1]}]), NOW, "desk")
    assert stamp_of_issues(session) != issues
    assert stamp_of_plan(session, plan) == ground
    session.execute(text("update grid set name = 'another' where code = 'Z1'"))
    assert stamp_of_plan(session, plan) != ground


def test_an_overlay_is_drawn_while_it_holds(session: Session, site: Site, viewer: Seen, plan: Plan) -> None:
    session.execute(text("update overlay set valid_to = :at where code = 'CLUB'"), {"at": NOW})
    drawn = atlas.layer(session, viewer("admin", whole=True), plan, "overlays")
    before = atlas.layer(session, viewer("admin", whole=True), replace(plan, at=NOW - timedelta(hours=1)), "overlays")
    assert (set(drawn["code"]), set(before["code"])) == ({"KEY"}, {"CLUB", "KEY"})
