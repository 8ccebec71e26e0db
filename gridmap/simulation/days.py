"""The days lived on the imaginary estate: what was reported on them, as a frame of points.

Everything is counted back from a moment, so that the reports of an estate are always recent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.domain.categories import CATEGORIES
from gridmap.domain.frames import POINTS
from gridmap.errors import InputError
from gridmap.simulation.drawing import DEGREE_EAST_M, DEGREE_NORTH_M
from gridmap.simulation.estate import Estate
from gridmap.simulation.spots import Spots, spots_of
from gridmap.simulation.stories import ACCURACY_M, HOURS, LEAKS, SOURCES, STORIES, STORM, WEEK, Story
from gridmap.spatial.coordinates import snap

A_DAY: Final = 41.0  # reports, before the storm and what was planted
GROWTH: Final = 0.15  # by which the last day is busier than the first
STORM_DAYS_AGO, STORM_BEGINS_H, STORM_LASTS_H = 41, 14.0, 9.0
INSPECTED = 0.5  # of what patrols find is told as a finding of an inspection
# The groups and categories that are about the facility they are found at, and not only beside it.
OF_FACILITIES: Final = {
    "equipment", "smart_systems", "fire_equipment", "bin_full", "water_feature", "waste_removal", "dirty_car_park",
}  # fmt: skip
# What becomes of a report is not said here: that is lived (`world`).
TOLD: Final = tuple(name for name in POINTS.columns if name not in ("extent_m", "status", "due_at", "closed_at"))


@dataclass(frozen=True)
class Planted:
    """A trouble that was put among the others to be found: so many of a category about one block lately."""

    category: str
    grid: str  # of tier 2
    building: str
    reach_m: float
    days: int
    count: int


PLANTED: Final = Planted("water_leak", "WJ-I-02", "I14", 38.0, 30, 46)


def reports(estate: Estate, until: datetime, days: int = 90, seed: int = 7, *, ordinary: bool = False) -> pd.DataFrame:
    """What was reported on an estate in the days before a moment, by time, with the columns of `frames.POINTS`.

    Days that are `ordinary` have no storm, and nothing planted.
    """
    if until.tzinfo is None or days < 1:
        raise InputError("reports are made of whole days before a moment with a time zone: give both")
    lived = _Days(estate, pd.Timestamp(until), days, np.random.default_rng(seed))
    table = pd.concat(
        [pd.DataFrame(part) for part in lived.parts(ordinary=ordinary) if len(part["lon"])], ignore_index=True
    )
    table = table.sort_values(["reported_at", "lon", "lat"], kind="stable").reset_index(drop=True)
    table["reported_at"] = pd.to_datetime(table["reported_at"], utc=True)
    table["reference"] = _references(table["reported_at"], str(estate.site["timezone"]))
    table = table.reindex(columns=list(TOLD))
    texts = table[["level", "facility", "about"]].astype(object)
    return table.assign(**texts.where(texts.notna(), None))


def _references(moments: pd.Series[Any], timezone: str) -> list[str]:
    """A number of each day, by the local calendar."""
    dates = moments.dt.tz_convert(timezone).dt.strftime("%y%m%d")
    return [f"{day}-{number + 1:04d}" for day, number in zip(dates, dates.groupby(dates).cumcount(), strict=True)]


Part = dict[str, Any]  # columns of some of the reports


class _Days:
    """The days before a moment, and the draws that fill them."""

    def __init__(self, estate: Estate, until: pd.Timestamp, days: int, draw: np.random.Generator) -> None:
        self.estate, self.days, self.draw = estate, days, draw
        self.until = until.tz_convert(str(estate.site["timezone"]))
        self.spots = spots_of(estate)
        self.known = {row.code: row for row in CATEGORIES}
        self.staff = sorted(
            estate.posts.loc[estate.posts["role"].isin(["guard", "front_desk", "grid_owner"]), "person"]
        )

    def parts(self, *, ordinary: bool) -> Iterator[Part]:
        """The reports story by story: the ordinary ones, a storm's, and what was planted."""
        weights = np.array([story.weight for story in STORIES])
        drawn = self._chosen(weights, round(A_DAY * self.days))
        for number, story in enumerate(STORIES):
            count = int((drawn == number).sum())
            yield self._told(story, self._places(story, count), self._moments(story, count))
        if ordinary:
            return
        if self.days > STORM_DAYS_AGO:
            for count, story in STORM:
                yield self._told(story, self._places(story, count), self._in_storm(count))
        yield self._told(LEAKS, self._about_planted(), self._lately(PLANTED.count))

    # ------------------------------------------------------------ when

    def _moments(self, story: Story, count: int) -> pd.DatetimeIndex:
        """Moments of the days, as busy as the week and the hour are for a story."""
        back = np.arange(self.days)
        weekday = (self.until.weekday() - back) % 7
        busy = np.array(WEEK[story.hours])[weekday] * (1 + GROWTH * (1 - back / self.days))
        days_ago = self._chosen(busy, count)
        hours = self._chosen(np.array(HOURS[story.hours], dtype=np.float64), count) + self.draw.random(count)
        return self._at(days_ago, hours, self.days)

    def _at(self, days_ago: NDArray[Any], hours: NDArray[np.float64], days: int) -> pd.DatetimeIndex:
        """Local hours so many days ago; what would be later than the moment itself comes so many days before."""
        late = (days_ago == 0) & (hours * 60 >= _minutes(self.until))
        days_ago = np.where(late, days, days_ago)
        minutes = np.floor(hours * 60)
        return self.until.normalize() - pd.to_timedelta(days_ago, unit="D") + pd.to_timedelta(minutes, unit="min")

    def _in_storm(self, count: int) -> pd.DatetimeIndex:
        hours = STORM_BEGINS_H + STORM_LASTS_H * self.draw.random(count) ** 1.6
        return self._at(np.full(count, STORM_DAYS_AGO), hours, self.days)

    def _lately(self, count: int) -> pd.DatetimeIndex:
        """Moments of the last days, more of them toward the end."""
        days = min(PLANTED.days, self.days)
        days_ago = np.floor(days * self.draw.random(count) ** 1.3)
        hours = self._chosen(np.array(HOURS[LEAKS.hours], dtype=np.float64), count) + self.draw.random(count)
        return self._at(days_ago, hours, days)

    # ------------------------------------------------------------ where

    def _places(self, story: Story, count: int) -> Part:
        """Places of a story's sorts, in equal parts of each that the estate has."""
        sorts = [self.spots[sort] for sort in story.where if sort in self.spots]
        which = self._chosen(np.ones(len(sorts)), count)
        parts = [self._spread(spots, int((which == number).sum())) for number, spots in enumerate(sorts)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _spread(self, spots: Spots, count: int) -> Part:
        row = self._chosen(spots.weight, count)
        lon, lat = self._around(spots.lon[row], spots.lat[row], spots.around_m[row])
        return {
            "lon": lon, "lat": lat, "label": spots.label[row],
            "facility": spots.facility[row], "level": spots.level[row],
        }  # fmt: skip

    def _around(self, lon: Any, lat: Any, reach_m: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Places on the lattice within so many metres of others."""
        count = len(lon)
        far, turn = reach_m * np.sqrt(self.draw.random(count)), 2 * np.pi * self.draw.random(count)
        return snap(lon + far * np.cos(turn) / DEGREE_EAST_M), snap(lat + far * np.sin(turn) / DEGREE_NORTH_M)

    def _about_planted(self) -> Part:
        """Homes about the planted block, the nearer the more."""
        count, buildings = PLANTED.count, self.estate.buildings
        block = buildings.loc[buildings["code"] == PLANTED.building].geometry.bounds.to_numpy()[0]
        east, north = (block[0] + block[2]) / 2, (block[1] + block[3]) / 2
        reach_m = PLANTED.reach_m * self.draw.random(count)
        lon, lat = self._around(np.full(count, east), np.full(count, north), reach_m)
        homes = self.spots["home"]
        away = np.hypot((homes.lon - lon[:, None]) * DEGREE_EAST_M, (homes.lat - lat[:, None]) * DEGREE_NORTH_M)
        nothing = np.full(count, None, dtype=object)
        return {
            "lon": lon,
            "lat": lat,
            "label": homes.label[away.argmin(axis=1)],
            "facility": nothing,
            "level": nothing,
        }

    # ------------------------------------------------------------ what

    def _told(self, story: Story, places: Part, moments: pd.DatetimeIndex) -> Part:
        """The reports of a story: who told it, in which words, and how exactly they knew where."""
        count, category = len(moments), self.known[story.category]
        names = sorted(SOURCES[story.source])
        source = np.array(names, dtype=object)[
            self._chosen(np.array([SOURCES[story.source][name] for name in names]), count)
        ]
        least, most = np.array([ACCURACY_M[name] for name in source], dtype=np.float64).reshape(count, 2).T
        kind = np.full(count, story.kind or category.kind, dtype=object)
        found = np.isin(source, ["patrol", "inspection"]) & (self.draw.random(count) < INSPECTED) & (kind == "repair")
        words = np.array(story.texts, dtype=object)[self._chosen(np.ones(len(story.texts)), count)]
        about = np.array(self.staff, dtype=object)[self._chosen(np.ones(len(self.staff)), count)]
        return {
            **{name: places[name] for name in ("lon", "lat", "level")},
            "facility": places["facility"] if {category.group, category.code} & OF_FACILITIES else None,
            "category": story.category, "kind": np.where(found, "inspection", kind),
            "urgency": story.urgency or category.urgency, "about": about if story.about else None,
            "reported_at": moments, "accuracy_m": np.round(least + (most - least) * self.draw.random(count), 1),
            "text": [text.format(label) for text, label in zip(words, places["label"], strict=True)], "source": source,
        }  # fmt: skip

    def _chosen(self, weights: NDArray[np.float64], count: int) -> NDArray[np.intp]:
        """Positions drawn by their weights."""
        bounds = np.cumsum(weights)
        drawn = np.searchsorted(bounds, self.draw.random(count) * bounds[-1], side="right")
        chosen: NDArray[np.intp] = np.minimum(drawn, len(weights) - 1)
        return chosen


def _minutes(moment: pd.Timestamp) -> int:
    return int(moment.hour * 60 + moment.minute)
