"""Hot spots as a file: a page with the map and the reasons, the map alone, or a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from gridmap.domain.insights import ANALYSES, NEXT
from gridmap.domain.model import Site
from gridmap.errors import InputError
from gridmap.language import phrase
from gridmap.maps import hotspots as drawn
from gridmap.operations import atlas
from gridmap.operations.insights import Found
from gridmap.operations.papers import table_file


def hotspots(session: Session, site: Site, found: Found, said: Mapping[str, Any], kind: str, language: str) -> bytes:
    """What was found, as a file of a kind: html, svg, csv or xlsx."""
    if kind in ("csv", "xlsx"):
        return table_file(found.cells.reset_index(names="code"), kind)
    if kind not in ("html", "svg"):
        raise InputError(f"{kind}: hot spots are written as html, svg, csv or xlsx; choose one of them")
    column = "category" if found.question.kind == "emerging" else "bin"
    marks = {str(code): mark for code, mark in found.cells[column].items()}
    for surge in said["surges"]:
        for code in surge["grids"]:
            # What is hot is not hidden.
            marks[code] = marks.get(code) if marks.get(code) not in (None, 0, "none") else drawn.SURGE
    frames = atlas.frames(session, None, found.until, ["grids", "buildings", "facilities"], site.code)
    frames.pop("heat", None)
    title = phrase("{site}: {what}", site=site.name, what=ANALYSES[found.question.kind]).say(language)
    svg = drawn.picture(frames, marks, found.until, title=title, language=language, timezone=site.timezone)
    if kind == "svg":
        return svg.encode()
    return drawn.page(
        svg,
        set(marks.values()),
        kind=found.question.kind,
        title=title,
        settings=said["settings"],
        spots=[*said["spots"], *said["surges"]],
        next_to_do={NEXT[name].say(language): said[name] for name in NEXT},
        language=language,
    ).encode()
