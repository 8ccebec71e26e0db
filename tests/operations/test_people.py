"""A list of posts holds from a moment on, however often it is loaded; leaves come and go with the list of people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.operations.grids import export
from gridmap.storage import people as stored
from tests.estate import Estate
from tests.operations.conftest import NOW, Publisher

LATER = NOW + timedelta(days=30)
EVEN_LATER = LATER + timedelta(days=30)
UNCHANGED = {"added": 0, "ended": 0}


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture
def site(session: Session) -> Site:
    """A site with three people and no posts."""
    site = Site(code="WJ", name="WJ", metric_epsg=32651)
    session.add(site)
    session.flush()
    stored.write_people(session, site.id, pd.DataFrame({"code": ["A", "B", "C"], "name": ["a", "b", "c"]}), day(0))
    return site


def post(person: str, start: datetime | None = None, end: datetime | None = None, **more: Any) -> dict[str, Any]:
    return {
        "role": "grid_owner", "grid": "G1", "person": person, "specialty": None, "deputy": None,
        "valid_from": start, "valid_to": end, **more,
    }  # fmt: skip


def write(session: Session, site: Site, since: datetime, *rows: dict[str, Any]) -> dict[str, int]:
    columns = ["role", "grid", "person", "specialty", "deputy", "valid_from", "valid_to"]
    return stored.write_posts(session, site.id, pd.DataFrame(list(rows), columns=columns, dtype=object), since)


def held(session: Session) -> list[tuple[Any, ...]]:
    rows = session.execute(
        text("""
            select p.code, d.code, post.valid_from, post.valid_to from post join person p on p.id = person_id
            left join person d on d.id = deputy_id order by post.valid_from, p.code
        """)
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("role", ["grid_owner", "guard"])
def test_the_same_list_twice_changes_nothing_though_a_post_on_it_has_expired(
    session: Session, site: Site, role: str
) -> None:
    rows = [post("A", day(0), day(10), role=role), post("B", day(10), role=role), post("C", grid="G2", role=role)]
    assert write(session, site, day(0), *rows) == {"added": 3, "ended": 0}
    before = held(session)
    assert write(session, site, day(20), *rows) == UNCHANGED
    assert write(session, site, day(30), *rows) == UNCHANGED
    assert held(session) == before


def test_a_list_of_what_is_over_adds_nothing(session: Session, site: Site) -> None:
    assert write(session, site, day(20), post("A", day(0), day(20))) == UNCHANGED


def test_a_deputy_begins_with_the_list_that_names_him(session: Session, site: Site) -> None:
    write(session, site, day(0), post("A", day(0)))
    done = write(session, site, day(20), post("A", day(0), deputy="B"))
    assert done == {"added": 1, "ended": 1}
    assert held(session) == [("A", None, day(0), day(20)), ("A", "B", day(20), None)]


def test_a_post_takes_the_end_the_list_gives_it_and_loses_it_again(session: Session, site: Site) -> None:
    write(session, site, day(0), post("A", day(0)))
    assert write(session, site, day(20), post("A", day(0), day(40))) == UNCHANGED
    assert held(session) == [("A", None, day(0), day(40))]
    assert write(session, site, day(30), post("A")) == UNCHANGED
    assert held(session) == [("A", None, day(0), None)]


def test_a_post_that_has_not_begun_is_moved_or_never_was(session: Session, site: Site) -> None:
    write(session, site, day(0), post("A", day(0), day(50)), post("B", day(50)))
    assert write(session, site, day(20), post("A", day(0), day(60)), post("B", day(60))) == UNCHANGED
    assert held(session) == [("A", None, day(0), day(60)), ("B", None, day(60), None)]
    assert write(session, site, day(30), post("A", day(0))) == {"added": 0, "ended": 1}
    assert held(session) == [("A", None, day(0), None)]


def test_what_was_before_the_list_is_not_rewritten(session: Session, site: Site) -> None:
    write(session, site, day(0), post("A", day(0)))
    write(session, site, day(20), post("B", day(5)))
    assert held(session) == [("A", None, day(0), day(20)), ("B", None, day(20), None)]


def test_a_list_may_interrupt_a_post(session: Session, site: Site) -> None:
    write(session, site, day(0), post("A", day(0)))
    rows = [post("B", day(20), day(40)), post("A", day(40))]
    assert write(session, site, day(20), *rows) == {"added": 2, "ended": 1}
    assert held(session) == [
        ("A", None, day(0), day(20)), ("B", None, day(20), day(40)), ("A", None, day(40), None),
    ]  # fmt: skip
    assert write(session, site, day(30), *rows) == UNCHANGED


PERSONS = st.sampled_from([("A", None), ("B", None), ("A", "B"), ("B", "C")])


@st.composite
def lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Lists of posts of one grid in which nobody is in charge beside another."""
    ends = sorted(draw(st.sets(st.integers(1, 12), max_size=6)))
    rows = []
    for start, end in zip([0, *ends], [*ends, None], strict=True):
        if holder := draw(st.none() | PERSONS):
            rows.append(post(holder[0], day(start), day(end) if end else None, deputy=holder[1]))
    return draw(st.permutations(rows))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=lists(), second=lists(), begins=st.integers(0, 6), since=st.integers(0, 12))
