"""Ground drawn between lines: what patches share, they share to the last bit."""

from __future__ import annotations

from itertools import pairwise

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.simulation.drawing import (
    Drawing,
    Patch,
    Twist,
    in_metres,
    merged,
    on_lattice,
    polygon,
    reading_order,
    turning,
)

WHOLE = Patch(40_000, 40_000, 50_000, 50_000)


def columns(cuts: list[int], north: int, south: int) -> list[Patch]:
    edges = [WHOLE.west, *cuts, WHOLE.east]
    return [Patch(west, north, east, south) for west, east in pairwise(edges)]


cuts = st.lists(st.integers(WHOLE.west + 300, WHOLE.east - 300), min_size=0, max_size=6, unique=True).map(sorted)


@given(upper=cuts, lower=cuts, turn=st.floats(-0.2, 0.2))
def test_rows_cut_in_different_places_still_cover_their_ground_once(
    upper: list[int], lower: list[int], turn: float
) -> None:
    patches = columns(upper, WHOLE.north, 45_000) + columns(lower, 45_000, WHOLE.south)
    drawing = Drawing(patches, [Twist(WHOLE, turn, -turn)])
    shapes = [polygon([drawing.ring(patch)]) for patch in patches]
    assert all(shape.is_valid for shape in shapes)
    assert shapely.coverage_is_valid(shapes)
    (whole,) = merged(drawing.ring(patch) for patch in patches)
    assert len(whole) == 1
    assert polygon(whole).equals(shapely.union_all(shapes))


@given(east=st.floats(-900, 900), north=st.floats(-900, 900))
def test_a_place_is_next_to_its_point_of_the_lattice(east: float, north: float) -> None:
    assert in_metres(on_lattice((east, north))) == pytest.approx((east, north), abs=0.01)


def test_a_ring_about_a_hole_is_one_outline_with_a_hole() -> None:
    squares = [((x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)) for x in range(3) for y in range(3) if (x, y) != (1, 1)]
    ((shell, hole),) = merged(squares)
    assert turning(shell) == 18
    assert turning(hole) == -2


def test_numbers_run_along_a_row_before_they_go_down() -> None:
    middles = [(30.0, 9.0), (0.0, 0.0), (10.0, 12.0), (20.0, 1.0), (0.0, 10.0)]
    assert reading_order(middles, depth=5) == [4, 2, 0, 1, 3]
