"""Where a report lies and who answers for it: facts from the store or from frames, then one pure decision."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain.calendar import Calendars
from gridmap.domain.categories import CategoryRow
from gridmap.domain.facts import Facts, Keeper, Person, Roster, Subject, Tree
from gridmap.domain.hours import parse_own_hours
from gridmap.domain.limits import Table, parse_limits
from gridmap.domain.model import Edition, Site
from gridmap.domain.responsibility import Answer, Reason, Verdict, decide
from gridmap.domain.rules import RULES, Rule, parse_rules
from gridmap.language import DEFAULT, Phrase, phrase
from gridmap.operations.known import Known, Ruling, Timing
from gridmap.spatial.coordinates import snap
from gridmap.spatial.facts import Ground
from gridmap.storage import calendars, people, places
from gridmap.storage import facts as stored_facts
from gridmap.storage import issues as stored_issues

# The columns that a decision depends on: points that agree in all of them are decided once.
DECISIVE = (
    "site", "edition_id", "epoch", "position", "leaf", "tier1", "tier2", "tier3", "building_grid", "inside_building",
    "level_area", "level_grid", "under_warranty", "overlays", "touches", "group", "kind", "specialty", "refer_to",
    "about",
)  # fmt: skip


@dataclass
class Route:
    """One routed point: what is known of the place, and who answers."""

    facts: Mapping[str, Any]
    verdict: Verdict
    names: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    straddles: bool = False

    def as_json(self, language: str = DEFAULT) -> dict[str, Any]:
        """The route as `gridmap locate` and the API give it."""
        facts = self.facts
        leaf = facts["leaf"]
        name, tier = self.names.get(leaf, ("", 0)) if leaf else ("", 0)
        return {
            "position": facts["position"],
            "site": facts["site"],
            "grid": {"code": leaf, "name": name, "tier": tier} if leaf else None,
            **{key: facts[key] for key in ("tier1", "tier2", "tier3")},
            "chain": list(facts["chain"]),
            "straddles": self.straddles,
            "answers": [answer_as_json(answer) for answer in self.verdict.answers],
            "reasons": [{"rule": reason.rule, "text": reason.text.say(language)} for reason in self.verdict.reasons],
            "boundary_m": _rounded(facts["boundary_m"]),
            "outside_m": _rounded(facts["outside_m"]) if facts["position"] in ("near", "outside") else None,
            "runner_up": {"code": facts["runner_up"], "distance_m": _rounded(facts["runner_up_m"])}
            if facts["runner_up"]
            else None,
            "shares": [{"code": part["code"], "share": round(part["share"], 4)} for part in facts["shares"] or ()],
        }


def without_people(route: dict[str, Any]) -> dict[str, Any]:
    """A route, as it is given out, for those who may not see who holds which post."""
    return {
        **route,
        "answers": [{**answer, "person": None} for answer in route["answers"]],
        "reasons": [reason for reason in route["reasons"] if reason["rule"] != "deputy"],
    }


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """An answer as it is stored and given out."""
    said: dict[str, Any] = {
        "duty": answer.duty,
        "role": answer.role,
        "post": answer.post,
        "person": {"code": answer.person.code, "name": answer.person.name} if answer.person else None,
    }
    return said | {"body": answer.body} if answer.body else said


def reason_as_json(reason: Reason) -> dict[str, Any]:
    """A reason as it is stored: not yet spoken in any language."""
    return {"rule": reason.rule, **reason.text.as_json()}


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is stored."""
    return {
        "answers": [answer_as_json(answer) for answer in verdict.answers],
        "reasons": [reason_as_json(reason) for reason in verdict.reasons],
    }


def reason_from_json(stored: Mapping[str, Any], language: str = DEFAULT) -> dict[str, str]:
    """A stored reason, spoken."""
    return {"rule": stored["rule"], "text": Phrase.from_json(stored).say(language)}


def _rounded(metres: float | None) -> float | None:
    return None if metres is None or pd.isna(metres) else round(float(metres), 2)


