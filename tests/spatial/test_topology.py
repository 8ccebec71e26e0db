"""What a plan of grids is checked for, and what is put right without asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from gridmap.spatial.measures import areas
from gridmap.spatial.topology import (
    align_parents,
    check_buildings,
    check_grids,
    cut_buildings,
    derive_parents,
    duplicate_codes,
    gaps,
    grid_of_buildings,
    invalid_rings,
    outside_parent,
    overlaps,
    snap_to_lattice,
)

if TYPE_CHECKING:
    from pathlib import Path

UTM51 = 32651
LON, LAT = 121.484375, 31.234375  # on the lattice
STEP = 2.0**-24
METRE = STEP * 152  # about, at the equator
SIDE = 2.0**-10  # about 93 by 108 metres
CELL_M2 = 10_000


def grids(
    shapes: list[object], codes: list[str] | None = None, tier: int = 3, parent: object = None
) -> gpd.GeoDataFrame:
    codes = codes or [f"G{i}" for i in range(len(shapes))]
    columns = {"code": codes, "name": codes, "tier": tier, "parent": parent}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def plan(*tiers: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.concat(tiers, ignore_index=True), crs=4326)


def cell(column: float, row: float, width: float = 1, height: float = 1) -> Polygon:
    """A rectangle in cells from the corner of the test's ground."""
    west, south = LON + column * SIDE, LAT + row * SIDE
    return box(west, south, west + width * SIDE, south + height * SIDE)


def corners(seed: int, size: int, jitter: float = 0.2) -> np.ndarray:
    """A net of (size + 1)^2 corners on the lattice, those inside shaken."""
    rng = np.random.default_rng(seed)
    net = np.stack(np.meshgrid(np.arange(size + 1.0), np.arange(size + 1.0), indexing="ij"), axis=-1)
    net[1:-1, 1:-1] += rng.uniform(-jitter, jitter, (size - 1, size - 1, 2))
    return np.rint((net * SIDE + (LON, LAT)) / STEP) * STEP


def quad(net: np.ndarray, i: int, j: int) -> Polygon:
    return Polygon([net[i, j], net[i + 1, j], net[i + 1, j + 1], net[i, j + 1]])


def partition(seed: int, size: int = 4) -> gpd.GeoDataFrame:
    """Three tiers: quadrangles, blocks of four, and the whole."""
    net = corners(seed, size)
    places = [(i, j) for i in range(size) for j in range(size)]
    leaves = gpd.GeoDataFrame(
        {"code": [f"c{i}{j}" for i, j in places], "parent": [f"b{i // 2}{j // 2}" for i, j in places]},
        geometry=[quad(net, i, j) for i, j in places],
        crs=4326,
    ).assign(tier=3)
    blocks = leaves.dissolve("parent").reset_index()[["parent", "geometry"]].rename(columns={"parent": "code"})
    whole = grids([shapely.union_all(leaves.geometry.to_numpy())], ["a"], tier=1)
    return plan(whole, blocks.assign(tier=2, parent="a"), leaves).assign(name="")


def kinds(findings: list) -> list[tuple[str, str]]:
    return [(finding.check, finding.severity) for finding in findings]


