"""What indicators say of a site in a period, by whatever it is divided, compared with the periods before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.analytics.indicators.definitions import INDICATORS, Indicator
from gridmap.analytics.indicators.figures import NOBODY, compared, ranked
from gridmap.analytics.indicators.figures import figures as counted
from gridmap.domain.categories import GROUPS
from gridmap.domain.model import Site
from gridmap.domain.periods import Span, Window
from gridmap.domain.rights import Viewer
from gridmap.domain.roles import ROLE_OF_RANK, ROLES
from gridmap.errors import FieldError
from gridmap.language import Phrase, phrase, say
from gridmap.storage import evaluation as typed
from gridmap.storage import indicators as stored
from gridmap.storage import issues as stored_issues

# What figures can be divided by; a person is charged with what he owned at the time, a handler with what he handled.
BY: Final[dict[str, Phrase]] = {
    "site": phrase("site"),
    "tier1": phrase("tier 1 · zones"),
    "tier2": phrase("tier 2 · clusters"),
    "tier3": phrase("tier 3 · cells"),
    "person": phrase("owner"),
    "handler": phrase("handler"),
    "post": phrase("post"),
    "category": phrase("category"),
    "group": phrase("group of categories"),
    "kind": phrase("kind of issue"),
    "contractor": phrase("contractor"),
}
# Where the subject stands in the frames, if it is not called so.
OF_ISSUES: Final = {"person": "owner"}
OF_ROUNDS: Final = {"tier1": "tier1", "tier2": "tier2", "tier3": "tier3", "person": "person", "handler": "person",
                    "post": "post"}  # fmt: skip
TIERS: Final = {"tier1": 1, "tier2": 2, "tier3": 3}


@dataclass(frozen=True)
class Counted:
    """What a period's figures are counted from."""

    site: Site
    window: Window
    facts: pd.DataFrame
    rounds: pd.DataFrame
    households: pd.DataFrame
    posts: pd.DataFrame


def read(
    session: Session, site: Site, window: Window, viewer: Viewer | None = None, codes: Iterable[str] = INDICATORS
) -> Counted:
    """Everything that some indicators are counted from, as far as a viewer is concerned."""
    of_rounds = any(INDICATORS[code].source == "rounds" for code in codes)
    of_households = any(INDICATORS[code].per == "households" for code in codes)
    return Counted(
        site,
        window,
        stored.issue_facts(session, site.id, window, viewer),
        stored.rounds(session, site.id, window, viewer) if of_rounds else pd.DataFrame(),
        stored.households(session, site.id, min(window.at, window.end)) if of_households else pd.DataFrame(),
        stored.posts_within(session, site.id, window),
    )


def figures(
    session: Session,
    site: Site,
    span: Span,
    at: datetime,
    *,
    by: str = "site",
    codes: Sequence[str] = tuple(INDICATORS),
    viewer: Viewer | None = None,
) -> pd.DataFrame:
    """The columns of frames.FIGURES, beside those of the period before and the year before, as seen at a moment."""
    check(by, codes)
    found = _of(session, site, span, at, by, codes, viewer)
    before, year = (_of(session, site, past, at, by, codes, viewer) for past in (span.before(), span.year_before()))
    found = compared(compared(found, before, "before"), year, "year_before")
    if by != "site":
        placed = [ranked(INDICATORS[code], found[found["indicator"] == code]) for code in codes]
        found = pd.concat(placed) if placed else found
    return found.reset_index(drop=True)


def within(
    session: Session, site: Site, window: Window, by: str, codes: Sequence[str], viewer: Viewer | None = None
) -> pd.DataFrame:
    """The same of any window, of what is measured, beside nothing: a window is what a slider of time says."""
    check(by, codes)
    data = read(session, site, window, viewer, codes)
    found = [each for code in codes if len(each := _figures(data, by, INDICATORS[code]))]
    return _his(session, pd.concat(found, ignore_index=True) if found else _none(), by, viewer)


