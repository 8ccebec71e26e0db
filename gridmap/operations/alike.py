"""Reports that are decided alike are decided once, however many batches they come in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import ref

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from gridmap.domain.responsibility import Verdict
from gridmap.operations.routing import answer_as_json, reason_as_json
from gridmap.storage import issues as stored_issues

Rows = NDArray[np.intp]
# What a decision can depend on: facts, and words of the report, that are the same for many.
OF_PLACE = (
    "edition_id", "position", "leaf", "tier1", "tier2", "tier3", "building_grid", "level_area", "level_grid",
    "overlays", "touches", "facility_warranty", "building_warranty",
)  # fmt: skip
OF_REPORT = ("category", "kind", "about")
WARRANTIES = ("facility_warranty", "building_warranty")
# What a verdict says of the issues that it is given on.
SAID = ("owner_role", "owner_grid", "owner", "owner_name", "rule")
# Sorts of reports that are remembered; each takes about half a kilobyte.
MOST = 200_000


@dataclass
class Verdicts:
    """The verdicts on every sort of report that has come, numbered; no plan was in force for the number -1."""

    given: list[Verdict] = field(default_factory=list)
    said: pd.DataFrame = field(default_factory=lambda: said([]))
    # The number of each sort's verdict. A sort is named by the codes of what it has in each column.
    numbers: dict[bytes, int] = field(default_factory=dict)
    codes: dict[int, dict[Any, int]] = field(default_factory=lambda: defaultdict(dict))
    # The row of each verdict in the store, 0 as long as it is not known; the last of them, and who wrote them.
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    fresh: Rows = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    writer: Callable[[], Session | None] = lambda: None

    def on(
        self,
        points: pd.DataFrame,
        facts: pd.DataFrame,
        epochs: pd.DataFrame,
        decide: Callable[[Rows], tuple[Sequence[Verdict], Rows]],
    ) -> Rows:
        """The number of the verdict on each row; `decide` is asked for one row of each sort that is new."""
        first, names, sort = self._sorted_out(_decisive(points, facts, epochs), len(points))
        new = [place for place, name in enumerate(names) if name not in self.numbers]
        if new:
            verdicts, which = decide(first[new])
            numbers = np.where(which < 0, -1, which + len(self.given)).tolist()
            self.numbers.update(zip((names[place] for place in new), numbers, strict=True))
            self.given += verdicts
            self.said = pd.concat([self.said, said(verdicts)], ignore_index=True)
        return np.array([self.numbers[name] for name in names], dtype=np.intp)[sort]

    def rows_of(self, session: Session, site_id: int, numbers: Rows) -> NDArray[np.int64]:
        """The row of each verdict in the store, which is written if it is new."""
        self._look_again(session)
        self.rows = np.append(self.rows, np.zeros(len(self.given) - len(self.rows), dtype=np.int64))
        used, place = np.unique(numbers, return_inverse=True)
        new = used[self.rows[used] == 0]
        if len(new):
            said = (verdict_as_json(self.given[number]) for number in new.tolist())
            self.rows[new] = stored_issues.decision_ids(session, site_id, said)
            self.fresh, self.writer = np.append(self.fresh, new), ref(session)
        return self.rows[used][place]

    def _look_again(self, session: Session) -> None:
        """What another transaction wrote may have been undone, or not be there yet."""
        if len(self.fresh) and self.writer() is not session:
            there = stored_issues.decisions_there(session, self.rows[self.fresh].tolist())
            self.rows[self.fresh] *= np.isin(self.rows[self.fresh], there)
            self.fresh = self.fresh[:0]

    def _sorted_out(self, columns: Sequence[pd.Series[Any] | None], count: int) -> tuple[Rows, list[bytes], Rows]:
        """The first row of each sort, its name, and the sort of every row."""
        codes = np.zeros((len(columns), count), dtype=np.int32)
        sort = np.zeros(count, dtype=np.intp)
        for place, column in enumerate(columns):
            if column is None:
                continue
            values, distinct = pd.factorize(column, use_na_sentinel=True)
            known = self.codes[place]
            numbers = [0, *(known.setdefault(value, len(known) + 1) for value in distinct)]
            codes[place] = np.array(numbers, dtype=np.int32)[values + 1]
            if (codes[place] != codes[place][:1]).any():
                sort = pd.factorize(sort * len(numbers) + values + 1)[0]
        first = np.unique(sort, return_index=True)[1]
        names = np.ascontiguousarray(codes[:, first].T)
        return first, [name.tobytes() for name in names], sort


def _decisive(points: pd.DataFrame, facts: pd.DataFrame, epochs: pd.DataFrame) -> list[pd.Series[Any] | None]:
    """The columns that a decision can depend on, if they are there; the day counts only where there is a warranty."""
    under = [facts[name].notna() for name in WARRANTIES if name in facts and facts[name].notna().any()]
    return [
        *(facts.get(name) for name in OF_PLACE),
        *(points.get(name) for name in OF_REPORT),
        facts["building_m"] == 0 if "building_m" in facts and facts["building_m"].notna().any() else None,
        epochs["epoch"],
        epochs["day"].where(np.logical_or.reduce(under)) if under else None,
    ]


def said(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """What verdicts say of the issues that they are given on, a row each."""
    owners = [verdict.owner for verdict in verdicts]
    people = [owner.person for owner in owners]
    columns = (
        [owner.role for owner in owners],
        [owner.post for owner in owners],
        [person.code if person else None for person in people],
        [person.name if person else None for person in people],
        [_rule(verdict) for verdict in verdicts],
    )
    return pd.DataFrame(dict(zip(SAID, columns, strict=True)), dtype=object)


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is stored."""
    return {
        "answers": [answer_as_json(answer) for answer in verdict.answers],
        "reasons": [reason_as_json(reason) for reason in verdict.reasons],
    }


def _rule(verdict: Verdict) -> str:
    return next((reason.rule for reason in verdict.reasons if reason.rule != "place"), "place")


def with_routes(points: pd.DataFrame, facts: pd.DataFrame, which: Rows, said: pd.DataFrame) -> pd.DataFrame:
    """The points with where they lie and who owns them, a column each, and the number of the verdict."""
    where = ("position", "leaf", "tier1", "tier2", "tier3", "outside_m", "boundary_m", "runner_up", "runner_up_m",
             "edition_id", "grid_id", "facility_id")  # fmt: skip
    found = facts[[name for name in where if name in facts]].rename(columns={"leaf": "grid"})
    kept = points.drop(columns=[name for name in (*found.columns, *SAID, "fault") if name in points])
    last = pd.DataFrame({name: [None] for name in SAID}, dtype=object)  # where -1 points to
    chosen = pd.concat([said, last]).iloc[which].set_index(points.index)
    return pd.concat([kept, found, chosen], axis=1).assign(verdict=which)