@dataclass
class Decided:
    """Many points and their decisions: `facts` has a row each, `which` the place of its verdict, -1 for none."""

    facts: pd.DataFrame
    verdicts: list[Verdict]
    which: NDArray[np.intp]


class Router:
    """Routes points within one transaction; what is `known` of the plan is read once, here or in an earlier one."""

    def __init__(self, session: Session, known: Known | None = None) -> None:
        self.session = session
        self.known = known or Known()

    # ------------------------------------------------------------ one by one, and many

    def locate(self, points: pd.DataFrame, at: datetime, site: str | None = None) -> list[Route]:
        """The routes of a few points, each at its `reported_at` or else at `at`; facts come from the store."""
        points = on_lattice(points)
        return self.routes(points.to_dict("records"), moments_of(points, at), site)

    def routes(self, points: Sequence[Mapping[Any, Any]], at: Sequence[datetime], site: str | None) -> list[Route]:
        """The routes of points that lie on the lattice, one by one: for a few, frames cost more than they save."""
        rows = stored_facts.rows(self.session, points, at, site)
        return [self._route(*each) for each in zip(points, rows, at, strict=True)]

    def _route(self, point: Mapping[Any, Any], row: Mapping[str, Any], at: datetime) -> Route:
        if row["site"] is None:
            return _planless(row)
        tree, names = self.tree(row["edition_id"])
        facts = dict(row, chain=tree.chain(row["leaf"]))
        verdict = self.verdict(self._combination(point, row, at), self.known.rosters if self.known.kept else None)
        return Route(facts, verdict, names, _straddles(facts, facts["chain"]))

    def _combination(self, point: Mapping[Any, Any], row: Mapping[str, Any], at: datetime) -> dict[str, Any]:
        """What the decision on one point depends on: the same as `_decisive` finds for a frame of them."""
        subject = self.subject(row["site"], _said(point, "category"))
        inside = row["building_m"] == 0
        warranty = row["facility_warranty"]
        if warranty is None and subject.group == "defects" and inside:
            warranty = row["building_warranty"]
        moments = self.moments(row["site"])
        return {
            **{name: row.get(name) for name in DECISIVE},
            "epoch": moments[bisect_right(moments, at) - 1],
            "inside_building": inside,
            "under_warranty": warranty is not None and self._local_day(row["site"], at) <= _day(warranty),
            "group": subject.group,
            "kind": _said(point, "kind") or subject.kind,
            "specialty": subject.specialty,
            "refer_to": subject.refer_to,
            "about": _said(point, "about"),
        }

    def route(self, decided: Decided, row: int) -> Route:
        facts = dict(decided.facts.iloc[row])
        facts = {name: None if _absent(value) else value for name, value in facts.items()}
        if decided.which[row] < 0:
            return _planless(facts)
        tree, names = self.tree(int(facts["edition_id"]))
        facts["chain"] = tree.chain(facts["leaf"])
        return Route(facts, decided.verdicts[decided.which[row]], names, _straddles(facts, facts["chain"]))

    def ground(self, site: Site, edition: Edition) -> Ground:
        """What a file of points is held against."""
        return Ground(
            places.grids(self.session, edition.id),
            places.allotted_buildings(self.session, edition.id),
            places.layer(self.session, "facilities", site.id),
            places.layer(self.session, "overlays", site.id),
            metric_epsg=site.metric_epsg,
            tolerance_m=site.tolerance_m,
            building_reach_m=site.building_reach_m,
        )

    def facts_of_file(
        self, points: pd.DataFrame, at: Sequence[datetime], site: Site, grounds: dict[int, Ground], *, detail: bool
    ) -> pd.DataFrame:
        """The facts of many points from frames: each under the Edition in force at its moment."""
        editions = self.session.scalars(
            select(Edition).where(Edition.site_id == site.id, Edition.status != "draft").order_by(Edition.valid_from)
        ).all()
        starts = [edition.valid_from for edition in editions]
        slot = np.array([bisect_right(starts, moment) - 1 for moment in at], dtype=np.intp)  # type: ignore[type-var]
        parts = []
        for number in np.unique(slot):
            rows = np.flatnonzero(slot == number)
            if number < 0:
                parts.append(pd.DataFrame({"site": None}, index=rows))
                continue
            edition = editions[number]
            if edition.id not in grounds:
                grounds[edition.id] = self.ground(site, edition)
            part = grounds[edition.id].facts(points.iloc[rows], [at[int(row)] for row in rows], detail=detail)
            parts.append(part.assign(site=site.code, edition_id=edition.id).set_index(rows))
        return pd.concat(parts).sort_index() if len(parts) != 1 else parts[0]

    # ------------------------------------------------------------ deciding

    def decide(self, points: pd.DataFrame, facts: pd.DataFrame, at: Sequence[datetime]) -> Decided:
        """One decision for each distinct combination of what matters."""
        facts = facts.reset_index(drop=True)
        known = facts["site"].notna().to_numpy()
        table = self._decisive(points.reset_index(drop=True), facts, at)
        which = np.full(len(facts), -1, dtype=np.intp)
        groups = table[known].groupby(list(DECISIVE), dropna=False, sort=False)
        which[known] = groups.ngroup().to_numpy()
        combinations = table[known].drop_duplicates(list(DECISIVE)).to_dict("records")
        # A few are asked for by their grids; for many the whole roster of a moment is read once.
        rosters = self.known.rosters if self.known.kept or len(combinations) > FEW else None
        return Decided(facts, [self.verdict(row, rosters) for row in combinations], which)

    def verdict(self, row: Mapping[Any, Any], rosters: dict[tuple[int, datetime], Roster] | None) -> Verdict:
        """The verdict on a combination: what was decided in this transaction is not decided again."""
        key = tuple(row[name] for name in DECISIVE)
        known = self.known.verdicts.get(key)
        if known is None:
            known = self.known.verdicts[key] = self._verdict(row, rosters)
        return known

    def _decisive(self, points: pd.DataFrame, facts: pd.DataFrame, at: Sequence[datetime]) -> pd.DataFrame:
        table = facts.reindex(columns=[name for name in DECISIVE if name in facts.columns])
        category = pd.Series(list(zip(facts["site"], _column(points, "category"), strict=True)), index=facts.index)
        subjects = {key: self.subject(*key) for key in category.unique()}
        for name in ("group", "specialty", "refer_to"):
            table[name] = category.map({key: getattr(row, name) for key, row in subjects.items()})
        own_kind = category.map({key: row.kind for key, row in subjects.items()})
        table["kind"] = _column(points, "kind").where(_column(points, "kind").notna(), own_kind)
        table["about"] = _column(points, "about")
        table["inside_building"] = facts.get("building_m", pd.Series(index=facts.index, dtype=object)) == 0
        table["epoch"] = self._epochs(facts["site"], at)
        table["under_warranty"] = self._warranty(facts, table, at)
        return table.astype(object).where(table.notna(), None)

    def subject(self, site: str | None, category: str | None) -> CategoryRow:
        """What a site knows of a category; of none, nothing."""
        if not isinstance(site, str) or category not in self.categories(site):
            return CategoryRow("other", "other", "something else")
        return self.categories(site)[category]

    def categories(self, site: str) -> dict[str, CategoryRow]:
        """The categories of a site by their codes."""
        if site not in self.known.categories:
            self.known.categories[site] = stored_issues.categories(self.session, self.site(site).id)
        return self.known.categories[site]

    def _epochs(self, sites: pd.Series[Any], at: Sequence[datetime]) -> list[datetime | None]:
        """The last moment before each report at which who holds which post changed: it stands for the roster."""
        moments = {code: self.moments(code) for code in sites.dropna().unique()}
        return [
            None if not isinstance(code, str) else moments[code][bisect_right(moments[code], moment) - 1]
            for code, moment in zip(sites, at, strict=True)
        ]

    def moments(self, site: str) -> list[datetime]:
        """Every moment at which who holds which post of a site changes."""
        if site not in self.known.moments:
            self.known.moments[site] = [BEGINNING, *people.post_moments(self.session, self.site(site).id)]
        return self.known.moments[site]

    def _warranty(self, facts: pd.DataFrame, table: pd.DataFrame, at: Sequence[datetime]) -> list[bool]:
        """Whether the named facility, or for a defect the building around it, was still under warranty."""
        columns = [
            facts[name] if name in facts.columns else pd.Series([None] * len(facts))
            for name in ("facility_warranty", "building_warranty", "site")
        ]
        defect = (table["group"] == "defects") & table["inside_building"]
        if columns[0].isna().all() and (columns[1].isna() | ~defect).all():
            return [False] * len(facts)
        return [
            not pd.isna(limit) and self._local_day(site, moment) <= _day(limit)
            for limit, site, moment in zip(
                columns[0].where(columns[0].notna(), columns[1].where(defect)), columns[2], at, strict=True
            )
        ]

    def _local_day(self, site: str, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.site(site).timezone)).date()

    def site(self, code: str) -> Ruling:
        if code not in self.known.rulings:
            site = places.site(self.session, code)
            self.known.rulings[code] = Ruling(
                site.id, site.code, site.timezone, site.fallback_role, rules_of(site), site.dispatch_model,
                site.silence_days,
            )  # fmt: skip
        return self.known.rulings[code]

    def tree(self, edition_id: int) -> tuple[Tree, dict[str, tuple[str, int]]]:
        """The tree of an Edition, and its grids' names and tiers by code."""
        if edition_id not in self.known.trees:
            rows = places.tree_rows(self.session, edition_id)
            tree = Tree({code: parent for code, _, parent, _ in rows}, {code: tier for code, _, _, tier in rows})
            self.known.trees[edition_id] = (tree, {code: (name, tier) for code, name, _, tier in rows})
        return self.known.trees[edition_id]

    def _verdict(self, row: Mapping[Any, Any], rosters: dict[tuple[int, datetime], Roster] | None) -> Verdict:
        site, (tree, _) = self.site(row["site"]), self.tree(int(row["edition_id"]))
        chain = tree.chain(row["leaf"])
        facts = Facts(
            position=row["position"],
            leaf=row["leaf"],
            chain=chain,
            building_grid=row["building_grid"],
            inside_building=bool(row["inside_building"]),
            own_level=row["level_area"] is not None,
            level_grid=row["level_grid"],
            under_warranty=bool(row["under_warranty"]),
            overlays=tuple(self.keeper(site, code) for code in row["overlays"]),
            touches=tuple(row["touches"]),
            straddles=_straddles(row, chain),
            subject=Subject(row["group"], row["kind"], row["specialty"], row["refer_to"], row["about"]),
        )
        roster = self.roster(site, row["epoch"], facts, tree, rosters)
        return decide(facts, tree, roster, site.rules, site.fallback_role)

    def roster(
        self,
        site: Ruling,
        epoch: datetime,
        facts: Facts,
        tree: Tree,
        rosters: dict[tuple[int, datetime], Roster] | None,
    ) -> Roster:
        """The posts that may matter for some facts; all of the moment's, where `rosters` gathers them."""
        if rosters is None:
            named = [facts.leaf, facts.building_grid, facts.level_grid, *facts.touches]
            if facts.subject.about:
                own = people.posts_in_force(self.session, site.id, epoch, (), [facts.subject.about])
                named += [post.grid for post in own]
            grids = {code for leaf in named for code in tree.chain(leaf)}
            about = [facts.subject.about] if facts.subject.about else []
            posts = people.posts_in_force(self.session, site.id, epoch, grids, about)
            away = people.away(self.session, site.id, epoch) if facts.overlays else ()
            return Roster(posts, self.people(site) if facts.overlays else {}, away)
        return self._whole_roster(site, epoch, rosters)

    def _whole_roster(self, site: Ruling, epoch: datetime, rosters: dict[tuple[int, datetime], Roster]) -> Roster:
        if (site.id, epoch) not in rosters:
            posts = people.posts_in_force(self.session, site.id, epoch)
            away = people.away(self.session, site.id, epoch)
            rosters[site.id, epoch] = Roster(posts, self.people(site), away)
        return rosters[site.id, epoch]

    def warm(self, code: str, at: datetime) -> None:
        """Read what routing at a moment asks of a site: its categories, its tree, and who holds which post."""
        site = self.site(code)
        self.categories(code)
        edition = places.edition_in_force(self.session, site.id, at)
        if edition is not None:
            self.tree(edition.id)
        self.roster_at(code, at)

    def roster_at(self, code: str, at: datetime) -> Roster:
        """Who holds which post of a site at a moment, all of them."""
        moments = self.moments(code)
        return self._whole_roster(self.site(code), moments[bisect_right(moments, at) - 1], self.known.rosters)

    def timing(self, code: str) -> Timing:
        """How a site counts time."""
        if code not in self.known.timings:
            said = calendars.said_of_time(self.session, code)
            days = calendars.own_days(self.session, said["id"])
            own = Calendars(said["timezone"], said["calendar"], days, parse_own_hours(said["hours"]))
            self.known.timings[code] = Timing(own, Table(parse_limits(said["limits"])))
        return self.known.timings[code]

    def keeper(self, site: Ruling, overlay: str) -> Keeper:
        if site.id not in self.known.overlays:
            self.known.overlays[site.id] = places.keepers(self.session, site.id)
        return self.known.overlays[site.id][overlay]

    def people(self, site: Ruling | Site) -> dict[str, Person]:
        if site.id not in self.known.people:
            self.known.people[site.id] = people.people(self.session, site.id)
        return self.known.people[site.id]


