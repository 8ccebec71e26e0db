"""Issues as they are seen, taken along in a file: the filters of the list, what they ask for, those picked by code."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.attention import attention
from gridmap.domain.lifecycle import OPEN
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import RefusedError
from gridmap.language import Phrase, phrase, say
from gridmap.maps.style import ATTENTIONS
from gridmap.maps.words import STATUSES, URGENCIES, moment_words, role_term, term
from gridmap.operations.indicators import KIND_NAMES
from gridmap.operations.papers import MEDIA, table_file
from gridmap.spatial.files.exports import write_layer
from gridmap.storage import issues as stored_issues
from gridmap.storage import views

KINDS: Final = ("geojson", "csv", "xlsx")
MEDIA_OF: Final = {"geojson": "application/geo+json", "csv": MEDIA["csv"], "xlsx": MEDIA["xlsx"]}
# So many rows are written while somebody waits for them, and no more.
MOST: Final = 50_000

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reader:
    """For whom it is written: the words of a language, and moments by the site's clock."""

    language: str
    timezone: str
    categories: Mapping[str, str]

    def moment(self, said: str | None) -> str | None:
        return moment_words(said, self.timezone)

    def person(self, holder: Row | None) -> str | None:
        person = (holder or {}).get("person")
        return person["name"] if person else None

    def role(self, holder: Row | None) -> str | None:
        return role_term((holder or {}).get("role"), self.language)


@dataclass(frozen=True)
class Column:
    """A column: its heading, what stands in it, and the right without which there is no such column."""

    heading: Phrase
    cell: Callable[[Row, Reader], Any]
    right: str = "issues"


COLUMNS: Final = (
    Column(phrase("code"), lambda row, _: row["code"]),
    Column(phrase("asks for"), lambda row, reader: _asks(row, reader)),
    Column(phrase("status"), lambda row, reader: term(STATUSES, row["status"], reader.language)),
    Column(phrase("urgency"), lambda row, reader: term(URGENCIES, row["urgency"], reader.language)),
    Column(phrase("category"), lambda row, reader: reader.categories.get(row["category"], row["category"])),
    Column(phrase("kind"), lambda row, reader: term(KIND_NAMES, row["kind"], reader.language)),
    Column(phrase("what was reported"), lambda row, _: row["text"], "words"),
    Column(phrase("reported at"), lambda row, reader: reader.moment(row["reported_at"])),
    Column(phrase("due"), lambda row, reader: reader.moment(row["due_at"])),
    Column(phrase("resolved at"), lambda row, reader: reader.moment(row["resolved_at"])),
    Column(phrase("closed at"), lambda row, reader: reader.moment(row["closed_at"])),
    Column(phrase("grid"), lambda row, _: row["grid"]),
    Column(phrase("level"), lambda row, _: row["level"]),
    Column(phrase("role that owns it"), lambda row, reader: reader.role(row["owner"])),
    Column(phrase("owner"), lambda row, reader: reader.person(row["owner"]), "people"),
    Column(phrase("handler"), lambda row, reader: reader.person(row["handler"]), "people"),
    Column(phrase("reference"), lambda row, _: row["reference"]),
    Column(phrase("longitude"), lambda row, _: row["lon"]),
    Column(phrase("latitude"), lambda row, _: row["lat"]),
)


def _asks(row: Row, reader: Reader) -> str | None:
    return ATTENTIONS[row["attention"]].term.say(reader.language) if row["attention"] else None


def issues_seen(
    session: Session,
    viewer: Viewer,
    wanted: views.IssueFilter,
    at: datetime,
    *,
    attentions: Sequence[str] = (),
    codes: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """All issues that pass the filters, the newest first, each with its `attention` (None once it has ended)."""
    found: list[dict[str, Any]] = []
    picked, asked, after = frozenset(codes), frozenset(attentions), None
    while True:
        page = views.issue_list(session, viewer, wanted, at, limit=views.MOST, after=after)
        found += [row for text in page.rows if _passes(row := _with_attention(text, at), picked, asked)]
        after = page.after
        if len(found) > MOST:
            raise RefusedError(f"these are more than {MOST:,} issues: narrow them by time, grid, status or the view")
        if after is None or (picked and len(found) == len(picked)):
            return found


def _with_attention(text: str, at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(text)
    due = datetime.fromisoformat(row["due_at"]) if row["due_at"] else None
    # The view says that it is late only where it is not held.
    held = None if row["overdue"] else at
    asks = attention({**row, "due_at": due, "held_at": held}, at) if row["status"] in OPEN else None
    return {**row, "attention": asks}


def _passes(row: Row, picked: frozenset[str], asked: frozenset[str]) -> bool:
    return (not picked or row["code"] in picked) and (not asked or row["attention"] in asked)


def export(
    session: Session, viewer: Viewer, site: Site, rows: Sequence[Row], kind: str, language: str, name: str
) -> bytes:
    """Issues as a file: a table with headings in the reader's language, or GeoJSON with the names of the API."""
    if kind == "geojson":
        return _geojson(viewer, rows, name)
    known = stored_issues.categories(session, site.id)
    reader = Reader(language, site.timezone, {code: say(row.name, language) for code, row in known.items()})
    columns = [column for column in COLUMNS if viewer.reach(column.right)]
    table = {column.heading.say(language): [column.cell(row, reader) for row in rows] for column in columns}
    return table_file(pd.DataFrame(table), kind)


def _geojson(viewer: Viewer, rows: Sequence[Row], name: str) -> bytes:
    """The properties of each issue as the API has them, without those the viewer has no right to."""
    hidden = {"lon", "lat", *([] if viewer.reach("words") else ["text"])}
    names = [each for each in (rows[0] if rows else ()) if each not in hidden]
    columns = {each: pd.Series([_shown(row[each], viewer) for row in rows], dtype=object) for each in names}
    points = gpd.points_from_xy([row["lon"] for row in rows], [row["lat"] for row in rows])
    with tempfile.TemporaryDirectory(prefix="gridmap-") as folder:
        path = Path(folder) / "issues.geojson"
        write_layer(gpd.GeoDataFrame(columns, geometry=points, crs=4326), path, layer=name)
        return path.read_bytes()


def _shown(value: Any, viewer: Viewer) -> Any:
    if isinstance(value, dict) and not viewer.reach("people"):
        return {name: each for name, each in value.items() if name != "person"}
    return value
