"""Reports become issues: routed, stored once with their first line of history, and routed again when grids change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from gridmap.domain.categories import CategoryRow
from gridmap.domain.lifecycle import ENDED, KINDS, STATUSES, URGENCIES
from gridmap.domain.model import Site
from gridmap.domain.responsibility import Verdict
from gridmap.operations.known import Known
from gridmap.operations.routing import Decided, Router, answer_as_json, on_lattice, reason_as_json
from gridmap.storage import facts as stored_facts
from gridmap.storage import issues as stored_issues
from gridmap.storage import new_issues, places

WORDS = {"kind": KINDS, "urgency": URGENCIES, "status": STATUSES}
# What a decision can depend on: the facts and the words of a report that are the same for many.
ALIKE = (
    "edition_id", "position", "leaf", "tier1", "tier2", "tier3", "building_grid", "level_area", "level_grid",
    "overlays", "touches", "facility_warranty", "building_warranty",
)  # fmt: skip
SAID_ALIKE = ("category", "kind", "about")


@dataclass
class Given:
    """What a batch was made of: reports, who sent them, and what was known when they were routed."""

    points: pd.DataFrame
    source: str
    known: Known


@dataclass
class Batch:
    """What became of a batch of rows: routed, rejected with a reason, and stored or known before."""

    routed: pd.DataFrame
    rejected: pd.DataFrame
    stored: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["n", "id", "code"]))
    verdicts: Sequence[Verdict] = field(default=(), repr=False)
    given: Given | None = field(default=None, repr=False)

    @property
    def known(self) -> int:
        return len(self.routed) - len(self.stored)


class Desk:
    """Takes reports of one site in batches; what it needs to route them is read once."""

    def __init__(self, session: Session, site: Site, *, detail: bool = False, known: Known | None = None) -> None:
        self.session, self.site, self.detail = session, site, detail
        self.router = Router(session, known or Known(places.revision(session), kept=True))
        self.sources = new_issues.Sources()

    @property
    def categories(self) -> dict[str, CategoryRow]:
        return self.router.categories(self.site.code)

    def at(self, session: Session) -> Desk:
        """The same desk in a new transaction, with all that it knows."""
        desk = Desk(session, session.merge(self.site, load=False), detail=self.detail, known=self.router.known)
        desk.sources = self.sources
        return desk

    def route(self, points: pd.DataFrame, at: datetime) -> Batch:
        """Route a batch, each row as it was when it was reported; rows that cannot be are set apart with the reason.

        Both parts carry `n`, the row's place in the batch.
        """
        points = points.reset_index(drop=True).assign(n=range(len(points)))
        return self._route(points, self._faults(points), _reported_at(points, at))

    def _route(self, points: pd.DataFrame, faults: pd.Series[Any], at: pd.Series[Any]) -> Batch:
        points = points.assign(fault=faults)
        sound = faults.isna()
        good = on_lattice(points[sound].reset_index(drop=True))
        rejected = points[~sound]
        if not len(good):
            return Batch(good, rejected)
        decided = self._decide(good, at[sound].reset_index(drop=True))
        planless = decided.which < 0
        routed = _with_routes(good, decided)
        if not planless.any():
            return Batch(routed, rejected, verdicts=decided.verdicts)
        late = good[planless].assign(fault="no plan of grids was in force at that time")
        routed = routed[~planless].reset_index(drop=True)
        return Batch(routed, pd.concat([rejected, late]), verdicts=decided.verdicts)

    def _decide(self, points: pd.DataFrame, at: pd.Series[Any]) -> Decided:
        """The facts of all points, and one decision for those that are alike."""
        known = self.router.known
        moments = pd.DatetimeIndex(at).to_pydatetime()
        facts = self.router.facts_of_file(points, moments, self.site, known.grounds, detail=self.detail)
        facts = facts.reset_index(drop=True)
        first, same = _alike(points, facts, self._epochs(at))
        some = self.router.decide(points.iloc[first], facts.iloc[first], moments[first])
        return Decided(facts, some.verdicts, some.which[same])

    def _epochs(self, at: pd.Series[Any]) -> pd.DataFrame:
        """What a decision can depend on of each moment: who holds which post, and which day it is."""
        changes = pd.to_datetime(pd.Series(self.router.moments(self.site.code)), utc=True).dt.as_unit("us")
        local = at.dt.tz_convert(self.site.timezone)
        return pd.DataFrame({"epoch": changes.searchsorted(at, side="right"), "day": local.dt.normalize()})

    def _faults(self, points: pd.DataFrame) -> pd.Series[Any]:
        fault = points["fault"].astype(object) if "fault" in points else pd.Series([None] * len(points), dtype=object)
        for name, words in WORDS.items():
            if name in points:
                wrong = points[name].notna() & ~points[name].isin(words) & fault.isna()
                fault[wrong] = [f"{name} {value!r} is none of {', '.join(words)}" for value in points.loc[wrong, name]]
        return fault.where(fault.notna(), None)

    def _unknown(self, points: pd.DataFrame, fault: pd.Series[Any]) -> pd.Series[Any]:
        """Faults of rows that name what the store does not have: nothing may be stored without it."""
        known = {
            "category": lambda: set(self.categories),
            "facility": lambda: places.facility_codes(self.session, self.site.id),
            "about": lambda: set(self.router.people(self.site)),
        }
        for name, codes in known.items():
            if name in points and points[name].notna().any():
                wrong = points[name].notna() & ~points[name].isin(codes()) & fault.isna()
                fault[wrong] = [f"{name} {value!r} is not known" for value in points.loc[wrong, name]]
        return fault.where(fault.notna(), None)

    def report(self, points: pd.DataFrame, at: datetime, source: str) -> Batch:
        """Route and store a batch: a row that was stored before, by its reference, is left as it is.

        What has ended keeps the grid it had then; what is still open belongs to the Edition in force now.
        """
        places.lock_site(self.session, self.site.code, exclusive=False)
        return self.store(self.take(points, at, source), at)

    def take(self, given: pd.DataFrame, at: datetime, source: str) -> Batch:
        """The first half of `report`, which only reads."""
        revision = places.revision(self.session)
        if revision != self.router.known.revision:
            self.router = Router(self.session, Known(revision, kept=True))
        points = given.reset_index(drop=True).assign(n=range(len(given)))
        points["reported_at"] = _reported_at(points, at)
        points["status"], points["closed_at"] = _ended(points)
        moments = points["reported_at"].where(points["status"].isin(ENDED), pd.Timestamp(at).as_unit("us"))
        batch = self._route(points, self._unknown(points, self._faults(points)), moments)
        if len(batch.routed):
            batch.routed = self._filled(batch.routed, source)
        batch.given = Given(given, source, self.router.known)
        return batch

    def store(self, batch: Batch, at: datetime) -> Batch:
        """The second half of `report`, which may come in a later transaction: if the plan has changed, both halves."""
        places.lock_site(self.session, self.site.code, exclusive=False)
        given = batch.given
        if given is not None and given.known.revision != places.revision(self.session):
            batch = self.take(given.points, at, given.source)
        if len(batch.routed):
            known = given.known if given is not None else self.router.known
            ids = _decision_ids(self.session, self.site.id, known, batch.verdicts)
            rows = batch.routed.assign(decision_id=ids[batch.routed["verdict"].to_numpy(dtype=np.intp)])
            batch.stored = new_issues.write_issues(self.session, self.site.id, self.site.code, rows, at, self.sources)
        return batch

    def add_categories(self, points: pd.DataFrame) -> list[str]:
        """Make the categories of a file known that are not yet: everything is decided by place for them."""
        if "category" not in points:
            return []
        new = sorted(set(points["category"].dropna().unique()) - set(self.categories))
        rows = [CategoryRow(code, "other", code) for code in new]
        stored_issues.write_categories(self.session, rows, self.site.id)
        self.categories.update({row.code: row for row in rows})
        return new

    def _filled(self, routed: pd.DataFrame, source: str) -> pd.DataFrame:
        """The rows with what was not said: of the category what it says, else where they come from."""
        category = routed["category"].where(routed["category"].notna(), "other") if "category" in routed else "other"
        rows = routed.assign(category=category)
        known = self.categories
        for name in ("kind", "urgency"):
            own = rows["category"].map({code: getattr(row, name) for code, row in known.items()})
            rows[name] = rows[name].where(rows[name].notna(), own) if name in rows else own
        rows["source"] = rows["source"].where(rows["source"].notna(), source) if "source" in rows else source
        return rows


def _reported_at(points: pd.DataFrame, at: datetime) -> pd.Series[Any]:
    """When each point was reported, or else `at`."""
    now = pd.Timestamp(at).as_unit("us")
    if "reported_at" not in points:
        return pd.Series(now, index=points.index)
    return pd.to_datetime(points["reported_at"], utc=True).dt.as_unit("us").fillna(now)


def _ended(rows: pd.DataFrame) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Status and end of each row: an end before the report is a stand-in for none, as in 1900-01-01."""
    reported = rows["reported_at"]
    closed = pd.to_datetime(rows.get("closed_at", pd.Series(None, rows.index, dtype=object)), utc=True)
    closed = closed.where(closed >= reported)
    derived = pd.Series(np.where(closed.notna(), "closed", "reported"), index=rows.index, dtype=object)
    status = rows["status"].where(rows["status"].notna(), derived) if "status" in rows else derived
    return status, closed.where(status.isin(ENDED))


