"""What the grids of a tier are coloured by: any measure, over any window of time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from gridmap.analytics.choropleth import MEASURES, PLAIN, Measure, coloured
from gridmap.analytics.indicators.figures import figures
from gridmap.domain.model import Site
from gridmap.domain.periods import Window
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError
from gridmap.operations import indicators
from gridmap.storage import indicators as counted
from gridmap.storage import past
from gridmap.storage.past import MOST_DAYS, Stretch

DAY: Final = timedelta(days=1)


def measures(language: str) -> list[dict[str, Any]]:
    """Everything grids can be coloured by, as a reader of a language chooses it."""
    return [_told(measure, language) for measure in MEASURES.values()]


def _told(measure: Measure, language: str) -> dict[str, Any]:
    said = measure.indicator
    return {
        "code": said.code,
        "name": said.name.say(language),
        "counts": said.counts.say(language),
        "of": said.of.say(language),
        "due": said.due.say(language),
        "unit": measure.unit.say(language),
        "tells": measure.tells,
        "better": said.better,
        "meaning": measure.meaning.say(language),
        "breaks": list(measure.scale.breaks),
        "terms": list(measure.scale.terms),
    }


def choropleth(
    session: Session, site: Site, window: Window, viewer: Viewer, code: str, tier: int
) -> list[dict[str, Any]]:
    """What a measure says of each grid of a tier that is the viewer's, with the class of its colour."""
    days = (window.end - window.start) / DAY
    if not 0 < days <= MOST_DAYS + 1:
        raise FieldError("since", f"a window has some length, and no more than {MOST_DAYS} days: choose another since")
    by, measure = f"tier{tier}", MEASURES[code]
    if code in PLAIN:
        found = _plain(session, site, window, viewer, measure, tier)
    else:
        found = indicators.within(session, site, window, by, (code,), viewer)
    found = coloured(measure, found[found["subject"] != ""], _length(window))
    rows: list[dict[str, Any]] = found.to_dict("records")  # type: ignore[assignment]
    return [_row(row) for row in rows]


def _length(window: Window) -> float:
    """The days that were lived of it: tomorrow's reports have not come in yet."""
    return max((window.over - window.start) / DAY, 1 / 24)


def _plain(session: Session, site: Site, window: Window, viewer: Viewer, measure: Measure, tier: int) -> pd.DataFrame:
    if measure.code.startswith("open"):
        counts = past.open_by_grid(session, viewer, site.id, window.over, tier)
    else:
        counts = past.reports_by_grid(session, viewer, Stretch(site.id, window.start, window.over), tier)
    grids = counted.households(session, site.id, min(window.at, window.end))
    grids = grids[grids["tier"] == tier].set_index("code")
    his = counted.grids_of(session, viewer)
    codes = [grid for grid in grids.index if his is None or grid in his]
    numbers = pd.Series([counts.get(grid, 0) for grid in codes], index=codes, dtype=float)
    if measure.indicator.per == "households":
        parts = pd.DataFrame({"numerator": numbers.to_numpy(), "denominator": 1.0})
        return figures(measure.indicator, parts, pd.Series(codes, dtype=object), grids["households"][codes].dropna())
    columns = {
        "numerator": numbers.to_numpy(),
        "value": numbers.to_numpy(),
        **dict.fromkeys(("denominator", "low", "high"), np.nan),
    }
    return pd.DataFrame({"indicator": measure.code, "subject": np.asarray(codes, dtype=object), **columns})


def _row(row: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: _number(row[name]) for name in ("value", "numerator", "denominator", "low", "high")}
    return {
        "grid": row["subject"],
        **numbers,
        "class": int(row["class"]) if row["class"] >= 0 else None,
        "small": bool(row["small"]),
    }


def _number(value: float) -> float | None:
    """A number as JSON has it: what is not known is null."""
    return round(float(value), 6) if np.isfinite(value) else None
