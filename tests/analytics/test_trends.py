"""Trends against what others published, and emerging hot spots row by row of their table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analytics.emerging import CATEGORIES, NONE, TABLE, Way, category, emerging
from gridmap.analytics.trends import cube, mann_kendall, trends
from gridmap.analytics.weights import contiguity
from gridmap.errors import InputError
from tests.analytics.test_weights import board


def test_the_published_series_has_the_published_trend(samples: Path) -> None:
    folder = samples / "reference" / "mann_kendall"
    said = json.loads((folder / "expected.json").read_text())
    series = pd.read_csv(folder / "arbitrary_1d_data.csv").iloc[:, -1].to_numpy(dtype=float)
    found, test = mann_kendall(series), said["original_test"]
    assert found.s == test["s"]
    assert found.variance == pytest.approx(test["var_s"], rel=1e-12)
    assert (found.z, found.p, found.tau) == pytest.approx((test["z"], test["p"], test["Tau"]), rel=1e-10)
    assert found.slope == pytest.approx(said["sens_slope"]["slope"], rel=1e-12)
    assert found.intercept == pytest.approx(said["sens_slope"]["intercept"], rel=1e-12)


@given(st.lists(st.lists(st.integers(0, 4), min_size=7, max_size=7), min_size=1, max_size=5))
def test_many_series_at_once_are_as_one_by_one(rows: list[list[int]]) -> None:
    together = trends(rows)
    for row, found in zip(rows, together.itertuples(), strict=True):
        alone = mann_kendall(row)
        assert (found.s, found.z, found.p, found.slope) == pytest.approx((alone.s, alone.z, alone.p, alone.slope))
        s = sum(int(np.sign(b - a)) for i, a in enumerate(row) for b in row[i + 1 :])
        assert found.s == s


def test_one_side_asks_for_a_rise() -> None:
    rise = [1, 2, 3, 4, 5, 6, 8]
    assert mann_kendall(rise, alternative="greater").p < 0.01 < mann_kendall(rise, alternative="less").p


def test_what_has_no_trend_is_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="at least 3"):
        mann_kendall([1, np.nan, 2])
    with pytest.raises(InputError, match="row 1 has no number"):
        trends([[1, 2, 3], [1, np.nan, 3]])
    with pytest.raises(InputError, match="at least 3"):
        trends([[1, 2]])


def test_a_cube_counts_each_report_once_and_keeps_zeros() -> None:
    start = pd.Timestamp("2026-05-01", tz="Asia/Shanghai")
    moments = pd.Series(start + pd.to_timedelta([-1, 0, 6.99, 7, 20.9, 21], unit="D"))
    where = pd.Series(["A", "A", "A", "B", None, "A"])
    found = cube(where, moments, ["A", "B", "C"], start, pd.Timedelta(days=7), 3)
    assert found.to_numpy().tolist() == [[2, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert found.columns[1] == start + pd.Timedelta(days=7)
    with pytest.raises(InputError, match="comes twice"):
        cube(where, moments, ["A", "A"], start, pd.Timedelta(days=7), 3)
    with pytest.raises(InputError, match="at least one period"):
        cube(where, moments, ["A"], start, pd.Timedelta(days=7), 0)


# ---------------------------------------------------------------- emerging hot spots

# hot (+), cold (-), neither (.): trend: what it is
SERIES: list[tuple[str, Way, str]] = [
    (".........+", "none", "new hot"),
    ("-........+", "none", "new hot"),  # never hot before: new comes first, cold or not
    ("........++", "none", "consecutive hot"),
    ("-.......++", "up", "consecutive hot"),  # one run at the end comes before oscillating
    (".+++++++++", "up", "intensifying hot"),
    (".+++++++++", "none", "persistent hot"),
    ("++++++++++", "none", "persistent hot"),
    ("++++.+++++", "down", "diminishing hot"),
    (".+..+....+", "none", "sporadic hot"),
    (".+..+...++", "none", "sporadic hot"),
    (".+..-....+", "none", "oscillating hot"),
    ("+++++++++.", "none", "historical hot"),
    ("+++++++++-", "none", "historical hot"),
    ("..++++++..", "none", "none"),
    ("..........", "up", "none"),
    (".........-", "none", "new cold"),
    ("........--", "none", "consecutive cold"),
    (".---------", "down", "intensifying cold"),  # colder and colder
    (".---------", "none", "persistent cold"),
    (".---------", "up", "diminishing cold"),
    (".-..-....-", "none", "sporadic cold"),
    (".-..+....-", "none", "oscillating cold"),
    ("---------.", "none", "historical cold"),
]
SIGN = {"+": 1, "-": -1, ".": 0}


@pytest.mark.parametrize(("series", "trend", "said"), SERIES)
def test_every_row_of_the_table_says_what_it_says(series: str, trend: Way, said: str) -> None:
    assert category([SIGN[letter] for letter in series], trend) == said


def test_the_series_try_every_category() -> None:
    assert {said for _, _, said in SERIES} == {*CATEGORIES, NONE}
    assert len(CATEGORIES) == 16


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=4, max_size=24), st.sampled_from(["up", "none", "down"]))
def test_exactly_one_row_holds_for_any_series(flags: list[int], trend: Way) -> None:
    hot = np.array(flags) == 1
    run = int(hot.sum()) >= 2 and all(hot[-int(hot.sum()) :])
    known = {
        "last": hot[-1], "before": hot[:-1].any(), "most": hot.mean() >= 0.9 - 1e-9, "run": run,
        "opposite": -1 in flags, "trend": trend,
    }  # fmt: skip
    holding = [row for row in TABLE if all(getattr(row, name) in (None, value) for name, value in known.items())]
    assert len(holding) == 1
    turned = {"up": "down", "down": "up", "none": "none"}[trend]
    other = category([-flag for flag in flags], turned)  # type: ignore[arg-type]
    swapped = {"hot": "cold", "cold": "hot"}
    same = category(flags, trend)
    assert other == (same if same == NONE else f"{same.split()[0]} {swapped[same.split()[1]]}")


def test_a_spot_that_arises_is_found_and_the_rest_is_let_be() -> None:
    frame = board(10, 10)
    counts = np.random.default_rng(2).poisson(2.0, (100, 12))
    middle = [33, 34, 43, 44, 45]
    counts[middle, -3:] += 9
    table = pd.DataFrame(counts, index=pd.Index(frame["code"], name="code"))
    found = emerging(table, contiguity(frame), permutations=9999, random=np.random.default_rng(1))
    assert set(found["category"].iloc[middle]) <= {"consecutive hot", "sporadic hot"}
    far = found["category"].iloc[[0, 9, 70, 99]]
    assert (far == NONE).all()
    assert (found["hot"].iloc[middle] >= 2).all()


def test_a_cube_that_does_not_fit_is_refused_in_a_sentence() -> None:
    frame = board(3, 3)
    of = contiguity(frame)
    fitting = pd.DataFrame(np.ones((9, 5)), index=of.ids)
    with pytest.raises(InputError, match="reindex"):
        emerging(fitting.iloc[::-1], of)
    with pytest.raises(InputError, match="at least 4"):
        emerging(fitting.iloc[:, :3], of)
    with pytest.raises(InputError, match="0 or more"):
        emerging(fitting, of, back=-1)
    with pytest.raises(InputError, match="at least 4"):
        category([1, 0, 1])
