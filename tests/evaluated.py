"""Issues, deadlines and rounds written straight into the tables of the small estate, for figures to be counted from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import STAMPS
from gridmap.domain.model import Site
from tests.estate import spot

IN_MAY = datetime(2026, 5, 10, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Book:
    """Writes rows for a site."""

    session: Session
    site: Site
    numbers: Any = field(default_factory=lambda: count(1))

    def one(self, query: str, **values: Any) -> Any:
        return self.session.execute(text(query), values).scalar_one()

    def person(self, code: str | None) -> int | None:
        query = "select id from person where site_id = :site and code = :code"
        return None if code is None else int(self.one(query, site=self.site.id, code=code))

    def issue(
        self,
        leaf: str = "Z1-C1-1",
        *,
        category: str = "lift",
        owner: str | None = "",
        handler: str | None = None,
        handler_role: str | None = None,
        reported_at: datetime = IN_MAY,
        due: dict[str, datetime] | None = None,
        place: tuple[float, float] = spot(0.5, 0.5),
        reporter: str | None = None,
        **said: Any,
    ) -> int:
        """An issue in a cell, owned by whoever owns the cell, with deadlines by stamp."""
        zone, cluster, _ = leaf.split("-")
        owner = f"P-{leaf}" if owner == "" else owner
        columns = {
            "kind": "repair", "urgency": "normal", "status": "closed", "source": "test", "position": "inside",
            "tier1": zone, "tier2": f"{zone}-{cluster}", "tier3": leaf, "owner_role": "grid_owner", "owner_grid": leaf,
            "handler_role": handler_role, "code": f"WJ-{next(self.numbers):06d}", "site_id": self.site.id,
            "reported_at": reported_at, "received_at": reported_at, "owner_id": self.person(owner),
            "handler_id": self.person(handler), "lon": place[0], "lat": place[1], "category": category, **said,
        }  # fmt: skip
        made = {
            "category_id": "(select id from category where code = :category and site_id is null)",
            "edition_id": "(select max(id) from edition where site_id = :site_id)",
            "grid_id": "(select max(g.id) from grid g where g.code = :tier3)",
            "decision_id": f"{self.decision()}",
            "geom": "st_setsrid(st_makepoint(:lon, :lat), 4326)",
        }
        given = [name for name in columns if name not in ("lon", "lat", "category")]
        number = self.one(
            f"insert into issue ({', '.join([*given, *made])}) "
            f"values ({', '.join([*(f':{name}' for name in given), *made.values()])}) returning id",
            **columns,
        )
        for stamp, moment in (due or {}).items():
            self.session.execute(
                text("""
                    insert into deadline (issue_id, stamp, started_at, due_at, rule)
                    values (:issue, :stamp, :started, :due, '{}')
                """),
                {"issue": number, "stamp": stamp, "started": reported_at, "due": moment},
            )
        if reporter is not None:
            account = self.one(
                "insert into account (name, role, site_id, person_id, created_at) "
                "values (:name, 'technician', :site, :person, now()) returning id",
                name=f"account {number}", site=self.site.id, person=self.person(reporter),
            )  # fmt: skip
            self.session.execute(
                text("insert into reporter (issue_id, account_id) values (:issue, :account)"),
                {"issue": number, "account": account},
            )
        return int(number)

    def handled(self, leaf: str = "Z1-C1-1", *, late: bool = False, at: datetime = IN_MAY, **said: Any) -> int:
        """An issue that is resolved and closed within its limits, or after them."""
        met = at + (3 if late else 1) * HOUR
        stamps = {f"{stamp}_at": met for stamp in STAMPS}
        due = dict.fromkeys(STAMPS, at + 2 * HOUR)
        ended = {"closed_at": met, "closed_as": "solved"}
        return self.issue(leaf, reported_at=at, due=due, **{**stamps, **ended, **said})

    def decision(self) -> int:
        found = self.session.execute(text("select min(id) from decision")).scalar()
        return int(
            found
            or self.one(
                "insert into decision (site_id, digest, answers, reasons) values (:site, 'x', '[]', '[]') returning id",
                site=self.site.id,
            )
        )

    def answer(self, issue: int, satisfaction: int, at: datetime = IN_MAY) -> None:
        self.session.execute(
            text("insert into follow_up (issue_id, at, via, satisfaction) values (:issue, :at, 'phone', :said)"),
            {"issue": issue, "at": at, "said": satisfaction},
        )

    def round(self, grid: str, person: str, *, visited: int, due: int = 4, ends: datetime = IN_MAY) -> None:
        plan = self.session.execute(text("select min(id) from patrol_plan")).scalar() or self.one(
            "insert into patrol_plan (site_id, code, name, role, frequency, since) "
            "values (:site, 'P', 'patrol', 'grid_owner', '{}', '2026-01-01') returning id",
            site=self.site.id,
        )
        self.session.execute(
            text("""
                insert into round
                    (site_id, plan_id, key, grid_code, role, person_id, starts, ends, due, visited, done_at)
                values (:site, :plan, :key, :grid, 'grid_owner', :person, :starts, :ends, :due, :visited, :done)
            """),
            {
                "site": self.site.id, "plan": plan, "key": str(next(self.numbers)), "grid": grid,
                "person": self.person(person), "starts": ends - HOUR, "ends": ends, "due": due, "visited": visited,
                "done": ends - HOUR / 2 if visited == due else None,
            },
        )  # fmt: skip

    def households(self, **each: int) -> None:
        """How many live in each cell of the first zone."""
        for code, number in each.items():
            self.session.execute(
                text("update grid set households = :number where code = :code"),
                {"number": number, "code": code.replace("_", "-")},
            )