def test_after_a_list_the_posts_are_those_before_it_and_its_own_from_then_on(
    session: Session, site: Site, first: list[dict[str, Any]], second: list[dict[str, Any]], begins: int, since: int
) -> None:
    def in_force() -> list[Any]:
        moments = [day(number) + timedelta(hours=12) for number in range(14)]
        return [
            [(fact.person.code, fact.deputy.code if fact.deputy else None) for fact in posts]
            for posts in (stored.posts_in_force(session, site.id, at) for at in moments)
        ]

    def said(rows: list[dict[str, Any]]) -> list[Any]:
        moments = [day(number) + timedelta(hours=12) for number in range(14)]
        return [
            [(r["person"], r["deputy"]) for r in rows
             if r["valid_from"] <= at and (r["valid_to"] is None or at < r["valid_to"])]
            for at in moments
        ]  # fmt: skip

    since = max(begins, since)
    with session.begin_nested() as undone:
        write(session, site, day(begins), *first)
        before = in_force()
        assert before[begins:] == said(first)[begins:]
        write(session, site, day(since), *second)
        assert in_force() == before[:since] + said(second)[since:]
        assert write(session, site, day(since), *second) == UNCHANGED
        undone.rollback()


# ---------------------------------------------------------------- leaves


def away(*rows: tuple[str, datetime | None, datetime | None]) -> pd.DataFrame:
    table = [{"code": code, "name": code.lower(), "away_from": start, "away_to": end} for code, start, end in rows]
    return pd.DataFrame(table, dtype=object)


def leaves(session: Session, site: Site) -> list[tuple[Any, ...]]:
    table = stored.people_list(session, site.id).astype(object)
    rows = table[table["away_from"].notna()][["code", "away_from", "away_to"]]
    return [tuple(row) for row in rows.to_numpy()]


def test_a_person_can_have_several_leaves_and_is_given_out_and_taken_in_with_them(
    session: Session, estate: Site, published: Publisher
) -> None:
    plan = Estate()
    first = plan.layers["people"].iloc[[0, 0]]
    twice = first.assign(away_from=["2026-07-01", "2026-08-01"], away_to=["2026-07-09", "2026-08-09"])
    plan.layers["people"] = pd.concat([twice, plan.layers["people"].iloc[1:]])
    published(plan, LATER)
    assert len(leaves(session, estate)) == 2
    again = Estate()
    again.layers["people"] = export(session, estate, "people", LATER)
    assert published(again, EVEN_LATER).written["people"] == {"added": 0, "changed": 27}
    assert len(leaves(session, estate)) == 2


def test_a_leave_that_is_no_longer_said_ends_and_what_was_of_it_stays(session: Session, site: Site) -> None:
    stored.write_people(
        session, site.id,
        away(("A", day(0), day(5)), ("A", day(8), day(20)), ("A", day(30), day(40)), ("B", day(8), day(20))), day(0),
    )  # fmt: skip
    stored.write_people(session, site.id, away(("A", None, None)), day(10))
    assert leaves(session, site) == [("A", day(0), day(5)), ("A", day(8), day(10)), ("B", day(8), day(20))]


def test_a_leave_takes_the_end_it_is_given_and_may_be_said_twice(session: Session, site: Site) -> None:
    stored.write_people(session, site.id, away(("A", day(8), day(20))), day(0))
    stored.write_people(session, site.id, away(("A", day(8), day(9)), ("A", day(8), day(15))), day(10))
    assert leaves(session, site) == [("A", day(8), day(15))]
