"""What the monthly report says, chapter by chapter, each counted from what its reader may see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.analytics.indicators.definitions import INDICATORS
from gridmap.analytics.indicators.demand import recurrence
from gridmap.analytics.indicators.parts import VOID
from gridmap.domain.calendar import Calendars
from gridmap.domain.lifecycle import ENDED
from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.language import Phrase, phrase, say
from gridmap.maps.charts import day_bars, named_bars
from gridmap.maps.monthly import Beside, Block, Figure, Heading, Table, Tile, Tiles, Words
from gridmap.maps.words import given, moment_words, role_term
from gridmap.operations import bulletins, indicators
from gridmap.operations.papers import Paper
from gridmap.storage import indicators as stored
from gridmap.storage import issues as stored_issues

# The figures of a grid, in the tables of tiers.
OF_GRIDS: Final = ("on_time_closing", "response", "rework", "complaints", "satisfaction", "patrol_coverage")
TILES: Final = ("on_time_closing", "response", "satisfaction", "patrol_coverage")
TOP: Final = 10
MOST_ROWS: Final = 25


@dataclass(frozen=True)
class Month:
    """Whose report it is, of which month, as seen at which moment."""

    session: Session
    site: Site
    viewer: Viewer
    span: Span
    at: datetime
    language: str

    def say(self, said: Phrase) -> str:
        return said.say(self.language)

    @property
    def over(self) -> datetime:
        """The end of the month, or now within it."""
        return self.span.window(self.at).over

    @cached_property
    def facts(self) -> pd.DataFrame:
        """Every issue that the month's figures are counted from."""
        found = stored.issue_facts(self.session, self.site.id, self.span.window(self.at), self.viewer)
        return found[~found["status"].astype(object).isin(VOID)].reset_index(drop=True)

    @cached_property
    def reported(self) -> pd.DataFrame:
        """What was reported in the month."""
        return _within(self.facts, "reported_at", self.span.start, self.over)

    @cached_property
    def reported_before(self) -> int:
        """How much was reported in the month before, up to the same day of it while this one lasts."""
        past = self.span.before()
        window = past.window(self.at)
        found = stored.issue_facts(self.session, self.site.id, window, self.viewer)
        found = found[~found["status"].astype(object).isin(VOID)]
        until = min(past.end, past.start + (self.over - self.span.start)) if self.at < self.span.end else past.end
        return len(_within(found, "reported_at", past.start, until))

    @cached_property
    def late(self) -> pd.DataFrame:
        """What passed its limit in the month and was not resolved by it, and waits for nobody."""
        due = _within(self.facts, "resolved_due", self.span.start, self.over)
        done = pd.to_datetime(due["resolved_at"], utc=True)
        missed = done.isna() | (done > pd.to_datetime(due["resolved_due"], utc=True))
        return due[missed & ~due["waiting"].astype(bool)]

    @cached_property
    def categories(self) -> dict[str, str]:
        known = stored_issues.categories(self.session, self.site.id).values()
        return {row.code: say(row.name, self.language) for row in known}

    @cached_property
    def figures(self) -> tuple[pd.DataFrame, Paper]:
        return bulletins.bulletin(self.session, self.site, self.span, self.at, self.language, viewer=self.viewer)

    def moment(self, value: Any) -> str:
        return moment_words(value, self.site.timezone) or ""


def _within(frame: pd.DataFrame, column: str, start: datetime, end: datetime) -> pd.DataFrame:
    moments = pd.to_datetime(frame[column], utc=True)
    return frame[(moments >= start) & (moments < end)]


# ---------------------------------------------------------------- the first page


def summary(month: Month) -> Iterator[Block]:
    """What is seen first."""
    found = month.figures[0].set_index("indicator")
    open_late = month.late[~month.late["status"].astype(object).isin(ENDED)]
    count = len(month.reported)
    before = phrase("before: {value}", value=month.reported_before)
    tiles = [
        Tile(month.say(phrase("reported")), f"{count:,}", month.say(before), _arrow(count - month.reported_before)),
        Tile(month.say(phrase("not resolved in time")), f"{len(month.late):,}",
             month.say(phrase("{count} still open", count=len(open_late))), good=None if not len(open_late) else False),
    ]  # fmt: skip
    yield Tiles((*tiles, *(_tile(month, found.loc[code]) for code in TILES if code in found.index)))


