"""Indicators and scores as papers: what a month says, in the reader's language, with how sure each figure is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.analytics.indicators.definitions import INDICATORS
from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.domain.roles import ROLES
from gridmap.language import Phrase, phrase, say
from gridmap.operations import evaluation, indicators
from gridmap.operations.evaluation import Standing
from gridmap.operations.papers import Paper
from gridmap.storage import evaluation as stored
from gridmap.storage import indicators as stored_indicators

ARROWS: Final = {"up": "↑", "down": "↓", "same": "="}


def bulletin(
    session: Session,
    site: Site,
    span: Span,
    at: datetime,
    language: str,
    *,
    by: str = "site",
    codes: Sequence[str] = tuple(INDICATORS),
    viewer: Viewer | None = None,
) -> tuple[pd.DataFrame, Paper]:
    """The figures of a period with what their subjects are called, as a frame and as a paper."""
    found = indicators.figures(session, site, span, at, by=by, codes=codes, viewer=viewer)
    people = viewer is None or viewer.reach("people") is not None
    names = indicators.called(session, site, by, found["subject"], language, people=people)
    found.insert(2, "name", pd.Series(names, index=found.index, dtype=object))
    rows = tuple(tuple(_cells(row, by, language)) for row in found.to_dict("records"))
    columns = [phrase("indicator"), *([] if by == "site" else [indicators.BY[by]]), *FIGURES]
    if by != "site":
        columns.append(phrase("place"))
    return found, Paper(
        phrase("Indicators").say(language), tuple(said.say(language) for said in columns), rows,
        ((phrase("site").say(language), site.name), (phrase("period").say(language), span.name)),
        language=language,
        table=_numbers(found, by, language),
        notes=(
            phrase("95 % interval; places are given where the intervals allow no other").say(language),
            phrase("* a change beyond chance").say(language),
        ),
    )  # fmt: skip


def _numbers(found: pd.DataFrame, by: str, language: str) -> pd.DataFrame:
    """The figures for a spreadsheet: numbers as numbers."""
    names = [INDICATORS[code].name.say(language) for code in found["indicator"]]
    columns: list[tuple[Phrase, Any]] = [(phrase("code"), found["indicator"]), (phrase("indicator"), names)]
    if by != "site":
        columns += [(phrase("code of the subject"), found["subject"]), (indicators.BY[by], found["name"])]
    columns += [(said, found[name]) for name, said in NUMBERS.items() if name in found]
    return pd.DataFrame({said.say(language): values for said, values in columns}, index=found.index)


NUMBERS: Final = {
    "numerator": phrase("counted"),
    "denominator": phrase("of"),
    "value": phrase("value"),
    "low": phrase("95 % interval, from"),
    "high": phrase("95 % interval, to"),
    "before": phrase("period before"),
    "before_change": phrase("change since the period before"),
    "year_before": phrase("year before"),
    "year_before_change": phrase("change since the year before"),
    "best": phrase("best place"),
    "worst": phrase("worst place"),
    "rank": phrase("place"),
}
FIGURES: Final = (
    phrase("counted"),
    phrase("of"),
    phrase("value"),
    phrase("95 % interval"),
    phrase("period before"),
    phrase("year before"),
)


def _cells(row: dict[Any, Any], by: str, language: str) -> Iterable[object]:
    indicator = INDICATORS[row["indicator"]]
    share = indicator.sort == "share" or row["indicator"] == "cleaners"
    yield indicator.name.say(language)
    if by != "site":
        yield row["name"]
    yield _short(row["numerator"])
    yield _short(row["denominator"])
    yield _value(row["value"], share=share)
    interval = (_value(row[side], share=share) for side in ("low", "high"))
    yield "" if _none(row["low"]) else " – ".join(interval)
    for past in ("before", "year_before"):
        yield _past(row, past, share=share)
    if by != "site":
        yield _place(row)


def _none(value: Any) -> bool:
    return bool(pd.isna(value))


def _short(number: float) -> str:
    return "" if _none(number) else f"{number:,.2f}".rstrip("0").rstrip(".")


def _value(number: float, *, share: bool) -> str:
    if _none(number):
        return ""
    return f"{number:.2%}" if share else f"{number:,.2f}"


def _past(row: dict[Any, Any], past: str, *, share: bool) -> str:
    """What it was then, and which way it has gone since; a star where that is more than chance."""
    if _none(row[past]):
        return ""
    sure = "*" if row[f"{past}_sure"] else ""
    return f"{_value(row[past], share=share)} {ARROWS[row[f'{past}_direction']]}{sure}"


def _place(row: dict[Any, Any]) -> str:
    """The place, or the places between which it may be."""
    if _none(row["best"]):
        return ""
    return str(row["best"]) if row["best"] == row["worst"] else f"{row['best']}–{row['worst']}"


# ---------------------------------------------------------------- scores


def standings(session: Session, site: Site, span: Span, at: datetime, viewer: Viewer | None = None) -> list[Standing]:
    """The scores of a period that a viewer may see: of those who hold posts on his ground, or his own alone."""
    found = evaluation.scores(session, site, span, at)
    if viewer is None or (viewer.reach("scores") == "area" and viewer.grids is None):
        return found
    shown = {viewer.person} if viewer.reach("scores") is not None else set()
    if viewer.reach("scores") == "area":
        grids = stored_indicators.grids_of(session, viewer) or set()
        posts = stored_indicators.posts_within(session, site.id, span.window(at))
        shown |= set(posts.loc[posts["grid"].isin(grids), "person"])
    return [each for each in found if each.person in shown]


def score_sheet(
    session: Session, site: Site, span: Span, found: Sequence[Standing], language: str, *, people: bool = True
) -> Paper:
    """Scores as a paper: everybody's points of a hundred, and what gave them."""
    names = stored_indicators.names(session, site.id) if people else {}
    closed = stored.period(session, site.id, span.name)
    state = phrase("closed") if closed is not None else phrase("open")
    columns = (
        phrase("role"), phrase("person"), phrase("points of 100"), phrase("line"), phrase("months below the line"),
        phrase("what gave them"),
    )  # fmt: skip
    rows = tuple(
        (
            say(ROLES.get(each.role, each.role), language), names.get(each.person, each.person),
            None if each.total is None else round(each.total, 1), each.line, each.months_below, _given(each, language),
        )
        for each in found
    )  # fmt: skip
    above = ((phrase("site"), site.name), (phrase("period"), span.name), (phrase("state"), state.say(language)))
    return Paper(
        phrase("Scores").say(language), tuple(said.say(language) for said in columns), rows,
        tuple((name.say(language), value) for name, value in above), language=language,
    )  # fmt: skip


def _given(standing: Standing, language: str) -> str:
    return "; ".join(
        f"{INDICATORS[line.indicator].name.say(language)} {_points(line.points)}/{_short(line.weight)}"
        for line in standing.lines
        if line.points is not None
    )


def _points(points: float | None) -> str:
    return "" if points is None else f"{points:.1f}"


# ---------------------------------------------------------------- the table itself


def definitions(language: str) -> Paper:
    """Every indicator with what it counts, of what, and when something is due."""
    columns = (phrase("code"), phrase("indicator"), phrase("counted"), phrase("of"), phrase("due"))
    rows = tuple(
        (code, *(said.say(language) for said in (one.name, one.counts, one.of, one.due)))
        for code, one in INDICATORS.items()
    )
    return Paper(
        phrase("Indicators").say(language), tuple(said.say(language) for said in columns), rows, language=language
    )
