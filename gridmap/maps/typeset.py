"""Pages made by typst from our templates: what is said on them is handed in as data, and is never markup."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import typst

from gridmap.errors import InputError, StoreError
from gridmap.maps.fonts import Font, font_of
from gridmap.maps.svg import SIZE_MM, SvgMap, svg_map

TEMPLATES: Final = Path(__file__).with_name("templates")
# What hyphenates and sets spaces as a language does.
SPEECH: Final = {"zh-Hans": ("zh", "cn"), "zh-Hant": ("zh", "tw"), "en": ("en", "gb")}
PPI: Final = 144.0

Form = Literal["pdf", "png"]
Kind = Literal["svg", "pdf", "png"]
KINDS: Final[tuple[Kind, ...]] = ("svg", "pdf", "png")


def typeset(
    template: str,
    data: Mapping[str, Any],
    language: str,
    at: datetime,
    form: Form = "pdf",
    ppi: float = PPI,
    font: Font | None = None,
) -> list[bytes]:
    """The pages of a template as one PDF, or a PNG each; in the language's font, if no other is given."""
    font = font or font_of(language)
    speech, region = SPEECH[language]
    said = {**data, "font": font.family, "speech": speech, "region": region}
    made, warnings = typst.compile_with_warnings(
        str(TEMPLATES / f"{template}.typ"), root=str(TEMPLATES), font_paths=list(font.folders), format=form, ppi=ppi,
        sys_inputs={"data": json.dumps(said, ensure_ascii=False)}, timestamp=int(at.timestamp()),
    )  # fmt: skip
    # A font that is not there is a warning to typst, and boxes to whoever reads the page.
    if warnings:
        raise StoreError(f"{template} cannot be printed: {warnings[0].message}; see that the fonts are installed")
    pages: Any = made  # a PNG of several pages is a list, whatever typst's annotations say
    return pages if isinstance(pages, list) else [pages]


def picture(frames: Mapping[str, Any], kind: Kind = "png", *, at: datetime, **said: Any) -> bytes:
    """The map of `svg_map` as a file of a kind; without a browser."""
    return as_file(svg_map(frames, at=at, **said), kind, at=at, language=said.get("language", "zh-Hans"),
                   size_mm=said.get("size_mm", SIZE_MM))  # fmt: skip


def as_file(
    drawn: SvgMap, kind: Kind, *, at: datetime, language: str, size_mm: tuple[float, float] = SIZE_MM, ppi: float = PPI
) -> bytes:
    """A map that is drawn as a file of a kind: an SVG, or one page with nothing else on it."""
    if kind not in KINDS:
        raise InputError(f"{kind}: a picture is written as {', '.join(KINDS)}; choose one of them")
    if kind == "svg":
        return ('<?xml version="1.0" encoding="UTF-8"?>\n' + drawn + "\n").encode()
    data = {"svg": str(drawn), "width": size_mm[0], "height": size_mm[1]}
    return typeset("picture", data, language, at, kind, ppi)[0]
