"""Files of points and reports: routed, or stored as issues."""

from __future__ import annotations

import gc
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import pandas as pd
import typer

from gridmap.cli.given import check_encoding, refuse_unfit
from gridmap.cli.routes import Datum, SiteCode
from gridmap.cli.screen import now, open_store, progress_bar, tell, whisper
from gridmap.domain.model import Site
from gridmap.errors import InputError
from gridmap.operations import publication, reports
from gridmap.operations.issues import Batch, Desk
from gridmap.spatial.files.exports import EXPORT_SUFFIXES, TABLE_EXPORTS, write_table
from gridmap.storage import new_issues, places
from gridmap.storage.database import Database

# Rows at a time: what is routed is kept until all is written, what is stored is committed.
ROUTED, STORED = 200_000, 50_000
T = TypeVar("T")
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="NAME=COL", help="Which column is what: reported_at=ADDDATE. Others are guessed."),
]
Encoding = Annotated[str | None, typer.Option(metavar="ENC", help="What the text of a CSV file is written in: big5.")]
Rejected = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Where rows go that are left out, with reasons; else …rejected.csv.")
]


def add_to(app: typer.Typer) -> None:
    for command in (route, report):
        app.command()(command)


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

    def write_rejected(self, out: Path, *, named: bool) -> int:
        """Write the rejected rows; without any, only a list of an earlier run is taken away that nobody named."""
        if not self.rejected:
            if not named:
                out.unlink(missing_ok=True)
            return 0
        everything = pd.concat(self.rejected, ignore_index=True)
        write_table(everything, out)
        return len(everything)

    def positions_said(self) -> str:
        return ", ".join(f"{count} {position}" for position, count in self.positions.most_common())


def _source(
    file: Path,
    columns: list[str] | None,
    datum: str,
    encoding: str | None,
    rows: int,
    words: list[str] | None = None,
) -> reports.PointFile:
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
    encoding = encoding and check_encoding(encoding)
    source = reports.open_points(file, named, datum, known, rows=rows, encoding=encoding)
    guessed = ", ".join(f"{name} = {column}" for name, column in source.guessed.items())
    if guessed:
        whisper(f"columns guessed: {guessed}")
    return source


def _batches(source: reports.PointFile, what: str, timezone: str) -> Iterator[reports.Rows]:
    with progress_bar(what, source.total) as advance:
        for rows in source.batches(timezone):
            yield rows
            advance(len(rows))


def route(
    file: Annotated[Path, typer.Argument(help="CSV, GeoJSON or (Geo)Parquet with a point a row.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to: the same formats, by the name's ending.")],
    column: Columns = None,
    detail: Annotated[bool, typer.Option("--detail", help="Add distance to the boundary and the runner-up.")] = False,
    rejected: Rejected = None,
    encoding: Encoding = None,
    datum: Datum = "wgs84",
    site: SiteCode = None,
) -> None:
    """Add to every row of a file its grid, its tiers and who answers.

    \b
    gridmap route requests.csv -o routed.csv --column reported_at=ADDDATE
    """
    faults = rejected or out.with_name(out.name + ".rejected.csv")
    refuse_unfit([(out, EXPORT_SUFFIXES), (faults, TABLE_EXPORTS)], [file])
    source = _source(file, column, datum, encoding, ROUTED)
    tally, parts = Tally(), []
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        desk, moment = Desk(session, where, detail=detail), now()
        for rows in _batches(source, "routing", where.timezone):
            batch = desk.route(rows.points, moment)
            tally.add(rows, batch, stored=False)
            parts.append(reports.given_out(rows, batch.routed, detail=detail))
    reports.write_routed(pd.concat(parts), out)
    count = tally.write_rejected(faults, named=rejected is not None)
    tell(f"{tally.rows} rows = {tally.routed} routed + {count} rejected ({tally.positions_said()})")
    tell(f"routed: {out}" + (f"; rejected, with reasons: {faults}" if count else ""))


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
    rejected: Rejected = None,
    encoding: Encoding = None,
    datum: Datum = "wgs84",
    site: SiteCode = None,
) -> None:
    """Route every row of a file and store it as an issue. Run again, it stores only what is new.

    \b
    gridmap report requests.csv --column reference=REQUEST_ID --column reported_at=ADDDATE
    """
    faults = rejected or file.with_name(file.name + ".rejected.csv")
    refuse_unfit([(faults, TABLE_EXPORTS)], [file])
    source = _source(file, column, datum, encoding, STORED, word)
    with open_store() as database:
        with database.session() as session:
            where = places.site(session, site)
            session.expunge(where)
        tally = _store_all(database, source, where, source_name or file.name, add_categories)
    count = tally.write_rejected(faults, named=rejected is not None)
    known = f" + {tally.known} already stored" if tally.known else ""
    tell(f"{tally.rows} rows = {tally.routed} stored{known} + {count} rejected ({tally.positions_said()})")
    if count:
        tell(f"rejected, with reasons: {faults}")


