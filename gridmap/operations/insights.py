"""Hot spots: looked for in what somebody sees, told why, kept with all that was chosen, run again and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from sqlalchemy.orm import Session

from gridmap.analytics import weights as neighbourhoods
from gridmap.analytics.emerging import emerging
from gridmap.analytics.explaining import standing_out
from gridmap.analytics.hotspots import local_g
from gridmap.analytics.rates import counts, rates
from gridmap.analytics.scale import best_distance
from gridmap.analytics.significance import LEVELS
from gridmap.analytics.surges import surges
from gridmap.analytics.trends import cube
from gridmap.analytics.weights import Weights
from gridmap.domain.insights import PERIOD_DAYS, Question
from gridmap.domain.model import Analysis, Site
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, InputError
from gridmap.language import Phrase, phrase
from gridmap.operations.grids import edition
from gridmap.storage import analyses, indicators, issues, places

DAY: Final = timedelta(days=1)
HOURS: Final = 3  # a part of the day that is told apart
OF_SURGES: Final = ("category", "facility", "hour", "weekday")
ATTRIBUTES: Final = ("category", "facility", "hour", "weekday", "day", "third")
RENAMED: Final = {"GiZScore": "score", "GiPValue": "p", "NNeighbors": "neighbours", "Gi_Bin": "bin"}
# Below this share of grids with enough expected, rates of small grids make the map.
ENOUGH: Final = 0.5


@dataclass(frozen=True, eq=False)
class Found:
    """What a question found: a row for each grid by code, what was chosen on the way, and the reports it rests on.

    `cells` has count, rate (per 100 households), few, score, p, neighbours, bin, category, and the grid's name; `part`
    says that it was looked for in a part of the site alone.
    """

    question: Question
    since: datetime
    until: datetime
    edition_id: int
    part: bool
    cells: pd.DataFrame
    every: gpd.GeoDataFrame
    weights: Weights
    reports: pd.DataFrame
    notes: tuple[Phrase, ...]


@dataclass(frozen=True, eq=False)
class Spot:
    """Hot grids that are neighbours, the hottest first, and what stands out there against the rest.

    Of a surge it is one grid, its last `days`, and how many were `expected` in them.
    """

    codes: tuple[str, ...]
    count: int
    reasons: pd.DataFrame
    days: int | None = None
    expected: float | None = None


def ask(session: Session, site: Site, viewer: Viewer, question: Question, at: datetime) -> Found:
    """Look for hot spots in what was reported in the days before a moment, as far as the viewer sees it."""
    return _look(session, site, viewer, question, at - question.days * DAY, at, edition(session, site, at).id)


def again(session: Session, site: Site, viewer: Viewer, kept: Analysis) -> Found:
    """Ask once more what a kept analysis asked: the same settings, draws, Edition and window."""
    return _look(session, site, viewer, Question.of_json(kept.settings), kept.since, kept.until, kept.edition_id)


def _look(
    session: Session, site: Site, viewer: Viewer, question: Question, since: datetime, until: datetime, edition_id: int
) -> Found:
    question.check()
    _check_categories(session, site, question.categories)
    grids = _grids(session, site, viewer, question, edition_id, until)
    homeless = question.per == "households" and not (grids["households"] > 0).any()
    if homeless:
        question = replace(question, per="nothing")
    reports = analyses.reported(session, viewer, site.id, since, until, question.categories)
    tier = f"tier{question.tier}"
    counted = counts(reports[tier], grids["code"])
    table = _table(counted, grids, question)
    held = grids[table["value"].notna().to_numpy()].reset_index(drop=True)
    table = table.loc[held["code"]]
    if len(held) < 4:
        raise InputError(
            f"{len(held)} grids of tier {question.tier} have what is counted per: choose a lower tier, or per nothing"
        )
    weights, notes = _neighbours(question, held, table["value"])
    random = np.random.default_rng(question.seed)
    if question.kind == "emerging":
        found = _emerging(question, reports, table, weights, since, random)
    else:
        found = local_g(table["value"], weights, permutations=question.draws, random=random).assign(category=None)
    cells = table[["name", "count", "rate", "few"]].join(found.rename(columns=RENAMED))
    if homeless:
        notes = [*notes, phrase("bare counts, as no grid says how many households it has")]
    notes = [*notes, *_warnings(question, table, weights, len(grids))]
    part = viewer.grids is not None
    return Found(question, since, until, edition_id, part, cells, grids, weights, reports, tuple(notes))


def _check_categories(session: Session, site: Site, asked: Sequence[str]) -> None:
    known = issues.categories(session, site.id)
    for code in asked:
        if code not in known:
            raise FieldError("category", f"there is no category {code}: gridmap categories lists them")


def _grids(
    session: Session, site: Site, viewer: Viewer, question: Question, edition_id: int, at: datetime
) -> gpd.GeoDataFrame:
    """The viewer's grids of the tier, with the households who live there."""
    frame = places.grids(session, edition_id)
    frame = frame[frame["tier"] == question.tier]
    own = indicators.grids_of(session, viewer)
    if own is not None:
        frame = frame[frame["code"].isin(own)]
    homes = indicators.households(session, site.id, at).set_index("code")["households"]
    return frame.assign(households=frame["code"].map(homes).astype(float)).reset_index(drop=True)


