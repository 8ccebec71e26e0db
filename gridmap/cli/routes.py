"""Routing: one point, a file of points, and reports that are stored as issues."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from gridmap.cli.screen import language, now, open_store, progress_bar, table, whisper
from gridmap.domain.model import Site
from gridmap.domain.rules import rule_as_json
from gridmap.errors import InputError
from gridmap.language import LANGUAGES, say
from gridmap.operations import reports
from gridmap.operations.issues import Batch, Desk
from gridmap.operations.plans import local_moment
from gridmap.operations.routing import Router, rules_of
from gridmap.spatial.coordinates import to_wgs84
from gridmap.spatial.files.exports import write_table
from gridmap.storage import places
from gridmap.storage.issues import categories as stored_categories

SiteCode = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if the store holds several.")]
Datum = Annotated[str, typer.Option(help="wgs84, gcj02 or bd09: what the coordinates are in.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="NAME=COL", help="Which column is what: reported_at=ADDDATE. Others are guessed."),
]
Language = Annotated[str | None, typer.Option("--language", help=f"One of {', '.join(LANGUAGES)}.")]


def add_to(app: typer.Typer) -> None:
    # A longitude west of Greenwich begins with a minus, and is no option.
    app.command(context_settings={"ignore_unknown_options": True})(locate)
    for command in (route, report, rules, categories):
        app.command()(command)


def locate(
    lon: Annotated[float, typer.Argument(help="Longitude in degrees.")],
    lat: Annotated[float, typer.Argument(help="Latitude in degrees.")],
    category: Annotated[str | None, typer.Option(help="What it is about: gridmap rules lists the groups.")] = None,
    kind: Annotated[str | None, typer.Option(help="repair, complaint, enquiry, suggestion, inspection, alarm")] = None,
    level: Annotated[str | None, typer.Option(help="B1, G, 12 …")] = None,
    accuracy: Annotated[float | None, typer.Option(metavar="METRES", help="How far off the position may be.")] = None,
    extent: Annotated[float | None, typer.Option(metavar="METRES", help="How far the thing itself reaches.")] = None,
    facility: Annotated[str | None, typer.Option(metavar="CODE", help="The facility it is about.")] = None,
    about: Annotated[str | None, typer.Option(metavar="PERSON", help="The person a complaint is about.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="As it was then; else now.")] = None,
    datum: Datum = "wgs84",
    site: SiteCode = None,
    speak: Language = None,
) -> None:
    """Say whose a place is, and why, as JSON.

    \b
    gridmap locate 121.5021 31.2402 --category litter --accuracy 15
    """
    lons, lats = to_wgs84([lon], [lat], datum)
    point = {
        "lon": float(lons[0]), "lat": float(lats[0]), "category": category, "kind": kind, "level": level,
        "accuracy_m": accuracy, "extent_m": extent, "facility": facility, "about": about,
    }  # fmt: skip
    with open_store() as database, database.session() as session:
        zone = places.first_site(session).timezone if site is None else places.site(session, site).timezone
        moment = local_moment(at, zone) or now()
        points = reports.checked_point(session, point)
        answer = Router(session).locate(points, moment, site)[0]
        typer.echo(json.dumps(answer.as_json(speak or language()), ensure_ascii=False, indent=2))


def rules(
    site: SiteCode = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a plan writes them.")] = False,
    speak: Language = None,
) -> None:
    """Print the rules by which answers are found, in order.

    \b
    gridmap rules
    gridmap rules --site WJ --json
    """
    if site is None:
        listed = rules_of(None)
    else:
        with open_store() as database, database.session() as session:
            listed = rules_of(places.site(session, site))
    if as_json:
        typer.echo(json.dumps([rule_as_json(rule) for rule in listed], ensure_ascii=False, indent=2))
        return
    rows = []
    for rule in listed:
        when = rule_as_json(rule)["when"]
        said = "; ".join(
            f"{name} {' or '.join(value) if isinstance(value, tuple) else value}" for name, value in when.items()
        )
        seats = "; ".join(f"{seat.duty}: {seat.role} @ {seat.place}" for seat in rule.seats)
        rows.append((rule.name, said or "always", seats, say(rule.text, speak or language())))
    table("", ("rule", "when", "who answers", "in words"), rows)


def categories(speak: Language = None) -> None:
    """The categories an issue can have, and what the rules make of them.

    \b
    gridmap categories --language zh-Hans
    """
    with open_store() as database, database.session() as session:
        known = sorted(stored_categories(session).values(), key=lambda row: (row.group, row.code))
        tongue = speak or language()
        rows = [(row.code, say(row.name, tongue), row.group, row.specialty, row.urgency, row.refer_to) for row in known]
        table("", ("code", "name", "group", "specialty", "urgency", "referred to"), rows)


# ---------------------------------------------------------------- files


@dataclass
class Tally:
    """Rows in = rows done + rows rejected: counted as the batches go by."""

    rows: int = 0
    routed: int = 0
    known: int = 0
    positions: Counter[str] = field(default_factory=Counter)
    rejected: list[pd.DataFrame] = field(default_factory=list)

    def add(self, rows: reports.Rows, batch: Batch, *, stored: bool) -> None:
        self.routed += len(batch.stored) if stored else len(batch.routed)
        self.known += batch.known if stored else 0
        self.rows += len(batch.routed) + len(batch.rejected)
        self.positions.update(batch.routed["position"] if len(batch.routed) else ())
        if len(batch.rejected):
            self.rejected.append(reports.rejected_rows(rows, batch.rejected))

    def write_rejected(self, out: Path) -> int:
        if not self.rejected:
            out.unlink(missing_ok=True)
            return 0
        everything = pd.concat(self.rejected, ignore_index=True)
        write_table(everything, out)
        return len(everything)

    def positions_said(self) -> str:
        return ", ".join(f"{count} {position}" for position, count in self.positions.most_common())


def _source(file: Path, columns: list[str] | None, datum: str, words: list[str] | None = None) -> reports.PointFile:
    named = {}
    for text in columns or ():
        name, equals, column = text.partition("=")
        if not equals:
            raise InputError(f"--column {text}: write NAME=COL, as in reported_at=ADDDATE")
        named[name] = column
    known: dict[str, dict[str, str]] = {}
    for text in words or ():
        match = re.fullmatch(r"(\w+):(.+)=(\w+)", text)
        if match is None:
            raise InputError(f"--word {text}: write NAME:THEIRS=OURS, as in status:OPEN=reported")
        known.setdefault(match[1], {})[match[2]] = match[3]
    source = reports.open_points(file, named, datum, known)
    guessed = ", ".join(f"{name} = {column}" for name, column in source.guessed.items())
    if guessed:
        whisper(f"columns guessed: {guessed}")
    return source


def _batches(source: reports.PointFile, what: str, timezone: str) -> Iterator[reports.Rows]:
    with progress_bar(what) as advance:
        for rows in source.batches(timezone):
            yield rows
            advance(len(rows))


def route(
    file: Annotated[Path, typer.Argument(help="CSV, GeoJSON or (Geo)Parquet with a point a row.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to: the same formats, by the name's ending.")],
    column: Columns = None,
    detail: Annotated[bool, typer.Option("--detail", help="Add distance to the boundary and the runner-up.")] = False,
    rejected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rows that cannot be routed, with reasons.")
    ] = None,
    datum: Datum = "wgs84",
    site: SiteCode = None,
) -> None:
    """Add to every row of a file its grid, its tiers and who answers.

    \b
    gridmap route requests.csv -o routed.csv --column reported_at=ADDDATE
    """
    source = _source(file, column, datum)
    tally, parts = Tally(), []
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        desk, moment = Desk(session, where, detail=detail), now()
        for rows in _batches(source, "routing", where.timezone):
            batch = desk.route(rows.points, moment)
            tally.add(rows, batch, stored=False)
            parts.append(reports.given_out(rows, batch.routed, detail=detail))
    reports.write_routed(pd.concat(parts), out)
    faults = rejected or out.with_name(out.name + ".rejected.csv")
    count = tally.write_rejected(faults)
    typer.echo(f"{tally.rows} rows = {tally.routed} routed + {count} rejected ({tally.positions_said()})")
    typer.echo(f"routed: {out}" + (f"; rejected, with reasons: {faults}" if count else ""))


def report(
    file: Annotated[Path, typer.Argument(help="CSV, GeoJSON or (Geo)Parquet with a report a row.")],
    column: Columns = None,
    word: Annotated[
        list[str] | None, typer.Option(metavar="NAME:THEIRS=OURS", help="Their word for ours: status:OPEN=reported.")
    ] = None,
    source_name: Annotated[
        str | None, typer.Option("--source", help="Where they come from; else the file's name.")
    ] = None,
    add_categories: Annotated[
        bool, typer.Option("--add-categories", help="Make categories known that are not yet, instead of rejecting.")
    ] = False,
    rejected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rows that are not stored, with reasons.")
    ] = None,
    datum: Datum = "wgs84",
    site: SiteCode = None,
) -> None:
    """Route every row of a file and store it as an issue. Run again, it stores only what is new.

    \b
    gridmap report requests.csv --column reference=REQUEST_ID --column reported_at=ADDDATE
    """
    source = _source(file, column, datum, word)
    faults = rejected or file.with_name(file.name + ".rejected.csv")
    with open_store() as database:
        with database.session() as session:
            where = places.site(session, site)
            session.expunge(where)
        tally = _store_all(database, source, where, source_name or file.name, add_categories)
    count = tally.write_rejected(faults)
    known = f" + {tally.known} already stored" if tally.known else ""
    typer.echo(f"{tally.rows} rows = {tally.routed} stored{known} + {count} rejected ({tally.positions_said()})")
    if count:
        typer.echo(f"rejected, with reasons: {faults}")


def _store_all(database: Any, source: reports.PointFile, where: Site, name: str, add_categories: bool) -> Tally:
    """A transaction a batch: what is interrupted keeps its finished batches, and a second run the rest."""
    tally, seen, desk = Tally(), reports.Seen(), None
    moment: datetime = now()
    for rows in _batches(source, "storing", where.timezone):
        with database.session() as session:
            desk = desk.at(session) if desk else Desk(session, session.merge(where, load=False))
            if add_categories:
                desk.add_categories(rows.points)
            batch = desk.report(seen.with_references(rows.points), moment, name)
        tally.add(rows, batch, stored=True)
    return tally
