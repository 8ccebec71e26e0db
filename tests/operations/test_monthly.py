"""The monthly report says what its reader may see, as text on pages, in his language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError
from gridmap.operations.monthly import monthly
from tests.evaluated import HOUR, IN_MAY, Book
from tests.maps.printed import pages, size_mm, text

SEEN = datetime(2026, 6, 5, tzinfo=UTC)
HOSTILE = "#panic() *a* $x$ <script>alert(1)</script>"


@pytest.fixture
def book(session: Session, estate: Site) -> Book:
    """A month with issues done, late, left open and back again, rounds and answers."""
    book = Book(session, estate)
    book.households(**{"Z1-C1-1": 40, "Z1-C1-2": 40})
    for number in range(6):
        done = book.handled("Z1-C1-1", late=number == 0, handler="TOM", handler_role="technician")
        book.answer(done, 5 if number else 2)
    book.handled("Z2-C1-1", category="water_leak")
    book.issue("Z1-C1-2", code="WJ-LATE-1", status="in_progress", due={"resolved": IN_MAY + HOUR})
    book.issue("Z2-C1-1", code="WJ-LATE-2", status="in_progress", due={"resolved": IN_MAY + HOUR})
    book.round("Z1-C1-1", "P-Z1-C1-1", visited=3)
    return book


def reader(book: Book, role: str = "admin", *grids: str) -> Viewer:
    return Viewer(1, role, role, book.site.id, "WJ", grids or None)


def printed(book: Book, by: Viewer | None = None, language: str = "en", month: str = "2026-05", **said: Any) -> bytes:
    span = Span.read(month, "Asia/Shanghai")
    [content] = monthly(book.session, book.site, span, by or reader(book), said.get("at", SEEN), language)
    return content


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "zh-Hans",
            ("网格运行月报", "2026年5月", "本月考核指标", "逾期在办事项", "30天内同点复发", "一级网格", "电梯"),
        ),
        (
            "zh-Hant",
            ("網格運行月報", "2026年5月", "本月考核指標", "逾期在辦事項", "30天內同點復發", "一級網格", "電梯"),
        ),
        ("en", ("Monthlyreportofthegrids", "2026-05", "Indicatorsofthemonth", "Lateandstillopen", "Zones", "lift")),
    ],
)
def test_the_report_speaks_the_language_that_was_chosen(book: Book, language: str, said: tuple[str, ...]) -> None:
    found = text(printed(book, language=language))
    assert [word for word in said if word not in found] == []


def test_its_pages_are_numbered_sheets_of_a4_with_the_site_at_their_head(book: Book) -> None:
    content = printed(book)
    found = pages(content)
    assert size_mm(content) == (210, 297)
    assert all(f"{number}/{len(found)}" in page for number, page in enumerate(found, 1))
    assert all("望江花园" in page for page in found)


def test_its_figures_are_those_of_the_indicators(book: Book) -> None:
    found = text(printed(book))
    # Nine with a limit passed, six of them closed by it.
    assert "on-timeclosingrate6966.67%" in found
    assert "reported9" in found
    assert "75.0%" in found  # three of four checkpoints
    assert "83.3%" in found  # five of six satisfied


def test_what_is_late_and_open_is_listed_with_its_order_number(book: Book) -> None:
    late = text(printed(book)).partition("Lateandstillopen")[2].partition("Backatthesame")[0]
    assert "WJ-LATE-1Z1-C1-2lift" in late
    assert "WJ-LATE-2Z2-C1-1lift" in late


def test_what_came_back_at_one_place_is_counted(book: Book) -> None:
    book.handled("Z1-C1-1", at=IN_MAY + timedelta(days=2))
    back = text(printed(book)).partition("Backatthesame")[2]
    assert "liftZ1-C1-1" in back


def test_scores_are_for_those_who_may_see_them(book: Book) -> None:
    assert "Scoresandtheline" in text(printed(book))
    assert "Scoresandtheline" not in text(printed(book, reader(book, "dispatcher")))
    assert "Scoresandtheline" not in text(printed(book, reader(book, "analyst")))


def test_a_reader_of_a_part_is_told_of_that_part_alone(book: Book) -> None:
    found = text(printed(book, reader(book, "supervisor", "Z1-C1")))
    assert "WJ-LATE-1" in found
    assert "WJ-LATE-2" not in found
    assert "Z2-C1" not in found.partition("Zones")[2]


def test_what_people_wrote_is_printed_as_it_stands(book: Book) -> None:
    book.session.execute(sql("update site set name = :name"), {"name": HOSTILE})
    book.session.execute(sql("update grid set name = :name where tier = 1"), {"name": HOSTILE})
    book.session.expire_all()
    assert "#panic()*a*$x$<script>alert(1)</script>" in text(printed(book))


def test_a_month_that_lasts_is_said_to_last_and_one_to_come_is_refused(book: Book) -> None:
    early = datetime(2026, 5, 20, tzinfo=UTC)
    assert "Themonthisnotover" in text(printed(book, at=early))
    assert "Themonthisnotover" not in text(printed(book))
    with pytest.raises(FieldError, match="2026-07 has not begun"):
        printed(book, month="2026-07")
    with pytest.raises(FieldError, match="the report is of a month"):
        printed(book, month="2026-Q2")


def test_a_month_in_which_nothing_happened_is_printed_too(book: Book) -> None:
    assert "None." in text(printed(book, month="2026-02"))
