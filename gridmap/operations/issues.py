"""Reports become issues: routed, stored once with their first line of history, and routed again when grids change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from gridmap.domain.categories import CategoryRow
from gridmap.domain.deadlines import Deadline
from gridmap.domain.lifecycle import ENDED, KINDS, STATUSES, URGENCIES
from gridmap.domain.model import Site
from gridmap.domain.responsibility import Verdict
from gridmap.operations.alike import MOST, Verdicts, said, verdict_as_json, with_routes
from gridmap.operations.clockwork import Clockwork, as_row
from gridmap.operations.known import Known
from gridmap.operations.moving import iso
from gridmap.operations.routing import Router, on_lattice
from gridmap.storage import facts as stored_facts
from gridmap.storage import issues as stored_issues
from gridmap.storage import new_issues, places

WORDS = {"kind": KINDS, "urgency": URGENCIES, "status": STATUSES}


@dataclass
class Given:
    """What a batch was made of: reports, who sent them, and the revision of the plan they were routed by."""

    points: pd.DataFrame
    source: str
    revision: int


@dataclass
class Batch:
    """What became of a batch of rows: routed, rejected with a reason, and stored or known before."""

    routed: pd.DataFrame
    rejected: pd.DataFrame
    stored: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["n", "id", "code"]))
    given: Given | None = field(default=None, repr=False)
    prepared: new_issues.Prepared | None = field(default=None, repr=False)
    # The deadlines of the routed rows that have any of ours, by their place among the routed.
    deadlines: dict[int, list[Deadline]] = field(default_factory=dict, repr=False)

    @property
    def known(self) -> int:
        return len(self.routed) - len(self.stored)


class Desk:
    """Takes reports of one site in batches; what it needs to route them is read once."""

    def __init__(
        self, session: Session, site: Site, *, detail: bool = False, known: Known | None = None, unseen: bool = False
    ) -> None:
        self.session, self.site, self.detail = session, site, detail
        self.router = Router(session, known or Known(places.revision(session), kept=True))
        self.verdicts, self.sources = Verdicts(), new_issues.Sources(unseen)

    @property
    def categories(self) -> dict[str, CategoryRow]:
        return self.router.categories(self.site.code)

    def at(self, session: Session) -> Desk:
        """The same desk in a new transaction, with all that it knows."""
        desk = Desk(session, session.merge(self.site, load=False), detail=self.detail, known=self.router.known)
        desk.verdicts, desk.sources = self.verdicts, self.sources
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
        rejected = points[~sound]
        if len(rejected):
            points, at = points[sound].reset_index(drop=True), at[sound].reset_index(drop=True)
        good = on_lattice(points)
        if not len(good):
            return Batch(good, rejected)
        facts, which = self._decide(good, at)
        routed = with_routes(good, facts, which, self.verdicts.said)
        planless = which < 0
        if planless.any():
            late = good[planless].assign(fault="no plan of grids was in force at that time")
            routed, rejected = routed[~planless].reset_index(drop=True), pd.concat([rejected, late])
        return Batch(routed, rejected)

    def _decide(self, points: pd.DataFrame, at: pd.Series[Any]) -> tuple[pd.DataFrame, NDArray[np.intp]]:
        """The facts of all points, and the number of the verdict on each."""
        moments = pd.DatetimeIndex(at).to_pydatetime().tolist()
        facts = self.router.facts_of_file(points, moments, self.site, self.router.known.grounds, detail=self.detail)
        facts = facts.reset_index(drop=True)

        def decide(rows: NDArray[np.intp]) -> tuple[Sequence[Verdict], NDArray[np.intp]]:
            decided = self.router.decide(points.iloc[rows], facts.iloc[rows], [moments[row] for row in rows.tolist()])
            return decided.verdicts, decided.which

        return facts, self.verdicts.on(points, facts, self._epochs(at), decide)

    def _epochs(self, at: pd.Series[Any]) -> pd.DataFrame:
        """What a decision can depend on of each moment: who holds which post, and which day it is."""
        changes = np.array([change.timestamp() for change in self.router.moments(self.site.code)])
        epoch = np.searchsorted(changes, at.astype("int64").to_numpy() / 1e6, side="right")
        local = pd.DatetimeIndex(at).tz_convert(self.site.timezone).tz_localize(None)
        return pd.DataFrame({"epoch": epoch, "day": local.floor("D")})

    def _faults(self, points: pd.DataFrame) -> pd.Series[Any]:
        fault = points["fault"].astype(object) if "fault" in points else pd.Series([None] * len(points), dtype=object)
        for name, words in WORDS.items():
            if name in points:
                wrong = points[name].notna() & ~points[name].isin(words) & fault.isna()
                fault[wrong] = [f"{name} {value!r} is none of {', '.join(words)}" for value in points.loc[wrong, name]]
        return fault.where(fault.notna(), None)

    def _unknown(self, points: pd.DataFrame, fault: pd.Series[Any]) -> pd.Series[Any]:
        """Faults of rows that name what the store does not have: nothing may be stored without it."""
        known: dict[str, Callable[[], set[str]]] = {
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
        """The first half of `report`: everything but writing issues, which may come in a later transaction."""
        revision = places.revision(self.session)
        if revision != self.router.known.revision or len(self.verdicts.numbers) > MOST:
            self.router, self.verdicts = Router(self.session, Known(revision, kept=True)), Verdicts()
        points = given.reset_index(drop=True).assign(n=range(len(given)))
        faults = self._unknown(points, self._faults(points))
        points["reported_at"] = _reported_at(points, at)
        points["status"], points["closed_at"] = _ended(points)
        moments = points["reported_at"].where(points["status"].isin(ENDED), pd.Timestamp(at).as_unit("us"))
        batch = self._route(points, faults, moments)
        batch.given = Given(given, source, revision)
        if len(batch.routed):
            batch.routed = self._filled(batch.routed, source)
            batch.deadlines = self._deadlines(batch.routed, at)
            batch.prepared = self._prepared(batch.routed, at)
        return batch

    def _prepared(self, routed: pd.DataFrame, at: datetime) -> new_issues.Prepared:
        site, numbers = self.site, routed["verdict"].to_numpy(dtype=np.intp)
        rows = routed.assign(decision_id=self.verdicts.rows_of(self.session, site.id, numbers))
        return new_issues.prepare_issues(self.session, site.id, site.code, rows, at, self.sources)

    def store(self, batch: Batch, at: datetime) -> Batch:
        """The second half of `report`; if the plan has changed since the first half, both."""
        places.lock_site(self.session, self.site.code, exclusive=False)
        if batch.given is not None and batch.given.revision != places.revision(self.session):
            batch = self.take(batch.given.points, at, batch.given.source)
        if batch.prepared is not None:
            batch.stored = new_issues.write_issues(self.session, batch.prepared)
            ids = zip(batch.stored["n"], batch.stored["id"], strict=True)
            rows = [as_row(each, issue_id=int(id_)) for n, id_ in ids for each in batch.deadlines.get(n, ())]
            new_issues.write_deadlines(self.session, rows)
        return batch

    def _deadlines(self, routed: pd.DataFrame, at: datetime) -> dict[int, list[Deadline]]:
        """The deadlines of what is open and came without a time of its own, which its first line will say."""
        given = routed["due_at"].notna() if "due_at" in routed else pd.Series(False, routed.index)
        rows = np.flatnonzero(~(given | routed["status"].isin(ENDED)))
        if not len(rows):
            return {}
        clockwork = Clockwork(self.session, self.router, at)
        found = {
            int(n): self._due(clockwork, row) for n, row in zip(rows, routed.iloc[rows].to_dict("records"), strict=True)
        }
        said = pd.Series(None, routed.index, dtype=object)
        due = pd.to_datetime(routed.get("due_at", said), utc=True).dt.as_unit("us")
        for n, deadlines in found.items():
            moments = {each.stamp: iso(each.due_at) for each in deadlines if each.due_at is not None}
            said.iat[n] = json.dumps({"deadlines": moments}) if moments else None
            due.iat[n] = moments.get("resolved")
        routed[new_issues.SAID], routed["due_at"] = said, due
        return {n: deadlines for n, deadlines in found.items() if deadlines}

    def _due(self, clockwork: Clockwork, row: Mapping[Any, Any]) -> list[Deadline]:
        tree, _ = self.router.tree(int(row["edition_id"]))
        tiers = [row[name] for name in ("tier1", "tier2", "tier3") if isinstance(row[name], str)]
        chain = (*tree.chain(row["grid"] if isinstance(row["grid"], str) else None), *tiers)
        matter = clockwork.matter(self.site.code, row["kind"], row["urgency"], row["category"], chain)
        return clockwork.of(self.site.code, matter, {"report": row["reported_at"].to_pydatetime()})

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
        places_of, distinct = pd.factorize(rows["category"])
        for name in ("kind", "urgency"):
            own = np.array([getattr(known[code], name) for code in distinct], dtype=object)[places_of]
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


def reroute(
    session: Session, site: Site, at: datetime, why: str = "edition", ids: Sequence[int] | None = None
) -> tuple[int, int]:
    """Route the open issues of a site, or some, again: how many changed grid or owner, and how many kept both."""
    stored = stored_issues.open_issues(session, site.id, ids)
    if not len(stored):
        return 0, 0
    router = Router(session)
    moments = [at] * len(stored)
    points = on_lattice(stored)
    decided = router.decide(points, stored_facts.facts(session, points, moments, site.code), moments)
    numbers = stored_issues.decision_ids(session, site.id, map(verdict_as_json, decided.verdicts))
    before = stored.rename(columns={"grid": "old_grid", "owner": "old_owner", "owner_name": "old_name",
                                    "owner_role": "old_role", "owner_grid": "old_post"})  # fmt: skip
    routed = with_routes(before, decided.facts, decided.which, said(decided.verdicts))
    routed["decision_id"] = np.array(numbers, dtype=np.int64)[decided.which]
    routed["change"] = [_change(row, why) for row in routed.to_dict("records")]
    stored_issues.move_issues(session, site.id, routed, at)
    moved = int(routed["change"].notna().sum())
    return moved, len(routed) - moved


def _change(row: Mapping[Any, Any], why: str) -> str | None:
    """From whom to whom, as JSON; nothing if grid and owner stay."""
    now = {"grid": row["grid"], "role": row["owner_role"], "post": row["owner_grid"], "person": row["owner"]}
    old = {"grid": row["old_grid"], "role": row["old_role"], "post": row["old_post"], "person": row["old_owner"]}
    now, old = ({name: None if pd.isna(value) else value for name, value in each.items()} for each in (now, old))
    return None if now == old else json.dumps({"why": why, "from": old, "to": now}, ensure_ascii=False)
