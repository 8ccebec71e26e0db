"""The monthly report of a site, as far as its reader may see: maps, figures with their intervals, what is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError
from gridmap.language import phrase
from gridmap.maps.layers import LOAD_OPACITY, Painter, unpainted
from gridmap.maps.monthly import Block, Figure, NewPage, Words, report
from gridmap.maps.scene import Scene, scene_of
from gridmap.maps.style import LOAD_COLOURS
from gridmap.maps.svg import Sheet, drawn
from gridmap.maps.typeset import Form
from gridmap.maps.words import moment_words
from gridmap.operations import atlas, chapters
from gridmap.operations.chapters import Month

LAYERS: Final = ("grids", "buildings", "facilities")
MAP_MM: Final = (182.0, 122.0)
# Issues of a month per 100 households of a cell: fixed breaks, so that a colour means the same every month.
BREAKS: Final = (0.01, 5.0, 10.0, 20.0)
TERMS: Final = ("0", "<5", "5–10", "10–20", "≥20")


def monthly(
    session: Session,
    site: Site,
    span: Span,
    viewer: Viewer,
    at: datetime,
    language: str,
    form: Form = "pdf",
    ppi: float = 110.0,
) -> list[bytes]:
    """The report of a month as one PDF, or a picture of each page."""
    if span.kind != "month":
        raise FieldError("month", f"{span.name}: the report is of a month, as 2026-05")
    if span.start > at:
        raise FieldError("month", f"{span.name} has not begun: it is reported on when it has")
    month = Month(session, site, viewer, span, at, language)
    blocks = list(_blocks(month))
    number = span.number if language.startswith("zh") else f"{span.number:02d}"
    said = phrase("{year}-{month}", year=f"{span.year:04d}", month=number).say(language)
    printed = moment_words(at, site.timezone) or ""
    return report(
        blocks, site=site.name, month=said, printed=printed, language=language, at=at, form=form, ppi=ppi
    )  # fmt: skip


def _blocks(month: Month) -> Iterator[Block]:
    scene = scene_of(_frames(month), month.at)
    names = {str(row["code"]): str(row["name"]) for tier in scene.tiers.values() for row in tier.rows}
    if month.at < month.span.end:
        yield Words(month.say(phrase("The month is not over: everything is as it is at the moment of printing.")))
    yield from chapters.summary(month)
    yield _load_map(month, scene)
    yield from chapters.days(month)
    yield NewPage()
    yield from chapters.all_indicators(month)
    yield _heat_map(month, scene)
    yield NewPage()
    yield from chapters.by_grids(month, names)
    yield from chapters.overdue(month)
    yield from chapters.repeated(month)
    yield from chapters.scores(month)


def _frames(month: Month) -> Mapping[str, Any]:
    """The plan as far as the reader sees it, and where the month's issues were reported."""
    frames = atlas.frames(month.session, month.viewer, month.at, LAYERS, month.site.code)
    spots = month.reported[["lon", "lat", "reported_at"]].dropna()
    return {**frames, "heat": pd.DataFrame(spots)}


def _load_map(month: Month, scene: Scene) -> Figure:
    title = month.say(phrase("Reported in the month per 100 households, by cell"))
    sheet = Sheet(
        frozenset(("grids", "buildings")), month.language, owners=False, legend=False, dated=False,
        painter=_of_month(month, scene),
    )  # fmt: skip
    svg = drawn(scene, sheet, size_mm=MAP_MM, margin=0.03)
    return Figure(svg, MAP_MM[0], MAP_MM[1], title, tuple(zip(LOAD_COLOURS, TERMS, strict=True)))


def _of_month(month: Month, scene: Scene) -> Painter:
    """The month's issues of each leaf in its classes; where nobody lives, no colour."""
    counts = month.reported[f"tier{scene.leaf}"].astype(object).value_counts()
    homes = {row["code"]: row.get("households") for row in scene.tiers[scene.leaf].rows}

    def paint(code: str, tier: int) -> tuple[str, float] | None:
        households = homes.get(code) if tier == scene.leaf else None
        if not households:
            return None
        found = sum(100 * int(counts.get(code, 0)) / households >= each for each in BREAKS)
        return (LOAD_COLOURS[found], LOAD_OPACITY["light"]) if found else None

    return paint


def _heat_map(month: Month, scene: Scene) -> Figure:
    sheet = Sheet(
        frozenset(("grids", "buildings", "heat")), month.language, owners=False, legend=False, dated=False,
        painter=unpainted,
    )  # fmt: skip
    svg = drawn(scene, sheet, size_mm=MAP_MM, margin=0.03)
    return Figure(svg, MAP_MM[0], MAP_MM[1], month.say(phrase("Where it was reported in the month")))