def _alike(points: pd.DataFrame, facts: pd.DataFrame, epochs: pd.DataFrame) -> tuple[NDArray[Any], NDArray[Any]]:
    """The first row of each sort of rows that are decided alike, and the sort that each row belongs to."""
    inside = facts["building_m"] == 0 if "building_m" in facts else None
    warranty = [facts[name].notna() for name in ("facility_warranty", "building_warranty") if name in facts]
    days = epochs["day"].where(np.logical_or.reduce(warranty)) if warranty else None
    same = np.zeros(len(points), dtype=np.int64)
    columns: list[pd.Series[Any] | None] = [
        *(facts[name] for name in ALIKE if name in facts),
        *(points[name] for name in SAID_ALIKE if name in points),
        inside, epochs["epoch"], days,
    ]  # fmt: skip
    for column in columns:
        if column is None or column.isna().all():
            continue
        places, distinct = pd.factorize(column, use_na_sentinel=True)
        if len(distinct) > 1 or (places < 0).any():
            same = pd.factorize(same * (len(distinct) + 1) + places + 1)[0]
    return np.unique(same, return_index=True)[1], same


def _decision_ids(session: Session, site_id: int, known: Known, verdicts: Sequence[Verdict]) -> NDArray[np.int64]:
    """The row of each verdict, looked for or written once as long as what is known holds."""
    new = {id(verdict): verdict for verdict in verdicts if id(verdict) not in known.decisions}
    new = {key: verdict for key, verdict in new.items() if key not in known.fresh}
    if new:
        ids = stored_issues.decision_ids(session, site_id, map(_verdict_as_json, new.values()))
        known.fresh.update(zip(new, ids, strict=True))
    return np.array(
        [known.decisions.get(id(verdict)) or known.fresh[id(verdict)] for verdict in verdicts], dtype=np.int64
    )


