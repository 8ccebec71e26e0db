"""What is printed: the sign plates of grids, and the monthly report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli.given import refuse_unfit
from gridmap.cli.screen import language, now, open_store, tell, whisper
from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.errors import InputError
from gridmap.language import DEFAULT, LANGUAGES
from gridmap.storage import places

PDF = (".pdf",)
SiteOption = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if there are several.")]
Out = Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="Where to: a .pdf file.")]
Speak = Annotated[
    str | None, typer.Option("--language", "--lang", help=f"One of {', '.join(LANGUAGES)}; else {DEFAULT}.")
]


def add_to(app: typer.Typer) -> None:
    app.command("plates")(print_plates)
    app.command("monthly")(print_report)


def _megabytes(content: bytes) -> float:
    """How large a file is, as it is told: the smallest is a tenth."""
    return max(len(content) / 1e6, 0.1)


def _printer(site: Site) -> Viewer:
    """Whoever sits at the machine sees all of the site."""
    return Viewer(0, "", "admin", site.id, site.code)


def print_plates(
    out: Out,
    address: Annotated[
        str,
        typer.Option(
            envvar="GRIDMAP_ADDRESS", metavar="URL", help="Where residents reach the service: the code leads there."
        ),
    ],
    grids: Annotated[list[str] | None, typer.Argument(metavar="[GRID]...", help="The grids, by their codes.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every grid of the site, a page each.")] = False,
    size: Annotated[str, typer.Option(metavar="A4|A5", help="The paper, on its long side.")] = "A4",
    phones: Annotated[
        bool, typer.Option("--phones", help="With the phones of those who answer, if they consent to it.")
    ] = False,
    site: SiteOption = None,
    speak: Speak = None,
) -> None:
    """Print the sign plates of grids: who answers, what is his, and the code that leads to its page.

    \b
    gridmap plates WJ-A-01-02 --address https://grid.example.org -o plate.pdf
    """
    # What draws and sets pages takes a second to import: what refuses a wrong option does not wait for it.
    from gridmap.operations import plates

    tongue = language(speak or DEFAULT)
    if bool(grids) == everything:
        raise InputError("which grids? name them by their codes, or say --all for every one of the site")
    if size not in ("A4", "A5"):
        raise InputError(f"--size {size}: a plate is printed on A4 or A5")
    refuse_unfit([(out, PDF)])
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        whisper(f"printing the plates of {where.name}")
        [content] = plates.plates(
            session, where, _printer(where), now(), grids or None, address=address, size="A4" if size == "A4" else "A5",
            language=tongue, phones=phones,
        )  # fmt: skip
        out.write_bytes(content)
        tell(f"{out}: plates of {where.code} for {size}, {_megabytes(content):.1f} MB")


def print_report(
    out: Out,
    month: Annotated[str | None, typer.Argument(metavar="[2026-05]", help="The month; else the one that is.")] = None,
    site: SiteOption = None,
    speak: Speak = None,
) -> None:
    """Print the report of a month: its figures with how sure they are, maps, what is late, and who is below the line.

    \b
    gridmap monthly 2026-05 -o report.pdf
    """
    from gridmap.operations.monthly import monthly

    tongue = language(speak or DEFAULT)
    refuse_unfit([(out, PDF)])
    with open_store() as database, database.session() as session:
        where, at = places.site(session, site), now()
        span = Span.read(month, where.timezone) if month else Span.month_of(at, where.timezone)
        whisper(f"printing {span.name} of {where.name}")
        [content] = monthly(session, where, span, _printer(where), at, tongue)
        out.write_bytes(content)
        tell(f"{out}: {span.name} of {where.code}, {_megabytes(content):.1f} MB")
