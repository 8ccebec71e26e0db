"""How grids are coloured: the same value has the same colour on every day and over every window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analytics.choropleth import MEASURES, NO_CLASS, PLAIN, Measure, classes, coloured
from gridmap.analytics.indicators.definitions import INDICATORS, MEASURED
from gridmap.language import LANGUAGES

FINITE = st.floats(0, 1e6, allow_nan=False)


def figures(values: list[float], denominators: list[float] | float = 100.0) -> pd.DataFrame:
    numbers = np.asarray(values, dtype=float)
    return pd.DataFrame(
        {
            "indicator": "x", "subject": [f"G{n}" for n in range(len(values))], "numerator": numbers,
            "denominator": denominators, "value": numbers, "low": numbers / 2, "high": numbers * 2,
        }
    )  # fmt: skip


def test_whatever_is_counted_in_grids_can_be_looked_at() -> None:
    assert set(MEASURES) == {*MEASURED, *PLAIN}
    assert not {code for code, one in INDICATORS.items() if one.source == "entries"} & set(MEASURES)


@pytest.mark.parametrize("measure", MEASURES.values(), ids=list(MEASURES))
def test_every_scale_ascends_and_names_each_of_its_five_classes(measure: Measure) -> None:
    assert list(measure.scale.breaks) == sorted(set(measure.scale.breaks))
    assert len(measure.scale.terms) == len(set(measure.scale.terms)) == len(measure.scale.breaks) + 1 == 5
    if measure.tells == "share":
        assert 0 < measure.scale.breaks[0] < measure.scale.breaks[-1] < 1


@pytest.mark.parametrize("measure", MEASURES.values(), ids=list(MEASURES))
def test_every_measure_is_told_in_every_language(measure: Measure) -> None:
    for said in (measure.indicator.name, measure.unit, measure.meaning):
        words = [said.say(language) for language in LANGUAGES]
        assert len(set(words)) >= 2, words


def test_darker_means_what_the_indicator_says() -> None:
    meant = {code: MEASURES[code].meaning.say("en") for code in ("closing", "rework", "reports_rate")}
    assert meant == {"closing": "darker is better", "rework": "darker is worse", "reports_rate": "darker is more"}


@given(st.lists(FINITE, min_size=2, max_size=20))
def test_more_is_never_a_lower_class(values: list[float]) -> None:
    found = classes(sorted(values), MEASURES["reports_rate"].scale.breaks)
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 4


@given(st.floats(0.001, 1e3), st.floats(0.5, 400), st.floats(1.01, 5))
def test_the_same_pace_has_the_same_colour_over_any_window(pace: float, days: float, longer: float) -> None:
    measure = MEASURES["reports_rate"]
    short, long = (coloured(measure, figures([pace * span]), span) for span in (days, days * longer))
    assert short["value"][0] == pytest.approx(long["value"][0])
    assert short["class"][0] == long["class"][0] or any(
        edge == pytest.approx(short["value"][0]) for edge in measure.scale.breaks
    )


@given(st.floats(0, 1), st.floats(0.5, 400))
def test_a_share_is_what_it_is_over_any_window(share: float, days: float) -> None:
    found = coloured(MEASURES["closing"], figures([share]), days)
    assert found["value"][0] == share


def test_nothing_at_all_is_a_class_of_its_own_where_something_is_counted() -> None:
    found = coloured(MEASURES["reports_rate"], figures([0.0, 0.001]), 30)
    assert found["class"].tolist() == [0, 1]
    assert MEASURES["reports_rate"].scale.terms[0] == "0"


def test_what_is_not_known_has_no_colour() -> None:
    assert coloured(MEASURES["reports_rate"], figures([float("nan")]), 30)["class"].tolist() == [NO_CLASS]


def test_small_numbers_are_flagged_and_counts_are_not() -> None:
    assert coloured(MEASURES["closing"], figures([1.0, 1.0], [9.0, 10.0]), 30)["small"].tolist() == [True, False]
    assert coloured(MEASURES["open_rate"], figures([1.0, 1.0], [0.19, 0.2]), 30)["small"].tolist() == [True, False]
    assert coloured(MEASURES["reports"], figures([1.0], float("nan")), 30)["small"].tolist() == [False]


def test_figures_are_left_as_they_were_handed_in() -> None:
    given_ = figures([3.0])
    before = given_.copy()
    coloured(MEASURES["reports_rate"], given_, 7)
    pd.testing.assert_frame_equal(given_, before)


def test_a_window_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="some length"):
        coloured(MEASURES["reports_rate"], figures([1.0]), 0)