def check(by: str, codes: Iterable[str]) -> None:
    """Refuse what nothing is divided by, and indicators that there are not."""
    if by not in BY:
        raise FieldError("by", f"by {by}: figures are divided by one of {', '.join(BY)}")
    for code in codes:
        if code not in INDICATORS:
            raise FieldError("indicator", f"there is no indicator {code}: they are {', '.join(INDICATORS)}")


def _of(
    session: Session, site: Site, span: Span, at: datetime, by: str, codes: Sequence[str], viewer: Viewer | None
) -> pd.DataFrame:
    data = read(session, site, span.window(at), viewer, codes)
    found = [each for code in codes if len(each := _figures(data, by, INDICATORS[code]))]
    entered = _entered(session, site, span, by, codes) if _sees_all(viewer) else []
    frame = pd.concat([*found, *entered], ignore_index=True) if found or entered else _none()
    return _his(session, frame, by, viewer)


def _none() -> pd.DataFrame:
    texts = {name: pd.Series(dtype=object) for name in ("indicator", "subject")}
    numbers = ("numerator", "denominator", "value", "low", "high")
    return pd.DataFrame({**texts, **{name: pd.Series(dtype=float) for name in numbers}})


def _figures(data: Counted, by: str, indicator: Indicator) -> pd.DataFrame:
    frame = data.rounds if indicator.source == "rounds" else data.facts
    if indicator.measure is None or not len(frame) or (indicator.source == "rounds" and by not in ("site", *OF_ROUNDS)):
        return _none()
    parts = indicator.measure(frame, data.window)
    subjects = _subjects(data, frame, by, indicator)
    return counted(indicator, parts, subjects, _exposure(data, by, indicator, parts, subjects))


def _subjects(data: Counted, frame: pd.DataFrame, by: str, indicator: Indicator) -> pd.Series[Any]:
    if by == "site":
        return pd.Series([data.site.code] * len(frame), index=frame.index, dtype=object)
    column = OF_ROUNDS[by] if indicator.source == "rounds" else OF_ISSUES.get(by, by)
    return frame[column].astype(object)


def _exposure(
    data: Counted, by: str, indicator: Indicator, parts: pd.DataFrame, subjects: pd.Series[Any]
) -> pd.Series[Any] | None:
    """What a rate is counted per, by subject."""
    if indicator.per == "owners":
        due = parts["numerator"] > 0
        return data.facts["owner"][due].astype(object).groupby(subjects[due].fillna(NOBODY)).nunique().astype(float)
    if indicator.per == "households":
        return homes(data, by, subjects[parts["numerator"] > 0].dropna().unique())
    return None


def homes(data: Counted, by: str, subjects: Iterable[Any]) -> pd.Series[Any]:
    """How many households a subject has: a grid its own, a post its grid's, anything else all of the site."""
    grids = data.households
    if by in TIERS:
        of_tier = grids[grids["tier"] == TIERS[by]]
        return of_tier.set_index("code")["households"].dropna()
    if by == "post":
        posts = data.posts.assign(post=data.posts["role"] + " " + data.posts["grid"].fillna(""))
        held = posts.drop_duplicates("post").merge(grids, left_on="grid", right_on="code")
        return held.set_index("post")["households"].dropna()
    if by == "person":
        return of_people(data, tuple(ROLE_OF_RANK.values()))
    whole = grids.loc[grids["tier"] == 1, "households"].sum(min_count=1)
    return pd.Series(whole, index=list(subjects), dtype=float)


def of_people(data: Counted, roles: Sequence[str]) -> pd.Series[Any]:
    """The households of whoever held posts in some roles: of each, those of his grids that lie in no other of his."""
    above = dict(zip(data.households["code"], data.households["parent"], strict=True))
    size = dict(zip(data.households["code"], data.households["households"], strict=True))
    found = {}
    for person, posts in data.posts[data.posts["role"].isin(roles)].groupby("person"):
        held = set(posts["grid"].dropna()) & set(size)
        outer = {grid for grid in held if not held & set(_chain(grid, above))}
        found[person] = float(sum(size[grid] for grid in outer if pd.notna(size[grid])))
    return pd.Series(found, dtype=float)


