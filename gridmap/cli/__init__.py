"""The command line: `gridmap --help`."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Final, NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError

import gridmap
from gridmap.cli.screen import complain
from gridmap.errors import GridmapError

INTERRUPTED = 130

# Which module of commands has which: what a command does not need is not imported for it.
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "plans": ("load", "publish", "tick"),
    "holdings": ("sites", "editions", "export", "store"),
    "routes": ("locate", "rules", "categories"),
    "reports": ("route", "report"),
    "accounts": ("accounts",),
    "calendars": ("calendar", "hours", "limits", "warning"),
    "channels": ("channels",),
    "issues": ("issues",),
    "evaluation": ("kpis", "forms", "evaluate"),
    "patrols": ("rounds", "households"),
    "maps": ("map",),
    "hotspots": ("hotspots",),
    "printing": ("plates", "monthly"),
    "estates": ("estate", "simulate"),
    "services": ("serve", "demo"),
}


def app_of(command: str | None = None) -> typer.Typer:
    """The command line with all commands, or with those of one module if it has the one that is asked for."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="The ground run by grids: load a plan, and every issue gets its owner and the reasons.",
    )
    app.callback(invoke_without_command=True)(_front)
    for module in [name for name, commands in COMMANDS.items() if command in commands] or COMMANDS:
        import_module(f"gridmap.cli.{module}").add_to(app)
    return app


def _front(version: Annotated[bool, typer.Option("--version", help="Say which gridmap this is.")] = False) -> None:
    if version:
        typer.echo(f"gridmap {gridmap.__version__}")
        raise typer.Exit


def main() -> None:
    """Run a command; what goes wrong around it or is refused is one line on stderr and exit status 1."""
    try:
        app_of(next(iter(sys.argv[1:]), None))()
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
