"""Reports become issues: routed, stored once with their first line of history, and routed again when grids change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.categories import CategoryRow
from gridmap.domain.lifecycle import ENDED, KINDS, STATUSES, URGENCIES
from gridmap.domain.model import Site
from gridmap.operations.routing import Decided, Router, answer_as_json, moments_of, on_lattice, reason_as_json
from gridmap.spatial.facts import Ground
from gridmap.storage import facts as stored_facts
from gridmap.storage import issues as stored_issues
from gridmap.storage import places

WORDS = {"kind": KINDS, "urgency": URGENCIES, "status": STATUSES}


@dataclass
class Batch:
    """What became of a batch of rows: routed, rejected with a reason, and stored or known before."""

    routed: pd.DataFrame
    rejected: pd.DataFrame
    stored: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["n", "id", "code"]))

    @property
    def known(self) -> int:
        return len(self.routed) - len(self.stored)


class Desk:
    """Takes reports of one site in batches; what it needs to route them is read once."""

    def __init__(self, session: Session, site: Site, *, detail: bool = False) -> None:
        self.session, self.site, self.detail = session, site, detail
        self.router = Router(session)
        self.grounds: dict[int, Ground] = {}

    @property
    def categories(self) -> dict[str, CategoryRow]:
        return self.router.categories(self.site.code)

    def at(self, session: Session) -> Desk:
        """The same desk in a new transaction: the indexes stay, what the store says is read again."""
        desk = Desk(session, session.merge(self.site, load=False), detail=self.detail)
        desk.grounds = self.grounds
        return desk

    def route(self, points: pd.DataFrame, at: datetime) -> Batch:
        """Route a batch, each row as it was when it was reported; rows that cannot be are set apart with the reason.

        Both parts carry `n`, the row's place in the batch.
        """
        points = points.reset_index(drop=True).assign(n=range(len(points)))
        return self._route(points, self._faults(points), moments_of(points, at))

    def _route(self, points: pd.DataFrame, faults: pd.Series[Any], at: Sequence[datetime]) -> Batch:
        points = points.assign(fault=faults)
        good = on_lattice(points[faults.isna()].reset_index(drop=True))
        rejected = points[faults.notna()]
        if not len(good):
            return Batch(good, rejected)
        moments = [at[row] for row in good["n"]]
        facts = self.router.facts_of_file(good, moments, self.site, self.grounds, detail=self.detail)
        self._decided = self.router.decide(good, facts, moments)
        planless = self._decided.which < 0
        late = good[planless].assign(fault="no plan of grids was in force at that time")
        routed = _with_routes(good, self._decided)[~planless].reset_index(drop=True)
        return Batch(routed, pd.concat([rejected, late]) if len(late) else rejected)

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
            "category": set(self.categories),
            "facility": places.facility_codes(self.session, self.site.id),
            "about": set(self.router.people(self.site)),
        }
        for name, codes in known.items():
            if name in points:
                wrong = points[name].notna() & ~points[name].isin(codes) & fault.isna()
                fault[wrong] = [f"{name} {value!r} is not known" for value in points.loc[wrong, name]]
        return fault.where(fault.notna(), None)

    def report(self, points: pd.DataFrame, at: datetime, source: str) -> Batch:
        """Route and store a batch: a row that was stored before, by its reference, is left as it is.

        What has ended keeps the grid it had then; what is still open belongs to the Edition in force now.
        """
        places.lock_site(self.session, self.site.code, exclusive=False)
        points = points.reset_index(drop=True).assign(n=range(len(points)))
        points["reported_at"] = pd.to_datetime(pd.Series(moments_of(points, at), dtype=object), utc=True)
        points["status"], points["closed_at"] = _ended(points)
        ended = points["status"].isin(ENDED)
        moments = [then if over else at for then, over in zip(points["reported_at"], ended, strict=True)]
        batch = self._route(points, self._unknown(points, self._faults(points)), moments)
        if len(batch.routed):
            rows = self._rows(batch.routed, source)
            batch.stored = stored_issues.write_issues(self.session, self.site.id, self.site.code, rows, at)
        return batch

    def add_categories(self, points: pd.DataFrame) -> list[str]:
        """Make the categories of a file known that are not yet: everything is decided by place for them."""
        if "category" not in points:
            return []
        new = sorted(set(points["category"].dropna()) - set(self.categories))
        rows = [CategoryRow(code, "other", code) for code in new]
        stored_issues.write_categories(self.session, rows, self.site.id)
        self.categories.update({row.code: row for row in rows})
        return new

    def _rows(self, routed: pd.DataFrame, source: str) -> pd.DataFrame:
        """The rows as they are stored: what was not said is filled from the category."""
        category = routed["category"].where(routed["category"].notna(), "other") if "category" in routed else "other"
        rows = routed.assign(category=category)
        known = self.categories
        for name in ("kind", "urgency"):
            own = rows["category"].map({code: getattr(row, name) for code, row in known.items()})
            rows[name] = rows[name].where(rows[name].notna(), own) if name in rows else own
        rows["source"] = rows["source"].where(rows["source"].notna(), source) if "source" in rows else source
        ids = stored_issues.decision_ids(self.session, self.site.id, _verdicts_as_json(self._decided))
        rows["decision_id"] = np.array(ids, dtype=np.int64)[rows["verdict"].to_numpy(dtype=np.intp)]
        return rows


def _ended(rows: pd.DataFrame) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Status and end of each row: an end before the report is a stand-in for none, as in 1900-01-01."""
    reported = rows["reported_at"]
    closed = pd.to_datetime(rows.get("closed_at", pd.Series(None, rows.index, dtype=object)), utc=True)
    closed = closed.where(closed >= reported)
    derived = pd.Series(np.where(closed.notna(), "closed", "reported"), index=rows.index, dtype=object)
    status = rows["status"].where(rows["status"].notna(), derived) if "status" in rows else derived
    return status, closed.where(status.isin(ENDED))


def _verdicts_as_json(decided: Decided) -> Iterator[dict[str, Any]]:
    for verdict in decided.verdicts:
        yield {
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
    ids = stored_issues.decision_ids(session, site.id, _verdicts_as_json(decided))
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