def _chain(grid: str, above: dict[Any, Any]) -> Iterable[str]:
    """The grids that a grid lies in."""
    parent = above.get(grid)
    while isinstance(parent, str):
        yield parent
        parent = above.get(parent)


def _sees_all(viewer: Viewer | None) -> bool:
    return viewer is None or (viewer.grids is None and viewer.reach("issues") == "area")


def _entered(session: Session, site: Site, span: Span, by: str, codes: Sequence[str]) -> list[pd.DataFrame]:
    """What was typed in: of the site, or of people."""
    asked = [code for code in codes if INDICATORS[code].source == "entries"]
    if not asked or by not in ("site", "person", "handler"):
        return []
    rows = typed.entries(session, site.id, months(span))
    rows = rows[rows["indicator"].isin(asked) & (rows["person"].isna() == (by == "site"))]
    if not len(rows):
        return []
    counts = rows["indicator"] == "accidents"
    value = (rows["numerator"] / rows["denominator"]).where(~counts, rows["numerator"])
    subject = pd.Series([site.code] * len(rows), index=rows.index, dtype=object) if by == "site" else rows["person"]
    return [rows[["indicator", "numerator", "denominator"]].assign(subject=subject, value=value, low=None, high=None)
            .astype({"low": float, "high": float})[_none().columns]]  # fmt: skip


def months(span: Span) -> list[str]:
    """A period and, of a quarter, its months: what was typed in for any of them is the period's."""
    if span.kind != "quarter":
        return [span.name]
    return [span.name, *(f"{span.year:04d}-{3 * span.number - back:02d}" for back in (2, 1, 0))]


def _his(session: Session, frame: pd.DataFrame, by: str, viewer: Viewer | None) -> pd.DataFrame:
    """What may be called by its name: not a grid of which one sees a part alone, nor whoever one works with."""
    if viewer is None:
        return frame
    if viewer.reach("issues") == "work":
        hidden = (frame["subject"] != viewer.person) if by in ("person", "handler") else frame["subject"].isna()
        return frame[~hidden].reset_index(drop=True)
    grids = stored.grids_of(session, viewer) if by in TIERS else None
    return frame if grids is None else frame[frame["subject"].isin(grids)].reset_index(drop=True)


def called(session: Session, site: Site, by: str, subjects: Iterable[str], language: str, *, people: bool) -> list[str]:
    """What the subjects are called by readers of a language; people by their codes, where their names are not shown."""
    known: dict[str, str] = {}
    if by in ("person", "handler") and people:
        known = stored.names(session, site.id)
    elif by == "category":
        known = {row.code: say(row.name, language) for row in stored_issues.categories(session, site.id).values()}
    elif by == "group":
        known = {code: say(name, language) for code, name in GROUPS.items()}
    elif by == "kind":
        known = {kind: said.say(language) for kind, said in KIND_NAMES.items()}
    elif by == "site":
        known = {site.code: site.name}
    nobody = (
        phrase("nobody").say(language) if by in ("person", "handler", "contractor") else phrase("none").say(language)
    )
    return [_post(subject, language) if by == "post" else known.get(subject, subject) or nobody for subject in subjects]


def _post(subject: str, language: str) -> str:
    role, _, grid = subject.partition(" ")
    return f"{say(ROLES.get(role, role), language)} {grid}".strip()


KIND_NAMES: Final[dict[str, Phrase]] = {
    "repair": phrase("repair"),
    "complaint": phrase("complaint"),
    "enquiry": phrase("enquiry"),
    "suggestion": phrase("suggestion"),
    "inspection": phrase("inspection finding"),
    "alarm": phrase("alarm"),
}
