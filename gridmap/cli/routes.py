"""Routing one point, and what it is routed by: the rules and the categories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from gridmap.cli.screen import language, now, open_store, table, tell_json
from gridmap.domain.rules import Rule, rule_as_json
from gridmap.language import LANGUAGES, say
from gridmap.operations import reports
from gridmap.operations.routing import Router, rules_of
from gridmap.spatial.coordinates import to_wgs84
from gridmap.storage import places
from gridmap.storage.issues import categories as stored_categories

SiteCode = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if the store holds several.")]
Datum = Annotated[str, typer.Option(help="wgs84, gcj02 or bd09: what the coordinates are in.")]
Language = Annotated[str | None, typer.Option("--language", help=f"One of {', '.join(LANGUAGES)}.")]


def add_to(app: typer.Typer) -> None:
    # A longitude west of Greenwich begins with a minus, and is no option.
    app.command(context_settings={"ignore_unknown_options": True})(locate)
    for command in (rules, categories):
        app.command()(command)


def locate(
    lon: Annotated[float, typer.Argument(help="Longitude in degrees.")],
    lat: Annotated[float, typer.Argument(help="Latitude in degrees.")],
    category: Annotated[str | None, typer.Option(help="What it is about: gridmap categories lists them.")] = None,
    kind: Annotated[str | None, typer.Option(help="repair, complaint, enquiry, suggestion, inspection, alarm")] = None,
    level: Annotated[str | None, typer.Option(help="B1, G, 12 …")] = None,
    accuracy: Annotated[float | None, typer.Option(metavar="METRES", help="How far off the position may be.")] = None,
    extent: Annotated[float | None, typer.Option(metavar="METRES", help="How far the thing itself reaches.")] = None,
    facility: Annotated[str | None, typer.Option(metavar="CODE", help="The facility it is about.")] = None,
    about: Annotated[str | None, typer.Option(metavar="PERSON", help="The person a complaint is about.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As it was then; else now. By the site's clock, or with a zone.")
    ] = None,
    datum: Datum = "wgs84",
    site: SiteCode = None,
    speak: Language = None,
) -> None:
    """Say whose a place is, and why, as JSON.

    \b
    gridmap locate 121.5012 31.2504 --category lift --accuracy 20
    """
    tongue = language(speak)
    lons, lats = to_wgs84([lon], [lat], datum)
    point = {
        "lon": float(lons[0]), "lat": float(lats[0]), "category": category, "kind": kind, "level": level,
        "accuracy_m": accuracy, "extent_m": extent, "facility": facility, "about": about,
    }  # fmt: skip
    with open_store() as database, database.session() as session:
        moment = reports.moment_meant(session, at, site, now())
        points = reports.checked_point(session, point, site)
        tell_json(Router(session).locate(points, moment, site)[0].as_json(tongue))


def rules(
    site: SiteCode = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a plan writes them.")] = False,
    speak: Language = None,
) -> None:
    """Print the rules by which answers are found, in order.

    \b
    gridmap rules
    gridmap rules --site WJ --json
    """
    tongue = language(speak)
    if site is None:
        listed = rules_of(None)
    else:
        with open_store() as database, database.session() as session:
            listed = rules_of(places.site(session, site))
    if as_json:
        tell_json([rule_as_json(rule) for rule in listed])
    else:
        table("", ("rule", "when", "who answers", "in words"), _rule_rows(listed, tongue))


def _rule_rows(rules: Iterable[Rule], tongue: str) -> Iterable[tuple[str, ...]]:
    for rule in rules:
        when = rule_as_json(rule)["when"]
        said = "; ".join(
            f"{name} {' or '.join(value) if isinstance(value, tuple) else value}" for name, value in when.items()
        )
        seats = "; ".join(f"{seat.duty}: {seat.role} @ {seat.place}" for seat in rule.seats)
        yield (rule.name, said or "always", seats, say(rule.text, tongue))


def categories(speak: Language = None) -> None:
    """The categories an issue can have, and what the rules make of them.

    \b
    gridmap categories --language zh-Hans
    """
    tongue = language(speak)
    with open_store() as database, database.session() as session:
        known = sorted(stored_categories(session).values(), key=lambda row: (row.group, row.code))
        rows = [(row.code, say(row.name, tongue), row.group, row.specialty, row.urgency, row.refer_to) for row in known]
        table("", ("code", "name", "group", "specialty", "urgency", "referred to"), rows)
