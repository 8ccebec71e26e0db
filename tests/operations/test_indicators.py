"""Figures of a site and a period, counted from what the store holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.frames import ISSUE_FACTS, ROUNDS
from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError
from gridmap.operations.indicators import BY, figures, read
from gridmap.storage import indicators as stored
from tests.estate import spot
from tests.evaluated import HOUR, IN_MAY, Book

MAY = Span.read("2026-05", "Asia/Shanghai")
SEEN = datetime(2026, 6, 5, tzinfo=UTC)


@pytest.fixture
def book(session: Session, estate: Site) -> Book:
    return Book(session, estate)


def told(
    book: Book, code: str, by: str = "site", span: Span = MAY, viewer: Viewer | None = None
) -> dict[str, tuple[float, float]]:
    """What an indicator counts of what, by subject."""
    found = figures(book.session, book.site, span, SEEN, by=by, codes=[code], viewer=viewer)
    return {row["subject"]: (row["numerator"], row["denominator"]) for row in found.to_dict("records")}


def facts(book: Book) -> pd.DataFrame:
    return stored.issue_facts(book.session, book.site.id, MAY.window(SEEN))


def test_the_frames_have_the_columns_that_indicators_are_counted_from(book: Book) -> None:
    book.handled()
    book.round("Z1-C1-1", "P-Z1-C1-1", visited=4)
    data = read(book.session, book.site, MAY.window(SEEN))
    ISSUE_FACTS.check(data.facts)
    ROUNDS.check(data.rounds)
    assert set(data.facts.columns) <= set(ISSUE_FACTS.columns)
    assert data.rounds[["tier1", "tier2", "tier3", "post"]].to_numpy().tolist() == [
        ["Z1", "Z1-C1", "Z1-C1-1", "grid_owner Z1-C1-1"]
    ]


def test_nothing_reported_is_no_figure_rather_than_a_fault(book: Book) -> None:
    for by in BY:
        assert told(book, "closing", by) == {}


def test_what_is_due_is_counted_by_whatever_it_is_divided(book: Book) -> None:
    book.handled("Z1-C1-1")
    book.handled("Z1-C1-1", late=True)
    book.handled("Z1-C2-1", category="drain", handler="TOM", handler_role="technician")
    book.issue("Z2-C1-1", status="in_progress", due={"resolved": IN_MAY + HOUR})
    assert told(book, "on_time_closing") == {"WJ": (2, 4)}
    assert told(book, "on_time_closing", "tier1") == {"Z1": (2, 3), "Z2": (0, 1)}
    assert told(book, "on_time_closing", "tier2") == {"Z1-C1": (1, 2), "Z1-C2": (1, 1), "Z2-C1": (0, 1)}
    assert told(book, "on_time_closing", "person") == {
        "P-Z1-C1-1": (1, 2), "P-Z1-C2-1": (1, 1), "P-Z2-C1-1": (0, 1)
    }  # fmt: skip
    assert told(book, "on_time_closing", "handler") == {"": (1, 3), "TOM": (1, 1)}
    assert told(book, "on_time_closing", "post")["grid_owner Z1-C1-1"] == (1, 2)
    assert told(book, "on_time_closing", "category") == {"drain": (1, 1), "lift": (1, 3)}
    assert told(book, "closing", "group") == {"equipment": (3, 4)}
    assert told(book, "on_site") == {"WJ": (2, 3)}


def test_a_limit_decides_in_which_month_something_is_due(book: Book) -> None:
    april, june = (IN_MAY + days * timedelta(days=1) for days in (-20, 30))
    book.issue(reported_at=april, status="filed", due={"resolved": IN_MAY})
    book.issue(reported_at=IN_MAY, status="filed", due={"resolved": june})
    book.issue(reported_at=april, status="filed", due={"resolved": april + HOUR})
    assert told(book, "closing") == {"WJ": (0, 1)}


def test_an_issue_that_came_with_its_limit_is_due_by_that(book: Book) -> None:
    book.issue(due_at=IN_MAY, closed_at=IN_MAY - HOUR, reported_at=IN_MAY - 2 * HOUR)
    book.issue(due_at=IN_MAY, status="reported", reported_at=IN_MAY - 2 * HOUR)
    assert told(book, "on_time_closing") == {"WJ": (1, 2)}


def test_what_a_computed_deadline_says_goes_before_the_limit_it_came_with(book: Book) -> None:
    """`due_at` is the next limit of any stamp: of an issue with deadlines it is not that for resolving."""
    book.issue(due_at=IN_MAY, due={"first_answer": IN_MAY}, status="filed")
    assert facts(book)["resolved_due"].isna().all()


def test_held_and_referred_issues_are_not_late(book: Book) -> None:
    due = {"resolved": IN_MAY + HOUR}
    book.issue(status="on_hold", held_at=IN_MAY, due=due)
    book.issue(status="referred", held_at=IN_MAY, due=due, look_at=SEEN + HOUR)
    book.issue(status="closed", present='{"referral": {"body": "gas company"}}', due=due, closed_at=IN_MAY + 2 * HOUR)
    assert told(book, "closing") == {}
    assert told(book, "referred") == {"WJ": (1, 1)}


def test_whoever_finds_what_he_handles_is_shown_apart(book: Book) -> None:
    book.handled(reporter="P-Z1-C1-1")
    book.handled(handler="TOM", handler_role="technician", reporter="TOM")
    book.handled(reporter="GUS")
    assert told(book, "on_time_closing") == {"WJ": (1, 1)}
    assert told(book, "self_made") == {"WJ": (2, 3)}
    assert told(book, "self_made_in_time") == {"WJ": (2, 2)}


def test_a_finding_of_his_own_inspection_is_self_made(book: Book) -> None:
    issue = book.handled()
    book.session.execute(
        text("""
            with who as (
                insert into account (name, role, site_id, created_at) values ('walker', 'grid_owner', :site, now())
                returning id
            ), form as (
                insert into inspection (uid, site_id, subject, account_id, person_id, at, received_at, passed, geom)
                select 'u', :site, 3, who.id, :person, :at, :at, false, st_setsrid(st_makepoint(121.5, 31.25), 4326)
                from who returning id
            ) insert into inspection_answer (inspection_id, subject, item, value, passed, issue_id)
            select id, 3, 'fire_door', 'false', false, :issue from form
        """),
        {"site": book.site.id, "person": book.person("P-Z1-C1-1"), "at": IN_MAY, "issue": issue},
    )
    assert told(book, "self_made") == {"WJ": (1, 1)}


def test_the_last_answer_in_the_period_is_the_one_that_counts(book: Book) -> None:
    issue = book.handled(satisfaction=2)
    book.answer(issue, 1, IN_MAY)
    book.answer(issue, 5, IN_MAY + HOUR)
    book.answer(issue, 2, datetime(2026, 6, 2, tzinfo=UTC))
    book.handled(satisfaction=5)
    assert told(book, "satisfaction") == {"WJ": (2, 2)}
    assert told(book, "satisfaction", span=MAY.after()) == {"WJ": (0, 1)}


def test_what_came_back_counts_in_the_month_it_came_back(book: Book) -> None:
    issue = book.handled(at=IN_MAY - timedelta(days=60), status="filed", closed_at=None, reopens=1)
    book.session.execute(
        text("insert into issue_event (issue_id, at, action, status) values (:issue, :at, 'reopen', 'filed')"),
        {"issue": issue, "at": IN_MAY},
    )
    book.handled()
    assert told(book, "reopen") == {"WJ": (1, 2)}
    assert told(book, "reopen", span=MAY.after()) == {}


def test_what_was_reported_just_before_the_period_is_seen_to_come_back(book: Book) -> None:
    book.handled(at=datetime(2026, 4, 25, tzinfo=UTC))
    book.handled(at=datetime(2026, 5, 2, tzinfo=UTC))
    book.handled(at=datetime(2026, 5, 3, tzinfo=UTC), place=spot(2.5, 2.5))
    assert told(book, "recurrence") == {"WJ": (1, 2)}


def test_complaints_are_held_against_households(book: Book) -> None:
    book.households(Z1_C1_1=150, Z1_C1_2=50, Z1_C2_1=100)
    book.issue("Z1-C1-1", kind="complaint", category="noise")
    book.issue("Z1-C1-2", kind="complaint", category="noise")
    assert told(book, "complaints", "tier3") == {"Z1-C1-1": (1, 1.5), "Z1-C1-2": (1, 0.5), "Z1-C2-1": (0, 1)}
    assert told(book, "complaints", "tier2") == {"Z1-C1": (2, 2), "Z1-C2": (0, 1)}
    assert told(book, "complaints") == {"WJ": (2, 3)}
    assert told(book, "complaints", "category") == {"noise": (2, 3)}
    by_person = told(book, "complaints", "person")
    assert (by_person["P-Z1-C1-1"], by_person["P-Z1-C1"], by_person["P-Z1"]) == ((1, 1.5), (0, 2), (0, 3))


def test_work_is_held_against_those_who_own_it(book: Book) -> None:
    for leaf in ("Z1-C1-1", "Z1-C1-1", "Z1-C1-2"):
        book.issue(leaf)
    book.issue("Z1-C1-2", owner=None)
    assert told(book, "workload", "tier2") == {"Z1-C1": (3, 2)}
    assert told(book, "workload", "person") == {"P-Z1-C1-1": (2, 1), "P-Z1-C1-2": (1, 1)}


def test_rounds_are_counted_by_ground_and_by_who_walks_them(book: Book) -> None:
    book.round("Z1-C1-1", "P-Z1-C1-1", visited=4)
    book.round("Z1-C1-1", "P-Z1-C1-1", visited=1)
    book.round("Z1-C2-1", "P-Z1-C2-1", visited=0)
    assert told(book, "patrol_completion", "tier2") == {"Z1-C1": (1, 2), "Z1-C2": (0, 1)}
    assert told(book, "patrol_coverage", "person") == {"P-Z1-C1-1": (5, 8), "P-Z1-C2-1": (0, 4)}
    assert told(book, "patrol_completion", "category") == {}


def test_a_figure_stands_beside_those_of_the_month_and_the_year_before(book: Book) -> None:
    book.handled()
    book.handled(at=IN_MAY - timedelta(days=30), late=True)
    book.handled(at=IN_MAY - timedelta(days=365))
    row = figures(book.session, book.site, MAY, SEEN, codes=["on_time_closing"]).iloc[0]
    assert (row["value"], row["before"], row["before_direction"]) == (1, 0, "up")
    assert (row["year_before"], row["year_before_direction"]) == (1, "same")


def test_charged_is_whoever_held_the_post_then_and_not_who_holds_it_now(book: Book) -> None:
    book.handled(owner="P-Z1-C1-2")
    book.session.execute(text("update post set valid_to = '2026-05-20' where grid_code = 'Z1-C1-1'"))
    assert told(book, "closing", "person") == {"P-Z1-C1-2": (1, 1)}


@pytest.mark.parametrize(("by", "codes"), [("moon", ["closing"]), ("site", ["happiness"])])
def test_what_there_is_not_is_refused_with_what_there_is(book: Book, by: str, codes: list[str]) -> None:
    with pytest.raises(FieldError, match=r"tier1|closing"):
        figures(book.session, book.site, MAY, SEEN, by=by, codes=codes)


# ---------------------------------------------------------------- who sees what


def viewer(book: Book, role: str, grids: tuple[str, ...] | None = None, person: str | None = None) -> Viewer:
    return Viewer(1, role, role, book.site.id, "WJ", grids, book.person(person), person)


def test_a_grid_owner_is_shown_his_own_ground_and_no_part_of_a_larger_one(book: Book) -> None:
    book.handled("Z1-C1-1")
    book.handled("Z1-C1-2", late=True)
    his = viewer(book, "grid_owner", ("Z1-C1-1",))
    assert told(book, "on_time_closing", "tier3", viewer=his) == {"Z1-C1-1": (1, 1)}
    assert told(book, "on_time_closing", "tier2", viewer=his) == {}
    assert told(book, "on_time_closing", viewer=his) == {"WJ": (1, 1)}


def test_a_contractor_is_shown_his_own_figures_and_nobody_elses(book: Book) -> None:
    book.handled(handler="EVE", handler_role="contractor")
    book.handled(handler="TOM", handler_role="contractor")
    his = viewer(book, "contractor", person="EVE")
    assert told(book, "on_time_closing", viewer=his) == {"WJ": (1, 1)}
    assert told(book, "on_time_closing", "handler", viewer=his) == {"EVE": (1, 1)}
    assert told(book, "on_time_closing", "person", viewer=his) == {}


def test_nobodys_figures_hold_a_complaint_about_himself_for_his_own_eyes(book: Book) -> None:
    book.issue("Z1-C1-1", kind="complaint", category="service", about_id=book.person("P-Z1-C1-1"))
    his = viewer(book, "grid_owner", ("Z1-C1-1",), "P-Z1-C1-1")
    assert told(book, "workload", viewer=his) == {}
    assert told(book, "workload", viewer=viewer(book, "head")) == {"WJ": (1, 1)}
