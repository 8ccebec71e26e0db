"""Forms are filled with what their reader may see, and print as pages, tables and workbooks."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.events import EVENT_NAMES
from gridmap.domain.lifecycle import EVENTS
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, NotFoundError
from gridmap.operations import forms
from gridmap.operations.papers import Paper, html, written
from tests.evaluated import HOUR, IN_MAY, Book

SEEN = datetime(2026, 6, 5, tzinfo=UTC)


@pytest.fixture
def book(session: Session, estate: Site) -> Book:
    return Book(session, estate)


def viewer(
    book: Book, role: str = "dispatcher", grids: tuple[str, ...] | None = None, person: str | None = None
) -> Viewer:
    return Viewer(1, role, role, book.site.id, "WJ", grids, book.person(person), person)


def filled(book: Book, name: str, reader: Viewer | None = None, language: str = "en", **asked: str) -> Paper:
    if name != "work_order":
        asked.setdefault("period", "2026-05")
    return forms.paper(name, book.session, book.site, reader or viewer(book), SEEN, language, **asked)


def rows(paper: Paper) -> list[dict[str, object]]:
    return [dict(zip(paper.columns, row, strict=True)) for row in paper.rows]


def reported(book: Book, **said: object) -> str:
    """An issue with a reporter, by its code."""
    issue = book.handled(text="电梯不动", handler="TOM", handler_role="technician", **said)  # type: ignore[arg-type]
    book.session.execute(
        text("insert into reporter (issue_id, name, phone) values (:issue, 'Li', '13700000000')"), {"issue": issue}
    )
    return str(book.one("select code from issue where id = :issue", issue=issue))


def test_a_work_order_says_where_what_by_when_and_whom_to_call(book: Book) -> None:
    answers = dict(filled(book, "work_order", issue=reported(book)).rows)
    assert answers["what it is about"] == "电梯不动"
    assert answers["reported by"] == "Li 13700000000"
    assert answers["place"] == "Z1-C1-1"
    assert answers["due"] == "2026-05-10 12:00"
    assert answers["owner"] == "grid owner name of P-Z1-C1-1"


def test_who_may_not_know_the_reporter_does_not_print_him(book: Book) -> None:
    code = reported(book)
    paper = filled(book, "work_order", viewer(book, "admin"), issue=code)
    assert dict(paper.rows)["reported by"] == ""
    assert "13700000000" not in html(paper)


def test_who_may_not_see_an_issue_prints_no_order_of_it(book: Book) -> None:
    code = reported(book)
    with pytest.raises(NotFoundError, match=f"there is no issue {code} here"):
        filled(book, "work_order", viewer(book, "grid_owner", ("Z1-C1-2",)), issue=code)


def test_the_stewards_log_has_the_orders_of_his_ground(book: Book) -> None:
    book.handled("Z1-C1-1", handler="TOM", handler_role="technician")
    book.handled("Z1-C1-2")
    found = rows(filled(book, "stewards_log", viewer(book, "grid_owner", ("Z1-C1-1",))))
    assert [(row["grid"], row["taken by"], row["progress"]) for row in found] == [
        ("Z1-C1-1", "technician name of TOM", "closed")
    ]
    assert found[0]["finished at"] == "2026-05-10 11:00"
    assert len(rows(filled(book, "stewards_log"))) == 2
    assert len(rows(filled(book, "stewards_log", grid="Z1-C1-2"))) == 1


def test_the_cleaning_record_has_what_cleaning_was_told_of_and_whether_it_was_put_right(book: Book) -> None:
    book.handled(category="litter", reworks=2)
    book.handled(category="litter", late=True)
    book.issue(category="bin_full", status="dispatched", due={"resolved": IN_MAY + HOUR})
    book.issue(category="bin_full", status="dispatched", due={"resolved": SEEN + HOUR})
    book.handled(category="lift")
    found = rows(filled(book, "cleaning_record"))
    assert [(row["failed checks"], row["put right in time"]) for row in found] == [
        (2, "yes"), (0, "no"), (0, "no"), (0, "")
    ]  # fmt: skip


def test_the_round_log_has_the_rounds_and_what_was_walked(book: Book) -> None:
    book.round("Z1-C1-1", "P-Z1-C1-1", visited=4)
    book.round("Z1-C2-1", "P-Z1-C2-1", visited=1)
    found = rows(filled(book, "round_log"))
    assert [(row["grid"], row["checkpoints"], row["visited"], row["finished at"]) for row in found] == [
        ("Z1-C1-1", 4, 4, "2026-05-10 09:30"), ("Z1-C2-1", 4, 1, "")
    ]  # fmt: skip
    assert [row["grid"] for row in rows(filled(book, "round_log", grid="Z1-C2"))] == ["Z1-C2-1"]
    assert [row["grid"] for row in rows(filled(book, "round_log", viewer(book, "grid_owner", ("Z1-C1-1",))))] == [
        "Z1-C1-1"
    ]


def test_the_weekly_summary_counts_by_class_and_adds_up(book: Book) -> None:
    book.handled(category="lift")
    book.issue(category="noise", kind="complaint", status="dispatched", due={"resolved": IN_MAY + HOUR})
    book.issue(category="litter", reported_at=datetime(2026, 5, 3, tzinfo=UTC))
    paper = filled(book, "weekly_summary", period="2026-W19")
    assert paper.rows == (
        ("equipment and public facilities", 1, 0, 1, 0, 0, 0),
        ("neighbours", 1, 1, 0, 1, 1, 0),
        ("in all", 2, 1, 1, 1, 1, 0),
    )
    assert filled(book, "weekly_summary", period="2026-W30").rows == (("in all", 0, 0, 0, 0, 0, 0),)


def test_the_technicians_month_has_everybodys_figures_out_of_how_many(book: Book) -> None:
    book.handled(handler="TOM", handler_role="technician")
    book.handled(handler="TOM", handler_role="technician", late=True)
    found = rows(filled(book, "technicians_month"))
    assert [(row["technician"], row["issues handled"], row["on-time closing rate"]) for row in found] == [
        ("name of TOM", 2, "50.0% (1/2)")
    ]


def test_the_environment_rating_counts_the_items_that_passed(book: Book) -> None:
    book.session.execute(
        text("""
            with who as (
                insert into account (name, role, site_id, created_at) values ('walker', 'grid_owner', :site, now())
                returning id
            ), form as (
                insert into inspection (uid, site_id, subject, grid_code, account_id, at, received_at, passed, geom)
                select 'u', :site, 12, 'Z1-C1-1', who.id, :at, :at, false, st_setsrid(st_makepoint(121.5, 31.25), 4326)
                from who returning id
            ) insert into inspection_answer (inspection_id, subject, item, value, passed)
            select id, 12, item, 'true', passed from form, (values ('a', true), ('b', true), ('c', false), ('d', null))
            as answers (item, passed)
        """),
        {"site": book.site.id, "at": IN_MAY},
    )
    found = rows(filled(book, "environment_rating"))
    assert [(row["cluster"], row["items looked at"], row["points of 100"]) for row in found] == [("Z1-C1", 3, 66.7)]
    assert filled(book, "environment_rating", viewer(book, "grid_owner", ("Z2-C1-1",))).rows == ()


def test_the_grid_log_has_every_line_in_words(book: Book) -> None:
    issue = book.handled()
    for action in ("report", "resolve"):
        book.session.execute(
            text("insert into issue_event (issue_id, at, action, status) values (:issue, :at, :action, 'resolved')"),
            {"issue": issue, "at": IN_MAY, "action": action},
        )
    assert [row["what happened"] for row in rows(filled(book, "grid_log"))] == ["it was reported", "it was resolved"]
    assert filled(book, "grid_log", grid="Z2").rows == ()


def test_every_event_has_its_words() -> None:
    assert set(EVENT_NAMES) == set(EVENTS)


@pytest.mark.parametrize("name", forms.FORMS)
@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_every_form_is_filled_in_every_language(book: Book, name: str, language: str) -> None:
    code = reported(book)
    asked = {"issue": code} if name == "work_order" else {}
    page = html(filled(book, name, language=language, **asked))
    assert f'lang="{language}"' in page
    if language != "en":
        assert not re.search(r">[a-z][a-z ]+[a-z]<", page.partition("<h1>")[2]), "something is left in English"


class Tags(HTMLParser):
    """The tags of a page that are open and were never closed, and all that there were."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


