"""The imaginary estate as files, to be looked at, loaded and changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli.screen import tell
from gridmap.errors import InputError


def add_to(app: typer.Typer) -> None:
    app.command()(estate)


def estate(
    folder: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where to; files of the same names are replaced.")
    ] = Path("estate"),
    seed: Annotated[int | None, typer.Option(min=0, help="Another number draws another estate.")] = None,
) -> None:
    """Write an imaginary estate: grids of three tiers, buildings, facilities, people and posts, and their plan.

    \b
    gridmap estate -o estate
    gridmap load estate/plan.toml
    """
    # Drawing takes shapes and frames along, which other commands should not wait for.
    from gridmap.simulation import estate as estates

    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: there is a file of this name; choose another folder")
    drawn = estates.estate(estates.SEED if seed is None else seed)
    plan = drawn.write(folder)
    tiers = " > ".join(str(int((drawn.grids["tier"] == tier).sum())) for tier in (1, 2, 3))
    tell(f"{drawn.site['name']}: {tiers} grids, {len(drawn.buildings)} buildings, {len(drawn.people)} people")
    tell(f"written to {folder}: load it with gridmap load {plan}")