class TestRows:
    @pytest.mark.parametrize(
        ("shape", "check", "words"),
        [
            (None, "empty-geometry", "grid G0 has no shape"),
            (Polygon(), "empty-geometry", "grid G0 has no shape"),
            (Point(1, 2), "wrong-geometry", "grid G0 is a Point, grids are areas"),
            (Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "invalid-geometry", "crosses itself at 0.500000, 0.500000"),
            (
                Polygon([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)]),
                "invalid-geometry",
                "the ring touches itself at 2.000000, 0.000000",
            ),
            (Polygon([(0, 0), (1, 0), (0, 0)]), "invalid-geometry", "fewer than three corners at 0.000000"),
            (
                Polygon(box(0, 0, 1, 1).exterior, [box(2, 2, 3, 3).exterior.coords]),
                "invalid-geometry",
                "a hole lies outside at 3.000000",
            ),
            (MultiPolygon([box(0, 0, 2, 2), box(1, 1, 3, 3)]), "invalid-geometry", "crosses itself at"),
        ],
    )
    def test_a_row_with_an_unfit_shape_is_told_with_the_place(self, shape: object, check: str, words: str) -> None:
        [finding] = invalid_rings(grids([shape]), "grids")
        assert (finding.check, finding.severity, finding.codes, finding.tier) == (check, "error", ("G0",), 3)
        assert words in finding.message

    def test_a_coordinate_that_is_no_number_has_no_place(self) -> None:
        with np.errstate(invalid="ignore"):
            ring = Polygon([(0, 0), (1, 0), (float("nan"), 1), (0, 0)])
        [finding] = invalid_rings(grids([ring]), "grids")
        assert finding.message == "grid G0: a coordinate is not a number"
        assert finding.geometry is None

    def test_a_facility_may_be_a_point_or_a_line(self) -> None:
        assert invalid_rings(grids([Point(1, 2), shapely.LineString([(0, 0), (1, 1)])]), "facilities") == []

    def test_a_wild_ring_of_three_thousand_corners_is_told_and_not_repaired(self) -> None:
        wild = Polygon(np.random.default_rng(1).random((3000, 2)))
        assert kinds(invalid_rings(grids([wild]), "grids")) == [("invalid-geometry", "error")]

    def test_a_code_on_several_rows_is_told_once(self) -> None:
        findings = duplicate_codes(pd.DataFrame({"code": ["A", "B", "A", "A"], "tier": 2}), "grids")
        assert [(finding.codes, finding.tier) for finding in findings] == [(("A",), 2)]
        assert findings[0].message == "A stands on rows 1, 3 and 4 of grids"

    @pytest.mark.parametrize("code", [None, float("nan"), "", "  ", "A\nB", "A\u202eB", "A\u200b", "x" * 65])
    def test_an_unfit_code_is_told_by_its_row(self, code: object) -> None:
        [finding] = duplicate_codes(pd.DataFrame({"code": ["A", code]}), "grids")
        assert finding.check == "missing-code"
        assert finding.message.startswith("row 2 of grids has ")
        assert finding.message.isprintable()

    def test_codes_may_be_in_any_script_and_two_unfit_ones_are_no_pair(self) -> None:
        assert duplicate_codes(pd.DataFrame({"code": ["WJ-A-03-07", "東區-1", "x" * 64]}), "grids") == []
        findings = duplicate_codes(pd.DataFrame({"code": [None, None]}), "grids")
        assert [finding.check for finding in findings] == ["missing-code", "missing-code"]

    def test_a_unit_is_known_by_its_building_and_its_code(self) -> None:
        units = pd.DataFrame({"building": ["H1", "H2", "H1"], "code": ["1", "1", "1"]})
        [finding] = duplicate_codes(units, "units", ("building", "code"))
        assert finding.codes == ("H1/1",)


