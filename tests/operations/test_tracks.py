"""Tracks come late, out of order and twice; what was really walked is measured on the ground."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.frequencies import Frequency
from gridmap.domain.model import Site
from gridmap.domain.patrols import Fix
from gridmap.errors import NotFoundError
from gridmap.operations import patrols, rounds
from gridmap.operations.patrols import CheckInGiven, CheckpointGiven, PlanGiven
from gridmap.operations.tracks import coverage, leaves, take_track
from gridmap.storage.tracks import SIGHT_M, checkpoint_coverage
from tests.estate import PARK, spot
from tests.operations.conftest import NOW

DAY = timedelta(days=1)
# A cell of the estate is about so wide and high, in metres.
WIDE, HIGH = 92.9, 108.3


@pytest.fixture
def walker(session: Session, estate: Site) -> int:
    return int(session.execute(text("select id from person where code = 'P-Z2-C2-4'")).scalar_one())


def line(*corners: tuple[float, float], every_s: int = 10, metres_s: float = 1.2) -> Iterator[Fix]:
    """A walk from corner to corner, in units of cells."""
    at = NOW - timedelta(hours=3)
    for (x1, y1), (x2, y2) in pairwise(corners):
        steps = max(1, round(math.hypot((x2 - x1) * WIDE, (y2 - y1) * HIGH) / (every_s * metres_s)))
        for n in range(steps + 1):
            lon, lat = spot(x1 + (x2 - x1) * n / steps, y1 + (y2 - y1) * n / steps)
            yield Fix(at, lon, lat, 5.0)
            at += timedelta(seconds=every_s)


def share(session: Session, site: Site, grid: str) -> float:
    found = coverage(session, site, NOW - DAY, NOW, [grid])[0].share
    assert found is not None
    return found


def stored(session: Session) -> int:
    return int(session.execute(text("select count(*) from position")).scalar_one())


def test_a_straight_walk_covers_a_strip_of_the_park(session: Session, estate: Site, walker: int) -> None:
    walk = list(line((3, 3.5), (4, 3.5)))
    assert take_track(session, walker, walk, NOW).stored == len(walk)
    assert share(session, estate, PARK) == pytest.approx(2 * SIGHT_M / HIGH, rel=0.03)
    assert share(session, estate, "Z1-C1-1") == 0


def test_what_is_walked_is_a_part_of_the_ground_without_the_buildings(
    session: Session, estate: Site, walker: int
) -> None:
    found = {each.grid: each for each in coverage(session, estate, NOW - DAY, NOW)}
    assert len(found) == 16
    assert found["Z1-C1-1"].walkable_m2 == pytest.approx(found[PARK].walkable_m2 * (1 - 0.25**2), rel=0.01)
    # Round the house of the first cell, near enough to see its walls.
    take_track(session, walker, list(line((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.3))), NOW)
    alone = share(session, estate, "Z1-C1-1")
    assert 0.3 < alone < 1
    take_track(session, walker, [Fix(fix.at + timedelta(hours=1), fix.lon, fix.lat, 5.0) for fix in line(
        (0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95), (0.05, 0.05)
    )], NOW)  # fmt: skip
    assert share(session, estate, "Z1-C1-1") > 0.95


def test_the_same_track_in_any_order_and_twice_is_the_same_walk(session: Session, estate: Site, walker: int) -> None:
    walk = list(line((3, 3.2), (4, 3.2), (4, 3.8)))
    late = take_track(session, walker, walk[::-2], NOW)
    rest = take_track(session, walker, walk, NOW)
    assert late.stored + rest.stored == len(walk) == stored(session)
    again = take_track(session, walker, walk, NOW)
    assert (again.stored, again.before) == (0, len(walk))


def test_noise_is_dropped_and_counted(session: Session, estate: Site, walker: int) -> None:
    walk = list(line((3, 3.5), (4, 3.5)))
    before = share(session, estate, PARK) if take_track(session, walker, walk, NOW).stored else 0.0
    lon, lat = spot(0, 0)
    noisy = [
        Fix(walk[3].at + timedelta(seconds=5), lon, lat, 5.0),
        Fix(NOW + timedelta(days=3650), *spot(3.5, 3.9), 5.0),
        Fix(NOW - timedelta(days=40), *spot(3.5, 3.9), 5.0),
        Fix(NOW - timedelta(hours=1), *spot(3.5, 3.9), 400.0),
    ]
    assert dict(take_track(session, walker, noisy, NOW).noise) == {"leap": 1, "future": 1, "old": 1, "vague": 1}
    assert share(session, estate, PARK) == before


def test_a_pause_joins_nothing(session: Session, estate: Site, walker: int) -> None:
    first, last = next(line((3, 3.5), (3.1, 3.5))), [*line((3.9, 3.5), (4, 3.5))][-1]
    take_track(session, walker, [first, Fix(first.at + timedelta(minutes=20), last.lon, last.lat, 5.0)], NOW)
    # Two circles, half of each in the park, and no strip between them.
    assert share(session, estate, PARK) == pytest.approx(math.pi * SIGHT_M**2 / (WIDE * HIGH), rel=0.1)


def test_grids_of_any_tier_are_measured_and_unknown_times_have_no_ground(
    session: Session, estate: Site, walker: int
) -> None:
    take_track(session, walker, list(line((3, 3.5), (4, 3.5))), NOW)
    whole, park = (coverage(session, estate, NOW - DAY, NOW, [code])[0].walked_m2 for code in ("Z2-C2", PARK))
    # What was seen from the park beyond its line, too.
    assert park < whole < 1.3 * park
    assert leaves(session, estate, NOW, {"Z1-C1-1", "Z1"}) == ["Z1-C1-1"]
    session.execute(text("update edition set valid_from = :at"), {"at": NOW})
    with pytest.raises(NotFoundError):
        coverage(session, estate, NOW - 2 * DAY, NOW - DAY)


def test_a_checkpoint_is_covered_by_the_rounds_it_was_visited_on(session: Session, estate: Site, walker: int) -> None:
    lon, lat = spot(3.5, 3.5)
    token = patrols.write_checkpoints(session, estate, [CheckpointGiven("lake", "the lake", lon, lat)])["lake"]
    plan = PlanGiven("P", "park", Frequency("daily"), (NOW - 2 * DAY).date(), person="P-Z2-C2-4", checkpoints=("lake",))
    patrols.write_plan(session, estate, plan)
    rounds.plan_rounds(session, NOW - 2 * DAY)
    patrols.check_in(session, [CheckInGiven(walker, "u", NOW - DAY, "nfc", token=token, lon=lon, lat=lat)], NOW)
    found: Any = checkpoint_coverage(session, estate.id, None, NOW - 3 * DAY, NOW)[0]
    assert (found.code, found.due, found.visited, found.last_visit) == ("lake", 2, 1, NOW - DAY)


def test_a_check_in_counts_as_a_place_that_was_walked(session: Session, estate: Site, walker: int) -> None:
    lon, lat = spot(3.5, 3.5)
    patrols.check_in(session, [CheckInGiven(walker, "u", NOW - DAY / 2, "gps", lon=lon, lat=lat)], NOW)
    assert share(session, estate, PARK) == pytest.approx(math.pi * SIGHT_M**2 / (WIDE * HIGH), rel=0.12)
