"""The imaginary estate is a plan that could be somebody's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy.orm import Session

from gridmap.domain.frames import BUILDINGS, FACILITIES, GRIDS, OVERLAYS, PEOPLE, POSTS, UNITS
from gridmap.operations.checks import Checked, check
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.simulation import estate as estates
from gridmap.simulation.days import PLANTED
from gridmap.simulation.estate import FILES, SEED, Estate
from gridmap.spatial.coordinates import LATTICE
from tests.conftest import PROJECT

KEPT = PROJECT / "data" / "geojson"
AT = datetime(2026, 11, 22, 2, tzinfo=UTC)
OTHER_SEEDS = (1, 2, 3)


def drawn_estates(imagined: Estate) -> Iterator[Estate]:
    yield imagined
    yield from map(estates.estate, OTHER_SEEDS)


@pytest.fixture(scope="session")
def several(imagined: Estate) -> list[Estate]:
    return list(drawn_estates(imagined))


def tier(estate: Estate, number: int) -> gpd.GeoDataFrame:
    return estate.grids[estate.grids["tier"] == number].reset_index(drop=True)


def checked(session: Session, plan: Path) -> Checked:
    return check(session, read_plan(outline_from_toml(plan)), AT)


def test_the_files_kept_are_those_the_generator_writes(imagined: Estate, tmp_path: Path) -> None:
    imagined.write(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(written) == {*FILES.values(), "plan.toml"}
    for name, content in written.items():
        assert content == (KEPT / name).read_bytes(), f"{name} differs: gridmap estate -o data/geojson writes it anew"
    assert sum(map(len, written.values())) < 2_000_000


def test_the_same_seed_draws_the_same_estate_and_another_seed_another(imagined: Estate, tmp_path: Path) -> None:
    for name, seed in (("again", SEED), ("other", SEED + 1)):
        estates.write(tmp_path / name, seed)
    kept = (KEPT / "tier3.geojson").read_bytes()
    assert (tmp_path / "again" / "tier3.geojson").read_bytes() == kept
    assert (tmp_path / "other" / "tier3.geojson").read_bytes() != kept


def test_the_kept_plan_is_published_without_a_finding(session: Session) -> None:
    plan = checked(session, KEPT / "plan.toml")
    assert plan.findings == []
    published = publish(session, plan, AT)
    assert published.edition.status == "published"
    assert published.written["grids"] == {"added": 13 + 50 + 319}
    assert published.written["buildings"] == {"added": 250, "changed": 0}


@pytest.mark.parametrize("seed", OTHER_SEEDS)
def test_the_estate_of_any_seed_is_without_a_finding(session: Session, tmp_path: Path, seed: int) -> None:
    assert checked(session, estates.write(tmp_path, seed)).findings == []


def test_every_corner_lies_on_the_lattice_and_every_shape_is_valid(several: list[Estate]) -> None:
    for estate in several:
        for frame in (estate.grids, estate.buildings, estate.units, estate.facilities, estate.overlays):
            assert frame.geometry.is_valid.all()
            steps = shapely.get_coordinates(frame.geometry.to_numpy()) / LATTICE
            assert np.array_equal(steps, np.rint(steps))


def test_the_files_name_every_point_of_the_lattice(imagined: Estate, tmp_path: Path) -> None:
    imagined.write(tmp_path)
    read = gpd.read_file(tmp_path / "tier3.geojson")
    steps = shapely.get_coordinates(read.geometry.to_numpy()) / LATTICE
    drawn = shapely.get_coordinates(tier(imagined, 3).geometry.to_numpy()) / LATTICE
    assert np.array_equal(np.rint(steps), drawn)


def test_a_tier_has_no_gap_and_no_overlap(several: list[Estate]) -> None:
    for estate in several:
        for number in (1, 2, 3):
            shapes = tier(estate, number).geometry.to_numpy()
            whole = shapely.union_all(shapes)
            assert whole.geom_type == "Polygon"
            assert not whole.interiors
            assert shapely.area(shapes).sum() == pytest.approx(whole.area, rel=1e-12)
            assert shapely.coverage_is_valid(shapes)


def test_children_add_up_to_their_parent_in_ground_and_households(several: list[Estate]) -> None:
    for estate in several:
        for upper, lower in ((1, 2), (2, 3)):
            children = tier(estate, lower).groupby("parent")
            for parent in tier(estate, upper).to_dict("records"):
                own = children.get_group(parent["code"])
                assert shapely.union_all(own.geometry.to_numpy()).symmetric_difference(parent["geometry"]).area == 0
                assert int(own["households"].sum()) == parent["households"]


def test_no_grid_cuts_a_building_but_one_along_its_units(several: list[Estate]) -> None:
    for estate in several:
        leaves, houses = tier(estate, 3), estate.buildings
        whole = {row for row, _ in zip(*shapely.STRtree(leaves.geometry).query(houses.geometry, "within"), strict=True)}
        cut = houses.iloc[[row for row in range(len(houses)) if row not in whole]]
        assert cut["code"].tolist() == ["E09"]
        units = estate.units[estate.units["building"] == "E09"]
        shapes = leaves.geometry.to_numpy()
        held = [
            leaves["code"].iloc[int(np.argmax(shapely.area(shapely.intersection(shapes, unit))))]
            for unit in units.geometry
        ]
        assert held == ["WJ-E-02-04"] * 3 + ["WJ-E-02-05"] * 3
        assert shapely.union_all(units.geometry.to_numpy()).symmetric_difference(cut.geometry.iloc[0]).area < 1e-15


def test_codes_are_unique_and_run_from_west_to_east_then_from_north_to_south(several: list[Estate]) -> None:
    for estate in several:
        codes = estate.grids["code"].tolist()
        assert len(set(codes)) == len(codes)
        grids = estate.grids[~estate.grids["code"].str.startswith("WJ-M")]
        for (number, _), own in grids.groupby(["tier", grids["parent"].fillna("")]):
            assert own["code"].tolist() == sorted(own["code"])
            bounds = own.geometry.bounds.to_numpy()
            for before, after in pairwise(bounds):
                east, south = after[0] + after[2] > before[0] + before[2], after[1] + after[3] < before[1] + before[3]
                assert east or south, f"tier {number}: {own['code'].tolist()}"


def test_every_leaf_has_an_owner_with_a_phone_that_cannot_ring(several: list[Estate]) -> None:
    for estate in several:
        owners = estate.posts[estate.posts["role"] == "grid_owner"].set_index("grid")["person"]
        phones = estate.people.set_index("code")["phone"]
        assert owners.index.is_unique
        assert set(owners.index) == set(tier(estate, 3)["code"])
        assert phones[owners].str.fullmatch(r"100-0000-\d{4}").all()
        assert owners.value_counts().max() > 1
        assert estate.people["name"].is_unique


def test_every_cluster_and_zone_has_somebody_in_charge_and_one_owner_is_away(imagined: Estate) -> None:
    held = imagined.posts.groupby("role")["grid"].agg(set)
    assert held["supervisor"] == set(tier(imagined, 2)["code"])
    assert held["coordinator"] == set(tier(imagined, 1)["code"]) == held["guard"]
    away = imagined.people[imagined.people["away_from"].notna()]["code"].item()
    posts = imagined.posts[imagined.posts["person"] == away]
    assert set(posts["role"]) == {"grid_owner"}
    assert posts["deputy"].notna().all()


def test_the_frames_have_the_columns_of_the_domain(imagined: Estate) -> None:
    shapes = {"grids": GRIDS, "buildings": BUILDINGS, "units": UNITS, "facilities": FACILITIES, "overlays": OVERLAYS,
              "people": PEOPLE, "posts": POSTS}  # fmt: skip
    for name, shape in shapes.items():
        frame = getattr(imagined, name)
        shape.check(frame)
        assert set(frame.columns) <= set(shape.columns)


def test_the_car_park_under_the_towers_answers_for_itself(imagined: Estate) -> None:
    garage = imagined.facilities[imagined.facilities["level"] == "B1"].iloc[0]
    above = imagined.buildings[imagined.buildings.intersects(garage.geometry)]
    assert len(above) >= 4
    assert garage["grid"] not in set(above["grid"])


def test_what_is_planted_lies_where_it_says(several: list[Estate]) -> None:
    for estate in several:
        building = estate.buildings[estate.buildings["code"] == PLANTED.building].iloc[0]
        assert building["grid"].startswith(PLANTED.grid)
