"""Plans of grids: load, check and publish."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from gridmap.cli.given import check_encoding, refuse_unfit
from gridmap.cli.screen import complain, moment_said, now, open_store, table, tell, whisper
from gridmap.domain.findings import Acceptance, Finding
from gridmap.errors import InputError
from gridmap.operations import outlines, plans, publication
from gridmap.operations.checks import Checked, check, findings_frame
from gridmap.spatial.files.exports import EXPORT_SUFFIXES, write_layer
from gridmap.storage import places
from gridmap.storage.database import Database

# How many findings of one check are told one by one.
SHOWN = 5


def _file(what: str) -> Any:
    return typer.Option(metavar="FILE", help=what)


def _column(what: str) -> Any:
    return typer.Option(metavar="COL", help=what)


def add_to(app: typer.Typer) -> None:
    for command in (load, publish, tick):
        app.command()(command)


def load(
    plan: Annotated[
        Path | None, typer.Argument(metavar="[PLAN.toml]", help="A plan file that names everything.")
    ] = None,
    site: Annotated[str | None, typer.Option(metavar="CODE", help="The site's code.")] = None,
    name: Annotated[str | None, typer.Option(help="The site's name.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The site's time zone (Asia/Shanghai).")] = None,
    tier1: Annotated[Path | None, _file("The largest grids.")] = None,
    tier2: Annotated[Path | None, _file("The grids in them.")] = None,
    tier3: Annotated[Path | None, _file("The smallest grids, where there are three tiers.")] = None,
    grids: Annotated[Path | None, _file("All tiers in one file; see --tier.")] = None,
    tier: Annotated[str | None, _column("The column of --grids that holds 1, 2 or 3.")] = None,
    code1: Annotated[str | None, _column("The code column of --tier1.")] = None,
    name1: Annotated[str | None, _column("The name column of --tier1.")] = None,
    code2: Annotated[str | None, _column("The code column of --tier2.")] = None,
    name2: Annotated[str | None, _column("The name column of --tier2.")] = None,
    parent2: Annotated[str | None, _column("The column of --tier2 that holds the code of the tier 1 grid.")] = None,
    code3: Annotated[str | None, _column("The code column of --tier3.")] = None,
    name3: Annotated[str | None, _column("The name column of --tier3.")] = None,
    parent3: Annotated[str | None, _column("The column of --tier3 that holds the code of the tier 2 grid.")] = None,
    code: Annotated[str | None, _column("The code column of --grids.")] = None,
    parent: Annotated[str | None, _column("The column of --grids that holds the code of the grid above.")] = None,
    buildings: Annotated[Path | None, _file("The buildings' outlines.")] = None,
    units: Annotated[Path | None, _file("The units of buildings that grids may part.")] = None,
    facilities: Annotated[Path | None, _file("What is looked after: points, lines or areas.")] = None,
    overlays: Annotated[Path | None, _file("Ground with a keeper of its own, contractors, key areas.")] = None,
    people: Annotated[Path | None, _file("A table of people.")] = None,
    posts: Annotated[Path | None, _file("A table of who holds which post.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(metavar="LAYER.NAME=COL", help="Any other column: buildings.code=BLDG_NO")
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=LAYER", help="Which layer of a file that holds several: tier1=zones"),
    ] = None,
    encoding: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]ENC", help="What text is written in, of all files or of one: big5, people=gbk"),
    ] = None,
    datum: Annotated[str | None, typer.Option(help="wgs84, gcj02 or bd09: what the files' coordinates are in.")] = None,
    crs: Annotated[str | None, typer.Option(help="EPSG code of files that do not say theirs.")] = None,
    check_only: Annotated[bool, typer.Option("--check", help="Only say what is found; write nothing.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Keep the grids as a draft: gridmap publish.")] = False,
    valid_from: Annotated[
        str | None, typer.Option(metavar="DATE", help="When the Edition begins, by the site's clock.")
    ] = None,
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
    outline = outlines.outline_from_toml(plan) if plan else outlines.Outline(site={}, sources={})
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
        sources=_sources(
            outline, files, _columns(columns, column or []), _options(layer or [], encoding or [], datum, crs)
        ),
        begins=valid_from or outline.begins,
        accept=(*outline.accept, *(Acceptance.parse(text) for text in accept or ())),
    )
    if "code" not in outline.site:
        raise InputError("a plan is of a site: name it by --site CODE, or in the plan's [site]")
    if findings is not None:
        read_files = [source.file for source in outline.sources.values()]
        refuse_unfit([(findings, EXPORT_SUFFIXES)], [*read_files, *([plan] if plan else [])])
    with open_store() as database:
        with database.session() as session:
            timezone_before = plans.stored_timezone(session, outline)
        _load(database, plans.read_plan(outline, timezone_before), check_only, draft, findings)


def _columns(named: dict[str, dict[str, str | None]], others: Sequence[str]) -> dict[str, dict[str, str]]:
    columns = {layer: {ours: theirs for ours, theirs in row.items() if theirs} for layer, row in named.items()}
    for text in others:
        match = re.fullmatch(r"(\w+)\.(\w+)=(.+)", text)
        if match is None or match[1] not in outlines.LAYERS or match[2] not in outlines.LAYERS[match[1]].columns:
            raise InputError(f"--column {text}: write LAYER.NAME=COL with one of our layers and columns")
        columns.setdefault(match[1], {})[match[2]] = match[3]
    return columns


def _options(
    layers: Sequence[str], encodings: Sequence[str], datum: str | None, crs: str | None
) -> dict[str, dict[str, str]]:
    """What is said of each layer's file beyond its columns."""
    common = {key: value for key, value in {"datum": datum, "crs": crs}.items() if value}
    options = {name: dict(common) for name in outlines.LAYERS}
    shaped = [name for name, shape in outlines.LAYERS.items() if "geometry" in shape.required]
    for text in layers:
        name, _, value = text.partition("=")
        if name not in shaped or not value:
            raise InputError(f"--layer {text}: write NAME=LAYER, where NAME is one of {', '.join(shaped)}")
        options[name]["layer"] = value
    for text in sorted(encodings, key=lambda each: "=" in each):
        name, _, value = text.rpartition("=")
        if name and name not in options:
            raise InputError(f"--encoding {text}: write NAME=ENC, where NAME is one of {', '.join(options)}")
        for each in [name] if name else options:
            options[each]["encoding"] = check_encoding(value)
    return options


