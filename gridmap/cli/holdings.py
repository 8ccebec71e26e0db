"""What the store holds and where it is: sites, Editions, layers to take out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import func, select

from gridmap.cli.given import refuse_unfit
from gridmap.cli.screen import moment_said, now, open_store, table, tell
from gridmap.domain.model import Edition, Issue, Site
from gridmap.operations import grids as site_layers
from gridmap.spatial.files.exports import EXPORT_SUFFIXES, TABLE_EXPORTS, write_layer, write_table
from gridmap.storage import places
from gridmap.storage.database import Database
from gridmap.storage.migrations import HEAD

SiteCode = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if the store holds several.")]
# Layers that have no shapes.
TABLES = ("people", "posts")


def add_to(app: typer.Typer) -> None:
    for command in (sites, editions, export, store):
        app.command()(command)


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


def editions(site: SiteCode = None) -> None:
    """The Editions of a site and when they hold, by the site's clock.

    \b
    gridmap editions --site WJ
    """
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        rows = session.scalars(select(Edition).where(Edition.site_id == where.id).order_by(Edition.number)).all()
        table(
            "", ("number", "status", "from", "to", "accepted"), [_edition_row(row, where.timezone) for row in rows]
        )  # fmt: skip


def _edition_row(row: Edition, timezone: str) -> tuple[str, ...]:
    accepted = [each["check"] + (":" + ",".join(each["codes"]) if each["codes"] else "") for each in row.accepted]
    starts, ends = moment_said(row.valid_from, timezone), moment_said(row.valid_to, timezone)
    return (str(row.number), row.status, starts, ends, " ".join(accepted))


def export(
    layer: Annotated[str, typer.Argument(help=f"One of {', '.join(site_layers.EXPORTS)}.")],
    out: Annotated[Path, typer.Argument(help="Where to: .geojson .gpkg .shp .zip .kml .csv .xlsx .parquet")],
    site: SiteCode = None,
    edition: Annotated[int | None, typer.Option(help="An Edition by its number; else the one in force.")] = None,
    datum: Annotated[str, typer.Option(help="wgs84, gcj02 or bd09.")] = "wgs84",
    crs: Annotated[int | None, typer.Option(help="EPSG code to write in.")] = None,
) -> None:
    """Write a layer of a site to a file, in any of the formats it can be loaded from, or Excel.

    \b
    gridmap export tier3 cells.gpkg --site WJ
    """
    refuse_unfit([(out, TABLE_EXPORTS if layer in TABLES else EXPORT_SUFFIXES)])
    with open_store() as database, database.session() as session:
        frame = site_layers.export(session, places.site(session, site), layer, now(), edition)
        if "geometry" in frame:
            write_layer(frame, out, layer=layer, datum=datum, crs=crs)
        else:
            write_table(frame, out)
        tell(f"{len(frame)} rows of {layer} written to {out}")


def store() -> None:
    """Where the store is, of which version, and how much it holds.

    \b
    gridmap store
    """
    with open_store() as database, database.session() as session:

        def counted(kind: type[Any]) -> int:
            return session.scalar(select(func.count()).select_from(kind)) or 0

        rows = [
            ("place", _place(database)),
            ("version", HEAD),
            ("PostgreSQL", session.scalar(select(func.current_setting("server_version")))),
            ("PostGIS", session.scalar(select(func.postgis_lib_version()))),
            ("sites", f"{counted(Site):,}"),
            ("Editions", f"{counted(Edition):,}"),
            ("issues", f"{counted(Issue):,}"),
        ]
        table("", ("the store", ""), rows)


def _place(database: Database) -> str:
    """Where a store is; of a database neither the user nor the password."""
    if database.cluster is not None:
        return str(database.cluster.home)
    url = database.engine.url
    given = url.host or url.query.get("host") or "this machine"
    host = ",".join(given) if isinstance(given, tuple) else given
    port = url.port or url.query.get("port")
    return f"database {url.database} on {host}" + (f", port {port}" if port else "")
