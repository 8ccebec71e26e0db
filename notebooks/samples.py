"""What the notebooks look at: a city's grids and what was reported in them, and how their charts look.

`washington`, `taipei` and `estate` give the same two frames. Published data of the two cities are not part of the
project: GRIDMAP_SAMPLES names the folder they lie in, and where there is none the imaginary estate stands in, which is
said aloud.

`grids` (EPSG:4326): `code`, `name`, `tier` (1 to 3, the finest is 3), `parent` (None at the top), `households` (NaN
where nobody knows), `geometry`.

`reports`, by time: `reported_at` (aware, UTC), `category`, `tier1`, `tier2`, `tier3` (codes, None outside of all),
`lon`, `lat` (degrees; NaN where only the grid is known), `due_at`, `closed_at` (NaT where unknown), then `text` and
columns of a city's own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from cycler import cycler
from matplotlib import font_manager
from numpy.typing import NDArray

from gridmap.domain.categories import CATEGORIES
from gridmap.errors import StoreError
from gridmap.language import say
from gridmap.maps import style
from gridmap.maps.fonts import OTHERS, font_of
from gridmap.maps.layers import INKS
from gridmap.maps.strokes import FAMILIES
from gridmap.simulation import days as lived
from gridmap.simulation import estate as imagined
from gridmap.spatial.locator import Locator

COLUMNS: Final = ("reported_at", "category", "tier1", "tier2", "tier3", "lon", "lat", "due_at", "closed_at")
INSTEAD: Final = {
    "en": "The city's data are not here (GRIDMAP_SAMPLES names their folder): "
    "{name}, a simulated estate that nobody lives in, stands in for it.",
    "zh-Hant": "這裡沒有這座城市的資料（資料夾由 GRIDMAP_SAMPLES 指定）：以下改用模擬片區「{name}」，並無真人真事。\n"
    "(The city's data are not here: {name}, a simulated estate that nobody lives in, stands in for it.)",
}


@dataclass(frozen=True)
class Sample:
    """A place with its grids and what was reported there."""

    name: str
    simulated: bool
    timezone: str
    grids: gpd.GeoDataFrame
    reports: pd.DataFrame

    def tier(self, number: int) -> gpd.GeoDataFrame:
        """The grids of one tier, in the order of their codes."""
        return self.grids[self.grids["tier"] == number].sort_values("code").reset_index(drop=True)

    def names(self) -> dict[str, str]:
        """What each grid is called."""
        return dict(zip(self.grids["code"], self.grids["name"], strict=True))


# ---------------------------------------------------------------- Washington


def washington() -> Sample:
    """Washington, D.C.: 8 wards > 40 commissions > 296 districts, and a month of 11,473 requests with their deadlines.

    Categories are the city's own. Also `agency`, `status` and `ward`, which the city itself assigned. Requests closed
    before they came in, and dates of 1970, have no end: that is how the city writes "not yet".
    """
    folder = _folder("dc")
    if folder is None:
        return _instead("en")
    grids = _districts(folder)
    rows = pd.read_csv(folder / "issues_311_2015-09-11_to_10-11.csv.gz")
    moments = {
        name: _new_york(rows[column])
        for name, column in
        {"reported_at": "ADDDATE", "due_at": "SERVICEDUEDATE", "closed_at": "RESOLUTIONDATE"}.items()
    }  # fmt: skip
    for end in ("due_at", "closed_at"):
        moments[end] = moments[end].where(moments[end] >= moments["reported_at"])
    reports = pd.DataFrame(
        {
            **moments,
            "category": rows["SERVICECODEDESCRIPTION"].str.replace("Maintanence", "Maintenance"),
            "lon": rows["lon"], "lat": rows["lat"], "agency": rows["ORGANIZATIONACRONYM"],
            "status": rows["SERVICEORDERSTATUS"], "ward": rows["WARD"].astype("Int64").astype("string"),
        }
    )  # fmt: skip
    return Sample("Washington, D.C.", False, "America/New_York", grids, _in_grids(reports, grids))


def _new_york(column: pd.Series[Any]) -> pd.Series[Any]:
    """Moments as the city's clocks showed them: its files write Z behind local hours (limits end at "17:00Z")."""
    shown = pd.to_datetime(column.str.removesuffix("Z"))
    return shown.dt.tz_localize("America/New_York", ambiguous=False, nonexistent="shift_forward").dt.tz_convert("UTC")


