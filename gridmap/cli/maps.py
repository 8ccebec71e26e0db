"""The electronic grid map as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli.given import refuse_unfit
from gridmap.cli.screen import language, now, open_store, tell, whisper
from gridmap.language import DEFAULT, LANGUAGES
from gridmap.maps.style import HEAT_DAYS, LAYERS
from gridmap.storage import places

LANGUAGE_HELP = f"One of {', '.join(LANGUAGES)}; else {DEFAULT}."
SiteCode = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if the store holds several.")]


def add_to(app: typer.Typer) -> None:
    app.command("map")(write_map)


def write_map(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to: an .html file.")],
    site: SiteCode = None,
    layers: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help=f"Only these, with commas between: {', '.join(LAYERS)}."),
    ] = None,
    speak: Annotated[str | None, typer.Option("--language", help=LANGUAGE_HELP)] = None,
    with_contacts: Annotated[bool, typer.Option("--with-contacts", help="With the phones of who answers.")] = False,
    heat_days: Annotated[int, typer.Option(min=1, max=3650, help="How far back the heat reaches.")] = HEAT_DAYS,
) -> None:
    """Write the grid map of a site to one file, which opens in any browser without a network.

    \b
    gridmap map -o map.html --site WJ
    """
    # Folium takes half a second to import: other commands do not wait for it.
    from gridmap.maps.shell import Page
    from gridmap.operations import atlas

    tongue, chosen = language(speak or DEFAULT), [name.strip() for name in layers.split(",")] if layers else None
    refuse_unfit([(out, (".html", ".htm"))])
    with open_store() as database, database.session() as session:
        of_site = places.site(session, site)
        whisper(f"drawing {of_site.name}")
        drawn = atlas.grid_map(
            session, chosen, at=now(), site=of_site.code, language=tongue, contacts=with_contacts,
            heat_days=heat_days, page=Page(of_site.name),
        )  # fmt: skip
        written = drawn.get_root().render().encode()
        out.write_bytes(written)
        tell(f"{out}: the map of {of_site.code}, {len(written) / 1e6:.1f} MB, for any browser")
