"""Drafts: drawn upon without touching what is in force, and published as they were shown."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.findings import Acceptance
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import (
    ConflictError,
    FieldError,
    ForbiddenError,
    GridmapError,
    InputError,
    NotFoundError,
    RefusedError,
)
from gridmap.operations import drafts, redrawing
from gridmap.operations.issues import Desk
from gridmap.operations.redrawing import Changes, Drawn, Sheet
from gridmap.spatial.coordinates import LATTICE
from gridmap.storage import places
from tests.estate import STEP, cell, grids, spot
from tests.operations.conftest import NOW

LATER = NOW + timedelta(days=30)
UNIT = 2.0**-24


def coordinator(site: Site) -> Viewer:
    return Viewer(2, "north", "coordinator", site.id, site.code, ("Z1",))


@pytest.fixture
def head(estate: Site) -> Viewer:
    return Viewer(1, "head", "head", estate.id, estate.code)


def sheet(roots: tuple[str, ...] | None = None) -> Sheet:
    frame = grids().assign(households=None, codes=None)
    return Sheet(frame, 3, 32651, roots)


def leaf(of: Sheet, code: str) -> Any:
    return of.leaves.set_index("code").geometry[code]


# ---------------------------------------------------------------- the pen


corners = st.tuples(st.integers(0, 4), st.integers(0, 4))
shifts = st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000))


@given(st.lists(st.tuples(corners, shifts), min_size=1, max_size=6))
@settings(max_examples=60)
def test_whatever_corners_are_moved_neighbours_keep_their_common_edges(moves: list[Any]) -> None:
    drawn = sheet()
    at: dict[Any, Any] = {}
    for corner, shift in moves:
        start = at.get(corner, spot(*corner))
        home = spot(*corner)
        end = (home[0] + shift[0] * UNIT, home[1] + shift[1] * UNIT)
        if end == start:
            continue
        drawn, at[corner] = redrawing.redrawn(drawn, Changes(moves=((start, end),))), end
    shapes = drawn.leaves.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    whole: Any = shapely.union_all(shapes)
    assert shapely.area(shapes).sum() == pytest.approx(whole.area, abs=1e-18)
    assert not len(whole.interiors)
    for tier in (1, 2):
        upper = drawn.grids[drawn.grids["tier"] == tier]
        for code, shape in zip(upper["code"], upper.geometry, strict=True):
            own = drawn.grids[drawn.grids["parent"] == code].geometry.to_numpy()
            assert shapely.symmetric_difference(shape, shapely.union_all(own)).area == 0
    on_lattice = shapely.get_coordinates(drawn.grids.geometry.to_numpy()) / LATTICE
    assert (on_lattice == np.round(on_lattice)).all()


@given(st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=20)
def test_a_grid_divided_and_joined_again_has_the_ground_it_had(south: int, north: int) -> None:
    drawn = sheet()
    line = shapely.LineString([spot(south / 10, -0.1), spot(north / 10, 1.1)])
    parts = redrawing.redrawn(drawn, redrawing.split(drawn, "Z1-C1-1", line))
    new = set(parts.leaves["code"]) - set(drawn.leaves["code"])
    assert new == {"Z1-C1-5"}
    whole = redrawing.redrawn(parts, redrawing.merge(parts, ["Z1-C1-1", *new]))
    shift = shapely.symmetric_difference(leaf(whole, "Z1-C1-1"), leaf(drawn, "Z1-C1-1")).area
    assert shift < 1e-12
    assert set(whole.leaves["code"]) == set(drawn.leaves["code"])


def test_a_corner_drawn_on_an_edge_is_the_neighbours_corner_too() -> None:
    drawn = sheet()
    nose = shapely.Polygon([spot(0, 0), spot(1, 0), spot(1, 0.5), spot(1, 1), spot(0, 1), spot(0, 0)])
    after = redrawing.redrawn(drawn, Changes((Drawn("Z1-C1-1", shape=nose),)))
    assert [*spot(1, 0.5)] in shapely.get_coordinates(leaf(after, "Z1-C1-2")).tolist()


def test_a_corner_drawn_beside_a_neighbours_is_that_corner() -> None:
    drawn, near = sheet(), 3 * UNIT
    beside = shapely.transform(leaf(drawn, "Z1-C1-1"), lambda at: at + near)
    after = redrawing.redrawn(drawn, Changes((Drawn("Z1-C1-1", shape=beside),)))
    assert [*spot(1, 1)] in shapely.get_coordinates(leaf(after, "Z1-C1-1")).tolist()


def test_a_grid_that_is_carved_out_takes_its_ground_from_the_others() -> None:
    drawn = sheet()
    after = redrawing.redrawn(drawn, redrawing.carve(drawn, cell(0.5, 0, 0.75, 1)))
    assert leaf(after, "Z1-C1-1").area == pytest.approx(STEP**2 / 2)
    assert leaf(after, "Z1-C1-2").area == pytest.approx(STEP**2 * 0.75)
    assert after.parents["Z1-C1-5"] == "Z1-C1"
    assert shapely.area(after.leaves.geometry.to_numpy()).sum() == pytest.approx(16 * STEP**2)


def test_a_grid_whose_ground_is_carved_away_is_gone() -> None:
    after = redrawing.redrawn(sheet(), redrawing.carve(sheet(), cell(0, 0, 1, 1)))
    assert "Z1-C1-1" not in set(after.leaves["code"])


def test_a_parent_goes_with_its_last_child() -> None:
    gone = tuple(f"Z1-C1-{n}" for n in (1, 2, 3, 4))
    after = redrawing.redrawn(sheet(), Changes(removed=gone))
    assert "Z1-C1" not in after.parents
    assert "Z1" in after.parents


def test_a_new_code_is_one_that_no_grid_ever_had() -> None:
    drawn = sheet()
    drawn = Sheet(drawn.grids, 3, 32651, None, frozenset({"Z1-C1-7"}))
    line = shapely.LineString([spot(0.5, -1), spot(0.5, 2)])
    assert [each.code for each in redrawing.split(drawn, "Z1-C1-1", line).drawn] == ["Z1-C1-1", "Z1-C1-8"]


def test_what_cannot_be_drawn_is_refused() -> None:
    drawn = sheet()
    with pytest.raises(InputError, match="does not divide"):
        redrawing.split(drawn, "Z1-C1-1", shapely.LineString([spot(0.2, 0.2), spot(0.4, 0.4)]))
    with pytest.raises(InputError, match="do not touch"):
        redrawing.merge(drawn, ["Z1-C1-1", "Z2-C2-4"])
    with pytest.raises(FieldError, match="two grids"):
        redrawing.merge(drawn, ["Z1-C1-1", "Z1-C1-1"])
    with pytest.raises(NotFoundError, match="no grid NONE"):
        redrawing.merge(drawn, ["NONE", "Z1-C1-1"])
    with pytest.raises(FieldError, match="no grid has a corner"):
        redrawing.redrawn(drawn, Changes(moves=(((0.0, 0.0), (1.0, 1.0)),)))
    with pytest.raises(FieldError, match="needs its ground"):
        redrawing.redrawn(drawn, Changes((Drawn("Z1-C1-9"),)))


def test_whoever_directs_a_part_divides_his_own_ground_alone() -> None:
    his = sheet(("Z1",))
    inner = Changes(moves=((spot(1, 1), spot(1.2, 1.1)),))
    assert leaf(redrawing.redrawn(his, inner), "Z1-C1-1").area > STEP**2
    for beyond in (
        Changes(moves=((spot(1, 2), spot(1.2, 2.1)),)),
        Changes(moves=((spot(0, 0), spot(0.2, 0.1)),)),
        Changes(removed=("Z1-C1-1",)),
        Changes(removed=("Z2-C1-1",)),
        Changes((Drawn("Z2-C1-1", name="mine", shape=cell(0, 2, 0.5, 1)),)),
    ):
        with pytest.raises(ForbiddenError, match="beyond your ground"):
            redrawing.redrawn(his, beyond)
    with pytest.raises(ForbiddenError, match="not on your ground"):
        redrawing.merge(his, ["Z2-C1-1", "Z2-C1-2"])


# ---------------------------------------------------------------- the draft


def report(session: Session, site: Site, *places_: tuple[float, float]) -> list[str]:
    rows = [{"lon": lon, "lat": lat, "category": "lift"} for lon, lat in places_]
    return Desk(session, site).report(pd.DataFrame(rows), NOW, "test").stored["code"].tolist()


def in_force(session: Session, site: Site) -> gpd.GeoDataFrame:
    edition = places.edition_in_force(session, site.id, LATER)
    assert edition is not None
    return places.grids(session, edition.id)


# The line between Z1-C1-1 and Z1-C1-2 a quarter of a cell to the west: the strip goes to the east, no house is cut.
STRIP = Changes(moves=((spot(1, 0), spot(0.75, 0)), (spot(1, 1), spot(0.75, 1))))


def test_a_draft_begins_as_what_is_in_force(session: Session, estate: Site, head: Viewer) -> None:
    number = drafts.begin(session, estate, head, NOW, "the east is too small")
    found = drafts.opened(session, estate, head, number, NOW)
    current = in_force(session, estate)
    assert found.version == 1
    assert found.sheet.grids["code"].tolist() == current["code"].tolist()
    assert (shapely.normalize(found.sheet.grids.geometry) == shapely.normalize(redrawing.plain(current.geometry))).all()
    looked = drafts.look(session, estate, head, number, Changes(), NOW)
    assert [each for each in looked.findings if each.severity == "error"] == []
    assert looked.follows.moves() == []
    assert looked.follows.balance() == []


def test_what_is_shown_to_move_is_what_publishing_moves(session: Session, estate: Site, head: Viewer) -> None:
    codes = report(session, estate, spot(0.9, 0.1), spot(0.1, 0.1), spot(1.5, 0.5), spot(3.7, 3.7))
    number = drafts.begin(session, estate, head, NOW)
    looked = drafts.look(session, estate, head, number, STRIP, LATER)
    shown = looked.follows.moves()
    assert [(each["from"]["grid"], each["to"]["grid"], each["issues"]) for each in shown] == [
        ("Z1-C1-1", "Z1-C1-2", [codes[0]])
    ]
    assert shown[0]["to"]["person"] == {"code": "P-Z1-C1-2", "name": "name of P-Z1-C1-2"}
    version = drafts.save(session, estate, head, number, STRIP, NOW, version=1)
    published, moves = drafts.publish(session, estate, head, number, LATER, version=version)
    assert moves == shown
    assert published.moved == 1
    owner = session.execute(text("select owner_grid from issue where code = :code"), {"code": codes[0]}).scalar_one()
    assert owner == "Z1-C1-2"


def test_a_draft_never_changes_what_is_in_force(session: Session, estate: Site, head: Viewer) -> None:
    before = in_force(session, estate)
    issues = report(session, estate, spot(0.9, 0.1))
    number = drafts.begin(session, estate, head, NOW)
    drafts.look(session, estate, head, number, STRIP, NOW)
    drafts.save(session, estate, head, number, STRIP, NOW, version=1)
    after = in_force(session, estate)
    assert before.equals(after)
    owners = session.execute(text("select code, owner_grid from issue")).all()
    assert [tuple(row) for row in owners] == [(issues[0], "Z1-C1-1")]


@given(move=st.tuples(corners, shifts))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_move_shows_the_issues_that_publishing_moves(
    session: Session, estate: Site, head: Viewer, move: Any
) -> None:
    (column, row), shift = move
    if shift == (0, 0):
        return
    with session.begin_nested() as undone:
        report(session, estate, *[spot(c + dx, r + dy) for c in range(4) for r in range(4) for dx, dy in NOOKS])
        number = drafts.begin(session, estate, head, NOW)
        start = spot(column, row)
        end = (start[0] + shift[0] * UNIT, start[1] + shift[1] * UNIT)
        version = drafts.save(session, estate, head, number, Changes(moves=((start, end),)), NOW, version=1)
        shown = sum(len(each["issues"]) for each in drafts.look(
            session, estate, head, number, Changes(), LATER).follows.moves())  # fmt: skip
        published, _ = drafts.publish(
            session, estate, head, number, LATER, version=version,
            acceptances=[Acceptance("cut-building"), Acceptance("given-up")],
        )  # fmt: skip
        assert published.moved == shown
        undone.rollback()


NOOKS = ((0.02, 0.02), (0.1, 0.9), (0.5, 0.5), (0.97, 0.6))


def test_gaps_overlaps_and_cut_houses_are_found_while_drawing(session: Session, estate: Site, head: Viewer) -> None:
    number = drafts.begin(session, estate, head, NOW)

    def found(*shapes: tuple[str, Any]) -> set[tuple[str, str]]:
        changes = Changes(tuple(Drawn(code, shape=shape) for code, shape in shapes))
        looked = drafts.look(session, estate, head, number, changes, NOW)
        return {(each.check, each.codes[0]) for each in looked.findings if each.severity == "error"}

    inner = cell(1, 1)
    assert found(("Z1-C1-4", cell(1, 1, 0.9, 1))) == {("gap", "Z1-C1-2")}
    assert found(("Z1-C1-4", cell(0.8, 1, 1.2, 1))) == {("overlap", "Z1-C1-3")}
    cut = {("cut-building", "H-Z1-C1-3")}
    assert found(("Z1-C1-4", cell(0.5, 1, 1.5, 1)), ("Z1-C1-3", cell(0, 1, 0.5, 1))) == cut
    bow = shapely.Polygon([spot(1, 1), spot(2, 2), spot(2, 1), spot(1, 2)])
    assert ("invalid-geometry", "Z1-C1-4") in found(("Z1-C1-4", bow))
    assert found(("Z1-C1-4", inner)) == set()


# Corners in and around the estate, some of them all but upon each other, and one at the end of the world.
odd = st.sampled_from(
    [*(spot(c, r) for c in (0, 1, 1.5, 2, 4) for r in (0, 1, 2.5, 4)), spot(1 + 1e-6, 1), spot(9, 9), (-179.9, 89.9)]
)
odd_rings = st.lists(odd, min_size=3, max_size=7)


@given(ring=odd_rings, line=st.lists(odd, min_size=2, max_size=4))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_drawing_is_beyond_the_checks(
    session: Session, estate: Site, head: Viewer, ring: list[Any], line: list[Any]
) -> None:
    """What is drawn is looked at, or refused in words."""
    with session.begin_nested() as undone:
        number = drafts.begin(session, estate, head, NOW)
        drawn = drafts.opened(session, estate, head, number, NOW).sheet
        shape = shapely.Polygon([*ring, ring[0]])
        acts = (
            lambda: Changes((Drawn("Z1-C1-4", shape=shape),)),
            lambda: Changes((Drawn("NEW", shape=shape),), ("Z1-C1-1",)),
            lambda: redrawing.carve(drawn, shape),
            lambda: redrawing.split(drawn, "Z1-C1-1", shapely.LineString(line)),
        )
        for act in acts:
            with suppress(GridmapError):
                looked = drafts.look(session, estate, head, number, act(), NOW)
                assert all(drafts.finding_as_json(each)["text"] for each in looked.findings)
        undone.rollback()


def test_one_gap_is_told_once_though_every_tier_has_it(session: Session, estate: Site, head: Viewer) -> None:
    number = drafts.begin(session, estate, head, NOW)
    changes = Changes((Drawn("Z1-C1-4", shape=cell(1, 1, 0.9, 1)),))
    looked = drafts.look(session, estate, head, number, changes, NOW)
    assert [(each.check, each.tier) for each in looked.findings if each.check == "gap"] == [("gap", 3)]


def test_buildings_go_with_their_ground(session: Session, estate: Site, head: Viewer) -> None:
    session.execute(text("update building set grid_code = substr(code, 3), households = 40"))
    number = drafts.begin(session, estate, head, NOW)
    merged = redrawing.merge(drafts.opened(session, estate, head, number, NOW).sheet, ["Z1-C1-1", "Z1-C1-2"])
    looked = drafts.look(session, estate, head, number, merged, LATER)
    assert [each.check for each in looked.findings if each.severity == "error"] == []
    told = looked.follows.moves()
    assert [(each["buildings"], each["households"]) for each in told] == [(["H-Z1-C1-2"], 40)]
    balance = {each["person"]["code"]: each for each in looked.follows.balance()}
    assert balance["P-Z1-C1-2"]["after"] == {"grids": 0, "households": 0, "issues": 0}
    assert balance["P-Z1-C1-1"]["after"]["households"] == balance["P-Z1-C1-1"]["before"]["households"] + 40
    version = drafts.save(session, estate, head, number, merged, NOW, version=1)
    drafts.publish(session, estate, head, number, LATER, version=version)
    named = session.execute(text("select grid_code from building where code = 'H-Z1-C1-2'")).scalar_one()
    assert named == "Z1-C1-1"


def test_a_new_grid_that_nobody_answers_for_is_accepted_by_name_or_refused(
    session: Session, estate: Site, head: Viewer
) -> None:
    number = drafts.begin(session, estate, head, NOW)
    opened = drafts.opened(session, estate, head, number, NOW)
    line = shapely.LineString([spot(0.2, -0.1), spot(0.2, 1.1)])
    changes = redrawing.split(opened.sheet, "Z1-C1-1", line)
    version = drafts.save(session, estate, head, number, changes, NOW, version=1)
    with pytest.raises(RefusedError, match="nobody-in-charge:Z1-C1-5"):
        drafts.publish(session, estate, head, number, LATER, version=version)
    accepted = [Acceptance.parse("nobody-in-charge:Z1-C1-5")]
    drafts.publish(session, estate, head, number, LATER, version=version, acceptances=accepted)
    assert "Z1-C1-5" in set(in_force(session, estate)["code"])


def test_what_somebody_else_saved_is_not_written_over(session: Session, estate: Site, head: Viewer) -> None:
    number = drafts.begin(session, estate, head, NOW)
    assert drafts.save(session, estate, head, number, STRIP, NOW, version=1) == 2
    with pytest.raises(ConflictError, match="saved by head meanwhile"):
        drafts.save(session, estate, head, number, STRIP, NOW, version=1)
    with pytest.raises(ConflictError, match="version 2"):
        drafts.publish(session, estate, head, number, LATER, version=1)


def test_a_draft_with_faults_is_kept_but_not_published(session: Session, estate: Site, head: Viewer) -> None:
    number = drafts.begin(session, estate, head, NOW)
    gap = Changes((Drawn("Z1-C1-4", shape=cell(1, 1, 0.9, 1)),))
    version = drafts.save(session, estate, head, number, gap, NOW, version=1)
    before = in_force(session, estate)
    with pytest.raises(RefusedError, match="1 x gap"):
        drafts.publish(session, estate, head, number, LATER, version=version)
    assert before.equals(in_force(session, estate))


def test_a_shape_that_is_none_is_not_even_kept(session: Session, estate: Site, head: Viewer) -> None:
    number = drafts.begin(session, estate, head, NOW)
    bow = shapely.Polygon([spot(1, 1), spot(2, 2), spot(2, 1), spot(1, 2)])
    with pytest.raises(RefusedError, match="crosses itself"):
        drafts.save(session, estate, head, number, Changes((Drawn("Z1-C1-4", shape=bow),)), NOW, version=1)


def test_a_draft_upon_an_older_edition_does_not_undo_a_newer_one_unseen(
    session: Session, estate: Site, head: Viewer
) -> None:
    first, second = (drafts.begin(session, estate, head, NOW) for _ in range(2))
    drafts.publish(session, estate, head, first, LATER, version=1)
    after = LATER + timedelta(days=1)
    with pytest.raises(RefusedError, match="would be undone"):
        drafts.publish(session, estate, head, second, after, version=1)
    drafts.publish(session, estate, head, second, after, version=1, over_newer=True)


def test_a_published_draft_is_no_draft_any_more(session: Session, estate: Site, head: Viewer) -> None:
    number = drafts.begin(session, estate, head, NOW)
    drafts.publish(session, estate, head, number, LATER, version=1)
    with pytest.raises(NotFoundError, match="no draft"):
        drafts.opened(session, estate, head, number, NOW)


def test_a_draft_is_thrown_away_by_whoever_began_it(session: Session, estate: Site, head: Viewer) -> None:
    number = drafts.begin(session, estate, head, NOW)
    with pytest.raises(ForbiddenError, match="not begun by you"):
        drafts.remove(session, estate, coordinator(estate), number, NOW)
    drafts.remove(session, estate, head, number, NOW)
    assert session.execute(text("select count(*) from edition where status = 'draft'")).scalar_one() == 0
    own = drafts.begin(session, estate, coordinator(estate), NOW)
    drafts.remove(session, estate, coordinator(estate), own, NOW)


def test_whoever_directs_a_part_hears_of_his_own_ground_alone(session: Session, estate: Site, head: Viewer) -> None:
    number = drafts.begin(session, estate, head, NOW)
    gap = Changes((Drawn("Z2-C1-4", shape=cell(1, 3, 0.9, 1)),))
    drafts.save(session, estate, head, number, gap, NOW, version=1)
    assert drafts.look(session, estate, coordinator(estate), number, Changes(), NOW).findings == []
    assert drafts.look(session, estate, head, number, Changes(), NOW).findings != []


def test_what_a_plan_loses_altogether_is_told(session: Session, estate: Site, head: Viewer) -> None:
    number = drafts.begin(session, estate, head, NOW)
    inward = Changes(moves=((spot(0, 0), spot(0.1, 0.1)),))
    ground = drafts.look(session, estate, head, number, inward, NOW).follows.ground()
    assert ground["gained_m2"] == 0
    assert ground["lost_m2"] > 900
