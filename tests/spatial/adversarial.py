"""Nasty grids and nasty points, and two judges that share no code with the locator.

The large cases return (frame, lon, lat) on the lattice of 2**-24 degree or coarser, so that GEOS, PostGIS and
rational arithmetic must agree on them; the small ones are strategies of hypothesis, with any double in them.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
import shapely.affinity
from hypothesis import strategies as st
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Case = tuple[gpd.GeoDataFrame, Floats, Floats]
Place = tuple[float, float]


# --- judges --------------------------------------------------------------------------------------------------


def exactly(frame: gpd.GeoDataFrame, ranked: Iterable[int], lon: float, lat: float) -> int:
    """The first of the ranked rows that covers the point, in rational arithmetic, by the even-odd rule."""
    if not (np.isfinite(lon) and np.isfinite(lat)):
        return -1
    return next((row for row in ranked if _covers(frame.geometry.iloc[row], Fraction(lon), Fraction(lat))), -1)


def _covers(polygon: shapely.Geometry | None, x: Fraction, y: Fraction) -> bool:
    crossings = 0
    for ring in shapely.get_rings(shapely.get_parts(polygon)):
        corners = [(Fraction(a), Fraction(b)) for a, b in shapely.get_coordinates(ring).tolist()]
        for (ax, ay), (bx, by) in pairwise(corners):
            near = min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by)
            if near and (bx - ax) * (y - ay) == (x - ax) * (by - ay):
                return True
            if (ay <= y) != (by <= y):
                crossings += ax + (y - ay) * (bx - ax) / (by - ay) > x
    return crossings % 2 == 1


def by_geos(frame: gpd.GeoDataFrame, ranked: NDArray[np.int64], lon: Floats, lat: Floats) -> NDArray[np.int64]:
    """The same by GEOS, for many points and valid polygons."""
    polygons = frame.geometry.to_numpy()[ranked]
    point, grid = shapely.STRtree(polygons).query(shapely.points(lon, lat), predicate="intersects")
    best = np.full(len(lon), len(ranked))
    np.minimum.at(best, point, grid)
    return np.append(ranked, -1)[best]


# --- large cases ---------------------------------------------------------------------------------------------


def shifted_city(city: gpd.GeoDataFrame, count: int, seed: int = 0) -> Case:
    """Two in five grids pushed aside by some metres: overlaps and gaps everywhere."""
    random = np.random.default_rng(seed)
    push = np.rint(random.normal(size=(len(city), 2)) * 2e-3 * 2**24) / 2**24
    push[random.random(len(city)) > 0.4] = 0.0
    moved = [shapely.affinity.translate(g, *by) for g, by in zip(city.geometry, push, strict=True)]
    frame = city.set_geometry(gpd.GeoSeries(moved, crs=city.crs))
    return frame, *_lattice_points(frame, count, random)


def aligned_squares(count: int, side: int = 48, seed: int = 0) -> Case:
    """A chessboard in no order, with points on its lines, corners, and one unit beside them."""
    random = np.random.default_rng(seed)
    squares = [shapely.box(i, j, i + 1, j + 1) for i in range(side) for j in range(side)]
    frame = gpd.GeoDataFrame(geometry=np.array(squares, dtype=object)[random.permutation(len(squares))], crs=4326)
    lines = random.integers(-1, 2 * side + 2, (count, 2)) / 2
    beside = np.nextafter(lines, random.choice([-99.0, 99.0], (count, 2)))
    places = np.vstack([lines, beside, random.uniform(-1, side + 1, (count, 2))])[random.integers(0, 3 * count, count)]
    return frame, places[:, 0].copy(), places[:, 1].copy()


def spiky_stars(count: int, stars: int = 300, seed: int = 0) -> Case:
    """Stars with needle-thin rays that overlap one another many times, on a coarse lattice."""
    random = np.random.default_rng(seed)
    angle = np.sort(random.random((stars, 24)) * 2 * np.pi, axis=1)
    radius = np.where(np.arange(24) % 2, 0.002, 0.05)
    rings = random.random((stars, 1, 2)) + np.stack([np.cos(angle), np.sin(angle)], axis=2) * radius[:, None]
    polygons = shapely.polygons(np.rint(rings * 4096) / 4096)
    frame = gpd.GeoDataFrame(geometry=polygons[shapely.is_valid(polygons) & (shapely.area(polygons) > 0)], crs=4326)
    return frame, *_lattice_points(frame, count, random, 4096)


def lakes_and_islands(count: int, seed: int = 0) -> Case:
    """Discs with a lake, in the lake an island, in tiers: multipolygons with holes across each other."""
    random = np.random.default_rng(seed)
    rows = []
    for x, y, size in np.column_stack([random.random((120, 2)), random.uniform(0.02, 0.2, 120)]):
        disc, lake, island = (shapely.Point(x, y).buffer(size * share, 12) for share in (1, 0.7, 0.3))
        rows.append(shapely.union(shapely.difference(disc, lake), island))
    snapped = shapely.set_precision(np.array(rows, dtype=object), 2.0**-16)
    frame = gpd.GeoDataFrame({"tier": random.integers(1, 4, 120)}, geometry=snapped, crs=4326)
    frame["code"] = [f"{c}" for c in random.integers(0, 60, 120)]
    return frame, *_lattice_points(frame, count, random, 2.0**16)


def _lattice_points(
    frame: gpd.GeoDataFrame, count: int, random: np.random.Generator, lattice: float = 2.0**24
) -> tuple[Floats, Floats]:
    """Corners, middles of edges and other places, all of them snapped."""
    corners = shapely.get_coordinates(frame.geometry.to_numpy())
    edge = random.integers(0, len(corners) - 1, count // 4)
    west, south, east, north = frame.total_bounds
    margin = 0.02 * (east - west)
    anywhere = random.uniform((west - margin, south - margin), (east + margin, north + margin), (count // 2, 2))
    places = np.vstack([corners[edge], (corners[edge] + corners[edge + 1]) / 2, anywhere])
    places = np.rint(places * 2 * lattice) / (2 * lattice)
    return places[:, 0].copy(), places[:, 1].copy()


# --- small cases ---------------------------------------------------------------------------------------------

_EXTREMES = [
    0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-200, -1e-130, 1e-20, 2.0**-24, 1 / 3,
    90.0, 180.0, -180.0, 179.99999999999997, -179.99999999999997,
]  # fmt: skip


def _lattice(low: int, high: int) -> st.SearchStrategy[float]:
    return st.integers(low, high).map(float)


# One way to draw coordinates per frame: few distinct numbers make edges meet, lie on one another and degenerate.
_NUMBERS: list[st.SearchStrategy[float]] = [
    _lattice(-3, 3),
    _lattice(0, 8).map(lambda n: n / 8),
    _lattice(-4, 4).map(lambda n: 180 + n * 2.0**-45),
    _lattice(-4, 4).map(lambda n: -180 + n * 2.0**-24),
    _lattice(-4, 4).map(lambda n: n * 1e-13),
    _lattice(-4, 4).map(lambda n: n * 1e-7 + 69.1234567),
    st.floats(-1, 1),
    st.floats(-180, 180),
    st.sampled_from(_EXTREMES),
]
numbers = st.sampled_from(_NUMBERS)


@st.composite
def rings(draw: st.DrawFn, number: st.SearchStrategy[float]) -> list[Place]:
    """Closed somehow: crossing itself, going back on itself, or flat."""
    ring = draw(st.lists(st.tuples(number, number), min_size=3, max_size=7))
    if draw(st.booleans()):  # a spike: out to somewhere and straight back
        at = draw(st.integers(0, len(ring) - 1))
        ring[at:at] = [ring[at], draw(st.tuples(number, number))]
    return ring


@st.composite
def polygons(draw: st.DrawFn, number: st.SearchStrategy[float]) -> shapely.Geometry | None:
    """A polygon, with holes that need not lie in it, or several, or none."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.sampled_from([None, shapely.Polygon(), shapely.MultiPolygon()]))
    parts = [
        shapely.Polygon(draw(rings(number)), draw(st.lists(rings(number), max_size=2)))
        for _ in range(1 if kind < 7 else draw(st.integers(2, 3)))
    ]
    return shapely.MultiPolygon(parts) if kind >= 7 else parts[0]