class TestTier:
    @given(st.integers(0, 2**32 - 1))
    @settings(deadline=None, max_examples=25)
    def test_a_partition_has_no_findings(self, seed: int) -> None:
        assert check_grids(partition(seed), UTM51) == []

    @given(st.integers(0, 2**32 - 1), st.floats(-0.15, 0.15), st.floats(-0.15, 0.15))
    @settings(deadline=None, max_examples=50)
    def test_a_moved_corner_makes_gaps_and_overlaps_of_the_ground_it_swept(
        self, seed: int, east: float, north: float
    ) -> None:
        net = corners(seed, 3)
        cells = [quad(net, i, j) for i in range(3) for j in range(3)]
        net[1, 1] += (east * SIDE, north * SIDE)
        moved = [quad(net, 0, 0), *cells[1:]]
        swept = areas(np.array([cells[0] ^ moved[0]]), UTM51)[0]
        frame = grids(moved)
        findings = overlaps(frame, UTM51) + gaps(frame, UTM51)
        assert sum(finding.measure or 0 for finding in findings) == pytest.approx(swept, abs=0.05)
        assert {finding.unit for finding in findings} <= {"m2"}

    def test_an_overlap_names_both_grids_its_size_and_its_place(self) -> None:
        [finding] = overlaps(grids([cell(0, 0), cell(0.9, 0)], ["B", "A"]), UTM51)
        assert (finding.check, finding.severity, finding.codes, finding.tier) == ("overlap", "error", ("A", "B"), 3)
        assert finding.geometry is not None
        assert finding.geometry.equals(cell(0.9, 0, 0.1))
        assert finding.measure == pytest.approx(areas(np.array([cell(0.9, 0, 0.1)]), UTM51)[0])
        assert finding.message.startswith(f"grids A and B overlap by {finding.measure:,.0f} m2 at 121.48")

    def test_a_grid_within_another_and_the_same_grid_twice_are_overlaps(self) -> None:
        assert kinds(overlaps(grids([cell(0, 0), cell(0.2, 0.2, 0.5, 0.5)]), UTM51)) == [("overlap", "error")]
        assert kinds(overlaps(grids([cell(0, 0), cell(0, 0)]), UTM51)) == [("overlap", "error")]

    def test_each_place_where_two_grids_overlap_is_told(self) -> None:
        comb = cell(0, 0) - cell(0.5, 0.4, 0.5, 0.2)
        findings = overlaps(grids([comb, cell(0.9, 0)]), UTM51)
        assert kinds(findings) == [("overlap", "error")] * 2

    @pytest.mark.parametrize(
        ("width", "height", "expected"),
        [
            (STEP, STEP, []),  # 0.00004 m2
            (3 * STEP, SIDE, [("sliver", "warning")]),  # 2 cm wide, 2 m2
            (60 * STEP, 60 * STEP, [("sliver", "warning")]),  # 0.15 m2
            (300 * STEP, 300 * STEP, [("overlap", "error")]),  # 3.7 m2
        ],
    )
    def test_what_is_small_or_thin_is_a_sliver_and_what_is_tiny_is_nothing(
        self, width: float, height: float, expected: list[tuple[str, str]]
    ) -> None:
        other = box(LON + SIDE - width, LAT, LON + 2 * SIDE, LAT + height)
        pair = grids([cell(0, 0), other])
        assert kinds(overlaps(pair, UTM51)) == expected

    @pytest.mark.parametrize(
        ("width", "height", "expected"),
        [
            (STEP, STEP, []),
            (3 * STEP, SIDE / 2, [("sliver", "warning")]),
            (60 * STEP, 60 * STEP, [("sliver", "warning")]),
            (300 * STEP, 300 * STEP, [("gap", "error")]),
        ],
    )
    def test_holes_are_graded_as_overlaps_are(
        self, width: float, height: float, expected: list[tuple[str, str]]
    ) -> None:
        west, south = LON + SIDE / 4, LAT + SIDE / 4
        holed = cell(0, 0) - box(west, south, west + width, south + height)
        assert kinds(gaps(grids([holed]), UTM51)) == expected

    def test_a_gap_is_told_with_the_grids_around_it(self) -> None:
        around = [cell(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
        [finding] = gaps(grids(around), UTM51)
        assert (finding.check, finding.severity, len(finding.codes)) == ("gap", "error", 8)
        assert finding.geometry is not None
        assert finding.geometry.equals(cell(1, 1))
        assert "and 2 more at 121.48" in finding.message

    def test_an_island_within_a_gap_is_no_gap(self) -> None:
        ring = cell(0, 0, 3, 3) - cell(0.5, 0.5, 2, 2)
        [finding] = gaps(grids([ring, cell(1, 1)]), UTM51)
        assert finding.geometry is not None
        assert finding.geometry.equals(cell(0.5, 0.5, 2, 2) - cell(1, 1))

    def test_ground_enclosed_by_grids_that_only_touch_is_a_gap(self) -> None:
        bow = Polygon([(LON, LAT), (LON + SIDE / 4, LAT + SIDE / 2), (LON, LAT + SIDE), (LON - SIDE, LAT + SIDE / 2)])
        back = Polygon([(LON, LAT), (LON + SIDE / 2, LAT + SIDE / 2), (LON, LAT + SIDE), (LON + SIDE, LAT + SIDE / 2)])
        assert kinds(gaps(grids([bow, back]), UTM51)) == [("gap", "error")]

    def test_two_compounds_apart_have_no_gap_between_them(self) -> None:
        assert gaps(grids([cell(0, 0), cell(3, 0)]), UTM51) == []

    def test_a_slit_of_centimetres_that_opens_to_the_outside_is_a_sliver(self) -> None:
        apart = shapely.affinity.translate(cell(1, 0), 5 * STEP, 0)
        [finding] = gaps(grids([cell(0, 0), apart]), UTM51)
        assert (finding.check, finding.codes) == ("sliver", ("G0", "G1"))
        assert finding.measure == pytest.approx(5 * 0.00567 * 108, rel=0.05)
        assert (
            shapely.hausdorff_distance(finding.geometry, box(LON + SIDE, LAT, LON + SIDE + 5 * STEP, LAT + SIDE)) < STEP
        )

    def test_an_invalid_row_is_told_once_and_not_again_as_missing_ground(self) -> None:
        whole = partition(1)
        shapes = whole.geometry.to_list()
        bow = shapely.get_coordinates(shapes[-6])
        shapes[-6] = Polygon(bow[[0, 2, 1, 3, 0]])
        findings = check_grids(whole.set_geometry(gpd.GeoSeries(shapes, crs=4326)), UTM51)
        assert kinds(findings) == [("invalid-geometry", "error")]

    def test_checks_leave_their_input_alone_and_survive_empty_frames_and_missing_codes(self) -> None:
        whole = partition(2)
        before = whole.copy(deep=True)
        check_grids(whole, UTM51)
        align_parents(whole, UTM51)
        assert before.equals(whole)
        assert check_grids(whole.iloc[:0], UTM51) == []
        assert {"missing-code"} <= {finding.check for finding in check_grids(whole.assign(code=None), UTM51)}
        assert check_grids(whole.assign(geometry=gpd.GeoSeries([None] * len(whole), crs=4326)), UTM51)


class TestNesting:
    def parents(self) -> gpd.GeoDataFrame:
        return grids([cell(0, 0, 2), cell(2, 0, 2)], ["P", "Q"], tier=1)

    def children(self, *shapes: Polygon, parent: object = "P") -> gpd.GeoDataFrame:
        return grids(list(shapes), [f"c{i}" for i in range(len(shapes))], tier=2, parent=parent)

    @pytest.mark.parametrize(
        ("reach", "severity"), [(0.06, "error"), (0.04, "warning"), (0.0002, "warning"), (0.00005, "note")]
    )
    def test_a_child_out_of_its_parent_is_as_grave_as_its_share(self, reach: float, severity: str) -> None:
        [finding] = outside_parent(self.children(cell(1 + reach, 0)), self.parents(), UTM51)
        assert (finding.check, finding.severity, finding.tier) == ("outside-parent", severity, 2)
        assert finding.measure == pytest.approx(reach * CELL_M2, rel=0.05)
        if severity != "note":
            assert finding.codes == ("c0", "P")
            assert f"out of its parent P at {LON + (2 + reach / 2) * SIDE:.6f}, " in finding.message

    def test_ground_of_a_parent_that_nobody_covers_is_told(self) -> None:
        whole = plan(
            self.parents(),
            self.children(cell(0, 0), cell(1, 0, 0.5)),
            self.children(cell(2, 0, 2), parent="Q").assign(code="d"),
        )
        [finding] = check_grids(whole, UTM51)
        assert (finding.check, finding.severity, finding.codes, finding.tier) == (
            "uncovered-parent",
            "error",
            ("P",),
            1,
        )
        assert "(25.00 %) of grid P at" in finding.message

    def test_ground_that_another_parents_child_took_is_told_once(self) -> None:
        whole = plan(
            self.parents(),
            self.children(cell(0, 0, 1.9)),
            self.children(cell(1.9, 0, 2.1), parent="Q").assign(code="d"),
        )
        [finding] = check_grids(whole, UTM51)
        assert (finding.check, finding.severity, finding.codes) == ("outside-parent", "warning", ("d", "Q"))

    def test_unknown_and_childless_parents_are_told(self) -> None:
        children = self.children(cell(0, 0, 2), cell(2, 0), cell(3, 0)).assign(parent=["P", "R", None])
        found = {finding.codes: finding for finding in check_grids(plan(self.parents(), children), UTM51)}
        assert found[("c1", "R")].message == "grid c1 names the parent R, which is no grid of tier 1"
        assert found[("c2",)].message == "grid c2 names no parent and lies in no grid of tier 1"
        assert (found[("Q",)].check, found[("Q",)].severity) == ("childless-parent", "warning")

    def test_a_parent_is_derived_where_none_is_named(self) -> None:
        children = self.children(cell(0, 0), cell(1.4, 0), cell(1.5, 0), cell(9, 9), cell(3, 0))
        children["parent"] = ["Q", None, "", None, float("nan")]
        children.index = pd.Index(list("vwxyz"))
        derived = derive_parents(children, self.parents())
        assert derived.to_dict() == {"v": "Q", "w": "P", "x": "P", "y": None, "z": "Q"}
        assert derive_parents(children.drop(columns="parent"), self.parents())["v"] == "P"

    def test_equal_shares_go_to_the_lowest_code_bytewise(self) -> None:
        parents = grids([cell(1, 0), cell(0, 0)], ["a", "B"], tier=1)
        assert derive_parents(self.children(cell(0.5, 0), parent=None), parents).tolist() == ["B"]

    @given(st.integers(0, 2**32 - 1))
    @settings(deadline=None, max_examples=25)
    def test_the_parents_of_a_partition_are_found_again(self, seed: int) -> None:
        whole = partition(seed)
        leaves, blocks = whole[whole["tier"] == 3], whole[whole["tier"] == 2]
        assert derive_parents(leaves.drop(columns="parent"), blocks).tolist() == leaves["parent"].tolist()


class TestAlignment:
    @given(st.floats(0.01, 1.5), st.integers(2, 5))
    @settings(deadline=None, max_examples=25)
    def test_tilted_parents_nest_exactly_when_they_are_aligned(self, turn: float, size: int) -> None:
        tilted = snap_to_lattice(self.tilted(turn, size))
        aligned, notes = align_parents(tilted, UTM51)
        shapes = aligned.set_index("code").geometry
        for code, parent in aligned.set_index("code")["parent"].dropna().items():
            assert shapely.covers(shapes[parent], shapes[code])
        assert shapes.is_valid.all()
        lattice = shapely.get_coordinates(shapes) / STEP
        assert (lattice == np.rint(lattice)).all()
        assert check_grids(aligned, UTM51) == []
        assert {finding.severity for finding in notes} <= {"note"}

    def tilted(self, turn: float, size: int) -> gpd.GeoDataFrame:
        """Two parents with four corners each over many children, all turned off the axes."""
        places = [(i, j) for i in range(2 * size) for j in range(size)]
        leaves = grids([cell(i, j) for i, j in places], [f"c{i}-{j}" for i, j in places], tier=3)
        leaves["parent"] = [f"b{i // size}" for i, _ in places]
        blocks = grids([cell(0, 0, size, size), cell(size, 0, size, size)], ["b0", "b1"], tier=2, parent="a")
        whole = plan(grids([cell(0, 0, 2 * size, size)], ["a"], tier=1), blocks, leaves)
        return whole.set_geometry(whole.geometry.rotate(turn, origin=(LON, LAT), use_radians=True))

    def test_what_was_changed_is_told_with_its_ground(self) -> None:
        _, notes = align_parents(snap_to_lattice(self.tilted(0.3, 4)), UTM51)
        assert [(note.check, note.tier, note.codes) for note in notes] == [
            ("aligned-parent", 2, ("b0", "b1")),
            ("aligned-parent", 1, ("a",)),
        ]
        assert notes[0].message.startswith("2 grids of tier 2 took the outline of their children, at most 0.05 m away")

    def test_a_parent_that_differs_by_more_stays_as_it_is(self) -> None:
        whole = plan(grids([cell(0, 0)], ["P"], tier=1), grids([cell(0, 0, 1.01)], ["c"], tier=2, parent="P"))
        aligned, notes = align_parents(whole, UTM51)
        assert aligned.geometry.equals(whole.geometry)
        assert notes == []

    def test_a_strip_within_five_centimetres_is_taken_and_one_beyond_is_not(self) -> None:
        for steps, moved in ((8, True), (10, False)):  # 0.045 m and 0.057 m
            child = box(LON, LAT, LON + SIDE + steps * STEP, LAT + SIDE)
            whole = plan(grids([cell(0, 0)], ["P"], tier=1), grids([child], ["c"], tier=2, parent="P"))
            aligned, _ = align_parents(whole, UTM51)
            assert aligned.geometry.iloc[0].equals(child) is moved

    def test_a_parent_whose_children_cross_off_the_lattice_keeps_its_outline_and_says_so(self) -> None:
        lower = Polygon([(LON, LAT), (LON + SIDE, LAT), (LON + SIDE, LAT + SIDE / 2), (LON, LAT + SIDE / 2 + 3 * STEP)])
        upper = Polygon(
            [
                (LON, LAT + SIDE / 2),
                (LON + SIDE - 2 * STEP, LAT + SIDE / 2 + STEP),
                (LON + SIDE, LAT + SIDE),
                (LON, LAT + SIDE),
            ]
        )
        parent = shapely.union(lower, upper).convex_hull
        whole = plan(grids([parent], ["P"], tier=1), grids([lower, upper], ["c", "d"], tier=2, parent="P"))
        aligned, notes = align_parents(snap_to_lattice(whole), UTM51)
        assert aligned.geometry.iloc[0].equals(parent)
        assert [note.message.split(", near")[0] for note in notes] == [
            "grid P keeps its own outline: the union of its children has corners off the lattice"
        ]

    def test_snapping_drops_heights_and_repeated_corners(self) -> None:
        ring = Polygon([(LON, LAT, 5), (LON + 1e-9, LAT, 6), (LON + SIDE, LAT, 7), (LON, LAT + SIDE, 8)])
        snapped = snap_to_lattice(grids([ring])).geometry.iloc[0]
        assert not snapped.has_z
        assert shapely.get_num_coordinates(snapped) == 4


class TestBuildings:
    def leaves(self) -> gpd.GeoDataFrame:
        return grids([cell(0, 0), cell(1, 0)], ["A", "B"])

    def house(self, *shapes: Polygon) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(
            {"code": [f"H{i}" for i in range(len(shapes))], "name": ""}, geometry=list(shapes), crs=4326
        )

    def units(self, *shapes: Polygon) -> gpd.GeoDataFrame:
        columns = {"building": "H0", "code": [str(i) for i in range(len(shapes))]}
        return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4326)

    def test_a_building_in_one_grid_or_against_its_edge_is_fine(self) -> None:
        assert check_buildings(self.house(cell(0.5, 0.5, 0.5, 0.2)), None, self.leaves(), UTM51) == []

    def test_a_building_that_a_grid_cuts_is_told_with_its_grids(self) -> None:
        [finding] = cut_buildings(self.house(cell(0.7, 0.5, 0.4, 0.2)), None, self.leaves(), UTM51)
        assert (finding.check, finding.severity, finding.codes) == ("cut-building", "error", ("H0", "A", "B"))
        assert "(25.00 %) of it in B, and it has no units, at 121.48" in finding.message
        assert finding.geometry is not None
        assert finding.geometry.normalize().equals_exact(cell(1, 0.5, 0.1, 0.2).normalize(), 1e-12)

    def test_a_building_that_grids_divide_along_its_units_is_fine(self) -> None:
        units = self.units(cell(0.7, 0.5, 0.3, 0.2), cell(1, 0.5, 0.1, 0.2))
        assert check_buildings(self.house(cell(0.7, 0.5, 0.4, 0.2)), units, self.leaves(), UTM51) == []

    def test_units_that_are_cut_or_leave_something_out_do_not_help(self) -> None:
        house = self.house(cell(0.7, 0.5, 0.4, 0.2))
        [cut] = cut_buildings(house, self.units(cell(0.7, 0.5, 0.4, 0.2)), self.leaves(), UTM51)
        assert "not along its units: 0 cut too" in cut.message
        [part] = cut_buildings(house, self.units(cell(0.7, 0.5, 0.3, 0.2)), self.leaves(), UTM51)
        assert "its units leave out" in part.message

    @pytest.mark.parametrize(("metres", "expected"), [(0.05, [("cut-building", "warning")]), (0.0001, [])])
    def test_a_cut_of_a_square_metre_is_a_warning(self, metres: float, expected: list[tuple[str, str]]) -> None:
        width = 0.5 + metres / 93
        house = self.house(cell(0.5, 0.5, width, 0.1))
        assert kinds(cut_buildings(house, None, self.leaves(), UTM51)) == expected

    def test_a_building_outside_or_partly_outside_is_a_warning(self) -> None:
        houses = self.house(cell(5, 5), cell(-0.2, 0.5, 0.5, 0.2))
        findings = cut_buildings(houses, None, self.leaves(), UTM51)
        assert kinds(findings) == [("building-outside", "warning")] * 2
        assert "building H0 lies in no grid, at" in findings[0].message
        assert findings[1].measure == pytest.approx(0.2 * 0.2 * CELL_M2, rel=0.05)

    def test_a_building_belongs_to_the_grid_that_holds_most_of_it(self) -> None:
        houses = self.house(cell(0.7, 0, 0.4), cell(0.9, 0, 0.4), cell(0.9, 0, 0.2), cell(5, 5))
        houses.index = pd.Index([7, 5, 3, 1])
        assert grid_of_buildings(houses, self.leaves()).to_dict() == {7: "A", 5: "B", 3: "A", 1: None}

    def test_rows_that_are_no_buildings_are_told_and_left_out(self) -> None:
        houses = self.house(Point(LON, LAT), None)  # type: ignore[arg-type]
        units = self.units(cell(0, 0)).assign(building="H9")
        checks = [finding.check for finding in check_buildings(houses, units, self.leaves(), UTM51)]
        assert checks == ["wrong-geometry", "empty-geometry", "unknown-building"]


class TestRealPlans:
    def washington(self, samples: Path) -> gpd.GeoDataFrame:
        folder, tiers = samples / "dc", []
        names = {"tier1_ward_2012": "WARD_ID", "tier2_anc_2013": "ANC_ID", "tier3_smd_2013": "SMD_ID"}
        for tier, (name, code) in enumerate(names.items(), start=1):
            rows = gpd.read_file(folder / f"{name}.geojson")
            parent = rows["ANC_ID"] if tier == 3 else None
            tiers.append(grids(rows.geometry.to_list(), rows[code].to_list(), tier, parent))
        whole = plan(*tiers)
        middle = whole["tier"] == 2
        whole.loc[middle, "parent"] = derive_parents(whole[middle], whole[whole["tier"] == 1])
        return whole

    def test_washington_is_refused_for_the_two_areas_that_straddle_wards(self, samples: Path) -> None:
        findings = check_grids(self.washington(samples), 32618)
        errors = {finding.codes: finding for finding in findings if finding.severity == "error"}
        assert {codes[0] for codes in errors} == {"3G", "6D"}
        assert {finding.check for finding in findings} == {"outside-parent", "uncovered-parent"}
        assert errors[("3G", "4")].measure == pytest.approx(1_413_472, rel=1e-4)
        warned = [finding for finding in findings if kinds([finding]) == [("outside-parent", "warning")]]
        assert (len(warned), {finding.tier for finding in warned}) == (22, {2})
        assert max(finding.measure or 0 for finding in warned) == pytest.approx(2009.75, abs=1)

    def test_washingtons_smallest_areas_nest_exactly_once_they_are_aligned(self, samples: Path) -> None:
        aligned, notes = align_parents(snap_to_lattice(self.washington(samples)), 32618)
        assert [(note.tier, len(note.codes)) for note in notes] == [(2, 40)]
        leaves, areas_of_two = aligned[aligned["tier"] == 3], aligned[aligned["tier"] == 2].set_index("code")
        above = areas_of_two.geometry.loc[leaves["parent"]].to_numpy()
        assert shapely.covers(above, leaves.geometry.to_numpy()).all()

    def test_every_house_of_bubenec_belongs_to_the_cell_drawn_around_it(self, samples: Path) -> None:
        source = samples / "bubenec" / "bubenec.gpkg"
        layers = {name: gpd.read_file(source, layer=name).to_crs(4326) for name in ("buildings", "tessellation")}
        houses = layers["buildings"].assign(code=layers["buildings"]["uID"].astype(int).astype(str), name="")
        cells = layers["tessellation"]["uID"].astype(int).astype(str)
        plots = grids(layers["tessellation"].geometry.to_list(), cells.to_list())
        assert grid_of_buildings(houses, plots).tolist() == houses["code"].tolist()
        assert kinds(check_grids(plots, 32633)) == [("gap", "error")]

    def test_the_address_points_among_lujiazuis_buildings_are_told(self, samples: Path) -> None:
        rows = gpd.read_file(samples / "shanghai_lujiazui" / "buildings_merged.geojson")
        houses = gpd.GeoDataFrame({"code": rows["id"].astype(str), "name": ""}, geometry=rows.geometry, crs=4326)
        findings = check_buildings(houses, None, grids([box(121.4, 31.2, 121.6, 31.3)]), UTM51)
        assert [finding.check for finding in findings] == ["wrong-geometry"] * 67
