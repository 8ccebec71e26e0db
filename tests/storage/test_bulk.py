"""Rows that are copied come back as they were, and a copy that fails leaves nothing behind."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from gridmap.storage.bulk import arrow, copy_rows, indexed_at_the_end, new_ids, packed, stage

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)
MOMENTS = st.datetimes(datetime(1700, 1, 1), datetime(2250, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
VALUES = {
    "text": WORDS,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "float8": st.floats(allow_nan=False),
    "boolean": st.booleans(),
    "date": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "timestamptz": MOMENTS,
    "bytea": st.binary(max_size=20),
}
ROWS = st.lists(st.fixed_dictionaries({kind: st.none() | value for kind, value in VALUES.items()}), max_size=8)


@given(ROWS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_what_is_copied_comes_back_as_it_was(session: Session, rows: list[dict[str, object]]) -> None:
    frame = pd.DataFrame({kind: pd.Series([row[kind] for row in rows], dtype=object) for kind in VALUES})
    stage(session, "given", frame, {kind: kind for kind in VALUES})
    columns = ", ".join(f'"{kind}"' for kind in VALUES)
    found = session.execute(text(f"select {columns} from given order by n")).all()
    assert [{**row._mapping, "bytea": row.bytea and bytes(row.bytea)} for row in found] == [
        {**row, "bytea": row["bytea"] or (None if row["bytea"] is None else b"")} for row in rows
    ]


def test_shapes_and_json_come_back_as_they_were(session: Session) -> None:
    shapes = [shapely.Point(121.5, 31.25), None, shapely.box(0, 0, 1, 1)]
    frame = pd.DataFrame({"geom": pd.Series(shapes, dtype=object), "said": ['{"a": [1, "二"]}', None, "[]"]})
    stage(session, "given", frame, {"geom": "geometry", "said": "jsonb"})
    found = session.execute(text("select st_asewkt(geom), said from given order by n")).all()
    assert [tuple(row) for row in found] == [
        ("SRID=4326;POINT(121.5 31.25)", {"a": [1, "二"]}),
        (None, None),
        ("SRID=4326;POLYGON((1 0,1 1,0 1,0 0,1 0))", []),
    ]


def test_a_frame_without_rows_or_without_a_column_is_staged_too(session: Session) -> None:
    stage(session, "given", pd.DataFrame({"code": []}), {"code": "text", "name": "text"})
    assert session.execute(text("select count(*) from given")).scalar_one() == 0
    stage(session, "given", pd.DataFrame({"code": ["a"]}), {"code": "text", "name": "text"})
    assert tuple(session.execute(text("select n, code, name from given")).one()) == (0, "a", None)


def test_a_column_with_nothing_in_it_is_left_to_the_tables_default(session: Session) -> None:
    session.execute(text("create temporary table made (code text, state text default 'in_order') on commit drop"))
    columns = {name: arrow(pd.Series(values), "text") for name, values in {"code": ["a"], "state": [None]}.items()}
    copy_rows(session, packed("made", columns, {"code": "text", "state": "text"}))
    assert tuple(session.execute(text("select * from made")).one()) == ("a", "in_order")


def test_a_copy_that_is_refused_says_so_as_every_statement_does(session: Session) -> None:
    with pytest.raises(DataError, match="invalid byte sequence"), session.begin_nested():
        stage(session, "given", pd.DataFrame({"code": ["a\0b"]}), {"code": "text"})
    assert session.execute(text("select 1")).scalar_one() == 1


def test_numbers_are_handed_out_once(session: Session) -> None:
    first, second = new_ids(session, "issue", 5), new_ids(session, "issue", 1)
    assert (np.diff(first) == 1).all()
    assert second.tolist() == [first[-1] + 1]


def indexes(session: Session) -> set[str]:
    # PostgreSQL writes the same condition with other casts once an index has been made from its own words.
    told = "select regexp_replace(indexdef, ' WHERE .*', ' where …') from pg_indexes where tablename like 'issue%'"
    return set(session.execute(text(told)).scalars())


def test_indexes_that_were_away_are_there_at_the_end(session: Session) -> None:
    before = indexes(session)
    with indexed_at_the_end(session, "issue", "issue_event"):
        left = indexes(session)
        assert left < before
        assert all("UNIQUE" in definition for definition in left)
    assert indexes(session) == before


def test_indexes_that_were_away_are_there_again_when_something_fails(session: Session) -> None:
    before = indexes(session)
    with pytest.raises(ZeroDivisionError), session.begin_nested(), indexed_at_the_end(session, "issue"):
        raise ZeroDivisionError
    assert indexes(session) == before
