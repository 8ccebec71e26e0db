"""Soho in 1854, as John Snow mapped it: what is worked out here points at the pump he had the handle taken from."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.analytics.clusters import dbscan, hulls
from gridmap.analytics.density import density
from gridmap.analytics.events import laid_out
from gridmap.analytics.rates import counts, rates

BROAD_STREET = 8  # the row of the pump at what is Broadwick Street now
PLACE = shapely.Point(-0.13668, 51.51334)


@pytest.fixture(scope="module")
def soho(samples: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The homes with how many died in each, and the pumps. They come in Web Mercator, whose metres are none."""
    folder = samples / "reference" / "spatial_statistics" / "libpysal_snow_maps"
    homes, pumps = (gpd.read_file(folder / f"{name}.shp").set_crs(3857, allow_override=True)
                    for name in ("SohoPeople", "SohoWater"))  # fmt: skip
    return homes, pumps


def apart(homes: gpd.GeoSeries, pumps: gpd.GeoSeries) -> np.ndarray:
    """Metres from each home to each pump."""
    places = laid_out(pd.concat([homes, pumps], ignore_index=True)).metres
    here, there = places[: len(homes)], places[len(homes) :]
    return np.hypot(*(here[:, None] - there[None]).transpose(2, 0, 1))


def test_the_pump_is_the_one_in_broad_street(soho: tuple) -> None:
    _, pumps = soho
    pump = pumps.geometry.to_crs(4326).iloc[[BROAD_STREET]]
    assert apart(pump, gpd.GeoSeries([PLACE], crs=4326)).item() < 10
    # A metre of the map is 0.62 m on the ground: Snow's Soho is not a kilometre wide.
    assert apart(pumps.geometry.iloc[[1]], pumps.geometry.iloc[[12]]).item() == pytest.approx(522, abs=5)


def test_two_of_three_died_nearest_to_that_pump(soho: tuple) -> None:
    homes, pumps = soho
    nearest = apart(homes.geometry, pumps.geometry).argmin(axis=1)
    died = np.bincount(nearest, homes["Count"], minlength=len(pumps))
    assert (died.sum(), died[BROAD_STREET], died.argmax()) == (392, 266, BROAD_STREET)


def test_more_died_in_a_home_near_it_than_in_homes_near_any_other(soho: tuple) -> None:
    homes, pumps = soho
    nearest = apart(homes.geometry, pumps.geometry).argmin(axis=1)
    died = counts(pd.Series(np.repeat(nearest, homes["Count"])), range(len(pumps)))
    found = rates(died, np.bincount(nearest, minlength=len(pumps)))
    enough = found[~found["few"]]
    assert enough["rate"].idxmax() == BROAD_STREET
    assert found.loc[BROAD_STREET, "low"] > homes["Count"].mean()


@pytest.mark.parametrize("metres", [25, 30, 40, 50])
def test_the_largest_cluster_of_deaths_lies_about_that_pump(soho: tuple, metres: float) -> None:
    homes, pumps = soho
    deaths = homes[homes["Count"] > 0]
    clusters = dbscan(deaths, metres=metres, least=10, weights=deaths["Count"])
    largest = hulls(deaths, clusters, weights=deaths["Count"]).iloc[[0]]
    assert largest["weight"].item() > 392 / 2
    away = apart(gpd.GeoSeries(gpd.points_from_xy(largest["lon"], largest["lat"]), crs=4326),
                 pumps.geometry.to_crs(4326))[0]  # fmt: skip
    assert away.argmin() == BROAD_STREET
    assert away[BROAD_STREET] < 30
    assert largest.geometry.item().contains(PLACE)


@pytest.mark.parametrize("metres", [30, 60, 100])
def test_the_density_of_deaths_is_highest_beside_that_pump(soho: tuple, metres: float) -> None:
    homes, pumps = soho
    surface = density(homes, metres=metres, weights=homes["Count"])
    row, column = np.unravel_index(np.nanargmax(surface.values), surface.values.shape)
    peak = gpd.GeoSeries(surface.plane.degrees(shapely.points([surface.x[column]], [surface.y[row]])), crs=4326)
    away = apart(peak, pumps.geometry.to_crs(4326))[0]
    assert away.argmin() == BROAD_STREET
    assert away[BROAD_STREET] < 60
    assert surface.at(pumps).argmax() == BROAD_STREET
