"""Lists on a store of a hundred thousand issues: found by indexes, in few steps, and each viewer's own alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.operations.checks import check
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.storage import places, plan_views, views
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from gridmap.storage.views import IssueFilter
from tests.conftest import fresh_store
from tests.estate import STEP, Estate, spot

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
COUNT = 100_000
# A page of a hundred is found among at most so many rows, where what is asked for is not rare among what is seen.
MOST_READ = 12_000
# One issue in a hundred is the technician's, and none in another's grid is an owner's: they are walked by the newest.
RARE = {("technician", "all"), ("technician", "a site"), ("technician", "open"), ("technician", "a status")}
RARE |= {("technician", name) for name in ("a part of the tree", "a category", "an owner", "several at once")}
RARE |= {(role, "a grid") for role in ("technician", "grid_owner", "supervisor", "coordinator")}

# One issue a minute, over all cells; most have ended, one in a hundred is the technician's, one in a thousand was
# reported by account 7, and one in ten thousand is about the owner of Z1-C1-1.
ISSUES = """
    with leaves as (
        select g.id, g.code, g.edition_id, g.geom, middle.code as middle, top.code as top,
               row_number() over (order by g.code) as number
        from grid g join grid middle on middle.id = g.parent_id join grid top on top.id = middle.parent_id
    ),
    verdicts as (
        insert into decision (site_id, digest, answers, reasons) values
            (:site, 'plain', '[]', '[]'),
            (:site, 'toms', '[{"duty": "repairs", "role": "technician", "post": null,
                               "person": {"code": "TOM", "name": "name of TOM"}}]', '[]')
        returning id, digest
    )
    insert into issue (
        code, site_id, category_id, kind, urgency, status, source, reported_at, received_at, due_at, geom, position,
        edition_id, grid_id, tier1, tier2, tier3, decision_id, owner_role, owner_grid, owner_id, about_id
    )
    select 'WJ-' || n, :site, c.id, 'repair', 'normal', case when n % 20 = 0 then 'reported' else 'closed' end, 'desk',
           :now - n * interval '1 minute', :now, :now - n * interval '1 minute' + interval '1 day',
           st_translate(st_centroid(l.geom), (n % 7 - 3) * :step / 10, 0),
           'inside', l.edition_id, l.id, l.top, l.middle, l.code, v.id, 'grid_owner', l.code, p.id,
           case when n % 10000 = 0 then complained.id end
    from generate_series(1, :count) n
    join leaves l on l.number = n % 16 + 1
    join category c on c.code = (array['lift', 'noise', 'litter', 'lamp'])[n % 4 + 1]
    join verdicts v on v.digest = case when n % 100 = 0 then 'toms' else 'plain' end::bytea
    join person p on p.code = 'P-' || l.code
    join person complained on complained.code = 'P-Z1-C1-1'
"""


@pytest.fixture(scope="module")
def full(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store with the small estate and very many issues."""
    with fresh_store(cluster, template) as database:
        plan = Estate().write(tmp_path_factory.mktemp("estate"))
        with database.session() as session:
            publish(session, check(session, read_plan(outline_from_toml(plan)), NOW), NOW)
            values = {"site": places.site(session, "WJ").id, "now": NOW, "count": COUNT, "step": STEP}
            session.execute(text(ISSUES), values)
            session.execute(
                text(
                    "insert into account (id, name, role, site_id, created_at) values (7, 'r', 'resident', :site, :now)"
                ),
                values,
            )
            session.execute(
                text("insert into reporter (issue_id, account_id) select id, 7 from issue where id % 1000 = 0")
            )
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze"))
        yield database


@pytest.fixture
def session(full: Database) -> Iterator[Session]:
    with full.session() as session:
        yield session


def viewer(session: Session, role: str) -> Viewer:
    """Somebody in a role, as signing in would give it."""
    site = places.site(session, "WJ")
    grids = {"grid_owner": ("Z1-C1-1",), "supervisor": ("Z1-C1",), "coordinator": ("Z1",)}.get(role)
    tom = session.execute(text("select id from person where code = 'TOM'")).scalar_one()
    of_tom = {"person_id": tom, "person": "TOM"} if role == "technician" else {}
    if role == "admin":
        return Viewer(1, role, role)
    return Viewer(7 if role == "resident" else 1, role, role, site.id, site.code, grids, **of_tom)


def plan_of(session: Session) -> plan_views.Plan:
    site: Site = places.site(session, "WJ")
    edition = places.edition_in_force(session, site.id, NOW)
    assert edition is not None
    return plan_views.Plan(site.id, edition.id, edition.leaf_tier, NOW)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


class Explained:
    """How the database goes about what is asked within."""

    def __init__(self, session: Session) -> None:
        self.session, self.asked = session, list[tuple[str, Any]]()

    def __enter__(self) -> Explained:
        event.listen(self.session.connection(), "before_cursor_execute", self._remember)
        return self

    def __exit__(self, *_: object) -> None:
        connection = self.session.connection()
        event.remove(connection, "before_cursor_execute", self._remember)
        statement, values = self.asked[-1]
        explained = connection.exec_driver_sql(f"explain (analyze, timing off, format json) {statement}", values)
        self.nodes = list(nodes(explained.scalar_one()[0]["Plan"]))

    def _remember(self, _: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        self.asked.append((statement, values))

    @property
    def scans(self) -> list[str]:
        """How the issues are read."""
        return [node["Node Type"] for node in self.nodes if node.get("Relation Name") == "issue"]

    @property
    def read(self) -> int:
        """How many rows of them are looked at."""
        return int(sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0))
            * node["Actual Loops"]
            for node in self.nodes if node.get("Relation Name") == "issue"
        ))  # fmt: skip


