"""Reports taken as they come: routed, stored with their history and receipt, answered, or refused with nothing left."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.errors import ConflictError, FieldError
from gridmap.operations.intake import Intake, Outcome, Report
from tests.estate import spot
from tests.operations.conftest import NOW


@pytest.fixture
def account(session: Session, estate: Site) -> int:
    """Somebody who may report."""
    return session.execute(
        text(
            "insert into account (name, role, site_id, created_at) "
            "values ('desk', 'dispatcher', :site, :at) returning id"
        ),
        {"site": estate.id, "at": NOW},
    ).scalar_one()


@pytest.fixture
def report(account: int) -> Report:
    lon, lat = spot(0.5, 0.5)
    return Report(lon, lat, account, "desk", category="lift", site="WJ", text="it stands still")


def take(session: Session, *reports: Report) -> list[Outcome]:
    return Intake().take(session, reports, NOW)


def counts(session: Session) -> dict[str, Any]:
    return {
        table: session.execute(text(f"select count(*) from {table}")).scalar_one()
        for table in ("issue", "issue_event", "receipt", "reporter")
    }


def test_a_report_is_stored_with_its_first_line_of_history_and_answered(session: Session, report: Report) -> None:
    answer = json.loads(take(session, report)[0].answer)
    assert answer["status"] == "reported"
    assert answer["route"]["grid"]["code"] == "Z1-C1-1"
    assert [each["person"]["code"] for each in answer["route"]["answers"]] == ["P-Z1-C1-1", "TOM"]
    row = session.execute(text("select * from issue where code = :code"), {"code": answer["code"]}).one()
    assert (row.text, row.urgency, row.owner_role, row.owner_grid) == (
        "it stands still",
        "urgent",
        "grid_owner",
        "Z1-C1-1",
    )
    lines = session.execute(text("select action, status from issue_event where issue_id = :id"), {"id": row.id}).all()
    assert [tuple(line) for line in lines] == [("report", "reported")]


def test_an_urgent_repair_is_answered_with_its_limits(session: Session, report: Report) -> None:
    answer = json.loads(take(session, report)[0].answer)
    wanted = {"first_answer": timedelta(minutes=15), "on_site": timedelta(minutes=45), "resolved": timedelta(hours=24)}
    assert answer["deadlines"] == {stamp: (NOW + after).isoformat() for stamp, after in wanted.items()}


def test_the_same_key_and_request_is_given_the_same_answer_and_nothing_is_stored_twice(
    session: Session, report: Report
) -> None:
    keyed = replace(report, key="k1", digest=b"same")
    first, second = take(session, keyed)[0], take(session, keyed)[0]
    assert first.answer == second.answer
    assert (first.before, second.before) == (False, True)
    assert counts(session) == {"issue": 1, "issue_event": 1, "receipt": 1, "reporter": 1}


def test_the_same_key_with_another_request_is_refused_under_its_name(session: Session, report: Report) -> None:
    take(session, replace(report, key="k1", digest=b"one"))
    refused = take(session, replace(report, key="k1", digest=b"other"))[0].error
    assert isinstance(refused, FieldError)
    assert refused.field == "Idempotency-Key"
    assert counts(session)["issue"] == 1


def test_two_requests_with_one_key_in_one_batch_are_one_issue(session: Session, report: Report) -> None:
    keyed = replace(report, key="k1", digest=b"same")
    first, second = take(session, keyed, keyed)
    assert first.error is None
    assert isinstance(second.error, ConflictError)
    assert counts(session)["issue"] == 1


def test_a_reference_that_was_reported_before_is_refused_and_names_the_issue(session: Session, report: Report) -> None:
    code = json.loads(take(session, replace(report, reference="R1"))[0].answer)["code"]
    refused = take(session, replace(report, reference="R1"))[0].error
    assert isinstance(refused, ConflictError)
    assert code in str(refused)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"category": "nothing"}, "category"),
        ({"facility": "nothing"}, "facility"),
        ({"about": "nobody"}, "about"),
        ({"reported_at": NOW + timedelta(hours=1)}, "reported_at"),
    ],
)
def test_what_a_report_names_and_is_not_there_is_refused_by_its_field(
    session: Session, report: Report, change: dict[str, Any], field: str
) -> None:
    good, bad = take(session, report, replace(report, **change))
    assert good.error is None
    assert isinstance(bad.error, FieldError)
    assert bad.error.field == field
    assert counts(session)["issue"] == 1


def test_a_plan_that_changes_between_two_reports_is_noticed(session: Session, report: Report) -> None:
    intake = Intake()
    intake.take(session, [report], NOW)
    session.execute(
        text("update post set person_id = (select id from person where code = 'DEP') where role = 'technician'")
    )
    answer = json.loads(intake.take(session, [report], NOW)[0].answer)
    assert [each["person"]["code"] for each in answer["route"]["answers"]] == ["P-Z1-C1-1", "DEP"]


def test_a_report_of_any_site_is_taken_by_the_site_it_lies_in(session: Session, report: Report) -> None:
    assert json.loads(take(session, replace(report, site=None))[0].answer)["route"]["site"] == "WJ"