HOSTILE = "<script>alert(1)</script>\"'&"


def test_a_page_is_sound_and_nothing_in_it_is_markup(book: Book) -> None:
    book.handled(text=HOSTILE)
    page, tags = html(filled(book, "stewards_log")), Tags()
    tags.feed(page)
    assert tags.open == []
    assert "script" not in tags.seen
    assert "@page" in page


def test_no_cell_of_a_file_runs(book: Book) -> None:
    book.handled(text="=cmd|' /C calc'!A0")
    paper = filled(book, "stewards_log")
    assert "'=cmd" in written(paper, "csv").decode("utf-8-sig")
    sheet = openpyxl.load_workbook(io.BytesIO(written(paper, "xlsx"))).active
    assert sheet is not None
    assert [str(cell.value)[:5] for cell in sheet[2] if "cmd" in str(cell.value)] == ["'=cmd"]


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("work_order", {}, "say of which issue"),
        ("grid_log", {"issue": "WJ-000001"}, "of a period, not of one issue"),
        ("grid_log", {"period": "soon"}, "write 2026-05"),
    ],
)
def test_what_a_form_is_not_of_is_refused(book: Book, name: str, asked: dict[str, str], said: str) -> None:
    with pytest.raises(FieldError, match=said):
        filled(book, name, **asked)


def test_a_form_there_is_not_is_refused_with_those_there_are(book: Book) -> None:
    with pytest.raises(NotFoundError, match="work_order"):
        filled(book, "love_letter")
