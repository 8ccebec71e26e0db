"""Ninety days on the imaginary estate: plausible, always recent, and taken by the desk without a word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from gridmap.domain.frames import POINTS
from gridmap.domain.lifecycle import KINDS, URGENCIES
from gridmap.errors import InputError
from gridmap.operations.checks import check
from gridmap.operations.issues import Desk
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.simulation import days
from gridmap.simulation.days import PLANTED, STORM_DAYS_AGO, TOLD
from gridmap.simulation.estate import Estate
from gridmap.storage import places
from tests.conftest import PROJECT

UNTIL = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="session")
def reported(imagined: Estate) -> pd.DataFrame:
    return days.reports(imagined, UNTIL)


def test_a_moment_and_a_seed_give_the_same_reports(imagined: Estate, reported: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(reported, days.reports(imagined, UNTIL))
    assert not reported.equals(days.reports(imagined, UNTIL, seed=8))


def test_a_moment_in_another_zone_is_the_same_moment(imagined: Estate, reported: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(reported, days.reports(imagined, UNTIL.astimezone(SHANGHAI)))


def test_there_are_enough_of_them_with_the_columns_of_points(reported: pd.DataFrame) -> None:
    assert len(reported) >= 3_600
    assert tuple(reported.columns) == TOLD
    POINTS.check(reported)
    assert reported["reference"].is_unique
    assert reported["text"].str.contains(r"[一-鿿]").all()
    for name, words in (("kind", KINDS), ("urgency", URGENCIES)):
        assert set(reported[name]) <= set(words)


@settings(max_examples=8)
@given(minutes=st.integers(0, 60 * 24 * 400), count=st.integers(1, 95), seed=st.integers(0, 99))
def test_every_report_lies_in_the_days_before_the_moment(imagined: Estate, minutes: int, count: int, seed: int) -> None:
    until = UNTIL + timedelta(minutes=minutes)
    table = days.reports(imagined, until, count, seed)
    assert (table["reported_at"] <= until).all()
    assert (table["reported_at"] >= until - timedelta(days=count)).all()


def test_ordinary_days_have_no_storm_and_nothing_planted(imagined: Estate) -> None:
    table = days.reports(imagined, UNTIL, 60, ordinary=True)
    counts = table["reported_at"].dt.tz_convert(SHANGHAI).dt.date.value_counts()
    assert counts.max() < 2 * counts.median()
    planted = days.reports(imagined, UNTIL, 1)
    assert len(planted) - len(days.reports(imagined, UNTIL, 1, ordinary=True)) == PLANTED.count


def test_what_happens_where_it_would(imagined: Estate, reported: pd.DataFrame) -> None:
    kinds = imagined.facilities.set_index("code")["kind"]
    named = reported[reported["facility"].notna()]
    assert set(named.loc[named["category"] == "lift", "facility"].map(kinds)) == {"lift"}
    assert set(named.loc[named["category"] == "bin_full", "facility"].map(kinds)) == {"bin"}
    below = reported[reported["level"] == "B1"]
    assert set(below["category"]) == {"dirty_car_park"}
    assert set(reported.loc[reported["category"] == "service", "about"]) <= set(imagined.people["code"])
    hours = reported["reported_at"].dt.tz_convert(SHANGHAI).dt.hour
    busy = hours.value_counts()
    assert busy[8] > 2 * busy[13] or busy[19] > 2 * busy[3]
    assert busy[19] > 4 * busy[3]


def test_a_storm_has_its_day(reported: pd.DataFrame) -> None:
    date = reported["reported_at"].dt.tz_convert(SHANGHAI).dt.date
    storm = UNTIL.astimezone(SHANGHAI).date() - timedelta(days=STORM_DAYS_AGO)
    counts = date.value_counts()
    assert counts.idxmax() == storm
    assert counts[storm] > 2 * counts.drop(storm).max()
    assert {"drain", "fallen_tree", "water_leak"} <= set(reported.loc[date == storm, "category"])


def test_leaks_have_gathered_about_the_planted_block(imagined: Estate, reported: pd.DataFrame) -> None:
    recent = reported[
        (reported["category"] == PLANTED.category) & (reported["reported_at"] > UNTIL - timedelta(days=PLANTED.days))
    ]
    grids = imagined.grids[imagined.grids["tier"] == 2].set_index("code").geometry
    inside = {
        code: int(shapely.contains_xy(shape, recent["lon"], recent["lat"]).sum()) for code, shape in grids.items()
    }
    others = sorted(count for code, count in inside.items() if code != PLANTED.grid)
    assert inside[PLANTED.grid] >= PLANTED.count * 0.9
    assert inside[PLANTED.grid] > 3 * others[-1]
    assert np.median(others) <= 2


def test_days_without_a_zone_or_without_a_day_are_refused(imagined: Estate) -> None:
    with pytest.raises(InputError, match="time zone"):
        days.reports(imagined, UNTIL.replace(tzinfo=None))
    with pytest.raises(InputError, match="whole days"):
        days.reports(imagined, UNTIL, days=0)


def test_the_desk_stores_every_row(session: Session, reported: pd.DataFrame) -> None:
    plan = read_plan(outline_from_toml(PROJECT / "data" / "geojson" / "plan.toml"))
    publish(session, check(session, plan, UNTIL), UNTIL)
    batch = Desk(session, places.site(session, "WJ")).report(reported, UNTIL, "simulation")
    assert batch.rejected.empty
    assert len(batch.stored) == len(reported)
    assert (batch.routed["position"] == "outside").sum() == 0
    assert batch.routed["owner"].notna().mean() > 0.95
