"""What a month says: indicators, scores, closing a period, and the forms people print."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli.given import refuse_unfit
from gridmap.cli.screen import language, now, open_store, table, tell, tell_json
from gridmap.domain.evaluation import TYPED_IN, Weighing
from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.errors import InputError
from gridmap.language import DEFAULT, LANGUAGES
from gridmap.operations.papers import FILES, Paper, as_json, plain, written
from gridmap.storage import places

evaluate = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="How people are scored: weights, what is typed in, closing."
)
SiteCode = Annotated[str | None, typer.Argument(metavar="[SITE]", help="The site, if the store holds several.")]
SiteOption = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if there are several.")]
Month = Annotated[str | None, typer.Option("--month", metavar="2026-05", help="The month; else the one that is.")]
Quarter = Annotated[str | None, typer.Option("--quarter", metavar="2026-Q2", help="A quarter instead of a month.")]
PeriodName = Annotated[str, typer.Argument(metavar="PERIOD", help="A month or a quarter: 2026-05, 2026-Q2.")]
Out = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="FILE", help=f"Where to: {' '.join(FILES)}; else on the screen.")
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Speak = Annotated[str | None, typer.Option("--language", help=f"One of {', '.join(LANGUAGES)}.")]


def add_to(app: typer.Typer) -> None:
    for command in (kpis, forms):
        app.command()(command)
    app.add_typer(evaluate, name="evaluate")


def _span(site: Site, month: str | None, quarter: str | None, at: datetime) -> Span:
    if month is not None and quarter is not None:
        raise InputError("--month and --quarter: name one of them")
    said = month or quarter
    return Span.read(said, site.timezone) if said else Span.month_of(at, site.timezone)


def _give(paper: Paper, out: Path | None, *, as_data: bool) -> None:
    """A paper where it was asked for: in a file, as data, or on the screen."""
    if out is not None:
        out.write_bytes(written(paper, out.suffix[1:].lower()))
        tell(f"{out}: {paper.title}, {len(paper.rows)} rows")
    elif as_data:
        tell_json(as_json(paper))
    else:
        above = "  ".join(f"{name}: {value}" for name, value in paper.above)
        table(f"{paper.title}  {above}".rstrip(), paper.columns, paper.rows)
        for note in paper.notes:
            tell(note)


# ---------------------------------------------------------------- indicators


def kpis(
    site: SiteCode = None,
    month: Month = None,
    quarter: Quarter = None,
    by: Annotated[
        str, typer.Option(metavar="WHAT", help="Divided by tier1, tier2, tier3, person, handler, post, category …")
    ] = "site",
    indicator: Annotated[
        list[str] | None, typer.Option("--indicator", metavar="CODE", help="Only this one; repeat for more.")
    ] = None,
    definitions: Annotated[
        bool, typer.Option("--definitions", help="What each indicator counts, of what, and when it is due.")
    ] = False,
    out: Out = None,
    as_data: AsJson = False,
    speak: Speak = None,
) -> None:
    """The indicators of a month, with how sure they are, beside the month before and the year before.

    \b
    gridmap kpis WJ --month 2026-05 --by tier2 --indicator on_time_closing
    """
    # pandas and SciPy take a second to import: what refuses a wrong option does not wait for them.
    from gridmap.analytics.indicators.definitions import INDICATORS
    from gridmap.operations import bulletins
    from gridmap.operations.indicators import check

    tongue, codes = language(speak), tuple(dict.fromkeys(indicator or INDICATORS))
    check(by, codes)
    if out is not None:
        refuse_unfit([(out, FILES)])
    if definitions:
        _give(bulletins.definitions(tongue), out, as_data=as_data)
        return
    with open_store() as database, database.session() as session:
        where, at = places.site(session, site), now()
        span = _span(where, month, quarter, at)
        found, paper = bulletins.bulletin(session, where, span, at, tongue, by=by, codes=codes)
    if as_data:
        tell_json({"period": span.name, "by": by, "figures": plain(found)})
    else:
        _give(paper, out, as_data=False)


# ---------------------------------------------------------------- scores


@evaluate.command("show")
def show(
    site: SiteCode = None,
    month: Month = None,
    quarter: Quarter = None,
    out: Out = None,
    as_data: AsJson = False,
    speak: Speak = None,
) -> None:
    """Everybody's points of a hundred: frozen if the period is closed, else as they are now.

    \b
    gridmap evaluate show WJ --month 2026-05
    """
    from gridmap.operations import bulletins

    tongue = language(speak)
    if out is not None:
        refuse_unfit([(out, FILES)])
    with open_store() as database, database.session() as session:
        where, at = places.site(session, site), now()
        span = _span(where, month, quarter, at)
        found = bulletins.standings(session, where, span, at)
        _give(bulletins.score_sheet(session, where, span, found, tongue), out, as_data=as_data)


@evaluate.command("close")
def close(period: PeriodName, site: SiteOption = None) -> None:
    """Freeze the scores of a period that is over: what happens to its issues later does not change them.

    \b
    gridmap evaluate close 2026-05 --site WJ
    """
    from gridmap.operations import evaluation

    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        found = evaluation.close_period(session, where, Span.read(period, where.timezone), now())
    below = sum(each.below for each in found)
    tell(f"{period} is closed: {len(found)} scores are frozen, {below} of them below the line")


@evaluate.command("enter")
def enter(
    period: PeriodName,
    indicator: Annotated[str, typer.Argument(metavar="WHAT", help=f"One of {', '.join(TYPED_IN)}.")],
    number: Annotated[float, typer.Argument(metavar="NUMBER", help="How many, or how much.")],
    of: Annotated[float, typer.Option("--of", help="Out of how many: the cleaners in the contract.")] = 1.0,
    person: Annotated[str | None, typer.Option(metavar="CODE", help="Of whom; else of the whole site.")] = None,
    note: Annotated[str | None, typer.Option(help="What there is to say about it.")] = None,
    site: SiteOption = None,
) -> None:
    """Type in what is not measured: accidents, what was saved, cleaners present of those in the contract.

    \b
    gridmap evaluate enter 2026-05 cleaners 18 --of 20
    """
    from gridmap.operations import evaluation

    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        span = Span.read(period, where.timezone)
        evaluation.enter(session, where, span, indicator, number, of, at=now(), person=person, note=note)
    tell(f"{span.name}: {indicator} {number:g}" + (f" of {of:g}" if of != 1 else ""))


@evaluate.command("weigh")
def weigh(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="A role: grid_owner, technician …")],
    weights: Annotated[
        list[str] | None,
        typer.Argument(metavar="CODE=WEIGHT:TARGET:FLOOR", help="closing=10:0.95:0.5; none: the trade's."),
    ] = None,
    line: Annotated[float | None, typer.Option(min=0, max=100, help="How many points of 100 are needed.")] = None,
    site: SiteOption = None,
) -> None:
    """Say what counts for a role: all points of a weight at the target, none at the floor.

    \b
    gridmap evaluate weigh technician on_site=50:0.95:0.5 rework=50:0.05:0.25 --line 75
    """
    from gridmap.operations import evaluation

    rows = [_weighing(role, text) for text in weights or ()]
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        evaluation.weigh(session, where, role, rows, line)
        held = evaluation.weights(session, where).get(role, ())
        rows_shown = [(row.role, row.indicator, row.weight, row.target, row.floor) for row in held]
    table("", ("role", "indicator", "weight", "target", "floor"), rows_shown)


def _weighing(role: str, text: str) -> Weighing:
    code, _, numbers = text.partition("=")
    try:
        weight, target, floor = (float(part) if part else None for part in (numbers + "::").split(":")[:3])
    except ValueError:
        weight = None
    if weight is None:
        raise InputError(f"{text}: write CODE=WEIGHT:TARGET:FLOOR, as in closing=10:0.95:0.5")
    return Weighing(role, code, weight, target, floor)


# ---------------------------------------------------------------- forms


def forms(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Which; without one, all are listed.")] = None,
    out: Out = None,
    issue: Annotated[str | None, typer.Option(metavar="CODE", help="Of a work order: the issue.")] = None,
    period: Annotated[str | None, typer.Option(metavar="2026-05", help="A month, quarter or week (2026-W21).")] = None,
    grid: Annotated[str | None, typer.Option(metavar="CODE", help="Only this grid and those below it.")] = None,
    with_contacts: Annotated[
        bool, typer.Option("--with-contacts", help="With who reported it, for those who go there.")
    ] = False,
    site: SiteOption = None,
    as_data: AsJson = False,
    speak: Speak = None,
) -> None:
    """Fill a form: a page for A4, a table, or on the screen.

    \b
    gridmap forms work_order --issue WJ-000001 -o order.html
    """
    from gridmap.operations import forms as known

    tongue = language(speak or (DEFAULT if out is not None else None))
    if name is None:
        rows = [(code, form.name.say(tongue), "an issue" if form.of_issue else f"a {form.usual}")
                for code, form in known.FORMS.items()]  # fmt: skip
        table("", ("form", "", "of"), rows)
        return
    if out is not None:
        refuse_unfit([(out, FILES)])
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        # Whoever sits at the machine sees all of the site; who reported what is for those who work on it.
        reader = Viewer(0, "", "dispatcher" if with_contacts else "admin", where.id, where.code)
        paper = known.paper(name, session, where, reader, now(), tongue, issue=issue, period=period, grid=grid)
        _give(paper, out, as_data=as_data)