def _store_all(database: Database, source: reports.PointFile, where: Site, name: str, add_categories: bool) -> Tally:
    """A transaction a batch: what is interrupted keeps its finished batches, and a second run the rest.

    A file much larger than all that is stored is one transaction: all of it is stored in the end, or nothing.
    """
    moment, total = now(), source.total or 0
    with database.session() as session:
        publication.take_over(session, session.merge(where, load=False), moment)
        at_once = new_issues.worth_one_go(session, total)
    if not at_once:
        return _Loading(database, database.session, now, where, name, add_categories).load(source)
    whisper(f"storing {total:,} rows in one go: until it is done, nobody sees issues, and nothing of it is kept")
    with database.session() as session, new_issues.in_one_go(session):
        loading = _Loading(database, lambda: nullcontext(session), lambda: moment, where, name, add_categories, True)
        return loading.load(source)


@dataclass
class _Loading:
    """A file on its way into the store: while the store takes one batch, the next is read and routed."""

    database: Database
    # What a batch is written in, and when that is.
    transaction: Callable[[], AbstractContextManager[Any]]
    clock: Callable[[], datetime]
    where: Site
    name: str
    add_categories: bool
    in_one_go: bool = False

    def load(self, source: reports.PointFile) -> Tally:
        tally = Tally()
        with progress_bar("storing", source.total) as advance, _unhindered():
            for rows, desk, batch in _ahead(self.routed(source)):
                tally.add(rows, self.stored(desk, batch), stored=True)
                advance(len(rows))
        return tally

    def routed(self, source: reports.PointFile) -> Iterator[tuple[reports.Rows, Desk, Batch]]:
        seen, desk = reports.Seen(), None
        for rows in source.batches(self.where.timezone):
            with self.database.session() as session:
                desk = desk.at(session) if desk else self.desk(session)
                if self.add_categories:
                    desk.add_categories(rows.points)
                batch = desk.take(seen.with_references(rows.points), self.clock(), self.name)
            yield rows, desk, batch

    def desk(self, session: Any) -> Desk:
        return Desk(session, session.merge(self.where, load=False), unseen=self.in_one_go)

    def stored(self, desk: Desk, batch: Batch) -> Batch:
        moment = self.clock()  # a plan may have been published since the batch was routed
        with self.transaction() as session:
            publication.take_over(session, session.merge(self.where, load=False), moment)
            return desk.at(session).store(batch, moment)


@contextmanager
def _unhindered() -> Iterator[None]:
    """What is read stays, so that looking for what can go is in vain; and the thread that writes waits for no turn."""
    collected, turn = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(200_000, 50, 1000)
    sys.setswitchinterval(0.001)
    try:
        yield
    finally:
        gc.set_threshold(*collected)
        sys.setswitchinterval(turn)


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The items of an iterator, each made in a thread while the one before it is used."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = maker.submit(next, items, None)
            yield item