def _arrow(change: float) -> str:
    return "↑ " if change > 0 else "↓ " if change < 0 else ""


def _tile(month: Month, row: Any) -> Tile:
    """A share with what it was; a change is good or bad only where it is more than chance."""
    indicator = INDICATORS[row.name]
    value = f"{row['value']:.1%}" if given(row["value"]) else "–"
    if not given(row["before"]):
        return Tile(month.say(indicator.name), value)
    up = row["before_direction"] == "up"
    good = (up == (indicator.better == "high")) if row["before_sure"] and row["before_direction"] != "same" else None
    before = month.say(phrase("before: {value}", value=f"{row['before']:.1%}"))
    return Tile(month.say(indicator.name), value, before, _arrow(row["before_change"]), good)


def days(month: Month) -> Iterator[Block]:
    """What came in, day by day and by category."""
    zone = ZoneInfo(month.site.timezone)
    local = pd.to_datetime(month.reported["reported_at"], utc=True).dt.tz_convert(zone)
    length = (month.span.after().first - month.span.first).days
    counts = [int((local.dt.day == day).sum()) for day in range(1, length + 1)]
    office = Calendars(month.site.timezone, month.site.calendar).of_role("head_of_engineering")
    resting = [not office.is_working(month.span.first + timedelta(days=day)) for day in range(length)]
    by_day = month.say(phrase("Reported, day by day (days of rest pale)"))
    title = month.say(phrase("Most frequent categories (of them not in time)"))
    yield Beside(
        Figure(day_bars(counts, resting, width_mm=88, height_mm=52, language=month.language, said=by_day), 88,
               title=by_day),
        Figure(named_bars(_top(month), width_mm=88, language=month.language, said=title), 88, title=title),
    )  # fmt: skip


def _top(month: Month) -> list[tuple[str, int, int]]:
    counts = month.reported["category"].astype(object).value_counts()
    late = month.late["category"].astype(object).value_counts()
    ordered = sorted(counts.items(), key=lambda each: (-each[1], str(each[0])))[:TOP]
    return [
        (month.categories.get(str(code), str(code)), int(count), min(int(late.get(code, 0)), int(count)))
        for code, count in ordered
        if count
    ]


# ---------------------------------------------------------------- indicators


def all_indicators(month: Month) -> Iterator[Block]:
    """Every indicator with its interval, beside the month and the year before."""
    paper = month.figures[1]
    yield Heading(month.say(phrase("Indicators of the month")))
    rows = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in paper.rows)
    yield Table(paper.columns, rows, numbers=(1, 2, 3, 4, 5, 6), widths=("1", *["auto"] * (len(paper.columns) - 1)))
    for note in paper.notes:
        yield Words(note)


def by_grids(month: Month, names: Mapping[str, str]) -> Iterator[Block]:
    """The figures of the zones and of the clusters."""
    for tier, title in (("tier1", phrase("Zones")), ("tier2", phrase("Clusters"))):
        found = indicators.figures(
            month.session, month.site, month.span, month.at, by=tier, codes=OF_GRIDS, viewer=month.viewer
        )
        counts = month.reported[tier].astype(object).value_counts()
        subjects = sorted({str(code) for code in found["subject"].dropna()} & set(names))
        if subjects:
            yield Heading(month.say(title))
            yield _of_tier(month, found, subjects, names, counts)


def _of_tier(
    month: Month, found: pd.DataFrame, subjects: Sequence[str], names: Mapping[str, str], counts: Any
) -> Table:
    values = found.set_index(["subject", "indicator"])["value"]
    columns = [phrase("grid"), phrase("name"), phrase("reported"), *(INDICATORS[code].name for code in OF_GRIDS)]
    rows = tuple(
        (code, names[code], f"{int(counts.get(code, 0))}",
         *(_cell(values.get((code, indicator)), indicator) for indicator in OF_GRIDS))
        for code in subjects
    )  # fmt: skip
    return Table(
        tuple(month.say(said) for said in columns), rows, numbers=tuple(range(2, len(columns))),
        widths=("auto", "2.6", "0.9", *["1.25"] * (len(columns) - 3)),
    )  # fmt: skip