def _sources(
    outline: outlines.Outline,
    files: Mapping[str, Path | None],
    columns: Mapping[str, dict[str, str]],
    options: Mapping[str, dict[str, Any]],
) -> dict[str, outlines.Source]:
    sources = dict(outline.sources)
    sources |= {name: outlines.Source(file) for name, file in files.items() if file is not None}
    for name, row in options.items():
        if "layer" in row and name not in sources:
            raise InputError(f"--layer {name}={row['layer']}: no file of {name} is given")
    for name, given in sources.items():
        merged = {**given.columns, **columns.get(name, {})}
        sources[name] = replace(given, columns=merged, **options[name])
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
            tell(f"checked: {_counted(checked)}; nothing was written")
            raise typer.Exit(1 if checked.errors else 0)
        published = publication.publish(session, checked, moment, draft=draft)
        _tell(checked, published, draft)


def _tell(checked: Checked, published: publication.Published, draft: bool) -> None:
    edition, code = published.edition, checked.plan.outline.site["code"]
    if draft:
        tell(f"kept as draft: Edition {edition.number} of {code}, {_counted(checked)}")
        if checked.layers:
            tell(f"{', '.join(checked.layers)}: checked, and not written: a draft keeps grids alone")
        tell(f"next: gridmap publish --site {code} {edition.number}")
        return
    starts = moment_said(edition.valid_from, edition.site.timezone)
    tell(f"published: Edition {edition.number} of {code}, {_counted(checked)}, from {starts}")
    for layer, counts in published.written.items():
        if layer != "grids":
            tell(f"  {layer}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    _tell_moves(published)


def _tell_moves(published: publication.Published) -> None:
    if published.moved or published.kept:
        tell(f"  open issues: {published.moved} moved to another grid or owner, {published.kept} stay")


def _counted(checked: Checked) -> str:
    tiers = checked.grids["tier"].value_counts().sort_index()
    errors = sum(finding.severity == "error" for finding in checked.findings)
    return " > ".join(str(count) for count in tiers) + f" grids, {errors} errors"


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
    site: Annotated[str | None, typer.Option(metavar="CODE", help="The site, if the store holds several.")] = None,
    valid_from: Annotated[
        str | None, typer.Option(metavar="DATE", help="When it begins, if not on the day it was made for.")
    ] = None,
    accept: Annotated[
        list[str] | None, typer.Option(metavar="NAME[:CODES]", help="Publish in spite of what is found by now.")
    ] = None,
) -> None:
    """Put a draft Edition in force and move the open issues to its grids.

    What has been built and who has left since the draft was made is checked again.

    \b
    gridmap publish --site WJ 3
    """
    acceptances = [Acceptance.parse(text) for text in accept or ()]
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        begins = outlines.local_moment(valid_from, where.timezone)
        published = publication.publish_draft(session, where, number, now(), valid_from=begins, acceptances=acceptances)
        starts = moment_said(published.edition.valid_from, where.timezone)
        tell(f"published: Edition {number} of {where.code}, from {starts}")
        _tell_moves(published)


def tick() -> None:
    """Do what time has brought: Editions that begin, limits that are near or over, rounds, messages to be sent.

    `gridmap serve` does it by itself; run it from cron, every minute, where that does not run.

    \b
    gridmap tick
    """
    from gridmap.cli.channels import senders
    from gridmap.operations import clock, outbox

    with open_store() as database:
        beats = clock.tick(database, now)
        for beat in beats:
            for line in beat.said:
                tell(line)
        sent = outbox.send_due(database, now, senders())
    if sent.delivered or sent.failed or sent.dead:
        tell(f"messages: {sent.delivered} sent, {sent.failed} to be tried again, {sent.dead} given up")
    failed = [beat for beat in beats if beat.error is not None]
    for beat in failed:
        complain(f"{beat.work}: {beat.error}")
    if failed:
        raise typer.Exit(1)