def _verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "answers": [answer_as_json(answer) for answer in verdict.answers],
        "reasons": [reason_as_json(reason) for reason in verdict.reasons],
    }


def _with_routes(points: pd.DataFrame, decided: Decided) -> pd.DataFrame:
    """The points with where they lie and who owns them, a column each."""
    owners = [verdict.owner for verdict in decided.verdicts]
    table = pd.DataFrame(
        {
            "owner_role": [owner.role for owner in owners],
            "owner_grid": [owner.post for owner in owners],
            "owner": [owner.person.code if owner.person else None for owner in owners],
            "owner_name": [owner.person.name if owner.person else None for owner in owners],
            "rule": [
                next((reason.rule for reason in verdict.reasons if reason.rule != "place"), "place")
                for verdict in decided.verdicts
            ],
        },
        dtype=object,
    )
    chosen = table.reindex(decided.which).reset_index(drop=True)
    where = ("position", "leaf", "tier1", "tier2", "tier3", "outside_m", "boundary_m", "runner_up", "runner_up_m",
             "edition_id", "grid_id", "facility_id")  # fmt: skip
    facts = decided.facts[[name for name in where if name in decided.facts]].rename(columns={"leaf": "grid"})
    kept = points.drop(columns=[name for name in (*facts.columns, *chosen.columns, "fault") if name in points])
    return pd.concat([kept, facts, chosen], axis=1).assign(verdict=decided.which)


def reroute(session: Session, site: Site, at: datetime) -> tuple[int, int]:
    """Route the open issues of a site again: how many changed grid or owner, and how many kept both."""
    stored = stored_issues.open_issues(session, site.id)
    if not len(stored):
        return 0, 0
    router = Router(session)
    moments = [at] * len(stored)
    points = on_lattice(stored)
    decided = router.decide(points, stored_facts.facts(session, points, moments, site.code), moments)
    ids = stored_issues.decision_ids(session, site.id, map(_verdict_as_json, decided.verdicts))
    before = stored.rename(columns={"grid": "old_grid", "owner": "old_owner", "owner_name": "old_name",
                                    "owner_role": "old_role", "owner_grid": "old_post"})  # fmt: skip
    routed = _with_routes(before, decided).assign(decision_id=np.array(ids, dtype=np.int64)[decided.which])
    routed["change"] = [_change(row) for row in routed.to_dict("records")]
    stored_issues.move_issues(session, site.id, routed, at)
    moved = int(routed["change"].notna().sum())
    return moved, len(routed) - moved


def _change(row: Mapping[Any, Any]) -> str | None:
    """From whom to whom, as JSON; nothing if grid and owner stay."""
    now = {"grid": row["grid"], "role": row["owner_role"], "post": row["owner_grid"], "person": row["owner"]}
    old = {"grid": row["old_grid"], "role": row["old_role"], "post": row["old_post"], "person": row["old_owner"]}
    now, old = ({name: None if pd.isna(value) else value for name, value in each.items()} for each in (now, old))
    return None if now == old else json.dumps({"why": "edition", "from": old, "to": now}, ensure_ascii=False)
