"""How each form is filled: columns and rows, from what its reader may see, in his language and by the site's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.analytics.indicators.definitions import INDICATORS
from gridmap.domain.categories import GROUPS
from gridmap.domain.events import EVENT_NAMES
from gridmap.domain.letters import STAMP_NAMES
from gridmap.domain.lifecycle import ENDED
from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.domain.subjects import SUBJECTS
from gridmap.errors import NotFoundError
from gridmap.language import Phrase, phrase, say
from gridmap.maps.words import STATUSES, URGENCIES, given, moment_words, role_term, term
from gridmap.operations import indicators
from gridmap.storage import forms as stored
from gridmap.storage import issues as stored_issues
from gridmap.storage import views

CLEANING: Final = ("cleaning", "sanitation", "greening")
TECHNICIANS: Final = ("technician",)
OF_TECHNICIANS: Final = ("on_site", "on_time_closing", "rework", "satisfaction")


@dataclass(frozen=True)
class Asked:
    """What a form is filled for: whose site, which reader, and which issue, or which period and grid."""

    session: Session
    site: Site
    viewer: Viewer
    at: datetime
    language: str
    issue: str | None = None
    span: Span | None = None
    grid: str | None = None

    def say(self, said: Phrase) -> str:
        return said.say(self.language)

    def moment(self, value: Any) -> str:
        """A moment by the clock of the site."""
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment_words(moment, self.site.timezone) or ""

    @property
    def period(self) -> Span:
        """Its period, or the month that is."""
        return self.span or Span.month_of(self.at, self.site.timezone)


Row = Mapping[Any, Any]
Cell = tuple[Phrase, Callable[[Row], object]]
Rows = tuple[tuple[object, ...], ...]


# ---------------------------------------------------------------- columns


def _table(asked: Asked, frame: pd.DataFrame, *cells: Cell) -> tuple[tuple[str, ...], Rows]:
    """A row of a frame a row of the form."""
    rows = [tuple(cell(row) for _, cell in cells) for row in frame.to_dict("records")]
    return tuple(asked.say(name) for name, _ in cells), tuple(rows)


def _of_issue(asked: Asked) -> tuple[Cell, ...]:
    """The columns with which every list of issues begins."""
    return (
        (phrase("order no."), lambda row: row["code"]),
        (phrase("reported at"), lambda row: asked.moment(row["reported_at"])),
        (phrase("grid"), lambda row: row["grid"]),
        (phrase("category"), lambda row: say(row["category_name"], asked.language)),
        (phrase("what it is about"), lambda row: row["text"]),
    )


def _status(asked: Asked) -> Callable[[Row], object]:
    return lambda row: term(STATUSES, row["status"], asked.language)


# ---------------------------------------------------------------- the forms


def work_order(asked: Asked) -> tuple[tuple[str, ...], Rows]:
    """工程維修單: one issue, for whoever goes there."""
    found = views.issue_by_code(asked.session, asked.viewer, asked.issue or "", asked.at)
    if found is None or found["site"] != asked.site.code:
        raise NotFoundError(f"there is no issue {asked.issue} here")
    reporter, owner = found["reporter"] or {}, found["owner"]
    place = " ".join(str(part) for part in (found["grid"], found["level"], found["facility"]) if part)
    due = ((found["deadlines"] or {}).get("resolved") or {}).get("due_at") or found["due_at"]
    answers = (
        (phrase("order no."), found["code"]),
        (phrase("category"), say(_category(asked, found["category"]), asked.language)),
        (phrase("urgency"), term(URGENCIES, found["urgency"], asked.language)),
        (phrase("status"), term(STATUSES, found["status"], asked.language)),
        (phrase("reported at"), asked.moment(found["reported_at"])),
        (phrase("reported by"), " ".join(filter(None, (reporter.get("name"), reporter.get("phone"))))),
        (phrase("place"), place),
        (phrase("what it is about"), found["text"]),
        (phrase("owner"), _who(asked, owner["role"], (owner["person"] or {}).get("name"))),
        (phrase("due"), asked.moment(due)),
        *((STAMP_NAMES[name], asked.moment(found.get(f"{name}_at"))) for name in STAMP_NAMES),
        (phrase("material used"), ""),
        (phrase("what was done"), _notes(found, "resolve")),
        (phrase("satisfaction"), found.get("satisfaction")),
    )
    return (asked.say(phrase("question")), asked.say(phrase("answer"))), tuple(
        (asked.say(name), "" if value is None else str(value)) for name, value in answers
    )


def _category(asked: Asked, code: str) -> str:
    known = stored_issues.categories(asked.session, asked.site.id)
    return known[code].name if code in known else code


def _who(asked: Asked, role: str | None, name: str | None) -> str:
    return " ".join(part for part in (role_term(role, asked.language), name) if part)


def _notes(found: Row, action: str) -> str:
    return "\n".join(line["note"] for line in found["history"] if line["action"] == action and line["note"])


def stewards_log(asked: Asked) -> tuple[tuple[str, ...], Rows]:
    """物業助理日誌: order, who took it, how far it is, when it was done."""
    window = asked.period.window(asked.at)
    frame = stored.issues(asked.session, asked.viewer, asked.site.id, window, grid=asked.grid)
    return _table(
        asked, frame,
        *_of_issue(asked),
        (phrase("taken by"), lambda row: _who(asked, row["handler_role"], row["handler"])),
        (phrase("progress"), _status(asked)),
        (phrase("due"), lambda row: asked.moment(row["due_at"])),
        (phrase("finished at"), lambda row: asked.moment(row["resolved_at"])),
        (phrase("closed at"), lambda row: asked.moment(row["closed_at"])),
    )  # fmt: skip


def round_log(asked: Asked) -> tuple[tuple[str, ...], Rows]:
    """巡查記錄: rounds, by whom, and what of them was walked."""
    window = asked.period.window(asked.at)
    frame = stored.rounds(asked.session, asked.viewer, asked.site.id, window, asked.grid)
    return _table(
        asked, frame,
        (phrase("from"), lambda row: asked.moment(row["starts"])),
        (phrase("to"), lambda row: asked.moment(row["ends"])),
        (phrase("plan"), lambda row: row["plan"]),
        (phrase("grid"), lambda row: row["grid"]),
        (phrase("walked by"), lambda row: _who(asked, row["role"], row["person"])),
        (phrase("begun at"), lambda row: asked.moment(row["started_at"])),
        (phrase("finished at"), lambda row: asked.moment(row["done_at"])),
        (phrase("checkpoints"), lambda row: int(row["due"])),
        (phrase("visited"), lambda row: int(row["visited"])),
        (phrase("doubtful check-ins"), lambda row: int(row["doubtful"])),
    )  # fmt: skip


def cleaning_record(asked: Asked) -> tuple[tuple[str, ...], Rows]:
    """保潔記錄: what cleaning was told of, and whether it was put right; it counts in the contract's assessment."""
    window = asked.period.window(asked.at)
    frame = stored.issues(asked.session, asked.viewer, asked.site.id, window, grid=asked.grid, groups=CLEANING)
    return _table(
        asked, frame,
        *_of_issue(asked),
        (phrase("told to"), lambda row: _who(asked, row["handler_role"], row["organisation"] or row["handler"])),
        (phrase("due"), lambda row: asked.moment(row["due_at"])),
        (phrase("put right at"), lambda row: asked.moment(row["resolved_at"])),
        (phrase("failed checks"), lambda row: int(row["reworks"])),
        (phrase("put right in time"), lambda row: _in_time(asked, row)),
    )  # fmt: skip