def _districts(folder: Path) -> gpd.GeoDataFrame:
    """The three tiers; a commission belongs to the ward that holds most of its ground."""
    wards, commissions, districts = (
        gpd.read_file(folder / f"{name}.geojson") for name in ("tier1_ward_2012", "tier2_anc_2013", "tier3_smd_2013")
    )
    of = _holding(commissions.geometry.to_crs(26985), wards.geometry.to_crs(26985))
    return _tiers(
        _tier(wards, 1, "WARD_ID", wards["NAME"], None),
        _tier(commissions, 2, "ANC_ID", commissions["NAME"], wards["WARD_ID"].to_numpy()[of]),
        _tier(districts, 3, "SMD_ID", districts["NAME"], districts["ANC_ID"]),
    )


def _holding(parts: gpd.GeoSeries, wholes: gpd.GeoSeries) -> NDArray[np.intp]:
    """The position of the whole that holds most of each part's ground."""
    part, whole = wholes.sindex.query(parts, predicate="intersects")
    areas = np.zeros((len(parts), len(wholes)))
    areas[part, whole] = shapely.area(shapely.intersection(parts.to_numpy()[part], wholes.to_numpy()[whole]))
    most: NDArray[np.intp] = areas.argmax(axis=1)
    return most


# ---------------------------------------------------------------- Taipei


def taipei() -> Sample:
    """臺北市: 1 city > 12 districts > 456 li, and the 106,662 calls of 2024 to its hotline that name a li.

    Only the li is known, no place: `lon` and `lat` are NaN, and so are households, limits and ends. No call is on
    record from 13 to 17 March, and few on the 12th: those are days without records, not days without calls.
    """
    folder = _folder("taipei")
    if folder is None:
        return _instead("zh-Hant", days=182)
    grids = _neighbourhoods(folder)
    rows = pd.read_csv(folder / "taipei_1999_2024_with_li.csv.gz", dtype=str)
    shown = pd.to_datetime(rows["date"] + rows["time"].str.zfill(6), format="%Y%m%d%H%M%S")
    leaves, districts = grids[grids["tier"] == 3], grids[grids["tier"] == 2]
    reports = pd.DataFrame(
        {
            "reported_at": shown.dt.tz_localize("Asia/Taipei").dt.tz_convert("UTC"), "category": rows["type"],
            "tier3": _codes(rows["district"] + rows["li"], leaves), "tier2": _codes(rows["district"], districts),
            "tier1": _codes(pd.Series(grids["name"].iloc[0], rows.index), grids), "lon": np.nan, "lat": np.nan,
        }
    )  # fmt: skip
    return Sample("臺北市", False, "Asia/Taipei", grids, _ordered(reports))


def _codes(said: pd.Series[Any], grids: gpd.GeoDataFrame) -> pd.Series[Any]:
    return _or_none(said.map(dict(zip(grids["name"], grids["code"], strict=True))))


def _neighbourhoods(folder: Path) -> gpd.GeoDataFrame:
    """The three tiers; a li is called with its district, for some names come twice."""
    city, districts, li = (
        gpd.read_file(folder / f"{name}.geojson")
        for name in ("tier1_city_taipei", "tier2_district_taipei", "tier3_li_taipei")
    )
    of = li["TOWNCODE"].map(dict(zip(districts["TOWNCODE"], districts["TOWNNAME"], strict=True)))
    return _tiers(
        _tier(city, 1, "COUNTYCODE", city["COUNTYNAME"].str.replace("台", "臺"), None),
        _tier(districts, 2, "TOWNCODE", districts["TOWNNAME"], districts["COUNTYCODE"]),
        _tier(li, 3, "VILLCODE", of + li["VILLNAME"], li["TOWNCODE"]),
    )


# ---------------------------------------------------------------- the estate


def estate(days: int = 90, language: str | None = None) -> Sample:
    """望江片区, the simulated estate: 13 zones > 50 clusters > 319 cells, and what was reported in the last days.

    The same on every run. It has a storm 41 days before the end, and leaks planted about one block in the last 30.
    Categories are codes (`water_leak`), or words if a language is given. Also the columns of `frames.POINTS`.
    """
    made = imagined.estate()
    until = datetime.combine(imagined.TODAY, time(), ZoneInfo(imagined.TIMEZONE))
    reports = lived.reports(made, until, days)
    if language:
        reports["category"] = reports["category"].map({row.code: say(row.name, language) for row in CATEGORIES})
    grids = made.grids.assign(parent=_or_none(made.grids["parent"]))
    return Sample(imagined.NAME, True, imagined.TIMEZONE, grids, _in_grids(reports, grids))


def _instead(language: str, days: int = 90) -> Sample:
    print(INSTEAD[language].format(name=imagined.NAME))
    return estate(days, language)


# ---------------------------------------------------------------- what they share


def _folder(name: str) -> Path | None:
    """Where a city's data lie."""
    folder = Path(os.environ.get("GRIDMAP_SAMPLES") or Path(__file__).resolve().parents[2] / "shared" / "data") / name
    return folder if folder.is_dir() else None


