"""Sign plates: what hangs on the wall of a grid, one page each, with the code that leads to its page."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

import segno
import shapely

from gridmap.errors import FieldError
from gridmap.language import Phrase, phrase
from gridmap.maps.escape import clipped
from gridmap.maps.layers import unpainted
from gridmap.maps.places import DEGREE_M, NAME_LENGTH
from gridmap.maps.scene import Scene
from gridmap.maps.svg import Sheet, drawn
from gridmap.maps.typeset import Form, typeset
from gridmap.maps.view import Bounds

Size = Literal["A4", "A5"]
# size: its width and height in mm, upon its long side; and what a millimetre of A4 becomes on it
SIZES: Final[dict[Size, tuple[float, float, float]]] = {"A4": (297.0, 210.0, 1.0), "A5": (210.0, 148.0, 0.7047)}
MAP_MM: Final = (165.0, 120.0)
DARK: Final = "#16233d"
QUIET: Final = 4
LAYERS: Final = frozenset(("grids", "buildings"))
# What is seen around a grid, as a share of its size, and how much at least.
AROUND: Final = 0.45
AROUND_M: Final = 45.0
MOST_NAMES: Final = 18
LONGEST_ADDRESS: Final = 200
_ADDRESS: Final = re.compile(r"https?://[^\s/?#@\\\"'<>]+(?:/[^\s?#\\\"'<>]*)?")


@dataclass(frozen=True)
class Contact:
    """Who can be turned to: as what, by which name and phone, as far as they are to be said."""

    role: str
    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class Plate:
    """What a grid's plate says."""

    code: str
    name: str
    site: str
    above: tuple[str, ...]
    link: str
    contacts: tuple[Contact, ...]
    buildings: tuple[str, ...]
    households: int | None


WORDS: Final[dict[str, Phrase]] = {
    "scan": phrase("Scan to report"),
    "reaches": phrase("Your report reaches whoever answers for this grid"),
    "system": phrase("Run by grids, one grid one owner"),
    "printed": phrase("printed at"),
}


def link_of(address: str, code: str, site: str | None = None) -> str:
    """What the code on a plate leads to; the site is named where a service has several."""
    base = address.strip().rstrip("/")
    if len(base) > LONGEST_ADDRESS or _ADDRESS.fullmatch(base) is None:
        raise FieldError("address", f"{clipped(base, 60)}: an address begins with http:// or https:// and names a host")
    return f"{base}/r/{quote(code, safe='')}" + (f"?{urlencode({'site': site})}" if site else "")


def qr_svg(link: str) -> str:
    """A link as a QR code that a third of can be scratched away."""
    written = io.BytesIO()
    code = segno.make(link, error="h", micro=False, boost_error=False)
    code.save(written, kind="svg", border=QUIET, dark=DARK, light="#ffffff", xmldecl=False, svgns=True, omitsize=True)
    return written.getvalue().decode()


def plates(
    scene: Scene, given: Sequence[Plate], *, size: Size, language: str, at: datetime, day: str, form: Form = "pdf",
    ppi: float = 144.0,
) -> list[bytes]:  # fmt: skip
    """Plates as one PDF with a page each, or as pictures."""
    if size not in SIZES:
        raise FieldError("size", f"{size}: a plate is printed on {' or '.join(SIZES)}")
    width, height, unit = SIZES[size]
    pages = [_page(scene, plate, language) for plate in given]
    data = {
        "title": given[0].site if given else "",
        "width": width, "height": height, "unit": unit, "pages": pages, "day": day,
        "map": {"width": MAP_MM[0], "height": MAP_MM[1]},
        "words": {name: said.say(language) for name, said in WORDS.items()},
    }  # fmt: skip
    return typeset("plates", data, language, at, form, ppi)


def _page(scene: Scene, plate: Plate, language: str) -> dict[str, Any]:
    # A plate hangs for years: it is in no colours of a day, and names nobody but its own.
    sheet = Sheet(
        LAYERS, language, highlight=plate.code, owners=False, legend=False, dated=False, painter=unpainted
    )  # fmt: skip
    return {
        "code": scene.short(plate.code),
        "full": plate.code,
        "name": clipped(plate.name, NAME_LENGTH),
        "site": clipped(plate.site, NAME_LENGTH),
        "above": [clipped(name, NAME_LENGTH) for name in plate.above],
        "link": plate.link,
        "qr": qr_svg(plate.link),
        "map": str(drawn(scene, sheet, size_mm=MAP_MM, bounds=_around(scene, plate.code), margin=0.0)),
        "contacts": [
            {"role": one.role, "name": clipped(one.name or "", NAME_LENGTH), "phone": clipped(one.phone or "", 40)}
            for one in plate.contacts
        ],
        "covers": _covers(plate, language),
    }


def _around(scene: Scene, code: str) -> Bounds:
    """A grid and what lies around it."""
    shape, _ = scene.grid(code)
    west, south, east, north = shapely.bounds(shape).tolist()
    more = max(AROUND * max(east - west, north - south), AROUND_M / DEGREE_M)
    return west - more, south - more, east + more, north + more


def _covers(plate: Plate, language: str) -> str:
    """The buildings and households that belong to a grid."""
    names = list(dict.fromkeys(clipped(name, NAME_LENGTH) for name in plate.buildings))
    parts = []
    if names:
        joined = ("、" if language.startswith("zh") else ", ").join(_without_repeating(names[:MOST_NAMES]))
        if len(names) > MOST_NAMES:
            joined = phrase("{names} … {count} buildings in all", names=joined, count=len(names)).say(language)
        parts.append(joined)
    if plate.households:
        parts.append(phrase("{count} households", count=plate.households).say(language))
    if not parts:
        return phrase("open ground without buildings").say(language)
    return phrase("Covers: {what}", what=" · ".join(parts)).say(language)


def _without_repeating(names: list[str]) -> list[str]:
    """Names without what all of them begin with, but for the first."""
    beginning = _shared(names).rstrip("0123456789") if len(names) > 1 else ""
    return [names[0], *(name.removeprefix(beginning) for name in names[1:])]


def _shared(names: list[str]) -> str:
    """What names begin with alike: the first and the last in order differ soonest."""
    first, last = min(names), max(names)
    same = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(same, min(len(first), len(last)))]