def _in_time(asked: Asked, row: Row) -> str:
    """Yes or no; nothing where it has no limit, or there is time left."""
    due, done, over = row["due_at"], row["resolved_at"], row["status"] in ENDED
    if not given(due) or (not given(done) and (due > asked.at or over)):
        return ""
    return asked.say(phrase("yes") if given(done) and done <= due else phrase("no"))


def weekly_summary(asked: Asked) -> tuple[tuple[str, ...], Rows]:
    """一週匯總: what came in by class, and how it was handled."""
    window = asked.period.window(asked.at)
    frame = stored.issues(asked.session, asked.viewer, asked.site.id, window, grid=asked.grid)
    open_now = ~frame["status"].isin(ENDED)
    due = pd.to_datetime(frame["due_at"], utc=True)
    counts = pd.DataFrame({
        "group": frame["group"], "reported": 1, "complaints": frame["kind"] == "complaint",
        "closed": frame["status"] == "closed", "open": open_now, "late": open_now & (due < asked.at),
        "reworks": frame["reworks"] > 0,
    })  # fmt: skip
    classes = sorted(set(frame["group"]), key=lambda group: (_order(group), group))
    sums = counts.groupby("group").sum().reindex(classes)
    rows = [(say(GROUPS.get(group, group), asked.language), *map(int, sums.loc[group])) for group in classes]
    rows.append((asked.say(phrase("in all")), *map(int, sums.sum().to_numpy())))
    names = (phrase("class"), phrase("came in"), phrase("complaints of them"), phrase("closed by now"),
             phrase("open by now"), phrase("over their limit"), phrase("reworked"))  # fmt: skip
    return tuple(asked.say(name) for name in names), tuple(rows)