def _table(counted: pd.Series[Any], grids: gpd.GeoDataFrame, question: Question) -> pd.DataFrame:
    """By code: name, count, rate per 100 households, whether that says little, and the value that is looked at."""
    table = pd.DataFrame({"name": grids["name"].to_numpy(), "count": counted}, index=counted.index)
    homes = grids["households"].to_numpy(dtype=np.float64)
    if question.per == "nothing":
        return table.assign(rate=np.nan, few=False, value=counted.astype(float), households=homes)
    found = rates(counted, homes)
    return table.assign(rate=100 * found["rate"], few=found["few"], value=found["score"], households=homes)


def _neighbours(question: Question, grids: gpd.GeoDataFrame, values: pd.Series[Any]) -> tuple[Weights, list[Phrase]]:
    """Who is whose neighbour, and why, where that was for us to choose."""
    sort, reach = question.neighbours, question.reach
    if sort in ("queen", "rook"):
        return neighbourhoods.contiguity(grids, rook=sort == "rook"), []
    if sort == "nearest":
        return neighbourhoods.nearest(grids, int(reach or 1)), []
    if sort == "distance":
        return neighbourhoods.distance_band(grids, float(reach or 0)), []
    scale = best_distance(values.to_numpy(), grids)
    said = {
        "peak": phrase("{metres} m chosen: there like lies beside like most clearly", metres=round(scale.metres)),
        "highest": phrase("{metres} m chosen: the clearest of those tried, without a peak", metres=round(scale.metres)),
        "neighbours": phrase("{metres} m chosen for eight neighbours: nothing is clustered at any distance",
                             metres=round(scale.metres)),
    }[scale.why]  # fmt: skip
    return neighbourhoods.distance_band(grids, scale.metres), [said]


