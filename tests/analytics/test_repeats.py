"""Repeats at one thing, and near repeats: by hand, under chance, and where something was planted."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from gridmap.analytics.near_repeats import LEVEL, NearRepeats, knox
from gridmap.analytics.repeats import burst_p, repeats, told
from gridmap.errors import InputError

UNTIL = pd.Timestamp("2026-06-01", tz="Asia/Shanghai")
SINCE = UNTIL - pd.Timedelta(days=90)
LIFTS = pd.DataFrame(index=[f"L{n:02}" for n in range(40)])


def most(maps: int, level: float) -> int:
    """How many false ones a stated level allows, all but once in a thousand runs."""
    return int(binom.ppf(0.999, maps, level))


def reported(lifts: object, ago: object) -> pd.DataFrame:
    """Reports of things so many days before the end."""
    moments = UNTIL - pd.to_timedelta(np.asarray(ago, dtype=float), unit="D")
    return pd.DataFrame({"lift": list(lifts), "reported_at": moments})  # type: ignore[call-overload]


def asked(reports: pd.DataFrame, **settings: object) -> pd.DataFrame:
    return repeats(reports, "lift", since=SINCE, until=UNTIL, things=LIFTS, **settings)  # type: ignore[arg-type]


def by_chance(random: np.random.Generator, count: int) -> pd.DataFrame:
    return reported(random.choice(LIFTS.index, count), 90 * (1 - random.random(count)))


# ---------------------------------------------------------------- repeats at one thing


def test_a_lift_that_fails_again_and_again_stands_first_and_says_how_often() -> None:
    random = np.random.default_rng(5)
    found = asked(pd.concat([by_chance(random, 40), reported(["L07"] * 9, np.linspace(2, 85, 9))]))
    first = found.iloc[0]
    assert found.index[0] == "L07"
    assert found["repeats"].tolist() == [True] + [False] * 39
    assert first["expected"] == pytest.approx(49 / 40)
    assert first["low"] < first["ratio"] < first["high"]
    assert first["pattern"] == "chronic"
    assert found["count"].sum() == 49
    assert found["expected"].sum() == pytest.approx(49)
    said = "; ".join(line.say("en") for line in told(first, 90))
    assert said.startswith(f"{first['count']} times in 90 days, where 1.2 were to be expected; every ")


def test_the_same_number_all_at_once_is_a_burst_and_lately_is_worse() -> None:
    random = np.random.default_rng(5)
    burst = reported(["L07"] * 9, 3 + random.random(9) * 8)
    found = asked(pd.concat([by_chance(random, 40), burst, reported(["L09"] * 12, np.linspace(1, 88, 12))]))
    assert found.loc[["L07", "L09"], "pattern"].tolist() == ["burst", "chronic"]
    assert found.loc[["L07", "L09"], "worse"].tolist() == [True, False]
    assert found.loc["L07", "most"] >= 9
    assert found.loc["L07", "most_since"] >= UNTIL - pd.Timedelta(days=12)
    words = [line.say("en") for line in told(found.loc["L07"], 90)]
    assert any(line.startswith("in a burst: ") for line in words)
    assert any(line.startswith("worse lately: ") for line in words)
    assert "all the time" in [line.say("en") for line in told(found.loc["L09"], 90)]
    assert told(found.loc["L09"], 90)[0].say("zh-Hans").startswith("90 天内")


def test_like_is_held_against_like_and_by_how_much_of_it_there_is() -> None:
    things = pd.DataFrame(
        {"kind": ["door"] * 3 + ["lift"] * 3, "exposure": [100, 100, 800, 1, 1, 2]}, index=list("abcdef")
    )
    reports = reported([*"a" * 10, *"b" * 10, *"c" * 80, *"d" * 1, *"e" * 1, *"f" * 8], np.linspace(1, 89, 110))
    found = repeats(reports, "lift", since=SINCE, until=UNTIL, things=things).loc[list("abcdef")]
    assert found["expected"].tolist() == pytest.approx([10, 10, 80, 2.5, 2.5, 5])
    assert not found["repeats"].any()
    assert found["p"].to_numpy() == pytest.approx(
        [*binom.sf([9, 9, 79], 100, [0.1, 0.1, 0.8]), *binom.sf([0, 0, 7], 10, [0.25, 0.25, 0.5])]
    )


def test_a_thing_without_exposure_is_not_judged() -> None:
    things = pd.DataFrame({"exposure": [1.0, 1.0, 0.0, np.nan]}, index=list("abcd"))
    found = repeats(reported("aabccccd", range(1, 9)), "lift", since=SINCE, until=UNTIL, things=things)
    assert found.loc["c", ["count", "repeats"]].tolist() == [4, False]
    assert found.loc[["c", "d"], ["expected", "p", "ratio"]].isna().all(axis=None)
    assert found["expected"].sum() == pytest.approx(3)


def test_how_soon_it_came_again_is_counted_from_its_closing() -> None:
    reports = reported(["L01"] * 4 + ["L02"] * 2, [80, 60, 55, 10, 50, 8])
    closed = UNTIL - pd.to_timedelta([79.0, 57, 54, np.nan, 49, 1], unit="D")
    found = asked(reports.assign(closed_at=closed))
    # Closed 79, 57 and 54 days before the end: 19, 2 and 44 days before the next; 30 days are soon.
    assert found.loc["L01", ["closed", "again", "again_days"]].tolist() == pytest.approx([3, 2 / 3, 19])
    # That which was closed yesterday cannot be known yet.
    assert found.loc["L02", ["closed", "again", "again_days"]].tolist() == pytest.approx([1, 0, 41])
    assert found.loc["L01", "every_days"] == pytest.approx(20)
    assert found.loc["L03", ["closed", "count"]].tolist() == [0, 0]
    assert "67 % came again after they were closed" in [line.say("en") for line in told(found.loc["L01"], 90)]


def test_what_five_neighbours_tell_of_one_trouble_is_one_trouble() -> None:
    reports = reported(["L01"] * 5 + ["L02"], [10, 9.99, 9.97, 9.9, 2, 30])
    assert asked(reports).loc["L01", "count"] == 5
    assert asked(reports, apart=12).loc["L01", "count"] == 2


def test_what_lies_outside_the_window_or_is_of_nothing_is_not_counted() -> None:
    reports = reported(["L01", "L01", "L01", None, "X99"], [0, 90, 91, 5, 5])
    found = asked(reports)
    assert (found["count"].sum(), found.loc["L01", "count"]) == (1, 1)
    known = repeats(reports, "lift", since=SINCE, until=UNTIL)
    assert known["count"].to_dict() == {"L01": 1, "X99": 1}


def test_neither_the_order_of_the_reports_nor_their_zone_changes_anything() -> None:
    reports = by_chance(np.random.default_rng(4), 150)
    before = reports.copy()
    found = asked(reports)
    pd.testing.assert_frame_equal(reports, before)
    pd.testing.assert_frame_equal(asked(reports.sample(frac=1, random_state=1)), found)
    elsewhere = reports.assign(reported_at=reports["reported_at"].dt.tz_convert("UTC"))
    pd.testing.assert_frame_equal(asked(elsewhere), found)


def test_no_report_at_all_is_no_repeat() -> None:
    found = asked(reported([], []))
    assert len(found) == 40
    assert not found["repeats"].any()
    assert len(repeats(reported([], []), "lift", since=SINCE, until=UNTIL)) == 0


def false_repeats(maps: int, count: int) -> int:
    """In how many windows of chance alone a lift is said to repeat."""
    return sum(bool(asked(by_chance(np.random.default_rng(seed), count))["repeats"].any()) for seed in range(maps))


def test_chance_looks_like_a_repeat_no_more_often_than_stated() -> None:
    assert false_repeats(100, 120) <= most(100, 0.05)


@pytest.mark.prove
@pytest.mark.parametrize("count", [40, 120, 1000])
def test_chance_looks_like_a_repeat_no_more_often_in_a_thousand_windows(count: int) -> None:
    assert false_repeats(1000, count) <= most(1000, 0.05)


def test_a_lift_with_nine_more_than_the_two_of_every_lift_is_found_nearly_always() -> None:
    found = 0
    for seed in range(30):
        random = np.random.default_rng(seed)
        worn = reported(["L07"] * 9, 90 * (1 - random.random(9)))
        found += bool(asked(pd.concat([by_chance(random, 84), worn])).loc["L07", "repeats"])
    assert found >= 29


def false_bursts(windows: int) -> tuple[int, int]:
    """In how many windows a lift that always fails is said to do so in a burst, or to be worse."""
    bursts = worse = 0
    for seed in range(windows):
        random = np.random.default_rng(seed)
        steady = reported(["L07"] * 14, 90 * (1 - random.random(14)))
        found = asked(pd.concat([by_chance(random, 60), steady])).loc["L07"]
        assert found["repeats"]
        bursts += found["pattern"] == "burst"
        worse += bool(found["worse"])
    return bursts, worse


def test_what_fails_all_along_is_seldom_called_a_burst_or_worse() -> None:
    assert max(false_bursts(100)) <= most(100, 0.05)


@pytest.mark.prove
def test_what_fails_all_along_is_seldom_called_a_burst_in_a_thousand_windows() -> None:
    assert max(false_bursts(1000)) <= most(1000, 0.05)


@pytest.mark.parametrize(("count", "span", "together"), [(8, 0.1, 5), (9, 14 / 90, 5), (20, 0.15, 9), (5, 0.4, 4)])
def test_how_often_even_times_lie_together_is_as_drawn(count: int, span: float, together: int) -> None:
    times = np.sort(np.random.default_rng(1).random((40_000, count)), axis=1)
    drawn = ((times[:, together - 1 :] - times[:, : count - together + 1]) <= span).any(axis=1).mean()
    assert burst_p(together, count, span) == pytest.approx(drawn, abs=4 * np.sqrt(drawn / 40_000) + 0.002)


def test_what_is_no_window_no_thing_and_no_moment_is_refused_in_a_sentence() -> None:
    reports = reported(["L01", "L02"], [3, 4])
    with pytest.raises(InputError, match="columns door"):
        repeats(reports, "door", since=SINCE, until=UNTIL)
    with pytest.raises(InputError, match="first one earlier"):
        repeats(reports, "lift", since=UNTIL, until=SINCE)
    with pytest.raises(InputError, match="time zone"):
        repeats(reports, "lift", since=SINCE.tz_localize(None), until=UNTIL.tz_localize(None))
    with pytest.raises(InputError, match="reported_at is to say its time zone"):
        asked(reports.assign(reported_at=reports["reported_at"].dt.tz_localize(None)))
    with pytest.raises(InputError, match="1 of 2 reports have no moment"):
        asked(reports.assign(reported_at=[pd.NaT, UNTIL]))
    with pytest.raises(InputError, match="L01 comes twice among the things"):
        repeats(reports, "lift", since=SINCE, until=UNTIL, things=pd.DataFrame(index=["L01", "L01"]))
    with pytest.raises(InputError, match="exposures are 0 or more"):
        repeats(reports, "lift", since=SINCE, until=UNTIL, things=pd.DataFrame({"exposure": [-1.0]}, index=["L01"]))


# ---------------------------------------------------------------- near repeats


def at(days: object) -> pd.Series:
    """Moments so many days after the window began."""
    return pd.Series(SINCE + pd.to_timedelta(np.asarray(days, dtype=float), unit="D"))


def pairs_by_hand(places: np.ndarray, days: np.ndarray, metres: list[float], spans: list[float]) -> np.ndarray:
    one, other = np.triu_indices(len(places), 1)
    far = np.hypot(*(places[one] - places[other]).T)
    wait = np.abs(days[one] - days[other])
    ends = [-1.0, 0.0, *metres]
    return np.array([
        [((far > a) & (far <= b) & (wait > c) & (wait <= d)).sum()
         for c, d in zip([-1.0, *spans[:-1]], spans, strict=True)]
        for a, b in pairwise(ends)
    ])  # fmt: skip


POINT = st.tuples(st.integers(0, 15), st.integers(0, 15), st.integers(0, 20))


@given(st.lists(POINT, min_size=2, max_size=40))
def test_pairs_are_as_counted_by_hand(rows: list[tuple[int, int, int]]) -> None:
    given = np.array(rows, dtype=float)
    places, days = given[:, :2], given[:, 2]
    metres, spans = [1.0, 3.0, 5.0], [1.0, 4.0, 10.0]
    found = knox(places, at(days), metres=metres, days=spans, draws=1, random=np.random.default_rng(1))
    by_hand = pairs_by_hand(places, days, metres, spans)
    assert found.table["observed"].tolist() == by_hand.ravel().tolist()


def test_many_pairs_are_as_counted_by_hand() -> None:
    random = np.random.default_rng(3)
    places, days = random.random((1500, 2)) * [3000, 1000], random.integers(0, 90 * 86_400, 1500) / 86_400
    places[700:760] = places[:60]
    metres, spans = [40.0, 100.0, 250.0], [0.5, 7.0, 30.0]
    found = knox(places, at(days), metres=metres, days=spans, draws=1, random=random)
    assert found.table["observed"].tolist() == pairs_by_hand(places, days, metres, spans).ravel().tolist()


def test_what_is_expected_is_the_mean_of_all_orders() -> None:
    random = np.random.default_rng(3)
    places, days = random.random((60, 2)) * 300, np.round(random.random(60) * 40)
    metres, spans = [50.0, 100.0], [3.0, 10.0]
    found = knox(places, at(days), metres=metres, days=spans, draws=9, random=random)
    drawn = [pairs_by_hand(places, random.permutation(days), metres, spans) for _ in range(2000)]
    assert found.table["expected"].to_numpy() == pytest.approx(np.mean(drawn, axis=0).ravel(), rel=0.05, abs=0.05)


def test_trouble_that_brings_trouble_is_found_where_and_when_it_does() -> None:
    found = planted(7, 40)
    sure = found.table[found.table["sure"]]
    assert sure[["metres", "days"]].values.tolist() == [[100.0, 7.0]]
    assert sure["ratio"].item() > 2
    said = found.reading()[0]
    assert said.say("en").startswith("up to 100 m away, within 7 days: another is ")
    assert said.say("zh-Hant").startswith("100 公尺以內、7 天以內")


def test_one_trouble_of_ten_that_brings_another_is_found_nearly_always() -> None:
    found = [planted(seed, 40).table.query("metres == 100 and days == 7")["sure"].item() for seed in range(20)]
    assert sum(found) >= 19


def planted(seed: int, count: int) -> NearRepeats:
    """Troubles about an estate in a year, some of which brought another up to 70 m away within five days."""
    random = np.random.default_rng(seed)
    places, days = random.random((400, 2)) * 2000, random.random(400) * 360
    beside = places[:count] + random.uniform(-50, 50, (count, 2))
    when = np.concatenate([days, days[:count] + random.random(count) * 5])
    return knox(np.concatenate([places, beside]), at(when), metres=[100, 200], days=[7, 14, 28], random=random)


def test_a_place_that_always_has_much_is_no_near_repeat() -> None:
    random = np.random.default_rng(2)
    places = np.repeat(random.random((40, 2)) * 1000, 10, axis=0)
    found = knox(places, at(random.random(400) * 360), random=random)
    assert found.table.loc[found.table["metres"] == 0, "observed"].sum() > 100
    assert not found.table["sure"].any()
    assert found.reading() == []


def test_one_place_is_a_band_of_its_own() -> None:
    random = np.random.default_rng(2)
    places = np.concatenate([random.random((200, 2)) * 3000] * 2)
    days = random.random(200) * 360
    found = knox(places, at([*days, *(days + 2)]), metres=[100], days=[7], random=random)
    assert found.table.loc[0, ["metres", "observed", "sure"]].tolist() == [0.0, 200, True]
    assert found.reading()[0].say("en").startswith("at the same place, within 7 days: another is ")


def test_the_same_seed_finds_the_same_in_whatever_order_the_points_come() -> None:
    random = np.random.default_rng(2)
    places, days = np.round(random.random((300, 2)) * 500), np.round(random.random(300) * 60)
    first, again = (knox(places, at(days), random=np.random.default_rng(9)) for _ in range(2))
    pd.testing.assert_frame_equal(first.table, again.table)
    order = random.permutation(300)
    pd.testing.assert_frame_equal(
        knox(places[order], at(days[order]), random=np.random.default_rng(9)).table, first.table
    )


def false_near_repeats(maps: int) -> int:
    """In how many estates where places and times have nothing to do with one another something is said to be near."""
    found = 0
    for seed in range(maps):
        random = np.random.default_rng(seed)
        # Thick places and busy days, as everywhere.
        places = random.choice(random.random((60, 2)) * 600, 250) + random.integers(0, 3, (250, 2)) * 40
        days = np.minimum(random.exponential(30, 250), 89)
        found += bool(knox(places, at(days), draws=499, random=random).table["sure"].any())
    return found


def test_chance_looks_like_a_near_repeat_no_more_often_than_stated() -> None:
    assert false_near_repeats(100) <= most(100, LEVEL)


@pytest.mark.prove
def test_chance_looks_like_a_near_repeat_no_more_often_in_a_thousand_estates() -> None:
    assert false_near_repeats(1000) <= most(1000, LEVEL)


def test_everything_at_one_place_and_everything_at_one_time_say_nothing() -> None:
    random = np.random.default_rng(1)
    heap = knox(np.zeros((50, 2)), at(random.random(50) * 90), random=random)
    moment = knox(random.random((50, 2)) * 200, at(np.zeros(50)), random=random)
    assert not heap.table["sure"].any()
    assert not moment.table["sure"].any()
    assert heap.table.loc[heap.table["metres"] > 0, "ratio"].isna().all()
    assert moment.table.loc[moment.table["days_from"] == 0, "ratio"].dropna().to_numpy() == pytest.approx(1)


def test_near_repeats_that_mean_nothing_are_refused_in_a_sentence() -> None:
    random, places, days = np.random.default_rng(1), np.zeros((2, 2)), at([1, 2])
    with pytest.raises(InputError, match="give 2 points"):
        knox(places[:1], days[:1], random=random)
    with pytest.raises(InputError, match="1 draw or more"):
        knox(places, days, random=random, draws=0)
    for metres in ([], [0, 5], [50, 50], [50, 20], [np.nan], [-5]):
        with pytest.raises(InputError, match="bands end at metres that rise"):
            knox(places, days, random=random, metres=metres)
    with pytest.raises(InputError, match="bands end at days"):
        knox(places, days, random=random, days=[7, 1])
    with pytest.raises(InputError, match="1 of 2 have no moment"):
        knox(places, at([1, np.nan]), random=random)
    with pytest.raises(InputError, match="1 of 2 points have no place"):
        knox(np.array([[0, np.nan], [0, 0]]), days, random=random)
    with pytest.raises(InputError, match="68 years"):
        knox(places, pd.Series(pd.to_datetime(["1900-01-01", "2026-01-01"], utc=True)), random=random)
