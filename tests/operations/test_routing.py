"""A place is looked up the same way in the store and in frames, and its answer says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.frames import FACTS
from gridmap.domain.model import Site
from gridmap.operations.routing import Router, moments_of, on_lattice
from gridmap.storage import facts as stored_facts
from tests.estate import PARK, STEP, Estate, cell, spot
from tests.operations.conftest import NOW, Publisher

MEASURED = ("outside_m", "boundary_m", "runner_up_m", "building_m")


def located(session: Session, column: float, row: float, at: datetime = NOW, **known: object) -> dict[str, object]:
    lon, lat = spot(column, row)
    return Router(session).locate(pd.DataFrame([{"lon": lon, "lat": lat, **known}]), at)[0].as_json("en")


def owner(route: dict[str, object]) -> str | None:
    person = route["answers"][0]["person"]  # type: ignore[index]
    return person["code"] if person else None


def test_a_place_inside_a_cell_has_its_chain_and_its_owner(session: Session, estate: Site) -> None:
    route = located(session, 0.1, 0.1)
    assert route["position"] == "inside"
    assert route["grid"] == {"code": "Z1-C1-1", "name": "grid Z1-C1-1", "tier": 3}
    assert (route["tier1"], route["tier2"], route["tier3"]) == ("Z1", "Z1-C1", "Z1-C1-1")
    assert route["chain"] == ["Z1-C1-1", "Z1-C1", "Z1"]
    assert route["answers"] == [
        {"duty": "owns", "role": "grid_owner", "post": "Z1-C1-1",
         "person": {"code": "P-Z1-C1-1", "name": "name of P-Z1-C1-1"}},
    ]  # fmt: skip
    assert route["boundary_m"] == pytest.approx(0.1 * STEP * 111_195 * np.cos(np.radians(31.25)), rel=0.01)


def test_a_corner_of_four_cells_goes_to_the_lowest_code(session: Session, estate: Site) -> None:
    route = located(session, 2, 2)
    assert (route["position"], route["grid"]["code"]) == ("boundary", "Z1-C1-4")  # type: ignore[index]
    assert route["runner_up"] == {"code": "Z1-C2-3", "distance_m": 0.0}
    assert (route["tier1"], route["tier2"]) == ("Z1", "Z1-C1")


def test_just_outside_goes_to_the_nearest_cell_and_far_outside_to_the_sites_fallback(
    session: Session, estate: Site
) -> None:
    near, far, sea = located(session, -0.1, 0.5), located(session, -2, 0.5), located(session, 20_000, -60_000)
    assert (near["position"], near["grid"]["code"], owner(near)) == ("near", "Z1-C1-1", "P-Z1-C1-1")  # type: ignore[index]
    assert near["outside_m"] == pytest.approx(9.3, abs=0.2)
    assert (far["position"], far["grid"], owner(far)) == ("outside", None, "DIS")
    assert (sea["position"], sea["outside_m"], owner(sea)) == ("outside", None, "DIS")


def test_the_accuracy_circle_is_shared_between_the_cells_it_touches(session: Session, estate: Site) -> None:
    shares = {part["code"]: part["share"] for part in located(session, 1, 1, accuracy_m=20)["shares"]}  # type: ignore[attr-defined]
    assert shares == {f"Z1-C1-{number}": pytest.approx(0.25, abs=1e-3) for number in (1, 2, 3, 4)}


def test_litter_by_a_house_is_its_grid_owners_and_in_the_open_the_environment_officers(
    session: Session, estate: Site
) -> None:
    assert owner(located(session, 0.5, 0.5, category="litter")) == "P-Z1-C1-1"
    assert owner(located(session, 3.9, 3.9, category="litter")) == "EVE"


def test_an_oil_stain_in_the_car_park_is_not_the_tower_owners(session: Session, estate: Site) -> None:
    assert owner(located(session, 0.5, 0.5, category="dirty_car_park", level="B1")) == f"P-{PARK}"
    assert owner(located(session, 0.5, 0.5, category="dirty_car_park", level="B2")) == "P-Z1-C1-1"


def test_the_keeper_of_a_place_answers_before_its_grid_owner(session: Session, estate: Site) -> None:
    route = located(session, 3.7, 3.7, category="litter")
    assert owner(route) == "TOM"
    assert "clubhouse has a keeper" in [reason["text"] for reason in route["reasons"]]  # type: ignore[attr-defined]


def test_a_facility_under_warranty_goes_to_the_developer_until_the_day_it_ends(session: Session, estate: Site) -> None:
    said = [
        located(session, 0.2, 0.2, category="drain", facility="PUMP", at=datetime(year, 6, 1, tzinfo=UTC))["reasons"][1]  # type: ignore[index]
        for year in (2029, 2031)
    ]
    assert [reason["rule"] for reason in said] == ["6 under warranty", "6 equipment"]


def test_what_reaches_into_several_cells_goes_to_the_post_above_them(session: Session, estate: Site) -> None:
    route = located(session, 1, 0.5, extent_m=5.0, category="noise")
    assert [answer["person"]["code"] for answer in route["answers"]] == ["P-Z1-C1", "P-Z1-C1-1", "P-Z1-C1-2"]  # type: ignore[attr-defined]


def test_leave_hands_the_work_to_the_deputy_for_as_long_as_it_lasts(session: Session, estate: Site) -> None:
    session.execute(
        text("""insert into leave (person_id, starts, ends)
                select id, :starts, :ends from person where code = 'P-Z1-C1-1'"""),
        {"starts": NOW, "ends": NOW + timedelta(days=7)},
    )
    owners = [owner(located(session, 0.1, 0.1, at=NOW + timedelta(days=day))) for day in (-1, 0, 6, 7)]
    assert owners == ["P-Z1-C1-1", "DEP", "DEP", "P-Z1-C1-1"]


def test_a_store_without_a_plan_then_and_there_says_so(session: Session, estate: Site) -> None:
    route = located(session, 0.5, 0.5, at=datetime(1960, 1, 1, tzinfo=UTC))
    assert route["answers"] == []
    assert route["reasons"] == [{"rule": "place", "text": "no plan of grids was in force there and then"}]


def test_answers_speak_the_readers_language(session: Session, estate: Site) -> None:
    lon, lat = spot(0.1, 0.1)
    route = Router(session).locate(pd.DataFrame([{"lon": lon, "lat": lat}]), NOW)[0]
    assert route.as_json("zh-Hant")["reasons"][0]["text"] == "位置在網格 Z1-C1-1 內"


def test_the_roster_of_one_and_of_many_come_to_the_same_answer(session: Session, estate: Site) -> None:
    points = many_places(40).assign(kind="complaint", category="fight", about="P-Z2-C2-4")
    points = on_lattice(points)
    moments = moments_of(points, NOW)
    many = Router(session)
    together = many.decide(points, stored_facts.facts(session, points, moments), moments)
    assert len(together.verdicts) > 20
    for row in range(0, len(points), 5):
        alone = points.iloc[[row]].reset_index(drop=True)
        single = Router(session).decide(alone, stored_facts.facts(session, alone, moments[:1]), moments[:1])
        assert single.verdicts[single.which[0]] == together.verdicts[together.which[row]]


def test_in_a_building_that_is_divided_along_its_units_the_covering_cell_answers(
    session: Session, published: Publisher
) -> None:
    divided = Estate()
    long_house = cell(0.6, 0.4, 0.8, 0.2)
    houses = divided.layers["buildings"]
    houses = houses[~houses["code"].isin(["H-Z1-C1-1", "H-Z1-C1-2"])]
    row = gpd.GeoDataFrame({"code": ["LONG"]}, geometry=[long_house], crs=4326)
    divided.layers["buildings"] = gpd.GeoDataFrame(pd.concat([houses, row], ignore_index=True), crs=4326)
    units = {"building": ["LONG", "LONG"], "code": ["1", "2"]}
    halves = [cell(0.6, 0.4, 0.4, 0.2), cell(1, 0.4, 0.4, 0.2)]
    divided.layers["units"] = gpd.GeoDataFrame(units, geometry=halves, crs=4326)
    published(divided)
    assert owner(located(session, 0.8, 0.5, category="litter")) == "P-Z1-C1-1"
    assert owner(located(session, 1.3, 0.5, category="litter")) == "P-Z1-C1-2"


def test_a_level_whose_grid_has_gone_is_the_environment_officers(session: Session, estate: Site) -> None:
    session.execute(text("update facility set grid_code = 'GONE' where code = 'CARPARK'"))
    route = located(session, 0.5, 0.5, category="dirty_car_park", level="B1")
    assert [reason["rule"] for reason in route["reasons"]][1] == "5 own level"  # type: ignore[attr-defined]
    assert owner(route) == "P-Z1-C1-1"  # no environment officer is named there: the cell's owner


def many_places(count: int, seed: int = 7) -> pd.DataFrame:
    """Places of every sort: inside, on lines and corners, near and far, with accuracy, extent, level and facility."""
    draw = np.random.default_rng(seed)
    spread = np.concatenate(
        [draw.uniform(-0.6, 4.6, (count // 2, 2)), draw.integers(0, 17, (count - count // 2, 2)) / 4]
    )
    spread = np.concatenate([spread, [[-900.0, 5], [50, 50], [3.7, 3.7]]])
    lon, lat = spot(spread[:, 0], spread[:, 1])  # type: ignore[arg-type]
    some = draw.random((len(spread), 4)) < 0.5
    return pd.DataFrame(
        {
            "lon": lon,
            "lat": lat,
            "level": np.where(some[:, 0], draw.choice(["B1", "B2"], len(lon)), None),
            "facility": np.where(some[:, 1], draw.choice(["PUMP", "NONE"], len(lon)), None),
            "accuracy_m": np.where(some[:, 2], draw.uniform(0, 80, len(lon)), np.nan),
            "extent_m": np.where(some[:, 3], draw.uniform(0, 60, len(lon)), np.nan),
        }
    )


def test_the_store_and_the_frames_say_the_same_of_every_place(session: Session, estate: Site) -> None:
    points = on_lattice(many_places(600))
    moments = moments_of(points, NOW)
    router = Router(session)
    stored = stored_facts.facts(session, points, moments)
    framed = router.facts_of_file(points, moments, estate, {}, detail=True)
    assert set(stored["position"]) == {"inside", "boundary", "near", "outside"}
    for name in FACTS.columns:
        if name in MEASURED:
            assert stored[name].astype(float).tolist() == pytest.approx(
                framed[name].astype(float).tolist(), nan_ok=True, abs=1e-6
            )
        elif name == "shares":
            assert [_parts(row) for row in stored[name]] == [_parts(row) for row in framed[name]]
        else:
            left, right = (
                column.astype(object).where(column.notna(), None).tolist() for column in (stored[name], framed[name])
            )
            assert left == right, name


def _parts(shares: list[dict[str, float]] | None) -> object:
    return {part["code"]: pytest.approx(part["share"], abs=1e-6) for part in shares} if shares else None


def test_both_ways_come_to_the_same_decisions(session: Session, estate: Site) -> None:
    points = many_places(300, seed=8).assign(
        category=np.random.default_rng(9).choice(["litter", "lift", "service", "gas"], 303)
    )
    points = on_lattice(points)
    router, moments = Router(session), moments_of(points, NOW)
    stored = router.decide(points, stored_facts.facts(session, points, moments), moments)
    framed = router.decide(points, router.facts_of_file(points, moments, estate, {}, detail=False), moments)
    assert [stored.verdicts[row] for row in stored.which] == [framed.verdicts[row] for row in framed.which]