def _emerging(
    question: Question, reports: pd.DataFrame, table: pd.DataFrame, weights: Weights, since: datetime,
    random: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """The categories of whole weeks, counted back from the end of the window."""
    weeks = question.days // PERIOD_DAYS
    start = pd.Timestamp(since) + (question.days - weeks * PERIOD_DAYS) * DAY
    week = pd.Timedelta(days=PERIOD_DAYS)
    grown = cube(reports[f"tier{question.tier}"], reports["reported_at"], table.index, start, week, weeks)
    if table["rate"].notna().any():
        flat = pd.Series(grown.to_numpy().ravel())
        score = rates(flat, np.repeat(table["households"].to_numpy(), weeks))["score"].to_numpy()
        grown = pd.DataFrame(score.reshape(grown.shape), index=grown.index, columns=grown.columns)
    columns = [*RENAMED, "category"]
    return emerging(grown, weights, permutations=question.draws, random=random)[columns]


def _warnings(question: Question, table: pd.DataFrame, weights: Weights, asked: int) -> Iterator[Phrase]:
    """What the reader has to know before he believes it."""
    if asked > len(table):
        yield phrase("{count} grids are left out: nobody lives there", count=asked - len(table))
    few = int(table["few"].sum())
    if few > (1 - ENOUGH) * len(table):
        yield phrase("{count} of {of} grids expect fewer than 5: take a higher tier, more days, or per nothing",
                     count=few, of=len(table))  # fmt: skip
    if weights.islands:
        yield phrase("{count} grids have no neighbours and are in no cluster", count=len(weights.islands))
    if question.draws and 2 / (1 + question.draws) > LEVELS[-1] / len(table):
        yield phrase("with {draws} draws no single grid can be 99 % sure among {of}", draws=question.draws,
                     of=len(table))  # fmt: skip
    if not question.draws:
        yield phrase("by the normal distribution, which is too sure of itself where counts are small")


# ---------------------------------------------------------------- why


def spots(site: Site, found: Found, most: int = 10) -> list[Spot]:
    """Where it is hot, neighbours together, the most reports first, and what stands out in each against the rest."""
    hot = np.flatnonzero((found.cells["bin"] > 0).to_numpy())
    if not len(hot):
        return []
    tier, told = f"tier{found.question.tier}", _told(site, found)
    _, groups = connected_components(found.weights.matrix[hot][:, hot], directed=False)
    heat = found.cells["score"].to_numpy()
    made = []
    for group in range(groups.max() + 1):
        members = hot[groups == group]
        codes = tuple(found.cells.index[members[np.argsort(-heat[members], kind="stable")]])
        inside = told[tier].isin(codes)
        reasons = standing_out(told, inside, ATTRIBUTES)
        made.append(Spot(codes, int(inside.sum()), reasons[reasons["stands_out"]].reset_index(drop=True)))
    return sorted(made, key=lambda spot: (-spot.count, spot.codes))[:most]


def risen(site: Site, found: Found, most: int = 10) -> list[Spot]:
    """Grids in which far more came in the last days than before, the surest first, and what stands out in them."""
    told, tier = _told(site, found), f"tier{found.question.tier}"
    reports, until = found.reports, pd.Timestamp(found.until)
    codes = found.every["code"]
    rows = surges(reports[tier], reports["reported_at"], codes, until)
    rows = rows[rows["surge"]].sort_values("p", kind="stable").head(most)
    made = []
    for code, row in rows.iterrows():
        lately = reports["reported_at"] >= until - int(row["days"]) * DAY
        reasons = standing_out(told, (reports[tier] == code) & lately, OF_SURGES)
        reasons = reasons[reasons["stands_out"]].reset_index(drop=True)
        made.append(Spot((str(code),), int(row["recent"]), reasons, int(row["days"]), float(row["expected"])))
    return made


def _told(site: Site, found: Found) -> pd.DataFrame:
    """The reports with what may stand out: part of the day, weekday, day, and third of the window."""
    moments = found.reports["reported_at"].dt.tz_convert(ZoneInfo(site.timezone))
    begins = moments.dt.hour // HOURS * HOURS
    third = ((found.reports["reported_at"] - found.since) / ((found.until - found.since) / 3)).clip(0, 2).astype(int)
    return found.reports.assign(
        hour=[f"{hour:02d}–{hour + HOURS:02d}" for hour in begins], weekday=moments.dt.day_of_week,
        day=moments.dt.strftime("%Y-%m-%d"), third=third,
    )  # fmt: skip


# ---------------------------------------------------------------- kept


def keep(session: Session, site: Site, found: Found, name: str, at: datetime, account_id: int | None) -> Analysis:
    """Store what was found, with everything that is needed to find it again."""
    analysis = Analysis(
        site_id=site.id, name=name, kind=found.question.kind, settings=found.question.as_json(),
        seed=found.question.seed, edition_id=found.edition_id, since=found.since, until=found.until, made_at=at,
        account_id=account_id, summary=summary(found),
    )  # fmt: skip
    return analyses.keep(session, analysis, found.cells.reset_index(names="code"))


def summary(found: Found) -> dict[str, Any]:
    """How much was looked at, and what was noted on the way."""
    return {
        "reports": int(found.cells["count"].sum()),
        "grids": len(found.cells),
        "part": found.part,
        "notes": [note.as_json() for note in found.notes],
    }


def classes(cells: pd.DataFrame) -> dict[str, int]:
    """How many grids are of each class, or of each category."""
    column = "category" if cells["category"].notna().any() else "bin"
    return {str(name): int(count) for name, count in cells[column].value_counts().sort_index().items()}


def seen_cells(session: Session, viewer: Viewer, kept: Analysis) -> pd.DataFrame:
    """What a kept analysis says of the viewer's own grids."""
    cells, own = analyses.cells(session, kept.id), indicators.grids_of(session, viewer)
    return cells if own is None else cells[cells.index.isin(own)]


def compared(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """The grids whose class or category has changed: code, and both of before and now."""
    columns = ["count", "bin", "category"]
    both = before[columns].add_suffix("_before").join(now[columns], how="outer")
    same = (both["bin_before"] == both["bin"]) & (both["category_before"].fillna("") == both["category"].fillna(""))
    return both[~same]


def stood_out(session: Session, site: Site, viewer: Viewer, kept: Analysis) -> tuple[list[Spot], list[Spot]]:
    """Hot spots and surges of a kept analysis, told from what the viewer sees of the reports of its window."""
    question = Question.of_json(kept.settings)
    grids = _grids(session, site, viewer, question, kept.edition_id, kept.until)
    cells = seen_cells(session, viewer, kept)
    held = grids[grids["code"].isin(cells.index)].reset_index(drop=True)
    cells = cells.loc[held["code"]]
    # Hot grids that touch are told of together, whoever was a neighbour in the analysis.
    weights = neighbourhoods.contiguity(held)
    reports = analyses.reported(session, viewer, site.id, kept.since, kept.until, question.categories)
    found = Found(question, kept.since, kept.until, kept.edition_id, True, cells, grids, weights, reports, ())
    return spots(site, found), risen(site, found)
