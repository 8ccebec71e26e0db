"""A plan is checked, published whole or not at all, and open issues follow the grids."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmap.domain.findings import Acceptance
from gridmap.domain.model import Site
from gridmap.errors import RefusedError
from gridmap.operations.checks import Checked, derive_parents_of
from gridmap.operations.issues import Desk
from gridmap.operations.publication import publish, publish_draft, take_over
from gridmap.storage import issues as stored_issues
from gridmap.storage import places
from tests.estate import PARK, STEP, Estate, cell, grids, spot
from tests.operations.conftest import NOW, Publisher

LATER = NOW + timedelta(days=30)


def counts(session: Session) -> dict[str, int]:
    tables = ("site", "edition", "grid", "building", "facility", "overlay", "person", "post", "issue", "issue_event")
    return {table: session.execute(text(f"select count(*) from {table}")).scalar_one() for table in tables}


def redrawn() -> Estate:
    """The estate with the line between cells Z1-C1-1 and Z1-C1-2 moved a quarter of a cell to the east."""
    estate = Estate()
    shapes = {"Z1-C1-1": cell(0, 0, 1.25, 1), "Z1-C1-2": cell(1.25, 0, 0.75, 1)}
    for code, shape in shapes.items():
        estate.grids.loc[estate.grids["code"] == code, "geometry"] = shape
    del estate.layers["buildings"]
    return estate


def test_a_redrawn_line_through_a_house_that_stands_is_found(estate: Site, published: Publisher) -> None:
    through_the_house = Estate()
    shapes = {"Z1-C1-1": cell(0, 0, 1.5, 1), "Z1-C1-2": cell(1.5, 0, 0.5, 1)}
    for code, shape in shapes.items():
        through_the_house.grids.loc[through_the_house.grids["code"] == code, "geometry"] = shape
    through_the_house.layers = {}
    with pytest.raises(RefusedError, match="1 x cut-building"):
        published(through_the_house, LATER)


def test_a_published_plan_is_in_the_store_whole(session: Session, published: Publisher) -> None:
    done = published()
    assert counts(session) == {
        "site": 1, "edition": 1, "grid": 22, "building": 15, "facility": 2, "overlay": 2, "person": 27, "post": 26,
        "issue": 0, "issue_event": 0,
    }  # fmt: skip
    assert (done.edition.status, done.edition.number, done.edition.leaf_tier) == ("published", 1, 3)
    stored = places.grids(session, done.edition.id).set_index("code")
    assert stored["parent"].to_dict() == grids().set_index("code")["parent"].to_dict()


def test_a_house_belongs_to_the_leaf_it_stands_in(session: Session, published: Publisher) -> None:
    published()
    query = "select b.code, a.grid_code from allotment a join building b on b.id = building_id"
    rows = session.execute(text(query)).all()
    assert len(rows) == 15
    assert all(code == f"H-{grid}" for code, grid in rows)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda shape: shape.buffer(STEP / 10, join_style="mitre"), "overlap"),
        (lambda shape: shape.buffer(-STEP / 10, join_style="mitre"), "gap"),
    ],
)
def test_an_error_refuses_the_publication_and_leaves_the_store_as_it_was(
    session: Session, published: Publisher, change: Callable[[shapely.Polygon], shapely.Polygon], check: str
) -> None:
    before, estate = counts(session), Estate()
    estate.grids.loc[5, "geometry"] = change(estate.grids.loc[5, "geometry"])
    with pytest.raises(RefusedError, match=check):
        published(estate)
    assert counts(session) == before


def test_an_error_accepted_by_name_is_published_and_remembered(session: Session, published: Publisher) -> None:
    estate = Estate(plan='[plan]\naccept = ["nobody-in-charge:Z1-C1-1"]')
    posts = estate.layers["posts"]
    estate.layers["posts"] = posts[posts["grid"] != "Z1-C1-1"]
    assert published(estate).edition.accepted == [{"check": "nobody-in-charge", "codes": ["Z1-C1-1"]}]


def test_accepting_one_grids_error_does_not_accept_anothers(published: Publisher) -> None:
    estate = Estate(plan='[plan]\naccept = ["nobody-in-charge:Z1-C1-2"]')
    posts = estate.layers["posts"]
    estate.layers["posts"] = posts[posts["grid"] != "Z1-C1-1"]
    with pytest.raises(RefusedError, match="1 x nobody-in-charge"):
        published(estate)


@pytest.mark.parametrize(
    ("layer", "column", "value", "check"),
    [
        ("posts", "role", "king", "wrong-value"),
        ("posts", "person", "NOBODY", "unknown-person"),
        ("posts", "grid", "Z9", "unknown-grid"),
        ("facilities", "grid", "Z9", "unknown-grid"),
        ("facilities", "state", "fine", "wrong-value"),
        ("facilities", "warranty_until", "soon", "wrong-value"),
        ("overlays", "keeper", "NOBODY", "unknown-person"),
        ("buildings", "code", "H-Z1-C1-2", "duplicate-code"),
        ("people", "code", "DIS", "duplicate-code"),
    ],
)
def test_what_is_named_wrongly_is_found(
    checked: Callable[..., Checked], layer: str, column: str, value: str, check: str
) -> None:
    estate = Estate()
    frame = estate.layers[layer]
    frame[column] = frame[column].astype(object) if column in frame else pd.Series([None] * len(frame), dtype=object)
    frame.loc[frame.index[0], column] = value
    assert check in {finding.check for finding in checked(estate).errors}


def test_two_owners_of_one_grid_at_once_are_found_and_one_after_the_other_are_not(
    checked: Callable[..., Checked],
) -> None:
    estate = Estate()
    second = {"role": "grid_owner", "grid": "Z1-C1-1", "person": "DEP", "valid_from": "2026-07-01"}
    estate.layers["posts"] = pd.concat([estate.layers["posts"], pd.DataFrame([second])], ignore_index=True)
    assert [finding.check for finding in checked(estate).errors] == ["two-in-charge"]
    owners = estate.layers["posts"]
    owners.loc[(owners["grid"] == "Z1-C1-1") & (owners["person"] != "DEP"), "valid_to"] = "2026-07-01"
    assert checked(estate).errors == []


def test_national_codes_are_checked_only_where_the_plan_says_so(checked: Callable[..., Checked]) -> None:
    assert checked().errors == []
    errors = checked(Estate(plan='[plan]\nnational_division = "310115"')).errors
    assert {finding.check for finding in errors} == {"national-code"}
    assert len(errors) == 22


def test_a_missing_parent_is_derived_from_where_the_grid_lies(published: Publisher) -> None:
    estate = Estate()
    expected = estate.grids["parent"].tolist()
    estate.grids["parent"] = None
    assert derive_parents_of(estate.grids).tolist() == expected


def test_a_draft_keeps_its_grids_and_changes_nothing_until_it_is_published(
    session: Session, estate: Site, published: Publisher
) -> None:
    before = counts(session)
    draft = published(redrawn(), LATER, draft=True)
    after = counts(session)
    assert {table for table in after if after[table] != before[table]} == {"edition", "grid"}
    assert draft.edition.status == "draft"
    publish_draft(session, estate, 2, LATER)
    assert [row for (row,) in session.execute(text("select status from edition order by number"))] == [
        "retired",
        "published",
    ]


def test_a_draft_is_checked_again_on_the_day_it_is_put_in_force(
    session: Session, estate: Site, published: Publisher
) -> None:
    published(None, LATER, draft=True)
    session.execute(text("delete from post where grid_code = 'Z1-C1-1'"))
    with pytest.raises(RefusedError, match="1 x nobody-in-charge"):
        publish_draft(session, estate, 2, LATER)
    publish_draft(session, estate, 2, LATER, acceptances=[Acceptance.parse("nobody-in-charge:Z1-C1-1")])


def test_a_plan_that_takes_the_grid_of_a_level_away_is_found(estate: Site, published: Publisher) -> None:
    merged = Estate()
    merged.grids.loc[merged.grids["code"] == "Z2-C2-3", "geometry"] = cell(2, 3, 2, 1)
    merged.grids = merged.grids[merged.grids["code"] != PARK]
    merged.layers = {}
    with pytest.raises(RefusedError, match="1 x unknown-grid"):
        published(merged, LATER)


def test_a_new_edition_retires_the_one_before_with_its_dates(
    session: Session, estate: Site, published: Publisher
) -> None:
    published(redrawn(), LATER)
    rows = session.execute(text("select status, valid_from, valid_to from edition order by number")).all()
    assert rows[0][0] == "retired"
    assert rows[0][2] == rows[1][1] == LATER
    assert rows[1][0] == "published"
    assert rows[1][2] is None


def test_an_edition_cannot_begin_before_the_one_in_force(session: Session, estate: Site, published: Publisher) -> None:
    published(redrawn(), LATER)
    with pytest.raises(RefusedError, match="must begin later"):
        published(Estate(plan="[plan]\nvalid_from = 2026-01-01"), LATER)


def test_an_edition_dated_ahead_gives_way_to_one_that_begins_before_it(
    session: Session, estate: Site, published: Publisher
) -> None:
    ahead = redrawn()
    ahead.plan = "[plan]\nvalid_from = 2030-01-01"
    published(ahead, LATER)
    published(None, LATER + timedelta(days=1))
    rows = session.execute(text("select number, status, valid_to is null from edition order by number")).all()
    assert [tuple(row) for row in rows] == [(1, "retired", False), (2, "draft", True), (3, "published", True)]
    publish_draft(session, estate, 2, LATER + timedelta(days=2), valid_from=LATER + timedelta(days=3))
    query = "select valid_to from edition where number = 3"
    assert session.execute(text(query)).scalar_one() == LATER + timedelta(days=3)


def test_a_layer_loaded_again_without_a_column_keeps_what_it_held(
    session: Session, estate: Site, published: Publisher
) -> None:
    session.execute(text("update facility set maker = 'ACME', state = 'degraded' where code = 'PUMP'"))
    published(None, LATER)
    row = session.execute(text("select maker, state, warranty_until::text from facility where code = 'PUMP'")).one()
    assert tuple(row) == ("ACME", "degraded", "2030-01-01")


def test_a_site_keeps_the_system_it_was_first_measured_in(published: Publisher, estate: Site) -> None:
    other = Estate()
    other.plan = "[plan]"
    with pytest.raises(RefusedError, match="EPSG:32651 since its first plan, not in EPSG:4549"):
        published(other, LATER, metric_epsg=4549)


def test_an_edition_dated_ahead_takes_over_on_its_day(session: Session, estate: Site, published: Publisher) -> None:
    report(session, estate, (1.1, 0.5))
    published_ahead = redrawn()
    published_ahead.plan = "[plan]\nvalid_from = 2026-06-15"
    done = published(published_ahead, LATER)
    assert (done.moved, done.kept) == (0, 1)
    assert take_over(session, estate, datetime(2026, 6, 14, tzinfo=UTC)) == (0, 0)
    assert take_over(session, estate, datetime(2026, 6, 16, tzinfo=UTC)) == (1, 0)
    assert len(stored_issues.misrouted(session, datetime(2026, 6, 16, tzinfo=UTC))) == 0


def report(session: Session, site: Site, *spots: tuple[float, float], **known: object) -> pd.DataFrame:
    lon, lat = zip(*(spot(*each) for each in spots), strict=True)
    points = pd.DataFrame({"lon": lon, "lat": lat, "reported_at": NOW, **known})
    return Desk(session, site).report(points, NOW, "test").stored


def test_open_issues_move_with_a_line_of_history_and_closed_ones_keep_theirs(
    session: Session, estate: Site, published: Publisher
) -> None:
    report(session, estate, (1.1, 0.5), (1.9, 0.5))
    report(session, estate, (1.1, 0.5), status="closed", closed_at=NOW + timedelta(hours=1))
    done = published(redrawn(), LATER)
    assert (done.moved, done.kept) == (1, 1)
    grids_now = session.execute(
        text(
            """select g.code, e.number from issue i join grid g on g.id = i.grid_id
               join edition e on e.id = i.edition_id order by i.id"""
        )
    ).all()
    assert [tuple(row) for row in grids_now] == [("Z1-C1-1", 2), ("Z1-C1-2", 2), ("Z1-C1-2", 1)]
    line = session.execute(text("select at, data from issue_event where action = 'reroute'")).one()
    assert line.at == LATER
    assert line.data == {
        "why": "edition",
        "from": {"grid": "Z1-C1-2", "role": "grid_owner", "post": "Z1-C1-2", "person": "P-Z1-C1-2"},
        "to": {"grid": "Z1-C1-1", "role": "grid_owner", "post": "Z1-C1-1", "person": "P-Z1-C1-1"},
    }
    assert len(stored_issues.misrouted(session, LATER)) == 0


def test_the_promise_would_be_seen_to_break(session: Session, estate: Site, published: Publisher) -> None:
    report(session, estate, (1.1, 0.5))
    other = "update issue set grid_id = (select id from grid where code = 'Z2-C2-4')"
    session.execute(text(other))
    assert len(stored_issues.misrouted(session, NOW)) == 1


def test_history_cannot_be_changed_or_deleted(session: Session, estate: Site) -> None:
    report(session, estate, (0.5, 0.5))
    for attempt in ("update issue_event set note = 'x'", "delete from issue_event"):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(text(attempt))


def test_an_open_issues_owner_changes_when_its_post_is_given_to_another(
    session: Session, estate: Site, published: Publisher
) -> None:
    report(session, estate, (0.1, 0.1))
    changed = Estate()
    posts = changed.layers["posts"]
    posts.loc[posts["grid"] == "Z1-C1-1", "person"] = "GUS"
    assert published(changed, LATER).moved == 1
    rows = session.execute(text("select p.code, post.valid_to from post join person p on p.id = person_id "
                                "where grid_code = 'Z1-C1-1' order by post.id")).all()  # fmt: skip
    assert [tuple(row) for row in rows] == [("P-Z1-C1-1", LATER), ("GUS", None)]


def test_what_was_reported_under_an_old_edition_is_looked_up_in_it(
    session: Session, estate: Site, published: Publisher
) -> None:
    published(redrawn(), LATER)
    lon, lat = spot(1.1, 0.5)
    points = pd.DataFrame({"lon": [lon, lon], "lat": [lat, lat], "reported_at": [NOW, LATER]})
    assert Desk(session, estate).route(points, LATER).routed["grid"].tolist() == ["Z1-C1-2", "Z1-C1-1"]


def test_the_same_plan_twice_changes_no_owner(session: Session, estate: Site, checked: Callable[..., Checked]) -> None:
    report(session, estate, (0.1, 0.1), (2.3, 3.2))
    done = publish(session, checked(None, LATER), LATER)
    assert (done.moved, done.kept) == (0, 2)
    assert done.written["posts"] == {"added": 0, "ended": 0}
    assert done.written["buildings"] == {"added": 0, "changed": 15}


def test_acceptance_of_a_check_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(Exception, match="no check is called 'moon'"):
        Acceptance.parse("moon:A")
