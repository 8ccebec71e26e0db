"""Reports are stored once, with their first line of history; nothing is lost, nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.operations.issues import Desk
from gridmap.operations.reports import Seen
from tests.estate import spot
from tests.operations.conftest import NOW


def points(*spots: tuple[float, float], **known: object) -> pd.DataFrame:
    lon, lat = zip(*(spot(*each) for each in spots), strict=True)
    return pd.DataFrame({"lon": lon, "lat": lat, "reported_at": NOW, **known})


def test_a_report_becomes_an_issue_with_its_grid_its_owner_and_its_first_line(session: Session, estate: Site) -> None:
    stored = Desk(session, estate).report(points((0.1, 0.1), category="lift", text="door stuck"), NOW, "desk").stored
    row = session.execute(
        text("""
            select i.code, i.kind, i.urgency, i.status, i.source, g.code as grid, i.tier1, p.code as owner,
                   i.owner_role, d.answers, d.reasons
            from issue i join grid g on g.id = i.grid_id join person p on p.id = i.owner_id
            join decision d on d.id = i.decision_id
        """)
    ).one()
    assert row[:9] == (
        stored["code"][0],
        "repair",
        "urgent",
        "reported",
        "desk",
        "Z1-C1-1",
        "Z1",
        "P-Z1-C1-1",
        "grid_owner",
    )
    assert [answer["duty"] for answer in row.answers] == ["owns", "repairs"]
    assert [reason["rule"] for reason in row.reasons] == ["place", "6 equipment"]
    events = session.execute(text("select action, status, at from issue_event")).all()
    assert [tuple(event) for event in events] == [("report", "reported", NOW)]


def test_rows_in_are_rows_stored_and_rows_rejected_with_reasons(session: Session, estate: Site) -> None:
    rows = points((0.1, 0.1), (0.1, 0.1), (0.1, 0.1), category=["lift", "moon", "lift"], kind=["repair", None, "king"])
    batch = Desk(session, estate).report(rows, NOW, "desk")
    assert len(batch.stored) == 1
    assert batch.rejected["fault"].tolist() == [
        "category 'moon' is not known",
        "kind 'king' is none of repair, complaint, enquiry, suggestion, inspection, alarm",
    ]
    assert batch.rejected["n"].tolist() == [1, 2]


def test_a_reference_that_was_stored_before_is_left_as_it_is(session: Session, estate: Site) -> None:
    desk = Desk(session, estate)
    first = desk.report(points((0.1, 0.1), (1.1, 0.1), reference=["a", "b"]), NOW, "desk")
    again = desk.report(points((1.1, 0.1), (2.1, 0.1), reference=["b", "c"]), NOW, "desk")
    elsewhere = desk.report(points((1.1, 0.1), reference=["b"]), NOW, "hotline")
    assert (len(first.stored), len(again.stored), again.known, len(elsewhere.stored)) == (2, 1, 1, 1)


def test_the_same_reference_twice_in_one_batch_is_stored_once(session: Session, estate: Site) -> None:
    batch = Desk(session, estate).report(points((0.1, 0.1), (0.1, 0.1), reference=["a", "a"]), NOW, "desk")
    assert (len(batch.stored), batch.known) == (1, 1)


def test_rows_without_a_reference_are_known_by_their_content_and_how_often_it_came() -> None:
    rows = points((0.1, 0.1), (0.1, 0.1), (1.1, 0.1))
    first, second = Seen().with_references(rows)["reference"], Seen().with_references(rows)["reference"]
    assert first.tolist() == second.tolist()
    assert first.nunique() == 3


def test_an_end_before_the_report_is_no_end(session: Session, estate: Site) -> None:
    ends = [NOW + timedelta(hours=2), NOW - timedelta(days=40_000)]
    Desk(session, estate).report(points((0.1, 0.1), (0.1, 0.1), closed_at=ends), NOW, "desk")
    rows = session.execute(text("select status, closed_at from issue order by id")).all()
    assert [tuple(row) for row in rows] == [("closed", ends[0]), ("reported", None)]
    assert session.execute(text("select count(*) from issue_event where action = 'close'")).scalar_one() == 1


def test_issues_decided_alike_share_one_decision(session: Session, estate: Site) -> None:
    Desk(session, estate).report(points((0.1, 0.1), (0.2, 0.1), (1.2, 0.1)), NOW, "desk")
    assert session.execute(text("select count(*) from decision")).scalar_one() == 2


def test_a_place_outside_every_grid_is_stored_with_the_fallback_as_its_owner(session: Session, estate: Site) -> None:
    Desk(session, estate).report(points((-50, -50)), NOW, "desk")
    row = session.execute(
        text("select position, grid_id, owner_role, p.code from issue join person p on p.id = owner_id")
    ).one()
    assert tuple(row) == ("outside", None, "dispatcher", "DIS")