def _tier(frame: gpd.GeoDataFrame, number: int, code: str, name: Any, parent: Any) -> gpd.GeoDataFrame:
    columns = {"code": frame[code].astype(str), "name": name, "tier": number, "parent": parent, "households": np.nan}
    return gpd.GeoDataFrame(columns, geometry=frame.geometry, crs=frame.crs)


def _tiers(*tiers: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows = pd.concat([pd.DataFrame(tier).astype({"parent": object}) for tier in tiers], ignore_index=True)
    rows["parent"] = _or_none(rows["parent"])
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=4326)


def _or_none(codes: pd.Series[Any]) -> pd.Series[Any]:
    said = codes.astype(object)
    return said.where(said.notna(), None)


def _in_grids(reports: pd.DataFrame, grids: gpd.GeoDataFrame) -> pd.DataFrame:
    """Reports with the leaf that covers each, and its parents."""
    leaves = grids[grids["tier"] == 3].reset_index(drop=True)
    rows = Locator(leaves).locate(reports["lon"].to_numpy(), reports["lat"].to_numpy())
    parent = dict(zip(grids["code"], grids["parent"], strict=True))
    leaf = [leaves["code"].iat[row] if row >= 0 else None for row in rows]
    above = [parent.get(code) for code in leaf]
    chain = {"tier1": [parent.get(code) for code in above], "tier2": above, "tier3": leaf}
    return _ordered(reports.assign(**{name: pd.Series(codes, dtype=object) for name, codes in chain.items()}))


def _ordered(reports: pd.DataFrame) -> pd.DataFrame:
    """By time, the columns that all have first."""
    missing = {name: pd.Series(pd.NaT, reports.index, dtype="datetime64[us, UTC]") for name in ("due_at", "closed_at")}
    whole = reports.assign(**{name: column for name, column in missing.items() if name not in reports})
    columns = [*COLUMNS, *(name for name in whole if name not in COLUMNS)]
    return whole[columns].sort_values("reported_at", kind="stable").reset_index(drop=True)


# ---------------------------------------------------------------- charts


@dataclass(frozen=True)
class Colours:
    """The colours of the house: `ink` for words, `quiet` for what stands behind, the others for what is compared."""

    ink: str = INKS["light"]["ink"]
    quiet: str = "#9aa7b8"
    line: str = INKS["light"]["line"]
    blue: str = style.LOAD_COLOURS[-1]
    red: str = style.ATTENTIONS["overdue"].colour
    green: str = style.ATTENTIONS["doing"].colour
    orange: str = style.ATTENTIONS["urgent"].colour
    violet: str = style.OVERLAYS["keeper"][0]
    pale: str = style.LOAD_COLOURS[1]


def charts(language: str = "en") -> Colours:
    """Have matplotlib draw as the maps look, with a font that has Chinese signs; gives the colours for it."""
    colours = Colours()
    mpl.rcParams.update({
        "font.family": [*_family(language), "DejaVu Sans"], "font.size": 10, "text.color": colours.ink,
        "figure.figsize": (9, 4), "figure.dpi": 110, "figure.facecolor": "white", "figure.constrained_layout.use": True,
        "axes.titlesize": 12, "axes.titlelocation": "left", "axes.titlepad": 10, "axes.titleweight": "bold",
        "axes.labelcolor": colours.ink, "axes.edgecolor": colours.line, "axes.spines.top": False,
        "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True, "grid.color": "#e6ebf2",
        "grid.linewidth": 0.8, "xtick.color": colours.ink, "ytick.color": colours.ink, "legend.frameon": False,
        "lines.linewidth": 1.8, "lines.solid_capstyle": "round",
        "axes.prop_cycle": cycler(color=[colours.blue, colours.red, colours.green, colours.orange, colours.violet]),
    })  # fmt: skip
    return colours


@cache
def _family(language: str) -> tuple[str, ...]:
    """A family with Chinese signs that matplotlib knows: none if there is none, and Chinese words are boxes then."""
    try:
        font = font_of(language)
    except StoreError as error:
        print(error)
        return ()
    wanted = (font.family, *FAMILIES[language], *OTHERS)
    found = _known(wanted)
    if not found:  # files that are newer than what matplotlib remembers, or of the set-up
        _remember([*font_manager.findSystemFonts(list(font.folders)), *font_manager.findSystemFonts()])
        found = _known(wanted)
    return found[:1]


def _known(wanted: Iterable[str]) -> tuple[str, ...]:
    names = {entry.name for entry in font_manager.fontManager.ttflist}
    return tuple(family for family in wanted if family in names)


def _remember(files: Iterable[str]) -> None:
    for file in files:
        with contextlib.suppress(OSError, RuntimeError):  # a broken font, or one of a kind it cannot read
            font_manager.fontManager.addfont(file)
