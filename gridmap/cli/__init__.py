"""The command line: `gridmap --help`."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError

import gridmap
from gridmap.cli import accounts, estates, holdings, maps, plans, reports, routes, services
from gridmap.cli.screen import complain
from gridmap.errors import GridmapError

INTERRUPTED = 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="The ground run by grids: load a plan, and every issue gets its owner and the reasons.",
)
for module in (plans, holdings, routes, reports, accounts, maps, estates, services):
    module.add_to(app)


@app.callback(invoke_without_command=True)
def _front(version: Annotated[bool, typer.Option("--version", help="Say which gridmap this is.")] = False) -> None:
    if version:
        typer.echo(f"gridmap {gridmap.__version__}")
        raise typer.Exit


def main() -> None:
    """Run a command; what goes wrong around it or is refused is one line on stderr and exit status 1."""
    try:
        app()
    except SystemExit as leaving:
        # Typer turns an interruption into its exit status, without a word.
        if leaving.code == INTERRUPTED:
            _interrupted()
        raise
    except KeyboardInterrupt:
        _interrupted()
    except (GridmapError, SQLAlchemyError, OSError, UnicodeError) as error:
        complain(_in_a_line(error))
        _let_go_of_output()
        sys.exit(1)


def _interrupted() -> NoReturn:
    complain("interrupted; what was committed stays, the rest was undone")
    sys.exit(INTERRUPTED)


def _in_a_line(error: Exception) -> str:
    """What went wrong, without the statement it went wrong in."""
    if isinstance(error, SQLAlchemyError):
        return f"the database refuses: {_first_line(getattr(error, 'orig', None) or error)}"
    if isinstance(error, UnicodeError):
        encoding = getattr(error, "encoding", "utf-8")
        return (
            f"there is text that is no {encoding.upper()} ({getattr(error, 'reason', error)}): write it in another way"
        )
    if isinstance(error, OSError):
        return f"{error.filename or 'the output'}: {error.strerror or _first_line(error)}"
    return str(error)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _let_go_of_output() -> None:
    """What could not be written is not tried again when Python leaves."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
