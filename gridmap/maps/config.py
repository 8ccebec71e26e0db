"""What Python says to the script: where, for whom, in which words and colours, and the data or where they are had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from gridmap.domain.categories import CATEGORIES, GROUPS
from gridmap.domain.roles import ROLES
from gridmap.language import say
from gridmap.maps import features, parts, style, symbols, words
from gridmap.maps.shell import Page
from gridmap.maps.words import moment_words

MINUTE_S: Final = 60
# Places of the past are told apart by a metre.
SCALE: Final = 100_000


@dataclass(frozen=True)
class Reader:
    """Who reads the map: in which language, by which clock, and when."""

    language: str
    timezone: str
    at: datetime

    def moment(self, value: Any) -> str | None:
        return moment_words(value, self.timezone)


@dataclass(frozen=True)
class Asked:
    """What map is to be drawn: for whom, with which layers and parts, and what its script is told."""

    reader: Reader
    layers: tuple[str, ...]
    bounds: tuple[float, float, float, float] | None
    leaf: int
    counts: Mapping[str, int]
    parts: tuple[str, ...]
    said: Mapping[str, Any] = field(default_factory=dict)


def config_of(asked: Asked, page: Page | None, tiles: Mapping[str, bool] | None = None) -> dict[str, Any]:
    """The configuration of a map's script."""
    language = asked.reader.language
    return {
        "language": language,
        "timezone": asked.reader.timezone,
        "at": asked.reader.at.isoformat(),
        "bounds": _corners(asked.bounds),
        "leaf": asked.leaf,
        "counts": dict(asked.counts),
        "styles": {theme: style.as_json(theme) for theme in ("light", "dark")},
        "rules": features.rules(),
        "words": {
            "screen": words.spoken(words.SCREEN, language),
            "labels": words.spoken(words.LABELS, language),
            "spans": words.spoken(words.SPANS, language),
            **parts.words_of(asked.parts, language),
        },
        "terms": terms(language),
        "symbols": {name: symbols.attention_symbol(name) for name in style.ATTENTIONS},
        "plates": symbols.facility_symbols(),
        "legend": legend(asked.layers, language),
        "uses": {**style.USES, **{use: use for use in style.BUILDINGS}},
        "mainRoad": style.MAIN_ROAD_M,
        "hasPage": page is not None,
        "parts": {name: dict(tiles or {}) if name == "tiles" else {} for name in asked.parts},
        **asked.said,
    }


def _corners(extent: tuple[float, float, float, float] | None) -> list[list[float]] | None:
    if extent is None:
        return None
    west, south, east, north = extent
    return [[south, west], [north, east]]


def terms(language: str) -> dict[str, dict[str, str]]:
    """What codes are called: a category of a site's own is called as the site calls it."""
    return {
        "statuses": words.spoken(words.STATUSES, language),
        "urgencies": words.spoken(words.URGENCIES, language),
        "attentions": {name: asked.term.say(language) for name, asked in style.ATTENTIONS.items()},
        "facilities": words.spoken(words.FACILITIES, language),
        "states": {name: term.say(language) for name, (_, term) in style.FACILITY_STATES.items()},
        "uses": words.spoken(words.BUILDING_USES, language),
        "overlays": {name: term.say(language) for name, (_, term) in style.OVERLAYS.items()},
        "roles": {code: say(name, language) for code, name in ROLES.items()},
        "categories": {row.code: say(row.name, language) for row in CATEGORIES},
        "groups": {code: say(name, language) for code, name in GROUPS.items()},
        "actions": words.spoken(words.ACTIONS, language),
    }


# row of the legend: its group, the layer it belongs to, and whether it is shown at first
LEGEND: Final = {
    "tier1": ("ground", "grids", True),
    "tier2": ("ground", "grids", True),
    "tier3": ("ground", "grids", True),
    "buildings": ("ground", "buildings", True),
    "facilities": ("ground", "facilities", True),
    "overlays": ("ground", "overlays", False),
    "issues": ("day", "issues", True),
    "load": ("day", "issues", True),
    "heat": ("past", "heat", False),
}


def legend(layers: tuple[str, ...], language: str) -> list[dict[str, Any]]:
    """The rows of the legend: a symbol, a word, and whether it is on."""
    swatches = {f"tier{tier}": symbols.tier_swatch(tier) for tier in (1, 2, 3)} | symbols.SWATCHES
    return [
        {"name": name, "group": group, "on": on, "symbol": swatches[name], "label": words.LAYERS[name].say(language)}
        for name, (group, layer, on) in LEGEND.items()
        if layer in layers
    ]


def past_of(past: pd.DataFrame, at: datetime, days: int) -> dict[str, Any]:
    """What was reported, as columns: places in steps of a metre, and the minutes since the first day."""
    since = at - timedelta(days=days)
    minutes = (pd.to_datetime(past["reported_at"], utc=True) - since).dt.total_seconds() // MINUTE_S
    order = np.argsort(minutes.to_numpy(), kind="stable")
    return {
        "from": since.isoformat(),
        "to": at.isoformat(),
        "minute": [int(each) for each in minutes.to_numpy()[order]],
        **{name: [round(float(each) * SCALE) for each in past[name].to_numpy()[order]] for name in ("lon", "lat")},
    }
