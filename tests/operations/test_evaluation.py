"""Scores of people, and what closing a period means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmap.domain.evaluation import Weighing
from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.errors import ConflictError, FieldError, RefusedError
from gridmap.operations import evaluation
from gridmap.operations.evaluation import Standing
from tests.evaluated import IN_MAY, Book

MAY = Span.read("2026-05", "Asia/Shanghai")
SEEN = datetime(2026, 6, 5, tzinfo=UTC)
OWNER = ("grid_owner", "P-Z1-C1-1")


@pytest.fixture
def book(session: Session, estate: Site) -> Book:
    return Book(session, estate)


def scored(book: Book, span: Span = MAY, at: datetime = SEEN) -> dict[tuple[str, str], Standing]:
    return {(each.role, each.person): each for each in evaluation.scores(book.session, book.site, span, at)}


def only(book: Book, role: str = "grid_owner", indicator: str = "on_time_closing") -> None:
    """Let one indicator alone count for a role."""
    evaluation.weigh(book.session, book.site, role, [Weighing(role, indicator, 100, 1.0, 0.0)])


def test_owners_handlers_and_those_above_are_each_charged_with_what_was_theirs(book: Book) -> None:
    book.handled("Z1-C1-1", handler="TOM", handler_role="technician")
    book.handled("Z1-C1-2", late=True)
    found = scored(book)
    on_time = {
        who: next(
            ((line.numerator, line.denominator) for line in each.lines if line.indicator == "on_time_closing"), None
        )
        for who, each in found.items()
    }
    assert on_time == {
        ("grid_owner", "P-Z1-C1-1"): (1, 1), ("grid_owner", "P-Z1-C1-2"): (0, 1), ("technician", "TOM"): (1, 1),
        ("supervisor", "P-Z1-C1"): (1, 2), ("coordinator", "P-Z1"): (1, 2),
    }  # fmt: skip


def test_a_supervisor_is_charged_with_what_came_in_while_he_held_the_post(book: Book) -> None:
    book.session.execute(text("update post set valid_to = :at where grid_code = 'Z1-C1'"), {"at": IN_MAY})
    book.session.execute(
        text("""
            insert into post (site_id, role, grid_code, person_id, valid_from)
            values (:site, 'supervisor', 'Z1-C1', :person, :at)
        """),
        {"site": book.site.id, "person": book.person("EVE"), "at": IN_MAY},
    )
    book.handled(at=IN_MAY - timedelta(days=1), late=True)
    book.handled(at=IN_MAY + timedelta(days=1))
    found = scored(book)
    shares = {
        person: next(line.value for line in found["supervisor", person].lines if line.indicator == "on_time_closing")
        for person in ("P-Z1-C1", "EVE")
    }
    assert shares == {"P-Z1-C1": 0, "EVE": 1}


def test_points_are_weighed_as_the_site_says(book: Book) -> None:
    only(book)
    book.handled()
    book.handled(late=True)
    standing = scored(book)[OWNER]
    assert (standing.total, standing.line, standing.below, standing.months_below) == (50, 80, True, 1)
    evaluation.weigh(book.session, book.site, "grid_owner", [Weighing("grid_owner", "closing", 1, 1.0)], line=40)
    standing = scored(book)[OWNER]
    assert (standing.total, standing.line, standing.below) == (100, 40, False)
    evaluation.weigh(book.session, book.site, "grid_owner", [])
    assert len(scored(book)[OWNER].lines) > 2


def test_complaints_are_held_against_the_base_period(book: Book) -> None:
    only(book, "supervisor", "complaints")
    evaluation.weigh(book.session, book.site, "supervisor", [Weighing("supervisor", "complaints", 10, None, None)])
    book.households(Z1_C1_1=100)
    for number in range(3):
        book.issue(kind="complaint", category="noise", reported_at=IN_MAY + timedelta(hours=number))
    for number in range(2):
        book.issue(kind="complaint", category="noise", reported_at=IN_MAY - timedelta(days=365, hours=number))
    line = scored(book)["supervisor", "P-Z1-C1"].lines[0]
    assert (line.value, line.target, line.points) == (3, 2, 5)


def test_a_closed_period_stays_as_it_was_whatever_happens_to_its_issues(book: Book) -> None:
    only(book)
    late = book.handled(late=True)
    closed = evaluation.close_period(book.session, book.site, MAY, SEEN)
    before = scored(book)
    assert {(each.role, each.person): each for each in closed} == before
    book.session.execute(
        text("update issue set resolved_at = reported_at, closed_at = reported_at where id = :id"), {"id": late}
    )
    book.handled()
    evaluation.weigh(book.session, book.site, "grid_owner", [Weighing("grid_owner", "closing", 1, 1.0)], line=0)
    assert scored(book) == before


@pytest.mark.parametrize("table", ["period", "score"])
def test_nobody_changes_a_frozen_score_behind_its_back(book: Book, table: str) -> None:
    book.handled()
    evaluation.close_period(book.session, book.site, MAY, SEEN)
    with pytest.raises(DBAPIError, match="a period that is closed stays as it was"):
        book.session.execute(text(f"delete from {table}"))


def test_a_period_is_closed_once_and_not_before_it_is_over(book: Book) -> None:
    with pytest.raises(RefusedError, match="is not over before 2026-06-01"):
        evaluation.close_period(book.session, book.site, MAY, IN_MAY)
    evaluation.close_period(book.session, book.site, MAY, SEEN)
    with pytest.raises(ConflictError, match="2026-05 is closed since 2026-06-05"):
        evaluation.close_period(book.session, book.site, MAY, SEEN)
    with pytest.raises(FieldError, match="months and quarters"):
        evaluation.close_period(book.session, book.site, Span.read("2026-W20", "Asia/Shanghai"), SEEN)


def test_months_in_a_row_below_the_line_are_counted_and_a_good_one_ends_the_row(book: Book) -> None:
    only(book)
    for month, late in ((1, True), (2, False), (3, True), (4, True), (5, True)):
        book.handled(at=datetime(2026, month, 10, tzinfo=UTC), late=late)
        span = Span.read(f"2026-{month:02d}", "Asia/Shanghai")
        if month < 5:
            evaluation.close_period(book.session, book.site, span, SEEN)
    assert scored(book)[OWNER].months_below == 3
    assert scored(book, MAY.before().before())[OWNER].months_below == 1


def test_a_month_that_was_never_closed_breaks_the_row(book: Book) -> None:
    only(book)
    for month in (3, 5):
        book.handled(at=datetime(2026, month, 10, tzinfo=UTC), late=True)
    evaluation.close_period(book.session, book.site, MAY.before().before(), SEEN)
    assert scored(book)[OWNER].months_below == 1


def test_what_is_typed_in_counts_for_somebody_or_for_everybody(book: Book) -> None:
    evaluation.weigh(book.session, book.site, "grid_owner", [Weighing("grid_owner", "cleaners", 100, 1.0, 0.5)])
    book.handled("Z1-C1-1")
    book.handled("Z1-C1-2")
    evaluation.enter(book.session, book.site, MAY, "cleaners", 8, 10, at=SEEN)
    evaluation.enter(book.session, book.site, MAY, "cleaners", 6, 10, at=SEEN, person="P-Z1-C1-2")
    evaluation.enter(book.session, book.site, MAY, "cleaners", 9, 10, at=SEEN, person="P-Z1-C1-2")
    found = scored(book)
    # Only who is evaluated by something else, too, is evaluated at all.
    assert (found[OWNER].total, found["grid_owner", "P-Z1-C1-2"].total) == pytest.approx((60, 80))


def test_accidents_of_the_months_make_those_of_the_quarter(book: Book) -> None:
    quarter = Span.read("2026-Q2", "Asia/Shanghai")
    book.handled()
    for month in ("2026-04", "2026-05"):
        evaluation.enter(book.session, book.site, Span.read(month, "Asia/Shanghai"), "accidents", 1, at=SEEN)
    lines = scored(book, quarter)["coordinator", "P-Z1"].lines
    assert [(line.value, line.points) for line in lines if line.indicator == "accidents"] == [(2, 0)]


def test_nothing_is_typed_into_a_closed_period(book: Book) -> None:
    evaluation.close_period(book.session, book.site, MAY, SEEN)
    with pytest.raises(ConflictError, match="stays as it was"):
        evaluation.enter(book.session, book.site, MAY, "accidents", 1, at=SEEN)


@pytest.mark.parametrize(
    ("indicator", "numerator", "denominator", "person"),
    [
        ("closing", 1, 1, None),
        ("accidents", -1, 1, None),
        ("cleaners", 1, 0, None),
        ("accidents", 1, 1, "NOBODY"),
        ("accidents", float("nan"), 1, None),
        ("cleaners", 1, float("inf"), None),
    ],
)
def test_what_cannot_be_typed_in_is_refused(
    book: Book, indicator: str, numerator: float, denominator: float, person: str | None
) -> None:
    with pytest.raises(FieldError):
        evaluation.enter(book.session, book.site, MAY, indicator, numerator, denominator, at=SEEN, person=person)


@pytest.mark.parametrize(
    "rows",
    [
        [Weighing("guard", "luck", 1, 1.0)],
        [Weighing("guard", "closing", 0, 1.0)],
        [Weighing("guard", "closing", float("nan"), 1.0)],
        [Weighing("guard", "closing", 1, float("inf"))],
        [Weighing("guard", "closing", 1, 1.0), Weighing("guard", "closing", 2, 1.0)],
    ],
)
def test_weights_that_mean_nothing_are_refused(book: Book, rows: list[Weighing]) -> None:
    before = evaluation.weights(book.session, book.site)
    with pytest.raises(FieldError):
        evaluation.weigh(book.session, book.site, "guard", rows)
    assert evaluation.weights(book.session, book.site) == before