ROLES = ("resident", "grid_owner", "supervisor", "coordinator", "dispatcher", "technician", "analyst", "admin")
WEST, SOUTH = spot(0.4, 0.4)
FILTERS = {
    "all": IssueFilter(),
    "a grid": IssueFilter(grid="Z2-C1-3"),
    "a part of the tree": IssueFilter(under="Z1-C1"),
    "open": IssueFilter(open_only=True),
    "a status": IssueFilter(status=("reported",)),
    "a category": IssueFilter(category="lift"),
    "an owner": IssueFilter(owner="P-Z1-C1-1"),
    "a day": IssueFilter(since=NOW - timedelta(days=30), until=NOW - timedelta(days=29)),
    "long ago": IssueFilter(until=NOW - timedelta(minutes=COUNT - 50)),
    "a spot": IssueFilter(bbox=(WEST, SOUTH, WEST + STEP / 5, SOUTH + STEP / 5)),
    "a site": IssueFilter(site="WJ"),
    "several at once": IssueFilter(under="Z1", status=("reported",), category="lift", since=NOW - timedelta(days=60)),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("role", ROLES)
def test_a_list_is_found_by_indexes_in_few_steps(session: Session, role: str, name: str) -> None:
    with Explained(session) as explained:
        views.issue_list(session, viewer(session, role), FILTERS[name], NOW, limit=100)
    assert explained.scans
    assert "Seq Scan" not in explained.scans
    assert explained.read <= (COUNT if (role, name) in RARE else MOST_READ)


@pytest.mark.parametrize("role", ROLES)
def test_the_last_page_costs_no_more_than_the_first(session: Session, role: str) -> None:
    after = (NOW - timedelta(minutes=COUNT - 120), COUNT)
    with Explained(session) as explained:
        page = views.issue_list(session, viewer(session, role), IssueFilter(), NOW, limit=100, after=after)
    assert page.rows or role in ("technician", "resident")
    assert "Seq Scan" not in explained.scans
    assert explained.read <= MOST_READ


@pytest.mark.parametrize("role", ROLES)
def test_one_issue_is_found_by_its_code(session: Session, role: str) -> None:
    with Explained(session) as explained:
        views.issue_by_code(session, viewer(session, role), "WJ-1000", NOW)
    assert set(explained.scans) == {"Index Scan"}
    assert explained.read <= 1


@pytest.mark.parametrize("role", ROLES)
def test_what_is_open_is_found_without_looking_at_what_has_ended(session: Session, role: str) -> None:
    with Explained(session) as explained:
        views.open_features(session, viewer(session, role), plan_of(session))
    assert "Seq Scan" not in explained.scans
    assert explained.read <= COUNT / 20 * 1.2


# ---------------------------------------------------------------- each his own


def numbers(page: views.Page) -> list[int]:
    return [int(row.split('"code":"WJ-')[1].split('"')[0]) for row in page.rows]


CELLS = "select code, row_number() over (order by code) as number from grid where tier = 3"


@pytest.mark.parametrize(
    ("role", "condition"),
    [
        ("dispatcher", "true"),
        ("analyst", "true"),
        ("admin", "true"),
        ("coordinator", "i.tier1 = 'Z1'"),
        ("supervisor", "i.tier2 = 'Z1-C1'"),
        ("grid_owner", "i.tier3 = 'Z1-C1-1' and i.about_id is null"),
        ("technician", "i.code like '%00'"),
        ("resident", "i.id % 1000 = 0"),
    ],
)
def test_a_viewer_is_given_all_that_is_his_and_nothing_else(session: Session, role: str, condition: str) -> None:
    """All pages together are what a plain condition finds."""
    of = viewer(session, role)
    found, after = [], None
    wanted = IssueFilter(since=NOW - timedelta(minutes=20_000))
    while True:
        page = views.issue_list(session, of, wanted, NOW, limit=1_000, after=after)
        found += numbers(page)
        after = page.after
        if after is None:
            break
    expected = session.execute(
        text(f"select substr(i.code, 4)::int from issue i where {condition} and i.reported_at >= :since "
             "order by reported_at desc, id desc"),
        {"since": wanted.since},
    ).scalars()  # fmt: skip
    assert found == list(expected)
    assert found


def test_more_than_the_most_is_not_given(session: Session) -> None:
    page = views.issue_list(session, viewer(session, "admin"), IssueFilter(), NOW, limit=10**9)
    assert len(page.rows) == views.MOST
    assert page.after is not None


def test_a_viewer_without_a_right_to_issues_is_given_none(session: Session) -> None:
    nobody = Viewer(1, "x", "guest", places.site(session, "WJ").id, "WJ")
    assert list(views.issue_list(session, nobody, IssueFilter(), NOW).rows) == []
    assert views.issue_by_code(session, nobody, "WJ-1000", NOW) is None
