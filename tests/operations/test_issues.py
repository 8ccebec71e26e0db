"""Reports are stored once, with their first line of history; nothing is lost, nothing twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.operations.checks import check
from gridmap.operations.issues import Desk
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.operations.reports import Seen
from gridmap.storage.database import Database
from gridmap.storage.issues import categories, misrouted
from gridmap.storage.places import site
from tests.estate import Estate, spot
from tests.operations.conftest import NOW, Publisher


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


def test_what_is_still_open_belongs_to_the_edition_in_force_however_long_ago_it_was_reported(
    session: Session, estate: Site, published: Publisher
) -> None:
    published(None, NOW + timedelta(days=30))
    long_ago = points((0.1, 0.1), (0.2, 0.1), closed_at=[None, NOW + timedelta(hours=1)])
    Desk(session, estate).report(long_ago, NOW + timedelta(days=31), "desk")
    query = "select i.status, e.number from issue i join edition e on e.id = i.edition_id order by i.id"
    assert [tuple(row) for row in session.execute(text(query))] == [("reported", 2), ("closed", 1)]
    assert len(misrouted(session, NOW + timedelta(days=31))) == 0


def test_what_names_something_unknown_is_rejected(session: Session, estate: Site) -> None:
    rows = points((0.1, 0.1), (0.1, 0.1), (0.1, 0.1), facility=["PUMP", "MOON", None], about=[None, None, "NOBODY"])
    batch = Desk(session, estate).report(rows, NOW, "desk")
    assert batch.rejected["fault"].tolist() == ["facility 'MOON' is not known", "about 'NOBODY' is not known"]


def test_the_codes_of_issues_grow_past_six_digits(session: Session, estate: Site) -> None:
    session.execute(text("select setval(pg_get_serial_sequence('issue', 'id'), 999998)"))
    stored = Desk(session, estate).report(points((0.1, 0.1), (0.1, 0.1)), NOW, "desk").stored
    assert stored["code"].tolist() == ["WJ-999999", "WJ-1000000"]


def test_a_sites_own_category_is_no_other_sites(session: Session, estate: Site) -> None:
    desk = Desk(session, estate)
    desk.add_categories(points((0.1, 0.1), category=["ghosts"]))
    other = Site(code="OTHER", name="other", metric_epsg=32651)
    session.add(other)
    session.flush()
    assert "ghosts" in categories(session, estate.id)
    assert "ghosts" not in categories(session, other.id)


def test_two_reports_of_one_file_at_once_store_it_once(database: Database, tmp_path: Path) -> None:
    plan = read_plan(outline_from_toml(Estate().write(tmp_path / "plan")))
    with database.session() as session:
        publish(session, check(session, plan, NOW), NOW)
    rows = points(*[(0.01 * n, 0.5) for n in range(200)], reference=[str(n) for n in range(200)], category="lift")

    def report() -> int:
        with database.session() as session:
            return len(Desk(session, site(session, "WJ")).report(rows, NOW, "file").stored)

    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(lambda _: report(), range(4)))
    assert sorted(stored) == [0, 0, 0, 200]


def test_reports_while_a_plan_is_published_end_in_the_edition_in_force(database: Database, tmp_path: Path) -> None:
    plan = read_plan(outline_from_toml(Estate().write(tmp_path / "plan")))
    with database.session() as session:
        publish(session, check(session, plan, NOW), NOW)

    def report(batch: int) -> None:
        rows = points(*[(0.02 * n, 1.5) for n in range(100)], reference=[f"{batch}-{n}" for n in range(100)])
        with database.session() as session:
            Desk(session, site(session, "WJ")).report(rows, NOW + timedelta(days=1 + batch), "file")

    def redraw() -> None:
        with database.session() as session:
            at = NOW + timedelta(days=1)
            publish(session, check(session, plan, at), at)

    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(report, batch) for batch in range(3)] + [pool.submit(redraw)]
        waiting += [pool.submit(report, batch) for batch in range(3, 6)]
        for each in waiting:
            each.result()
    with database.session() as session:
        assert session.execute(text("select count(*) from issue")).scalar_one() == 600
        assert len(misrouted(session, NOW + timedelta(days=9))) == 0


def test_issues_decided_alike_share_one_decision(session: Session, estate: Site) -> None:
    Desk(session, estate).report(points((0.1, 0.1), (0.2, 0.1), (1.2, 0.1)), NOW, "desk")
    assert session.execute(text("select count(*) from decision")).scalar_one() == 2


def test_a_place_outside_every_grid_is_stored_with_the_fallback_as_its_owner(session: Session, estate: Site) -> None:
    Desk(session, estate).report(points((-50, -50)), NOW, "desk")
    row = session.execute(
        text("select position, grid_id, owner_role, p.code from issue join person p on p.id = owner_id")
    ).one()
    assert tuple(row) == ("outside", None, "dispatcher", "DIS")
