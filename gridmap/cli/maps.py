"""The electronic grid map as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli.given import refuse_unfit
from gridmap.cli.screen import language, now, open_store, tell, whisper
from gridmap.errors import InputError
from gridmap.language import DEFAULT, LANGUAGES
from gridmap.maps.style import HEAT_DAYS, LAYERS, Theme
from gridmap.storage import places

if TYPE_CHECKING:
    from gridmap.maps.typeset import Kind

LANGUAGE_HELP = f"One of {', '.join(LANGUAGES)}; else {DEFAULT}."
SiteCode = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if the store holds several.")]


def add_to(app: typer.Typer) -> None:
    app.command("map")(write_map)


def write_map(
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to: an .html file.")] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A picture instead, for paper: .svg, .pdf or .png.")
    ] = None,
    site: SiteCode = None,
    layers: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help=f"Only these, with commas between: {', '.join(LAYERS)}."),
    ] = None,
    speak: Annotated[str | None, typer.Option("--language", help=LANGUAGE_HELP)] = None,
    with_contacts: Annotated[bool, typer.Option("--with-contacts", help="With the phones of who answers.")] = False,
    heat_days: Annotated[int, typer.Option(min=1, max=3650, help="How far back the heat reaches.")] = HEAT_DAYS,
    dark: Annotated[bool, typer.Option("--dark", help="A picture in the dark colours of wall screens.")] = False,
) -> None:
    """Write the grid map of a site to one file, which opens in any browser without a network; or a picture of it.

    \b
    gridmap map -o map.html --site WJ
    """
    if (out is None) == (picture is None):
        raise InputError("where to? name an .html file by --out, or a picture by --picture")
    chosen = [name.strip() for name in layers.split(",")] if layers else None
    tongue = language(speak or DEFAULT)
    if picture is not None:
        _write_picture(picture, site, chosen, tongue, "dark" if dark else "light")
    elif out is not None:
        _write_page(out, site, chosen, tongue, with_contacts=with_contacts, heat_days=heat_days)


def _write_page(
    out: Path, site: str | None, chosen: list[str] | None, tongue: str, *, with_contacts: bool, heat_days: int
) -> None:
    # Folium takes half a second to import: other commands do not wait for it.
    from gridmap.maps.shell import Page
    from gridmap.operations import atlas

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


def _write_picture(out: Path, site: str | None, chosen: list[str] | None, tongue: str, theme: Theme) -> None:
    from gridmap.operations import pictures

    kinds: dict[str, Kind] = {".svg": "svg", ".pdf": "pdf", ".png": "png"}
    refuse_unfit([(out, tuple(kinds))])
    with open_store() as database, database.session() as session:
        of_site = places.site(session, site)
        whisper(f"drawing {of_site.name}")
        drawn = pictures.picture(
            session, kinds[out.suffix.lower()], at=now(), site=of_site.code, language=tongue, theme=theme, layers=chosen
        )
        out.write_bytes(drawn)
        tell(f"{out}: a picture of {of_site.code}, {max(len(drawn) / 1e6, 0.1):.1f} MB")
