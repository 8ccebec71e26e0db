"""The command line: `gridmap --help`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import gridmap
from gridmap.cli import plans, routes
from gridmap.cli.screen import complain
from gridmap.errors import GridmapError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="The ground run by grids: load a plan, and every issue gets its owner and the reasons.",
)
plans.add_to(app)
routes.add_to(app)


@app.callback(invoke_without_command=True)
def _front(version: Annotated[bool, typer.Option("--version", help="Say which gridmap this is.")] = False) -> None:
    if version:
        typer.echo(f"gridmap {gridmap.__version__}")
        raise typer.Exit


def main() -> None:
    """Run a command; what gridmap refuses is one line on stderr and exit status 1."""
    try:
        app()
    except GridmapError as error:
        complain(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        complain("interrupted; what was committed stays, the rest was undone")
        sys.exit(130)
