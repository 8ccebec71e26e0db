"""What the commands share: the clock, the open store, tables, progress and complaints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from gridmap.language import language_of
from gridmap.settings import Settings
from gridmap.storage.database import Database

ERRORS = Console(stderr=True, highlight=False)
OUTPUT = Console(highlight=False)


def now() -> datetime:
    """The present moment: asked here, at the edge, and passed down."""
    return datetime.now(UTC)


def language() -> str:
    return language_of()


@contextmanager
def open_store() -> Iterator[Database]:
    """The store of the surroundings, with a word about whatever takes long to start."""
    with Database.open(Settings.from_environment(), progress=whisper) as database:
        yield database


def complain(message: str) -> None:
    typer.echo(f"gridmap: {message}", err=True)


def whisper(message: str) -> None:
    """Progress in words, on stderr, so that output can be piped."""
    typer.echo(f"{message} …", err=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on the screen; right-aligned where it holds numbers."""
    rows = [list(row) for row in rows]
    shown = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[number], int | float) or row[number] is None for row in rows)
        shown.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        shown.add_row(
            *("" if cell is None else f"{cell:,.2f}" if isinstance(cell, float) else str(cell) for cell in row)
        )
    # A pipe has no width: a table is then as wide as it needs to be.
    console = OUTPUT if OUTPUT.is_terminal else Console(width=200, highlight=False)
    console.print(shown)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int], None]]:
    """A count of rows on stderr, where somebody is looking; nothing in a pipe."""
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f} rows"), TimeElapsedColumn())
    with Progress(*columns, console=ERRORS, disable=not ERRORS.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda rows: bar.update(task, advance=rows)