# How many combinations are asked for one by one.
FEW = 20
# Who held which post before anything is known of it.
BEGINNING = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def rules_of(site: Site | None) -> tuple[Rule, ...]:
    """The rules a site routes by: its own list, or the trade's."""
    return parse_rules(site.rules) if site is not None and site.rules else RULES


def on_lattice(points: pd.DataFrame) -> pd.DataFrame:
    """The points with their coordinates snapped, as everything that is compared with grids must be."""
    return points.assign(lon=snap(points["lon"].to_numpy(float)), lat=snap(points["lat"].to_numpy(float)))


def moments_of(points: pd.DataFrame, at: datetime) -> list[datetime]:
    """When each point was reported, or else `at`."""
    if "reported_at" not in points.columns:
        return [at] * len(points)
    return [at if pd.isna(moment) else moment for moment in points["reported_at"]]


def _planless(facts: Mapping[str, Any]) -> Route:
    reason = Reason("place", phrase("no plan of grids was in force there and then"))
    return Route({**facts, "position": "outside", "chain": ()}, Verdict((), (reason,)))


def _said(point: Mapping[Any, Any], name: str) -> Any:
    """What a point says under a name; nothing where a frame has a gap."""
    value = point.get(name)
    return None if _absent(value) else value


def _straddles(row: Mapping[Any, Any], chain: Sequence[str]) -> bool:
    """Whether the grid of some tier that covers the point is not the one above its leaf."""
    covering = {row[name] for name in ("tier1", "tier2", "tier3")} - {None}
    return bool(covering) and row["position"] in ("inside", "boundary") and not covering <= set(chain)


def _column(points: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in points.columns:
        return pd.Series([None] * len(points), index=points.index, dtype=object)
    column = points[name].astype(object)
    return column.where(column.notna(), None)


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT or value is pd.NA


def _day(value: Any) -> date:
    return value if isinstance(value, date) and not isinstance(value, datetime) else pd.Timestamp(value).date()
