"""What the commands share: the clock, the open store, what is said on the screen, tables and progress."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from gridmap.language import catalogue, language_of
from gridmap.settings import Settings
from gridmap.storage.database import Database

ERRORS = Console(stderr=True, highlight=False)
OUTPUT = Console(highlight=False)
# How much of a cell is shown.
LONGEST = 200


def now() -> datetime:
    """The present moment: asked here, at the edge, and passed down."""
    return datetime.now(UTC)


def language(said: str | None = None) -> str:
    """The language to speak: the one that is said, if it is known, else that of the terminal."""
    if said is None:
        return language_of()
    catalogue(said)
    return said


def moment_said(moment: datetime | None, timezone: str) -> str:
    """A moment of a site, by the site's own clock."""
    from gridmap.operations.outlines import time_zone
    from gridmap.operations.publication import SINCE_EVER

    if moment is None:
        return ""
    return "the beginning" if moment == SINCE_EVER else f"{moment.astimezone(time_zone(timezone)):%Y-%m-%d %H:%M %Z}"


@contextmanager
def open_store() -> Iterator[Database]:
    """The store of the surroundings, with a word about whatever takes long to start."""
    with Database.open(Settings.from_environment(), progress=whisper) as database:
        yield database


# ---------------------------------------------------------------- lines


def _stands(letter: str) -> bool:
    """Whether a character stands on a screen, rather than steering it."""
    return letter.isprintable() or unicodedata.category(letter) == "Zs"


def visible(text: str) -> str:
    """Text from outside on one line, with a sign in place of whatever would steer a terminal."""
    return text if text.isprintable() else "".join(letter if _stands(letter) else "?" for letter in text)


def tell(message: str) -> None:
    """One line of what a command has to say."""
    typer.echo(visible(message))


def tell_json(value: object) -> None:
    """A value as JSON, which stays JSON where characters are written by their numbers."""
    written = json.dumps(value, ensure_ascii=False, indent=2)
    typer.echo("".join(char if char == "\n" or _stands(char) else json.dumps(char)[1:-1] for char in written))


def complain(message: str) -> None:
    typer.echo(visible(f"gridmap: {message}"), err=True)


def whisper(message: str) -> None:
    """Progress in words, on stderr, so that output can be piped."""
    typer.echo(visible(f"{message} …"), err=True)


# ---------------------------------------------------------------- tables and bars


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on the screen; right-aligned where it holds numbers."""
    rows = [list(row) for row in rows]
    shown = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[number], int | float) or row[number] is None for row in rows)
        shown.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # As Text, so that no word of a plan is taken for markup.
        shown.add_row(*(Text(_cell(value)) for value in row))
    # A pipe has no width: a table is then as wide as it needs to be.
    console = OUTPUT if OUTPUT.is_terminal else Console(width=200, highlight=False)
    with console.capture() as written:
        console.print(shown)
    typer.echo(written.get(), nl=False)


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:,.2f}" if isinstance(value, float) else visible(str(value))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A count of rows on stderr, where somebody is looking, and a bar if it is known of how many."""
    counted = "{task.completed:,.0f} of {task.total:,.0f} rows" if total else "{task.completed:,.0f} rows"
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *((BarColumn(),) if total else ()),
        TextColumn(counted),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=ERRORS, disable=not ERRORS.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda rows: bar.update(task, advance=rows)
