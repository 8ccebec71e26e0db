"""Hot spots in words: what was chosen, where it is hot, and what stands out there, as a reader is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.insights import Question
from gridmap.domain.model import Analysis, Site
from gridmap.language import Phrase, phrase, say
from gridmap.operations.grids import edition
from gridmap.operations.indicators import BY
from gridmap.operations.insights import WITHOUT_HOMES
from gridmap.operations.looking import MOST_MAPS
from gridmap.operations.spots import Spot
from gridmap.storage import analyses, issues, places

# How many grids of a spot are named.
NAMED: Final = 6
ATTRIBUTE_NAMES: Final[dict[str, Phrase]] = {
    "category": phrase("category"),
    "facility": phrase("facility"),
    "hour": phrase("hours of the day"),
    "weekday": phrase("weekday"),
    "day": phrase("day"),
    "third": phrase("part of the time"),
}
WEEKDAYS: Final = (
    phrase("Monday"), phrase("Tuesday"), phrase("Wednesday"), phrase("Thursday"), phrase("Friday"),
    phrase("Saturday"), phrase("Sunday"),
)  # fmt: skip
NEIGHBOURS: Final[dict[str, Phrase]] = {
    "queen": phrase("neighbours touch, at a corner or along a line"),
    "rook": phrase("neighbours touch along a line"),
    "auto": phrase("neighbours lie within the distance at which like is most clearly beside like"),
}

# kind: how it was looked for, where neighbours are not asked for
HOW: Final[dict[str, Callable[..., Phrase]]] = {
    "scan": lambda draws, seed, **_: phrase(
        "Kulldorff's scan: the circles of grids with most above their share, by {draws} maps of chance (seed {seed})",
        draws=draws,
        seed=seed,
    ),
    "outbreaks": lambda draws, seed, **_: phrase(
        "Kulldorff's scan in place and time: what goes on today, by {draws} maps of chance (seed {seed})",
        draws=draws,
        seed=seed,
    ),
    "changes": lambda days, **_: phrase(
        "against the {days} days before, each grid beside all others, exact, corrected by Benjamini-Hochberg", days=days
    ),
}


@dataclass(frozen=True)
class Names:
    """What categories, facilities and grids are called, and the window they are told of."""

    categories: Mapping[str, str]
    facilities: Mapping[str, str]
    grids: Mapping[str, str]
    since: datetime
    until: datetime
    zone: ZoneInfo

    @classmethod
    def of(
        cls, session: Session, site: Site, grids: Mapping[str, str], since: datetime, until: datetime, language: str
    ) -> Names:
        known = {row.code: say(row.name, language) for row in issues.categories(session, site.id).values()}
        facilities = analyses.names(session, site.id, "facility")
        return cls(known, facilities, grids, since, until, ZoneInfo(site.timezone))

    def day(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%Y-%m-%d}"

    def value(self, attribute: str, value: Any, language: str) -> str:
        """What a word of an attribute is called."""
        if attribute == "category":
            return self.categories.get(value, str(value))
        if attribute == "facility":
            return self.facilities.get(value, str(value))
        if attribute == "weekday":
            return WEEKDAYS[int(value)].say(language)
        if attribute == "third":
            third = (self.until - self.since) / 3
            begins = self.since + int(value) * third
            return f"{self.day(begins)} – {self.day(begins + third - timedelta(seconds=1))}"
        return str(value)


def told(spot: Spot, names: Names, language: str) -> dict[str, Any]:
    """A spot as data: its grids, how many reports, and each reason with its counts, ratio and sentence."""
    reasons = [_reason(row, names, language) for row in spot.reasons.to_dict("records")]
    called = [f"{code} {names.grids.get(code, '')}".strip() for code in spot.codes]
    more = len(called) - NAMED
    title = ", ".join(called[:NAMED]) + (f" +{more}" if more > 0 else "")
    said = phrase("{count} reports, grids: {grids}", count=spot.count, grids=len(spot.codes))
    made: dict[str, Any] = {"grids": list(spot.codes), "title": title, "count": spot.count}
    if spot.expected is not None:
        made |= {"days": spot.days, "expected": round(spot.expected, 1)}
        expected = f"{spot.expected:.1f}"
        said = phrase("{count} reports where {expected} were to be expected, grids: {grids}", count=spot.count,
                      expected=expected, grids=len(spot.codes))  # fmt: skip
        if spot.days is not None:
            said = phrase("{count} in the last {days} days, where {expected} were to be expected", count=spot.count,
                          days=spot.days, expected=expected)  # fmt: skip
    return {**made, "said": said.say(language), "reasons": reasons}


def _reason(row: Mapping[Any, Any], names: Names, language: str) -> dict[str, Any]:
    inside, outside = (f"{row[a]} / {row[b]}" for a, b in (("inside", "of_inside"), ("outside", "of_outside")))
    said = phrase("{inside} here, {outside} elsewhere", inside=inside, outside=outside)
    # How many times nothing something is, nobody can say.
    times = f"{row['ratio']:.1f} × ({row['low']:.1f} – {row['high']:.1f})" if row["outside"] else ""
    value = row["value"]
    return {
        "attribute": row["attribute"],
        "attribute_name": ATTRIBUTE_NAMES[row["attribute"]].say(language),
        "value": value if isinstance(value, str) else int(value),
        "name": names.value(row["attribute"], value, language),
        **{name: int(row[name]) for name in ("inside", "of_inside", "outside", "of_outside")},
        **{name: round(float(row[name]), 4) for name in ("share", "share_outside", "ratio", "low", "high")},
        "said": said.say(language),
        "times": times,
    }


def chosen(
    question: Question, since: datetime, until: datetime, notes: Sequence[Phrase], names: Names, language: str
) -> list[str]:
    """What was asked and chosen, and what is to be known of it, in sentences."""
    categories = [names.categories.get(code, code) for code in question.categories]
    window = phrase("{since} to {until}, {tier}", since=names.day(since), until=names.day(until),
                    tier=BY[f"tier{question.tier}"])  # fmt: skip
    of = phrase("of {categories}", categories=", ".join(categories)) if categories else phrase("of all categories")
    per = (
        phrase("per household, small grids drawn to the mean")
        if question.per == "households"
        else phrase("bare counts")
    )
    if question.kind in HOW:
        times = min(question.draws, MOST_MAPS.get(question.kind, 0))
        how = [HOW[question.kind](days=question.days, draws=f"{times:,}", seed=question.seed)]
    else:
        how = [_neighbours(question), _draws(question)]
    own = [] if question.kind in WITHOUT_HOMES else [per]
    return [line.say(language) for line in (window, of, *own, *how, *notes)]


def _neighbours(question: Question) -> Phrase:
    if question.neighbours == "distance":
        return phrase("neighbours lie within {metres} m", metres=f"{question.reach:g}")
    if question.neighbours == "nearest":
        return phrase("neighbours are the {count} nearest", count=int(question.reach or 0))
    return NEIGHBOURS[question.neighbours]


def _draws(question: Question) -> Phrase:
    if not question.draws:
        return phrase("Getis-Ord Gi*, two-sided, corrected by Benjamini-Hochberg")
    return phrase("Getis-Ord Gi*, two-sided, by {draws} draws (seed {seed}), corrected by Benjamini-Hochberg",
                  draws=f"{question.draws:,}", seed=question.seed)  # fmt: skip


def grid_names(grids: pd.DataFrame) -> dict[str, str]:
    """What the grids are called, by code."""
    return dict(zip(grids["code"].astype(str), grids["name"].astype(str), strict=True))


def names_now(session: Session, site: Site, at: datetime, language: str) -> Names:
    """The names that hold at a moment."""
    grids = {code: name for code, name, _, _ in places.tree_rows(session, edition(session, site, at).id)}
    return Names.of(session, site, grids, at, at, language)


def names_of(session: Session, site: Site, kept: Analysis, language: str) -> Names:
    """The names for a kept analysis."""
    grids = {code: name for code, name, _, _ in places.tree_rows(session, kept.edition_id)}
    return Names.of(session, site, grids, kept.since, kept.until, language)