def _cell(value: Any, indicator: str) -> str:
    if not given(value):
        return "–"
    return f"{value:.1%}" if INDICATORS[indicator].sort == "share" else f"{value:.2f}"


# ---------------------------------------------------------------- what needs looking after


def overdue(month: Month) -> Iterator[Block]:
    """What was late and is not done yet, the latest first, and what came back."""
    open_late = month.late[~month.late["status"].astype(object).isin(ENDED)].sort_values(["resolved_due", "code"])
    yield Heading(month.say(phrase("Late and still open")))
    rows = [
        (str(row["code"]), _grid_of(row), month.categories.get(str(row["category"]), str(row["category"])),
         month.moment(row["reported_at"]), month.moment(row["resolved_due"]))
        for row in open_late.head(MOST_ROWS).to_dict("records")
    ]  # fmt: skip
    columns = (phrase("order no."), phrase("grid"), phrase("category"), phrase("reported at"), phrase("due"))
    yield from _listed(month, columns, rows, len(open_late))


def repeated(month: Month) -> Iterator[Block]:
    """Where the same came back within thirty days, the most frequent first."""
    again = recurrence(month.facts, month.span.window(month.at))["numerator"] > 0
    back = month.facts[again]
    yield Heading(month.say(phrase("Back at the same place within 30 days")))
    place = back["facility"].astype(object).where(back["facility"].notna(), None)
    keys = pd.DataFrame({"category": back["category"].astype(object), "grid": [_grid_of(row) for row in back.to_dict(
        "records")], "facility": place.fillna("")}, index=back.index)  # fmt: skip
    counts = keys.groupby(["category", "grid", "facility"]).size().reset_index(name="times")
    counts = counts.sort_values(["times", "category", "grid", "facility"], ascending=[False, True, True, True])
    rows = [
        (month.categories.get(row["category"], row["category"]), row["grid"], row["facility"], str(row["times"]))
        for row in counts.head(TOP).to_dict("records")
    ]
    columns = (phrase("category"), phrase("grid"), phrase("facility"), phrase("times"))
    yield from _listed(month, columns, rows, len(counts), numbers=(3,))


def _grid_of(row: Mapping[Any, Any]) -> str:
    return next((str(row[name]) for name in ("tier3", "tier2", "tier1") if given(row[name])), "")


def _listed(
    month: Month, columns: Sequence[Phrase], rows: Sequence[tuple[str, ...]], count: int, numbers: tuple[int, ...] = ()
) -> Iterator[Block]:
    """A table, and how many more there are; or that there is nothing."""
    if not rows:
        yield Words(month.say(phrase("None.")))
        return
    yield Table(tuple(month.say(said) for said in columns), tuple(rows), numbers, widths=("1",) * len(columns))
    if count > len(rows):
        yield Words(month.say(phrase("and {count} more", count=count - len(rows))))


# ---------------------------------------------------------------- people


def scores(month: Month) -> Iterator[Block]:
    """Who is below the line, and how many are above it; for those alone who may know."""
    if month.viewer.reach("scores") is None:
        return
    found = bulletins.standings(month.session, month.site, month.span, month.at, month.viewer)
    judged = [each for each in found if each.total is not None]
    yield Heading(month.say(phrase("Scores and the line")))
    below = sorted((each for each in judged if each.below), key=lambda each: (each.total or 0.0, each.person))
    yield Words(month.say(phrase("{count} scored, {below} below the line", count=len(judged), below=len(below))))
    names = stored.names(month.session, month.site.id) if month.viewer.reach("people") else {}
    rows = [
        (role_term(each.role, month.language) or each.role, names.get(each.person, each.person), f"{each.total:.1f}",
         f"{each.line:g}", str(each.months_below))
        for each in below[:MOST_ROWS]
    ]  # fmt: skip
    columns = (phrase("role"), phrase("person"), phrase("points of 100"), phrase("line"),
               phrase("months below the line"))  # fmt: skip
    if rows:
        yield from _listed(month, columns, rows, len(below), numbers=(2, 3, 4))