def _order(group: str) -> int:
    """The classes of the trade in their order, a site's own after them."""
    return list(GROUPS).index(group) if group in GROUPS else len(GROUPS)


def technicians_month(asked: Asked) -> tuple[tuple[str, ...], Rows]:
    """技術員月報: everybody's month, with the figures it is judged by, each out of how many."""
    span, window = asked.period, asked.period.window(asked.at)
    handled = stored.issues(asked.session, asked.viewer, asked.site.id, window, grid=asked.grid, handlers=TECHNICIANS)
    found = indicators.figures(
        asked.session, asked.site, span, asked.at, by="handler", codes=OF_TECHNICIANS, viewer=asked.viewer
    )
    rows: list[tuple[object, ...]] = []
    for person, his in handled.groupby("handler_code"):
        of_him = found[found["subject"] == person].set_index("indicator")
        rows.append((his["handler"].iloc[0], len(his), *(_out_of(of_him, code) for code in OF_TECHNICIANS)))
    names = [phrase("technician"), phrase("issues handled"), *(INDICATORS[code].name for code in OF_TECHNICIANS)]
    return tuple(asked.say(name) for name in names), tuple(rows)


def _out_of(figures: pd.DataFrame, code: str) -> str:
    if code not in figures.index:
        return ""
    row = figures.loc[code]
    return f"{row['value']:.1%} ({row['numerator']:g}/{row['denominator']:g})"


def environment_rating(asked: Asked) -> tuple[tuple[str, ...], Rows]:
    """環境月度評分: what inspections of cleaning found in each cluster, subject by subject."""
    window = asked.period.window(asked.at)
    frame = stored.cleaning_checks(asked.session, asked.viewer, asked.site.id, window)
    return _table(
        asked, frame,
        (phrase("cluster"), lambda row: row["cluster"]),
        (phrase("subject"), lambda row: SUBJECTS[int(row["subject"])].say(asked.language)),
        (phrase("items looked at"), lambda row: int(row["looked"])),
        (phrase("items passed"), lambda row: int(row["passed"])),
        (phrase("points of 100"), lambda row: round(100 * int(row["passed"]) / int(row["looked"]), 1)),
        (phrase("looked at again"), lambda row: int(row["rechecks"])),
    )  # fmt: skip


def grid_log(asked: Asked) -> tuple[tuple[str, ...], Rows]:
    """網格日誌: all that happened on a grid, line by line."""
    window = asked.period.window(asked.at)
    frame = stored.history(asked.session, asked.viewer, asked.site.id, window, asked.grid)
    return _table(
        asked, frame,
        (phrase("at"), lambda row: asked.moment(row["at"])),
        (phrase("grid"), lambda row: row["grid"]),
        (phrase("order no."), lambda row: row["code"]),
        (phrase("category"), lambda row: say(row["category_name"], asked.language)),
        (phrase("what happened"), lambda row: term(EVENT_NAMES, row["action"], asked.language)),
        (phrase("status"), _status(asked)),
        (phrase("by whom"), lambda row: _who(asked, row["role"], row["person"])),
        (phrase("note"), lambda row: row["note"]),
    )  # fmt: skip
