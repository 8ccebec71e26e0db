"""Where the problems are, and why: hot spots on the screen, as a map, as a table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli.given import refuse_unfit
from gridmap.cli.screen import language, now, open_store, table, tell, tell_json, whisper
from gridmap.domain.insights import (
    ANALYSES,
    CLASSES,
    DRAWS,
    EMERGING,
    LONGEST_DAYS,
    NEIGHBOURS,
    NEXT,
    PER,
    SEED,
    Question,
)
from gridmap.domain.rights import Viewer
from gridmap.errors import InputError
from gridmap.language import LANGUAGES, phrase
from gridmap.storage import places

if TYPE_CHECKING:
    from gridmap.operations.insights import Found

FILES = (".html", ".svg", ".csv", ".xlsx")
# How many hot grids are shown on the screen.
MOST = 20
# How many reasons of a spot.
SHOWN = 4
UNITS = {"d": 1, "w": 7}


def add_to(app: typer.Typer) -> None:
    app.command()(hotspots)


def hotspots(
    site: Annotated[str | None, typer.Argument(metavar="[SITE]", help="The site, if the store holds several.")] = None,
    last: Annotated[str, typer.Option(metavar="90d", help="How far back: so many days (90d) or weeks (12w).")] = "90d",
    tier: Annotated[int, typer.Option(min=1, max=3, help="The tier whose grids are looked at.")] = 3,
    category: Annotated[
        list[str] | None, typer.Option("--category", metavar="CODE", help="Only this one; repeat for more.")
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", metavar="WHAT", help=f"What is looked for: {', '.join(ANALYSES)}.")
    ] = "hotspots",
    per: Annotated[str, typer.Option(metavar="WHAT", help=f"Counted per: {', '.join(PER)}.")] = "households",
    neighbours: Annotated[
        str, typer.Option(metavar="HOW", help=f"{', '.join(NEIGHBOURS)}; distance=200 (m), nearest=8.")
    ] = "queen",
    draws: Annotated[int, typer.Option(min=0, max=999_999, help="Draws for probabilities; 0: the normal's.")] = DRAWS,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws: the same gives the same.")] = SEED,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help=f"A map or a table: {' '.join(FILES)}.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Keep it in the store by this name.")
    ] = None,
    as_data: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    speak: Annotated[str | None, typer.Option("--language", help=f"One of {', '.join(LANGUAGES)}.")] = None,
) -> None:
    """Find where more is reported than chance explains, say what stands out there, and where to look next.

    \b
    gridmap hotspots --last 90d
    gridmap hotspots --last 12w --kind emerging -o emerging.html
    gridmap hotspots --last 30d --kind changes
    """
    tongue = language(speak)
    if out is not None:
        refuse_unfit([(out, FILES)])
    sort, reach = _near(neighbours)
    question = Question(kind, tier, _days(last), tuple(category or ()), per, sort, reach, draws, seed)
    question.check()
    # pandas and SciPy take a second to import: what refuses a wrong option does not wait for them.
    from gridmap.operations import insights

    with open_store() as database, database.session() as session:
        where, at = places.site(session, site), now()
        viewer = Viewer(0, "", "admin", where.id, where.code)
        whisper(f"looking at {question.days} days of {where.name}")
        found = insights.ask(session, where, viewer, question, at)
        kept = insights.keep(session, where, found, name, at, None).id if name else None
        said = _said(session, where, found, tongue)
        if out is not None:
            _write(session, where, found, said, out, tongue)
        elif as_data:
            tell_json({**_as_json(found, said), **({"number": kept} if kept is not None else {})})
        else:
            _show(found, said, tongue)
        if kept is not None and not as_data:
            tell(f"kept as number {kept}: {name}")


def _days(last: str) -> int:
    number = re.fullmatch(r"(\d{1,4})([dw])", last)
    if number is None or not 1 <= int(number[1]) * UNITS[number[2]] <= LONGEST_DAYS:
        raise InputError(f"--last {last}: write 90d or 12w, up to {LONGEST_DAYS} days")
    return int(number[1]) * UNITS[number[2]]


def _near(said: str) -> tuple[str, float | None]:
    sort, _, reach = said.partition("=")
    try:
        return sort, float(reach) if reach else None
    except ValueError:
        raise InputError(f"--neighbours {said}: write distance=200 or nearest=8") from None


def _said(session: Any, site: Any, found: Found, tongue: str) -> dict[str, Any]:
    """Everything about it in words."""
    from gridmap.operations import insights, reasons, recurring, spots, visits

    names = reasons.Names.of(session, site, reasons.grid_names(found.every), found.since, found.until, tongue)
    viewer = Viewer(0, "", "admin", site.id, site.code)
    return {
        "settings": reasons.chosen(found.question, found.since, found.until, found.notes, names, tongue),
        "spots": [reasons.told(spot, names, tongue) for spot in spots.spots(site, found)],
        "surges": [reasons.told(spot, names, tongue) for spot in spots.risen(site, found)],
        "repeats": recurring.told(
            recurring.returning(session, site, viewer, found.until, found.question.days), found.question.days, tongue
        ),
        "rounds": visits.told(visits.suggested(session, site, viewer, found.until), names, tongue),
        "classes": insights.classes(found.question.kind, found.cells),
    }


def _show(found: Found, said: dict[str, Any], tongue: str) -> None:
    """The settings, the grids that stand out, why, and where to look next."""
    for line in said["settings"]:
        tell(f"· {line}")
    kind = found.question.kind
    pattern = found.cells["category"] != "none" if kind == "emerging" else found.cells["bin"] != 0
    cells = found.cells[pattern].sort_values(["score", "count"], ascending=False, kind="stable").head(MOST)
    if len(cells):
        columns = COLUMNS[kind]
        rows = [
            (code, *(_shown(name, row[name]) for name in columns.values()), _class(kind, row, tongue))
            for code, row in zip(cells.index, cells.to_dict("records"), strict=True)
        ]
        table("", ("grid", *columns, "class"), rows)
    else:
        tell(phrase("Nothing is beyond chance.").say(tongue))
    for heading, spots in ((ANALYSES[kind], said["spots"]), (phrase("Surges"), said["surges"])):
        if spots:
            tell(_begun(heading.say(tongue)))
        for spot in spots:
            tell(f"  {spot['title']}: {spot['said']}")
            for reason in spot["reasons"][:SHOWN]:
                times = f", {reason['times']}" if reason["times"] else ""
                tell(f"    {reason['attribute_name']} {reason['name']}: {reason['said']}{times}")
    for name, heading in NEXT.items():
        if said[name]:
            tell(heading.say(tongue))
        for line in said[name]:
            tell(f"  {line['title']}: {line['said']}")


# heading of a column: what stands in it
OF_SCORES = {
    "name": "name", "reports": "count", "per 100 homes": "rate", "z": "score", "p": "p", "neighbours": "neighbours",
}  # fmt: skip
OF_OUTBREAKS = {"name": "name", "reports": "count", "times": "ratio", "p": "p"}
OF_EXPECTED = {"name": "name", "reports": "count", "expected": "expected", "times": "ratio", "p": "p"}


COLUMNS = {
    "hotspots": OF_SCORES, "emerging": OF_SCORES, "scan": OF_EXPECTED, "outbreaks": OF_OUTBREAKS,
    "changes": OF_EXPECTED,
}  # fmt: skip
FORMATS = {"rate": ".1f", "score": "+.1f", "p": ".5f", "expected": ".1f", "ratio": ".1f"}


def _shown(name: str, value: Any) -> Any:
    if value is None or value != value:
        return ""
    return format(value, FORMATS[name]) if name in FORMATS else value


def _class(kind: str, row: Any, tongue: str) -> str:
    return (EMERGING[row["category"]] if kind == "emerging" else CLASSES[kind][row["bin"]]).say(tongue)


def _begun(heading: str) -> str:
    return heading[:1].upper() + heading[1:]


def _as_json(found: Found, said: dict[str, Any]) -> dict[str, Any]:
    from gridmap.operations.papers import plain

    return {**said, "cells": plain(found.cells.reset_index(names="code"))}


def _write(session: Any, site: Any, found: Found, said: dict[str, Any], out: Path, tongue: str) -> None:
    from gridmap.operations import pictured

    out.write_bytes(pictured.hotspots(session, site, found, said, out.suffix.lower()[1:], tongue))
    hot, cold = int((found.cells["bin"] > 0).sum()), int((found.cells["bin"] < 0).sum())
    tell(f"{out}: {hot} hot and {cold} cold of {len(found.cells)} grids, {len(said['surges'])} surges")
