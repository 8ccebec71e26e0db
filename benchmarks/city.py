"""A made-up city for benchmarks and tests: nested grids with wavy shared borders, and people all over it.

Cells are Voronoi cells of a city denser in its middle. Each border between two cells becomes a polyline
inside the two triangles that it spans with the two seeds: triangles of different borders do not meet, so
neither do the polylines. All corners lie on the lattice of 2**-24 degree.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.spatial import Voronoi

Floats = NDArray[np.float64]
WEST, SOUTH, EAST, NORTH = 69.0, 41.125, 69.5, 41.5
LOW, HIGH = np.array([WEST, SOUTH]), np.array([EAST, NORTH])
LATTICE = 2.0**24


def city(grids: int = 10_000, corners: int = 64, seed: int = 7, tiers: int = 1) -> gpd.GeoDataFrame:
    """Grids of the deepest tier, with `corners` vertices on average, and of up to two tiers above them.

    Twenty-five grids make one of the tier above. Codes are in no order of place, so that ties are spread.
    """
    random = np.random.default_rng(seed)
    leaves = _faces(_seeds(random, grids), corners, random)
    leaves = leaves[random.permutation(len(leaves))]
    frame = _layer(leaves, tiers, "G")
    layers = [frame]
    for tier in range(tiers - 1, 0, -1):
        group = _groups(layers[-1].geometry, max(2, len(layers[-1]) // 25), random)
        layers[-1]["parent"] = [f"{'ZC'[tier - 1]}{g:05d}" for g in group]
        unions = [shapely.coverage_union_all(layers[-1].geometry[group == g]) for g in range(group.max() + 1)]
        layers.append(_layer(np.array(unions, dtype=object), tier, "ZC"[tier - 1]))
    return gpd.GeoDataFrame(pd.concat(layers, ignore_index=True), crs=4326)


def crowd(frame: gpd.GeoDataFrame, count: int, seed: int = 8) -> tuple[Floats, Floats]:
    """Longitudes and latitudes: 49.5 % anywhere, 49.5 % in 200 clusters, 1 % on borders."""
    random = np.random.default_rng(seed)
    on_border = count // 100
    anywhere = (count - on_border) // 2
    clustered = count - on_border - anywhere
    centre = random.normal((LOW + HIGH) / 2, (HIGH - LOW) / 7, (200, 2))
    weight = random.pareto(1.5, 200) + 0.05
    cluster = random.choice(200, clustered, p=weight / weight.sum())
    spread = random.uniform(0.001, 0.01, 200)[cluster, None]
    places = np.vstack(
        [
            random.uniform(LOW, HIGH, (anywhere, 2)),
            centre[cluster] + random.normal(size=(clustered, 2)) * spread,
            border_points(frame.geometry.to_numpy(), on_border, random),
        ]
    )
    random.shuffle(places)
    return np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])


def houses(frame: gpd.GeoDataFrame, count: int, seed: int = 9) -> gpd.GeoDataFrame:
    """Buildings, a rectangle each, anyhow turned, about as many in each grid and well within it."""
    random = np.random.default_rng(seed)
    circles = shapely.maximum_inscribed_circle(shapely.simplify(frame.geometry.to_numpy(), 2e-4), tolerance=2e-4)
    ends = shapely.get_coordinates(circles).reshape(-1, 2, 2)
    room = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    grid = np.sort(random.integers(0, len(frame), count))
    angle, far = random.uniform(0, 2 * np.pi, count), np.sqrt(random.random(count)) * 0.8 * room[grid]
    middle = ends[grid, 0] + (far * (np.cos(angle), np.sin(angle))).T
    # Ten to fifty metres long, eight to sixteen wide.
    sides = np.column_stack([random.uniform(5, 25, count), random.uniform(4, 8, count)]) / 111_320
    turn = random.uniform(0, np.pi, count)
    along, across = np.column_stack([np.cos(turn), np.sin(turn)]), np.column_stack([-np.sin(turn), np.cos(turn)])
    corners = [
        middle + a * sides[:, :1] * along + b * sides[:, 1:] * across for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    rings = np.rint(np.stack([*corners, corners[0]], axis=1) * LATTICE) / LATTICE
    codes = [f"B{number:06d}" for number in range(count)]
    uses = random.choice(["residential", "commercial", "office", "public"], count, p=[0.7, 0.12, 0.12, 0.06])
    return gpd.GeoDataFrame(
        {"code": codes, "name": codes, "grid_code": frame["code"].to_numpy()[grid], "use": uses},
        geometry=shapely.polygons(rings), crs=4326,
    )  # fmt: skip


def border_points(polygons: NDArray[np.object_], count: int, random: np.random.Generator) -> Floats:
    """Points on edges, a third each: ends, middles, and anywhere between as far as doubles allow."""
    rings = shapely.get_rings(shapely.get_parts(polygons))
    places, ring = shapely.get_coordinates(rings, return_index=True)
    edge = random.choice(np.flatnonzero(ring[1:] == ring[:-1]), count)
    share = random.random((count, 1))
    share[: count // 3] = 0.0
    share[count // 3 : 2 * count // 3] = 0.5
    return places[edge] + share * (places[edge + 1] - places[edge])


def _seeds(random: np.random.Generator, count: int) -> Floats:
    places = random.uniform(LOW, HIGH, (4 * count, 2))
    middle = random.normal((LOW + HIGH) / 2, (HIGH - LOW) / 6, (4 * count, 2))
    places = np.where(random.random((4 * count, 1)) < 0.55, middle, places)
    places = places[((places > LOW) & (places < HIGH)).all(axis=1)][:count]
    for _ in range(3):  # Lloyd's steps even out the cells
        places = shapely.get_coordinates(shapely.centroid(_cells(places)))
    return places


def _cells(seeds: Floats) -> NDArray[np.object_]:
    """Voronoi cells within the city, in no order."""
    voronoi = _voronoi(seeds)
    keep = (np.asarray(voronoi.ridge_points) < len(seeds)).any(axis=1)
    lines = voronoi.vertices[np.asarray(voronoi.ridge_vertices)[keep]]
    return shapely.get_parts(shapely.polygonize(shapely.linestrings(lines)))


def _voronoi(seeds: Floats) -> Voronoi:
    """Seeds mirrored at the four sides make the sides themselves borders."""
    flip_x, flip_y = np.array([-1, 1]), np.array([1, -1])
    sides = [(flip_x, (2 * WEST, 0)), (flip_x, (2 * EAST, 0)), (flip_y, (0, 2 * SOUTH)), (flip_y, (0, 2 * NORTH))]
    return Voronoi(np.vstack([seeds, *(seeds * flip + shift for flip, shift in sides)]))


def _faces(seeds: Floats, corners: int, random: np.random.Generator) -> NDArray[np.object_]:
    voronoi = _voronoi(seeds)
    pair = np.asarray(voronoi.ridge_points)
    keep = (pair < len(seeds)).any(axis=1)
    pair, ends = pair[keep], np.clip(voronoi.vertices[np.asarray(voronoi.ridge_vertices)[keep]], LOW, HIGH)
    wavy = (pair < len(seeds)).all(axis=1)
    lines = _waves(ends[:, 0], ends[:, 1], voronoi.points[pair[:, 0]], wavy, corners, random)
    faces = shapely.get_parts(shapely.polygonize(lines))
    if len(faces) != len(seeds) or not shapely.coverage_is_valid(faces):
        raise AssertionError("borders of the made-up city cross: take another seed")
    return faces


def _waves(
    a: Floats, b: Floats, seed: Floats, wavy: NDArray[np.bool_], corners: int, random: np.random.Generator
) -> NDArray[np.object_]:
    """Borders from a to b as polylines on the lattice; longer ones get more corners."""
    length = np.maximum(np.hypot(*(b - a).T), 1e-15)
    pieces = np.where(wavy, np.rint(length / length.mean() * (corners / 6 - 0.9)), 0).astype(int) + 1
    line = np.repeat(np.arange(len(a)), pieces + 1)
    step = np.arange(len(line)) - np.repeat(np.cumsum(pieces + 1) - pieces - 1, pieces + 1)
    t = step / pieces[line]
    along = ((b - a) / length[:, None])[line]
    room = wavy[line] * _room(a[line], along, length[line], seed[line], t)
    sway = (random.uniform(-0.7, 0.7, len(line)) * room)[:, None] * along[:, ::-1] * (-1, 1)
    place = a[line] + t[:, None] * (b - a)[line] + sway
    place = np.rint(place * LATTICE) / LATTICE
    same = (line[1:] == line[:-1]) & (place[1:] == place[:-1]).all(axis=1)
    keep = np.append(True, ~same)
    keep &= np.bincount(line[keep], minlength=len(a))[line] > 1
    _, number = np.unique(line[keep], return_inverse=True)
    return shapely.linestrings(place[keep], indices=number)


def _room(start: Floats, along: Floats, length: Floats, seed: Floats, t: Floats) -> Floats:
    """How far a border may sway at a share t of its way: within its triangle with a seed, and not wildly."""
    foot = (along * (seed - start)).sum(axis=1) / length
    height = np.abs(along[:, 0] * (seed - start)[:, 1] - along[:, 1] * (seed - start)[:, 0])
    rising = t / np.maximum(np.maximum(foot, t), 1e-12)
    falling = (1 - t) / np.maximum(np.maximum(1 - foot, 1 - t), 1e-12)
    return np.minimum(height * np.minimum(rising, falling), 1.2 * length * t * (1 - t))


def _layer(polygons: NDArray[np.object_], tier: int, letter: str) -> gpd.GeoDataFrame:
    codes = [f"{letter}{i:05d}" for i in range(len(polygons))]
    return gpd.GeoDataFrame({"code": codes, "name": codes, "tier": tier, "parent": None}, geometry=polygons, crs=4326)


def _groups(polygons: gpd.GeoSeries, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Neighbours, about as many in each group, numbered without gaps."""
    centres = shapely.get_coordinates(shapely.centroid(polygons.to_numpy()))
    _, label = kmeans2(centres, count, minit="points", rng=random, missing="warn")
    return np.unique(label, return_inverse=True)[1]
