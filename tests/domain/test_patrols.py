"""What makes a check-in believable, which points of a track are noise, and when a round is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.patrols import (
    AGAIN,
    METHODS,
    SUSPICIONS,
    VERDICTS,
    WHY,
    Fix,
    Scan,
    holder,
    judge,
    leaps,
    noise_of,
    status_of,
    walked,
)

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
SOUND = Scan(NOW, NOW, "nfc", off_m=3.0, accuracy_m=5.0, token=True)

moments = st.integers(-500_000, 500_000).map(lambda seconds: NOW + timedelta(seconds=seconds))
metres = st.floats(0, 1e6)
scans = st.builds(
    Scan,
    at=moments,
    received_at=moments,
    method=st.sampled_from(sorted(METHODS)),
    off_m=st.none() | metres,
    accuracy_m=st.none() | metres,
    radius_m=st.floats(1, 1000),
    token=st.none() | st.booleans(),
    starts=st.none() | moments,
    ends=st.none() | moments,
    on_route=st.booleans(),
    last_at=st.none() | moments,
    last_m=st.none() | metres,
    same_at=st.none() | moments,
    replayed=st.booleans(),
    photo_wanted=st.booleans(),
    photo_given=st.booleans(),
)


@given(scans)
def test_every_check_in_has_a_verdict_that_its_gravest_reason_gives(scan: Scan) -> None:
    judged = judge(scan)
    weights = {suspicion.name: suspicion.weight for suspicion in SUSPICIONS}
    held = {weights[reason] for reason in judged.reasons}
    assert judged.verdict in VERDICTS
    assert (judged.verdict == "refused") == ("refused" in held)
    assert (judged.verdict == "accepted") == (not held & {"refused", "doubtful"})
    assert set(judged.reasons) <= set(WHY)


@given(scans, st.floats(0, 1000))
def test_coming_nearer_never_makes_a_check_in_less_believable(scan: Scan, nearer: float) -> None:
    if scan.off_m is None:
        return
    closer = Scan(**{**vars(scan), "off_m": max(0.0, scan.off_m - nearer)})
    assert VERDICTS.index(judge(closer).verdict) <= VERDICTS.index(judge(scan).verdict)


@given(scans)
def test_a_stronger_method_at_a_place_is_never_judged_more_severely(scan: Scan) -> None:
    if scan.off_m is None or scan.token is None:
        return
    verdicts = [
        VERDICTS.index(judge(Scan(**{**vars(scan), "method": method})).verdict)
        for method in sorted(METHODS, key=METHODS.__getitem__)
    ]
    assert all(stronger <= weaker for weaker, stronger in pairwise(verdicts))


def test_what_is_sound_has_no_reasons() -> None:
    assert judge(SOUND).reasons == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"token": False}, "wrong_token"),
        ({"replayed": True}, "replayed"),
        ({"on_route": False}, "off_route"),
        ({"at": NOW + timedelta(minutes=6)}, "ahead"),
        ({"same_at": NOW - AGAIN + timedelta(seconds=1)}, "again"),
        ({"last_at": NOW - timedelta(seconds=10), "last_m": 500.0}, "too_fast"),
        ({"starts": NOW + timedelta(minutes=16)}, "early"),
        ({"photo_wanted": True}, "no_photo"),
        ({"method": "gps", "off_m": 56.0}, "far"),
        ({"method": "gps", "accuracy_m": 101.0}, "vague"),
    ],
)
def test_each_suspicion_is_raised_where_it_begins(change: dict[str, object], reason: str) -> None:
    assert reason in judge(Scan(**{**vars(SOUND), **change})).reasons


@pytest.mark.parametrize(
    "change",
    [
        {"at": NOW + timedelta(minutes=5)},
        {"same_at": NOW - AGAIN},
        {"last_at": NOW - timedelta(seconds=100), "last_m": 500.0},
        {"starts": NOW + timedelta(minutes=15)},
        {"method": "gps", "off_m": 55.0},
        {"ends": NOW - timedelta(minutes=15)},
    ],
)
def test_no_suspicion_is_raised_before(change: dict[str, object]) -> None:
    assert judge(Scan(**{**vars(SOUND), **change})).reasons == ()


# ---------------------------------------------------------------- rounds


def test_a_round_goes_from_planned_to_done_late_or_missed() -> None:
    ends, grace = NOW, timedelta(minutes=15)

    def status(visited: int, last: datetime | None, at: datetime) -> str:
        return status_of(2, visited, last, ends, grace, at)

    before, after = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    assert [status(0, None, before), status(1, before, before), status(2, before, before)] == [
        "planned",
        "started",
        "done",
    ]
    assert [status(0, None, after), status(1, before, after), status(2, after, after)] == ["missed", "missed", "late"]
    assert status_of(0, 0, None, ends, grace, before) == "planned"


@given(st.lists(st.text(max_size=3), unique=True), st.lists(st.text(max_size=3)), st.integers(0, 10**6))
def test_who_walks_is_one_of_the_holders_and_on_duty_if_any_is(people: list[str], on_duty: list[str], nth: int) -> None:
    found = holder(people, on_duty, nth)
    assert (found is None) == (not people)
    assert found is None or found in (set(people) & set(on_duty) or set(people))


# ---------------------------------------------------------------- tracks


def at(seconds: float, metres_east: float, accuracy: float = 5.0) -> Fix:
    return Fix(NOW + timedelta(seconds=seconds), 121.5 + metres_east / 95_000, 31.25, accuracy)


def test_a_walk_is_kept_and_a_leap_out_of_it_is_not() -> None:
    line = [at(10 * n, 12 * n) for n in range(10)]
    assert all(walked(line))
    assert walked([*line[:5], at(45, 5000), *line[5:]]) == [True] * 5 + [False] + [True] * 5


def test_a_wrong_start_does_not_drop_the_walk() -> None:
    assert walked([at(-10, 9000), *(at(10 * n, 12 * n) for n in range(5))]) == [False] + [True] * 5


def test_a_point_by_itself_is_noise_if_it_is_of_the_future_too_old_or_vague() -> None:
    assert noise_of(at(299, 0), NOW) is None
    assert noise_of(at(301, 0), NOW) == "future"
    assert noise_of(at(-32 * 86400, 0), NOW) == "old"
    assert noise_of(at(0, 0, 101), NOW) == "vague"


fixes = st.lists(st.builds(at, st.floats(0, 3600), st.floats(-5000, 5000), st.floats(0, 50)), max_size=40)


@given(fixes)
def test_what_is_kept_of_a_track_can_be_walked(track: list[Fix]) -> None:
    line = sorted(track, key=lambda fix: fix.at)
    kept = [fix for fix, fits in zip(line, walked(line), strict=True) if fits]
    assert not any(leaps(one, other) for one, other in pairwise(kept))
    assert bool(kept) == bool(line)
