"""How each sort of analysis looks: the grids, what was reported in them, and a seed in; a row for each grid out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.special import ndtri

from gridmap.analytics import weights as neighbourhoods
from gridmap.analytics.changes import changes, dispersion
from gridmap.analytics.emerging import emerging
from gridmap.analytics.hotspots import local_g
from gridmap.analytics.rates import counts, rates
from gridmap.analytics.scale import best_distance
from gridmap.analytics.scan import scan, scan_permuted
from gridmap.analytics.scanned import Scan
from gridmap.analytics.significance import LEVELS
from gridmap.analytics.trends import cube
from gridmap.analytics.weights import Weights
from gridmap.domain.insights import LONGEST_OUTBREAK, PERIOD_DAYS, Question
from gridmap.errors import InputError
from gridmap.language import Phrase, phrase

DAY: Final = timedelta(days=1)
RENAMED: Final = {"GiZScore": "score", "GiPValue": "p", "NNeighbors": "neighbours", "Gi_Bin": "bin"}
# What every sort says of a grid, beside its name, count and rate.
SAID: Final = ("expected", "ratio", "score", "p", "neighbours", "bin", "category")
# More draws say nothing more of a cluster, and a scan draws whole maps.
MOST_MAPS: Final = {"scan": 9_999, "outbreaks": 999}
# Grids of one cluster carry its name as their category: this, and its number.
CLUSTER: Final = "cluster"
# Weeks that have to be there on both sides before we say how much they vary of themselves.
FEWEST_WEEKS: Final = 4
WORTH_A_WORD: Final = 1.1


@dataclass(frozen=True, eq=False)
class Ground:
    """What is looked at: the grids, and by their codes name, count, rate, few, value and households.

    `reports` are those of the window, `earlier` those of as long a time before it.
    """

    question: Question
    grids: gpd.GeoDataFrame
    table: pd.DataFrame
    reports: pd.DataFrame
    earlier: pd.DataFrame
    since: datetime
    until: datetime

    @property
    def tier(self) -> str:
        return f"tier{self.question.tier}"


@dataclass(frozen=True, eq=False)
class Looked:
    """What is said of each grid (the columns of SAID, by code), what was chosen, and how long what began has lasted."""

    cells: pd.DataFrame
    notes: list[Phrase]
    days: Mapping[str, int] = field(default_factory=dict)


def look(ground: Ground) -> Looked:
    """Look at the ground as its question says."""
    return LOOKS[ground.question.kind](ground, np.random.default_rng(ground.question.seed))


def _hotspots(ground: Ground, random: np.random.Generator) -> Looked:
    weights, notes = _neighbours(ground)
    found = local_g(ground.table["value"], weights, permutations=ground.question.draws, random=random)
    return Looked(_cells(found.rename(columns=RENAMED)), [*notes, *_of_draws(ground, weights)])


def _emerging(ground: Ground, random: np.random.Generator) -> Looked:
    """The categories of whole weeks, counted back from the end of the window."""
    weights, notes = _neighbours(ground)
    grown = _weeks(ground, ground.reports, ground.since)
    if ground.table["rate"].notna().any():
        flat, homes = pd.Series(grown.to_numpy().ravel()), ground.table["households"].to_numpy()
        score = rates(flat, np.repeat(homes, grown.shape[1]))["score"].to_numpy()
        grown = pd.DataFrame(score.reshape(grown.shape), index=grown.index, columns=grown.columns)
    found = emerging(grown, weights, permutations=ground.question.draws, random=random)
    return Looked(_cells(found.rename(columns=RENAMED)), [*notes, *_of_draws(ground, weights)])


def _clusters(ground: Ground, random: np.random.Generator) -> Looked:
    """Circles in which more was reported than their share of households, or of grids."""
    of_homes = ground.table["rate"].notna().any()
    population = ground.table["households"] if of_homes else pd.Series(1.0, index=ground.table.index)
    times = min(ground.question.draws, MOST_MAPS["scan"])
    found = scan(ground.table["count"], population, ground.grids, replicas=times, random=random)
    said = _in_clusters(found).assign(expected=found.cells["expected"], ratio=found.cells["ratio"])
    return Looked(_cells(said), [])


def _outbreaks(ground: Ground, random: np.random.Generator) -> Looked:
    """Circles in which more was reported in the last days than place, day and weekday explain.

    What is said to be expected of a grid is that of the days its outbreak has lasted.
    """
    days = ground.question.days
    grown = cube(ground.reports[ground.tier], ground.reports["reported_at"], ground.table.index,
                 pd.Timestamp(ground.since), pd.Timedelta(days=1), days)  # fmt: skip
    weekday = pd.DatetimeIndex(grown.columns).day_of_week
    times, longest = min(ground.question.draws, MOST_MAPS["outbreaks"]), min(LONGEST_OUTBREAK, days // 3)
    found = scan_permuted(grown, ground.grids, kinds=list(weekday), longest=longest, prospective=True,
                          replicas=times, random=random)  # fmt: skip
    said, lasting = _in_clusters(found), {}
    for row in found.sure(max(LEVELS)).to_dict("records"):
        codes, last = list(row["codes"]), int(row["periods"])
        lasting[f"{CLUSTER} {row['rank']}"] = last
        expected = _expected_lately(grown, weekday, last)[codes]
        said.loc[codes, "expected"] = expected
        said.loc[codes, "ratio"] = grown.loc[codes].iloc[:, -last:].sum(axis=1) / expected
    note = phrase("whatever began in the last {days} days, in circles of grids", days=longest)
    return Looked(_cells(said), [note], lasting)


def _expected_lately(grown: pd.DataFrame, weekday: pd.Index, last: int) -> pd.Series[float]:
    """What each grid would have in the last days, if place and day had nothing to do with one another."""
    late = np.arange(grown.shape[1]) >= grown.shape[1] - last
    parts = []
    for kind in weekday.unique():
        of = weekday == kind
        whole = grown.loc[:, of].to_numpy().sum()
        share = grown.loc[:, of & late].to_numpy().sum() / whole if whole else 0.0
        parts.append(grown.loc[:, of].sum(axis=1) * share)
    return pd.Series(np.sum(parts, axis=0), index=grown.index)


def _in_clusters(found: Scan) -> pd.DataFrame:
    """The grids of clusters: how sure they are is said of the whole cluster."""
    cells = found.cells
    sure = pd.Series(np.sum([cells["p"] <= level for level in LEVELS], axis=0), index=cells.index)
    named = (CLUSTER + " " + cells["rank"].astype(str)).astype(object)
    others = cells["rank"].map(cells["rank"].value_counts()) - 1
    columns = {
        "score": cells["llr"], "p": cells["p"], "bin": sure, "neighbours": others.where(sure > 0, 0),
        "category": named.where(sure > 0, None),
    }  # fmt: skip
    return pd.DataFrame(columns).assign(expected=np.nan, ratio=np.nan)


def _changes(ground: Ground, _: np.random.Generator) -> Looked:
    """The window against as long a time before it, each grid against what became of all others."""
    index = ground.table.index
    before = counts(ground.earlier[ground.tier], index)
    if not before.any():
        raise InputError(f"nothing was reported in the {ground.question.days} days before the window: ask for fewer")
    vary, notes = _varying(ground), list[Phrase]()
    if vary >= WORTH_A_WORD:
        notes = [phrase("weeks vary {times} times as much as chance, which is allowed for", times=f"{vary:.1f}")]
    found = changes(before, ground.table["count"], dispersion=vary)
    side = np.sign(found["ratio"] - 1)
    said = found[["expected", "p"]].assign(
        ratio=found["ratio"].where(np.isfinite(found["ratio"])), score=side * -ndtri(found["p"].clip(1e-300) / 2),
        neighbours=0, bin=found["change"], category=None,
    )  # fmt: skip
    return Looked(_cells(said), notes)


def _varying(ground: Ground) -> float:
    """How many times as much weeks vary as chance; once, where there is too little to tell."""
    if ground.question.days < FEWEST_WEEKS * PERIOD_DAYS:
        return 1.0
    began = ground.since - ground.question.days * DAY
    try:
        return dispersion(_weeks(ground, ground.earlier, began), _weeks(ground, ground.reports, ground.since))
    except InputError:  # all that came lies in one grid, or in one week
        return 1.0


Look = Callable[[Ground, np.random.Generator], Looked]
LOOKS: Final[dict[str, Look]] = {
    "hotspots": _hotspots,
    "emerging": _emerging,
    "scan": _clusters,
    "outbreaks": _outbreaks,
    "changes": _changes,
}


def _cells(said: pd.DataFrame) -> pd.DataFrame:
    """The columns of SAID; what a sort says nothing of is missing."""
    return said.reindex(columns=list(SAID)).astype({"neighbours": int, "bin": int, "category": object})


def _weeks(ground: Ground, reports: pd.DataFrame, since: datetime) -> pd.DataFrame:
    """The whole weeks of a window, counted back from its end."""
    weeks, over = divmod(ground.question.days, PERIOD_DAYS)
    start = pd.Timestamp(since) + over * DAY
    return cube(reports[ground.tier], reports["reported_at"], ground.table.index, start,
                pd.Timedelta(days=PERIOD_DAYS), weeks)  # fmt: skip


def _neighbours(ground: Ground) -> tuple[Weights, list[Phrase]]:
    """Who is whose neighbour, and why, where that was for us to choose."""
    sort, reach, grids = ground.question.neighbours, ground.question.reach, ground.grids
    if sort in ("queen", "rook"):
        return neighbourhoods.contiguity(grids, rook=sort == "rook"), []
    if sort == "nearest":
        return neighbourhoods.nearest(grids, int(reach or 1)), []
    if sort == "distance":
        return neighbourhoods.distance_band(grids, float(reach or 0)), []
    scale = best_distance(ground.table["value"].to_numpy(), grids)
    said = {
        "peak": phrase("{metres} m chosen: there like lies beside like most clearly", metres=round(scale.metres)),
        "highest": phrase("{metres} m chosen: the clearest of those tried, without a peak", metres=round(scale.metres)),
        "neighbours": phrase("{metres} m chosen for eight neighbours: nothing is clustered at any distance",
                             metres=round(scale.metres)),
    }[scale.why]  # fmt: skip
    return neighbourhoods.distance_band(grids, scale.metres), [said]


def _of_draws(ground: Ground, weights: Weights) -> Iterator[Phrase]:
    """What the reader has to know of neighbours and probabilities before he believes them."""
    draws, of = ground.question.draws, len(ground.table)
    if weights.islands:
        yield phrase("{count} grids have no neighbours and are in no cluster", count=len(weights.islands))
    if draws and 2 / (1 + draws) > LEVELS[-1] / of:
        yield phrase("with {draws} draws no single grid can be 99 % sure among {of}", draws=draws, of=of)
    if not draws:
        yield phrase("by the normal distribution, which is too sure of itself where counts are small")
