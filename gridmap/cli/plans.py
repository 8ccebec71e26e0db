"""Plans of grids: load, check, publish, list and export."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from gridmap.cli.screen import now, open_store, table, whisper
from gridmap.domain.findings import Acceptance, Finding
from gridmap.domain.model import Edition, Site
from gridmap.errors import InputError
from gridmap.operations import grids as site_layers
from gridmap.operations import plans, publication
from gridmap.operations.checks import Checked, check, findings_frame
from gridmap.spatial.files.exports import write_layer, write_table
from gridmap.storage import places
from gridmap.storage.database import Database

# How many findings of one check are told one by one.
SHOWN = 5
Layer = Annotated[Path | None, typer.Option(metavar="FILE")]
Column = Annotated[str | None, typer.Option(metavar="COL")]


def add_to(app: typer.Typer) -> None:
    for command in (load, publish, sites, editions, export):
        app.command()(command)


def load(
    plan: Annotated[
        Path | None, typer.Argument(metavar="[PLAN.toml]", help="A plan file that names everything.")
    ] = None,
    site: Annotated[str | None, typer.Option(metavar="CODE", help="The site's code.")] = None,
    name: Annotated[str | None, typer.Option(help="The site's name.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The site's time zone (Asia/Shanghai).")] = None,
    tier1: Layer = None,
    tier2: Layer = None,
    tier3: Layer = None,
    grids: Annotated[Path | None, typer.Option(metavar="FILE", help="All tiers in one file; see --tier.")] = None,
    tier: Annotated[str | None, typer.Option(metavar="COL", help="The column of --grids that holds 1, 2 or 3.")] = None,
    code1: Column = None,
    name1: Column = None,
    code2: Column = None,
    name2: Column = None,
    parent2: Column = None,
    code3: Column = None,
    name3: Column = None,
    parent3: Column = None,
    code: Annotated[str | None, typer.Option(metavar="COL", help="The code column of --grids.")] = None,
    parent: Annotated[str | None, typer.Option(metavar="COL", help="The parent column of --grids.")] = None,
    buildings: Layer = None,
    units: Layer = None,
    facilities: Layer = None,
    overlays: Layer = None,
    people: Layer = None,
    posts: Layer = None,
    column: Annotated[
        list[str] | None, typer.Option(metavar="LAYER.NAME=COL", help="Any other column: buildings.code=BLDG_NO")
    ] = None,
    datum: Annotated[str | None, typer.Option(help="wgs84, gcj02 or bd09: what the files' coordinates are in.")] = None,
    crs: Annotated[str | None, typer.Option(help="EPSG code of files that do not say theirs.")] = None,
    check_only: Annotated[bool, typer.Option("--check", help="Only say what is found; write nothing.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Keep the grids as a draft: gridmap publish.")] = False,
    valid_from: Annotated[str | None, typer.Option(metavar="DATE", help="When the Edition begins.")] = None,
    accept: Annotated[
        list[str] | None, typer.Option(metavar="NAME[:CODES]", help="Publish in spite of a finding, known by name.")
    ] = None,
    findings: Annotated[
        Path | None, typer.Option(metavar="OUT.geojson", help="Write what was found, with its places.")
    ] = None,
) -> None:
    """Check a plan of grids and publish it as a new Edition.

    \b
    gridmap load plan.toml
    gridmap load --site DC --tier1 wards.geojson --code1 WARD_ID --tier2 ancs.geojson --code2 ANC_ID --check
    """
    outline = plans.outline_from_toml(plan) if plan else plans.Outline(site={}, sources={})
    files = {
        "tier1": tier1, "tier2": tier2, "tier3": tier3, "grids": grids, "buildings": buildings, "units": units,
        "facilities": facilities, "overlays": overlays, "people": people, "posts": posts,
    }  # fmt: skip
    columns = {
        "tier1": {"code": code1, "name": name1},
        "tier2": {"code": code2, "name": name2, "parent": parent2},
        "tier3": {"code": code3, "name": name3, "parent": parent3},
        "grids": {"code": code, "tier": tier, "parent": parent},
    }
    said = {"code": site, "name": name, "timezone": timezone}
    outline = replace(
        outline,
        site={**outline.site, **{key: value for key, value in said.items() if value is not None}},
        sources=_sources(outline, files, _columns(columns, column or []), datum, crs),
        accept=(*outline.accept, *(Acceptance.parse(text) for text in accept or ())),
    )
    if "code" not in outline.site:
        raise InputError("a plan is of a site: name it by --site CODE, or in the plan's [site]")
    starts = plans.local_moment(valid_from, outline.site.get("timezone")) or outline.valid_from
    read = plans.read_plan(replace(outline, valid_from=starts))
    with open_store() as database:
        _load(database, read, check_only, draft, findings)


def _columns(named: dict[str, dict[str, str | None]], others: Sequence[str]) -> dict[str, dict[str, str]]:
    columns = {layer: {ours: theirs for ours, theirs in row.items() if theirs} for layer, row in named.items()}
    for text in others:
        match = re.fullmatch(r"(\w+)\.(\w+)=(.+)", text)
        if match is None or match[1] not in plans.LAYERS or match[2] not in plans.LAYERS[match[1]].columns:
            raise InputError(f"--column {text}: write LAYER.NAME=COL with one of our layers and columns")
        columns.setdefault(match[1], {})[match[2]] = match[3]
    return columns


def _sources(
    outline: plans.Outline,
    files: dict[str, Path | None],
    columns: dict[str, dict[str, str]],
    datum: str | None,
    crs: str | None,
) -> dict[str, plans.Source]:
    sources = dict(outline.sources)
    for layer, file in files.items():
        if file is not None:
            sources[layer] = plans.Source(file)
        if layer in sources:
            given = sources[layer]
            sources[layer] = replace(
                given,
                columns={**given.columns, **columns.get(layer, {})},
                datum=datum or given.datum,
                crs=crs or given.crs,
            )
    return sources


def _load(database: Database, read: plans.Plan, check_only: bool, draft: bool, out: Path | None) -> None:
    moment = now()
    with database.session() as session:
        checked = check(session, read, moment, whisper)
        show_findings(checked.findings)
        if out is not None:
            write_layer(findings_frame(checked.findings), out)
            whisper(f"{len(checked.findings)} findings written to {out}")
        if check_only:
            typer.echo(f"checked: {_counted(checked)}; nothing was written")
            raise typer.Exit(1 if checked.errors else 0)
        published = publication.publish(session, checked, moment, draft=draft)
        _tell(checked, published, draft)


def _tell(checked: Checked, published: publication.Published, draft: bool) -> None:
    edition, code = published.edition, checked.plan.outline.site["code"]
    if draft:
        typer.echo(f"kept as draft: Edition {edition.number} of {code}, {_counted(checked)}")
        if checked.layers:
            typer.echo(f"{', '.join(checked.layers)}: checked, and not written: a draft keeps grids alone")
        typer.echo(f"next: gridmap publish --site {code} {edition.number}")
        return
    typer.echo(f"published: Edition {edition.number} of {code}, {_counted(checked)}, from {_day(edition.valid_from)}")
    for layer, counts in published.written.items():
        if layer != "grids":
            typer.echo(f"  {layer}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    _tell_moves(published)


def _tell_moves(published: publication.Published) -> None:
    if published.moved or published.kept:
        typer.echo(f"  open issues: {published.moved} moved to another grid or owner, {published.kept} stay")


def _counted(checked: Checked) -> str:
    tiers = checked.grids["tier"].value_counts().sort_index()
    errors = sum(finding.severity == "error" for finding in checked.findings)
    return " > ".join(str(count) for count in tiers) + f" grids, {errors} errors"


def _day(moment: datetime | None) -> str:
    return "now" if moment is None else "the beginning" if moment.year == 1970 else f"{moment:%Y-%m-%d %H:%M %Z}"


def show_findings(findings: Sequence[Finding]) -> None:
    """The gravest first, the largest of each check; the rest of a check is one line."""
    order = {"error": 0, "accepted": 1, "warning": 2, "note": 3}
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda each: (order[each.severity], each.check, -(each.measure or 0))):
        groups.setdefault((finding.severity, finding.check), []).append(finding)
    rows: list[tuple[str, ...]] = []
    for (severity, name), found in groups.items():
        for finding in found[:SHOWN]:
            size = f"{finding.measure:,.2f} {finding.unit}" if finding.measure is not None else ""
            rows.append((severity, name, finding.layer, size, finding.message))
        if len(found) > SHOWN:
            rows.append((severity, name, "", "", f"… and {len(found) - SHOWN} more: --findings OUT.geojson writes all"))
    if rows:
        table("", ("", "check", "layer", "size", "what"), rows)


def publish(
    number: Annotated[int, typer.Argument(help="The draft's number: gridmap editions lists them.")],
    site: Annotated[str | None, typer.Option(metavar="CODE")] = None,
) -> None:
    """Put a draft Edition in force and move the open issues to its grids.

    \b
    gridmap publish --site WJ 3
    """
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        published = publication.publish_draft(session, where, number, now())
        typer.echo(f"published: Edition {number} of {where.code}, from {_day(published.edition.valid_from)}")
        _tell_moves(published)


def sites() -> None:
    """The sites of the store.

    \b
    gridmap sites
    """
    with open_store() as database, database.session() as session:
        rows = session.scalars(select(Site).order_by(Site.code)).all()
        table(
            "", ("code", "name", "kind", "time zone", "metres"),
            [(row.code, row.name, row.kind, row.timezone, f"EPSG:{row.metric_epsg}") for row in rows],
        )  # fmt: skip


def editions(site: Annotated[str | None, typer.Option(metavar="CODE")] = None) -> None:
    """The Editions of a site and when they hold.

    \b
    gridmap editions --site WJ
    """
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        rows = session.scalars(select(Edition).where(Edition.site_id == where.id).order_by(Edition.number)).all()
        table("", ("number", "status", "from", "to", "accepted"), [_edition_row(row) for row in rows])


def _edition_row(row: Edition) -> tuple[str, ...]:
    accepted = [each["check"] + (":" + ",".join(each["codes"]) if each["codes"] else "") for each in row.accepted]
    until = f"{row.valid_to:%Y-%m-%d %H:%M %Z}" if row.valid_to else ""
    return (str(row.number), row.status, _day(row.valid_from) if row.valid_from else "", until, " ".join(accepted))


def export(
    layer: Annotated[str, typer.Argument(help=f"One of {', '.join(site_layers.EXPORTS)}.")],
    out: Annotated[Path, typer.Argument(help="Where to: .geojson .gpkg .shp .zip .kml .csv .xlsx .parquet")],
    site: Annotated[str | None, typer.Option(metavar="CODE")] = None,
    edition: Annotated[int | None, typer.Option(help="An Edition by its number; else the one in force.")] = None,
    datum: Annotated[str, typer.Option(help="wgs84, gcj02 or bd09.")] = "wgs84",
    crs: Annotated[int | None, typer.Option(help="EPSG code to write in.")] = None,
) -> None:
    """Write a layer of a site to a file, in any of the formats it can be loaded from, or Excel.

    \b
    gridmap export tier3 cells.gpkg --site WJ
    """
    with open_store() as database, database.session() as session:
        frame = site_layers.export(session, places.site(session, site), layer, now(), edition)
        if "geometry" in frame:
            write_layer(frame, out, layer=layer, datum=datum, crs=crs)
        else:
            write_table(frame, out)
        typer.echo(f"{len(frame)} rows of {layer} written to {out}")
