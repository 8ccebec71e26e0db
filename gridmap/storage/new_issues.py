"""Issues as they come in, by the thousand or the million: copied into the store with their first line of history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gridmap.errors import StoreError
from gridmap.storage.bulk import (
    Copy,
    arrow,
    came_twice,
    constant,
    copy_rows,
    indexed_at_the_end,
    new_ids,
    packed,
    points,
    without_triggers,
)

# The columns of a routed report that are stored as they are.
GIVEN = {
    "kind": "text", "urgency": "text", "status": "text", "source": "text", "reference": "text", "text": "text",
    "level": "text", "accuracy_m": "float8", "extent_m": "float8", "facility_id": "bigint",
    "reported_at": "timestamptz", "due_at": "timestamptz", "closed_at": "timestamptz", "position": "text",
    "edition_id": "bigint", "grid_id": "bigint", "tier1": "text", "tier2": "text", "tier3": "text",
    "decision_id": "bigint", "owner_role": "text", "owner_grid": "text",
}  # fmt: skip
# Those that are made here.
MADE = {
    "id": "bigint", "code": "text", "site_id": "bigint", "category_id": "bigint", "about_id": "bigint",
    "owner_id": "bigint", "received_at": "timestamptz", "geom": "geometry", "closed_as": "text",
}  # fmt: skip
EVENT = {"issue_id": "bigint", "at": "timestamptz", "action": "text", "status": "text", "data": "jsonb"}
# What the line of the report says, beside the columns of the issue itself.
SAID = "said"
# What an issue points to. Whoever deletes from these tables must hold the site alone.
PARENTS = {
    "site_id": "site", "category_id": "category", "facility_id": "facility", "about_id": "person",
    "edition_id": "edition", "grid_id": "grid", "decision_id": "decision", "owner_id": "person",
}  # fmt: skip
# From so many rows on, what they point to is looked at for all of them at once.
MANY = 200
# What a report is known by.
UNIQUE = ("source", "reference")
# Of so many issues whoever listens is told one by one; of more, to read again.
MOST_TOLD = 1000
# A file of so many rows, and so many times what is stored already, is stored in one go.
LARGE, LARGER = 100_000, 4
Columns = dict[str, Any]


@dataclass
class Sources:
    """Which sources had reported to a site before: references of the others need not be looked for.

    `unseen` while another transaction holds all issues for itself: what is stored shows when it is written again.
    """

    unseen: bool = False
    known: dict[str, bool] = field(default_factory=dict)

    def had_reported(self, session: Session, site_id: int, names: Iterable[str]) -> bool:
        names = set() if self.unseen else set(names)
        query = text("select exists (select 1 from issue where site_id = :site_id and source = :source)")
        for name in names - set(self.known):
            self.known[name] = bool(session.execute(query, {"site_id": site_id, "source": name}).scalar_one())
        return any(self.known[name] for name in names)


@dataclass
class Prepared:
    """Reports as they will be stored: columns of the table, and which row of the batch each came from."""

    site_id: int
    n: NDArray[np.intp]
    issues: Columns

    @cached_property
    def copies(self) -> tuple[Copy, ...]:
        """The issues and the first lines of their history, packed by the thread that writes them."""
        issues = {name: array for name, array in self.issues.items() if name != SAID}
        return packed("issue", issues, GIVEN | MADE), packed("issue_event", _first_lines(self.issues), EVENT)

    def without(self, known: NDArray[np.bool_]) -> Prepared:
        left = {name: array.filter(pa.array(~known)) for name, array in self.issues.items()}
        return Prepared(self.site_id, self.n[~known], left)


def prepare_issues(
    session: Session, site_id: int, site_code: str, routed: pd.DataFrame, received_at: Any, sources: Sources
) -> Prepared:
    """All of storing but the writing: routed reports with their numbers, without those that are known to be stored."""
    rows = routed.assign(n=np.arange(len(routed)))
    if "reference" in rows:
        rows = rows[~(rows["reference"].notna() & rows.duplicated(["source", "reference"]))]
        if sources.had_reported(session, site_id, rows["source"].unique()):
            rows = rows[~_known(session, site_id, rows["source"], rows["reference"])]
    issues = _as_stored(session, site_id, site_code, rows, received_at) if len(rows) else {}
    return Prepared(site_id, rows["n"].to_numpy(), issues)


def write_issues(session: Session, prepared: Prepared) -> pd.DataFrame:
    """Store routed reports with their first line of history; those that somebody has stored meanwhile are left alone.

    Returns `n` (the row's position among the routed), `id` and `code` of the new ones.
    """
    while len(prepared.n):
        try:
            with session.begin_nested():
                _copy(session, prepared)
            break
        except IntegrityError as error:
            if not came_twice(error):
                raise
            known = _known(session, prepared.site_id, *(prepared.issues[key].to_pandas() for key in UNIQUE))
            if not known.any():
                raise
            prepared = prepared.without(known)
    if not len(prepared.n):
        return pd.DataFrame({"n": [], "id": [], "code": []})
    _tell(session, prepared.issues["code"])
    ids, codes = prepared.issues["id"].to_numpy(), prepared.issues["code"].to_pylist()
    return pd.DataFrame({"n": prepared.n, "id": ids, "code": codes})


def _known(session: Session, site_id: int, sources: pd.Series[Any], references: pd.Series[Any]) -> NDArray[np.bool_]:
    """Which reports are stored, by the references their sources gave them."""
    known = np.zeros(len(references), dtype=bool)
    query = text("""
        select reference from issue where site_id = :site_id and source = :source and reference = any(:references)
    """)
    for source in sources.unique():
        asked = (sources == source) & references.notna()
        values = {"site_id": site_id, "source": source, "references": references[asked].tolist()}
        found = set(session.execute(query, values).scalars()) if values["references"] else set()
        known |= (asked & references.isin(found)).to_numpy(dtype=bool)
    return known


def _as_stored(session: Session, site_id: int, site_code: str, rows: pd.DataFrame, received_at: Any) -> Columns:
    """The rows as columns of the table."""
    count = len(rows)
    ids = new_ids(session, "issue", count)
    about = rows["about"] if "about" in rows else pd.Series(None, rows.index, dtype=object)
    people = _ids_of_people(session, site_id, {*rows["owner"].dropna().unique(), *about.dropna().unique()})
    return {
        **{name: arrow(rows[name], kind) for name, kind in GIVEN.items() if name in rows and rows[name].notna().any()},
        "id": pa.array(ids),
        "code": codes_of(site_code, ids),
        "site_id": constant(site_id, "bigint", count),
        "category_id": _looked_up(rows["category"], _ids_of_categories(session, site_id)),
        "about_id": _looked_up(about, people),
        "owner_id": _looked_up(rows["owner"], people),
        "received_at": constant(received_at, "timestamptz", count),
        "geom": points(rows["lon"].to_numpy(float), rows["lat"].to_numpy(float)),
        **_closed_as(rows["status"]),
        **({SAID: arrow(rows[SAID], "jsonb")} if SAID in rows else {}),
    }


def _closed_as(status: pd.Series[Any]) -> Columns:
    """How what has ended elsewhere has ended, where its status says so: of what is closed nobody knows."""
    known = status.where(status.isin(["void", "merged"]))
    return {"closed_as": arrow(known, "text")} if known.notna().any() else {}


def codes_of(site_code: str, ids: NDArray[np.int64]) -> Any:
    """The codes of issues, of six digits or more."""
    digits = pc.utf8_lpad(pa.array(ids).cast(pa.large_string()), 6, "0")
    site, dash = (pa.scalar(part, pa.large_string()) for part in (site_code, "-"))
    return pc.binary_join_element_wise(site, digits, dash)


def _ids_of_categories(session: Session, site_id: int) -> dict[str, int]:
    rows = session.execute(
        text("select code, id from category where site_id is null or site_id = :site_id order by site_id nulls first"),
        {"site_id": site_id},
    )
    return {row.code: row.id for row in rows}


def _ids_of_people(session: Session, site_id: int, codes: set[str]) -> dict[str, int]:
    """The rows of people, each looked up once in a transaction."""
    known: dict[str, int] = session.info.setdefault(("people", site_id), {})
    asked = [code for code in codes if code not in known]
    rows = session.execute(
        text("select code, id from person where site_id = :site_id and code = any(:codes)"),
        {"site_id": site_id, "codes": asked},
    )
    known.update((row.code, row.id) for row in rows)
    return known


def _looked_up(names: pd.Series[Any], ids: Mapping[str, int]) -> Any:
    places, distinct = pd.factorize(names)
    return pa.array([ids.get(name) for name in distinct], pa.int64()).take(pa.array(places, mask=places < 0))


# ---------------------------------------------------------------- writing


def _copy(session: Session, prepared: Prepared) -> None:
    if len(prepared.n) < MANY:
        copy_rows(session, *prepared.copies)
        return
    with without_triggers(session) as unchecked:
        if unchecked:
            _check_parents(session, prepared.issues)
        copy_rows(session, *prepared.copies)


def _first_lines(issues: Columns) -> Columns:
    """The lines that histories begin with: the report, and how it ended if it has."""
    ids, status, reported = issues["id"], issues["status"], issues["reported_at"]
    closed_at = issues.get("closed_at", pa.nulls(len(ids), reported.type))
    ended = closed_at.is_valid()
    how = status.filter(ended)
    ending = pc.if_else(pc.equal(how, "void"), "void", pc.if_else(pc.equal(how, "merged"), "merge", "close"))
    return {
        "issue_id": pa.concat_arrays([ids, ids.filter(ended)]),
        "at": pa.concat_arrays([reported, closed_at.filter(ended)]),
        "action": pa.concat_arrays([constant("report", "text", len(ids)), ending.cast(status.type)]),
        "status": pa.concat_arrays([pc.if_else(ended, pa.scalar("reported", status.type), status), how]),
        **({"data": pa.concat_arrays([issues[SAID], pa.nulls(len(how), issues[SAID].type)])} if SAID in issues else {}),
    }


def write_deadlines(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the first deadlines of issues that have just been stored."""
    if not rows:
        return
    session.execute(
        text("""
            insert into deadline (issue_id, stamp, started_at, due_at, provisional, rule)
            select * from json_to_recordset(cast(:rows as json)) as d (
                issue_id bigint, stamp text, started_at timestamptz, due_at timestamptz, provisional bool, rule jsonb
            )
        """),
        {"rows": json.dumps(rows, default=str)},
    )


def _check_parents(session: Session, issues: Columns) -> None:
    """What the foreign keys promise, asked once in a transaction for each thing that is pointed to."""
    asked: dict[str, set[int]] = {}
    for column, table in PARENTS.items():
        if column in issues:
            asked.setdefault(table, set()).update(pc.unique(issues[column].drop_null()).to_pylist())
    for table, ids in asked.items():
        seen = session.info.setdefault(("pointed to", table), set())
        ids -= seen
        seen |= ids
    counts = ", ".join(
        f"(select count(*) from unnest(cast(:{table} as bigint[])) as asked (id) join {table} using (id))"
        for table in asked
    )
    found = session.execute(text(f"select {counts}"), {table: list(ids) for table, ids in asked.items()}).one()
    for (table, ids), count in zip(asked.items(), found, strict=True):
        if count != len(ids):
            raise StoreError(f"{len(ids) - count} rows of {table} went while reports were stored: report them again")


def _tell(session: Session, codes: Any) -> None:
    """Say what is new to whoever listens, once it is committed."""
    if len(codes) > MOST_TOLD:
        session.execute(text("select pg_notify('gridmap', json_build_object('kind', 'resync')::text)"))
        return
    told = text("""
        select pg_notify('gridmap', json_build_object('kind', 'issue', 'code', code)::text)
        from unnest(cast(:codes as text[])) as code
    """)
    session.execute(told, {"codes": codes.to_pylist()})


# ---------------------------------------------------------------- very many


def worth_one_go(session: Session, rows: int | None) -> bool:
    """Whether so many rows are stored sooner if the indexes are built after them."""
    if rows is None or rows < LARGE:
        return False
    stored = text("select count(*) from (select from issue limit :most) as stored")
    return int(session.execute(stored, {"most": rows // LARGER + 1}).scalar_one()) <= rows // LARGER


@contextmanager
def in_one_go(session: Session) -> Iterator[None]:
    """Very many issues are stored in here, all or none: nobody else sees or adds issues until it is committed."""
    with indexed_at_the_end(session, "issue", "issue_event"):
        yield
