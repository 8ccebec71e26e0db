"""What the notebooks look at: two cities as they published themselves, and the estate that stands in for them."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from gridmap.domain.categories import CATEGORIES
from notebooks import samples as given
from notebooks.samples import COLUMNS, Sample


@pytest.fixture(scope="module")
def washington(samples: Path) -> Sample:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDMAP_SAMPLES", str(samples))
        return given.washington()


@pytest.fixture(scope="module")
def taipei(samples: Path) -> Sample:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDMAP_SAMPLES", str(samples))
        return given.taipei()


@pytest.fixture(scope="module")
def estate() -> Sample:
    return given.estate()


def check(sample: Sample) -> None:
    """What all samples have in common."""
    grids, reports = sample.grids, sample.reports
    assert grids.crs.to_epsg() == 4326
    assert list(reports.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert grids["code"].is_unique
    assert grids["name"].notna().all()
    assert reports["reported_at"].is_monotonic_increasing
    assert {str(reports[name].dt.tz) for name in ("reported_at", "due_at", "closed_at")} == {"UTC"}
    above = dict(zip(grids["code"], grids["parent"], strict=True))
    for tier in (1, 2, 3):
        known = set(sample.tier(tier)["code"])
        assert set(reports[f"tier{tier}"].dropna()) <= known
        assert {above[code] for code in known} <= ({None} if tier == 1 else set(sample.tier(tier - 1)["code"]))
    inside = reports[reports["tier3"].notna()]
    assert (inside["tier3"].map(above) == inside["tier2"]).all()
    assert (inside["tier2"].map(above) == inside["tier1"]).all()


def test_washington_is_8_wards_40_commissions_and_296_districts(washington: Sample) -> None:
    check(washington)
    assert [len(washington.tier(tier)) for tier in (1, 2, 3)] == [8, 40, 296]
    assert len(washington.reports) == 11_473
    assert not washington.simulated


def test_its_requests_lie_in_the_wards_the_city_says(washington: Sample) -> None:
    said = washington.reports[washington.reports["ward"].notna()]
    # Two commissions straddle two wards, and lie here in that which has most of them.
    assert (said["ward"] == said["tier1"]).mean() > 0.98


def test_its_limits_end_when_its_offices_close(washington: Sample) -> None:
    due = washington.reports["due_at"].dropna().dt.tz_convert(washington.timezone)
    assert due.dt.hour.mode().tolist() == [17]


def test_what_ended_before_it_came_in_has_not_ended(washington: Sample) -> None:
    for end in ("due_at", "closed_at"):
        known = washington.reports[washington.reports[end].notna()]
        assert (known[end] >= known["reported_at"]).all()
        assert 6_000 < len(known) < 11_473


def test_taipei_is_12_districts_and_456_li_with_a_year_of_calls_that_have_no_place(taipei: Sample) -> None:
    check(taipei)
    assert [len(taipei.tier(tier)) for tier in (1, 2, 3)] == [1, 12, 456]
    assert len(taipei.reports) == 106_662
    assert taipei.grids["name"].is_unique
    assert taipei.reports[["lon", "lat"]].isna().all(axis=None)
    assert taipei.reports["tier3"].isna().sum() == 27


def test_its_days_without_records_are_known(taipei: Sample) -> None:
    days = taipei.reports["reported_at"].dt.tz_convert(taipei.timezone).dt.date
    missing = set(pd.date_range("2024-01-01", "2024-12-31").date) - set(days)
    assert {(day.month, day.day) for day in missing} == {(3, day) for day in range(13, 18)}


def test_the_estate_is_the_same_on_every_run(estate: Sample) -> None:
    check(estate)
    again = given.estate(90)
    pd.testing.assert_frame_equal(estate.reports, again.reports)
    assert estate.simulated
    assert estate.reports["reported_at"].max() - estate.reports["reported_at"].min() > pd.Timedelta(days=88)
    assert set(estate.reports["category"]) <= {row.code for row in CATEGORIES}


def test_the_estate_says_what_happened_in_the_language_that_is_asked_for() -> None:
    assert {"water leak", "lift"} <= set(given.estate(language="en").reports["category"])
    assert "漏水" in set(given.estate(language="zh-Hant").reports["category"])


@pytest.mark.parametrize("city", [given.washington, given.taipei])
def test_where_the_data_are_not_the_estate_stands_in_and_it_is_said(
    city: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRIDMAP_SAMPLES", str(tmp_path))
    sample = city()  # type: ignore[operator]
    assert sample.simulated
    assert f"{sample.name}, a simulated estate" in capsys.readouterr().out
    check(sample)


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
def test_charts_have_every_sign_of_three_scripts(language: str) -> None:
    with mpl.rc_context():
        colours = given.charts(language)
        figure, ax = plt.subplots()
        ax.plot([-1, 0], color=colours.blue)
        ax.set_title("路樹處理 电梯 Gi* ≥ −1.5 %：「臺北」")
        figure.canvas.draw()  # a sign the font has not is a warning, and that an error
        plt.close(figure)