@st.composite
def frames(draw: st.DrawFn) -> gpd.GeoDataFrame:
    """Up to nine grids, with or without tiers and codes."""
    number = draw(numbers)
    shapes = draw(st.lists(polygons(number), max_size=9))
    frame = gpd.GeoDataFrame(geometry=shapes, crs=4326)
    if draw(st.booleans()):
        frame["tier"] = draw(st.lists(st.integers(1, 3), min_size=len(shapes), max_size=len(shapes)))
    if draw(st.booleans()):
        code = st.sampled_from(["A", "B", "a", "Ä", "樓", "10", "9", ""])
        frame["code"] = draw(st.lists(code, min_size=len(shapes), max_size=len(shapes)))
    return frame


def ranking(frame: gpd.GeoDataFrame) -> list[int]:
    """Rows by the declared rule, written down once more."""

    def key(row: int) -> tuple[float, bytes, int]:
        tier = -frame["tier"].iloc[row] if "tier" in frame else 0
        return tier, frame["code"].iloc[row].encode() if "code" in frame else b"", row

    return sorted(range(len(frame)), key=key)


def nasty_points(frame: gpd.GeoDataFrame, further: Iterable[Place] = ()) -> list[Place]:
    """Corners, middles and shares of edges, their neighbours one unit away, and mixtures of all coordinates."""
    places: list[Place] = list(further)
    for ring in shapely.get_rings(shapely.get_parts(frame.geometry.to_numpy())):
        corners = shapely.get_coordinates(ring)
        for a, b in pairwise(corners):
            for at in (a, (a + b) / 2, a + (b - a) * 0.3):
                places.append((at[0], at[1]))
                places.append((np.nextafter(at[0], np.inf), at[1]))
                places.append((at[0], np.nextafter(at[1], -np.inf)))
    mixed = [(places[i][0], places[-i][1]) for i in range(0, len(places), 3)]
    return places + mixed
