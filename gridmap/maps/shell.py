"""What stands around the map: header, figures, the list of open issues, and the legend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
from branca.element import MacroElement
from folium.template import Template
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gridmap.language import phrase
from gridmap.maps import symbols, words
from gridmap.maps.escape import clipped, safe
from gridmap.maps.features import Reader, category_term, rows
from gridmap.maps.style import ATTENTIONS, LOAD_COLOURS, LOAD_TERMS, MOST_DRAWN

TEMPLATES: Final = Path(__file__).parent / "templates"
LISTED: Final = 100
LONGEST: Final = 160

# row of the legend: the layer it switches, and whether it is shown at first
LEGEND: Final = {
    "tier1": ("grids", True),
    "tier2": ("grids", True),
    "tier3": ("grids", True),
    "buildings": ("buildings", True),
    "facilities": ("facilities", True),
    "overlays": ("overlays", False),
    "issues": ("issues", True),
    "load": ("issues", True),
    "heat": ("heat", False),
}


@dataclass(frozen=True)
class Page:
    """A page of its own around the map: whose it is, who reads it, and where its links lead."""

    site: str
    account: str | None = None
    sign_out: str | None = None
    messages: str | None = None
    languages: Mapping[str, str] = field(default_factory=dict)


class Shell(MacroElement):
    """The markup around the map; it comes first, so that the keyboard comes to it first."""

    _template = Template("{% macro html(this, kwargs) %}{{ this.markup }}{% endmacro %}")

    def __init__(self, markup: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Shell"
        self.markup = markup


@cache
def _templates() -> Environment:
    """Every value that is written goes through the one escape; only markup of ours is left as it is."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else _as_markup(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _as_markup(value: Any) -> Markup:
    return Markup(safe("" if value is None else clipped(str(value), LONGEST)))  # noqa: S704


def shell_of(
    map_id: str,
    issues: gpd.GeoDataFrame,
    heat: pd.DataFrame,
    shown: set[str],
    reader: Reader,
    heat_days: int,
    page: Page | None,
) -> str:
    """The markup for a map: with a page all of it, else the legend alone."""
    counts = {str(name): int(count) for name, count in issues["attention"].value_counts().items()}
    said = words.spoken(words.SCREEN, reader.language)
    return _templates().get_template("map.html").render(
        page=page,
        map_id=map_id,
        say=said,
        language=reader.language,
        language_names=words.LANGUAGE_NAMES,
        tiles=_tiles(counts, _today(heat, reader), said),
        mix=_mix(counts, reader.language),
        items=[_item(row, reader) for row in rows(issues.head(LISTED))],
        more=_more(len(issues), reader.language),
        as_of=phrase("as of {moment}", moment=reader.moment(reader.at)).say(reader.language),
        legend=_legend(shown, reader.language, heat_days),
        ramp=[{"colour": colour, "term": term} for colour, term in zip(LOAD_COLOURS, LOAD_TERMS, strict=True)],
    )  # fmt: skip


def _tiles(counts: Mapping[str, int], today: int, said: Mapping[str, str]) -> list[dict[str, Any]]:
    """The four figures; those of what burns can be pressed to see only that."""
    return [
        {"name": "open", "term": said["open"], "count": sum(counts.values()), "note": said["by_urgency"]},
        {"name": "overdue", "term": said["overdue"], "count": counts.get("overdue", 0), "note": said["at_once"]},
        {"name": "urgent", "term": said["urgent"], "count": counts.get("urgent", 0), "note": said["at_once"]},
        {"name": "today", "term": said["today"], "count": today, "note": said["of_day"]},
    ]


def _today(heat: pd.DataFrame, reader: Reader) -> int:
    """How many were reported since midnight by the site's clock."""
    local = reader.at.astimezone(ZoneInfo(reader.timezone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return int((pd.to_datetime(heat["reported_at"], utc=True) >= midnight).sum())


def _mix(counts: Mapping[str, int], language: str) -> list[dict[str, Any]]:
    """How the open issues divide, in the order of what burns."""
    return [
        {
            "name": name,
            "term": asked.term.say(language),
            "count": counts.get(name, 0),
            "colour": asked.colour,
            "symbol": Markup(symbols.attention_symbol(name)),  # noqa: S704
        }
        for name, asked in ATTENTIONS.items()
    ]


def _item(row: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """One line of the list."""
    category, text = category_term(row, reader.language), row.get("text")
    colon = ": " if reader.language == "en" else "："
    return {
        "code": row["code"],
        "asks": row["attention"],
        "term": ATTENTIONS[row["attention"]].term.say(reader.language),
        "symbol": Markup(symbols.attention_symbol(row["attention"])),  # noqa: S704
        "title": f"{category}{colon}{text}" if text else category,
        "place": " · ".join(str(each) for each in (row.get("grid"), row.get("owner_name")) if each) or row["code"],
        "late": words.due_words(row.get("due_at"), reader.at, reader.language)
        or reader.moment(row["reported_at"]),
    }  # fmt: skip


def _more(count: int, language: str) -> str | None:
    if count <= LISTED:
        return None
    if count > MOST_DRAWN:
        said = phrase("{count} in all; the {drawn} most urgent are on the map", count=count, drawn=MOST_DRAWN)
        return said.say(language)
    return phrase("and {count} more on the map", count=count - LISTED).say(language)


def _legend(shown: set[str], language: str, heat_days: int) -> list[dict[str, Any]]:
    """The rows of the legend: a symbol, a word, and whether it is on."""
    swatches = {f"tier{tier}": symbols.tier_swatch(tier) for tier in (1, 2, 3)} | symbols.SWATCHES
    return [
        {
            "name": name,
            "on": "true" if on else "false",
            "symbol": Markup(swatches[name]),  # noqa: S704
            "term": words.LAYERS[name].say(language).format(days=heat_days),
        }
        for name, (layer, on) in LEGEND.items()
        if layer in shown
    ]
