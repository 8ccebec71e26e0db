"""The service on a store with two sites: one whose people ask, and one that is nobody's business here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from gridmap.operations import accounts
from gridmap.operations.checks import check
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.settings import Settings
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from tests.conftest import fresh_store
from tests.estate import STEP, Estate, cell, spot

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
SECRET = "a secret of forty characters or somewhat more"
# Everything of the other site is called so, and nothing of this one: it must never be read here.
OTHER = "FREMD7"
APART = 8  # cells to the east

# account: its role, and what it is of
STAFF: dict[str, tuple[str, dict[str, str | None]]] = {
    "resident": ("resident", {}),
    "neighbour": ("resident", {}),
    "grid_owner": ("grid_owner", {"grid": "Z1-C1-1"}),
    "in_person": ("grid_owner", {"person": "P-Z1-C1-1"}),
    "supervisor": ("supervisor", {"grid": "Z1-C1"}),
    "coordinator": ("coordinator", {"grid": "Z1"}),
    "head": ("head", {}),
    "dispatcher": ("dispatcher", {}),
    "technician": ("technician", {"person": "TOM"}),
    "contractor": ("contractor", {"person": "CON"}),
    "auditor": ("auditor", {}),
    "analyst": ("analyst", {}),
    "admin": ("admin", {}),
}
ROLES = (
    "resident", "grid_owner", "supervisor", "coordinator", "head", "dispatcher", "technician", "contractor", "auditor",
    "analyst", "admin", "nobody",
)  # fmt: skip


def estate() -> Estate:
    """The small estate with a contractor, who keeps a shop, a road, and a lift that has a grid."""
    made = Estate()
    made.layers["people"] = _with(made.layers["people"], {"code": "CON", "name": "name of CON", "phone": "13900000000"})
    made.layers["posts"] = _with(made.layers["posts"], {"role": "contractor", "grid": "Z2-C2", "person": "CON"})
    made.layers["overlays"] = _with(
        made.layers["overlays"],
        {"code": "SHOP", "name": "shop", "kind": "keeper", "keeper": "CON", "geometry": cell(3.1, 3.1, 0.2, 0.2)},
    )
    made.layers["facilities"] = _with(
        made.layers["facilities"],
        {"code": "ROAD", "name": "road", "kind": "road", "geometry": shapely.LineString([spot(3.5, 3), spot(3.5, 4)])},
        {"code": "LIFT", "name": "lift", "kind": "lift", "grid": "Z1-C1-2", "geometry": shapely.Point(spot(1.5, 0.5))},
    )
    return made


def _with(frame: Any, *rows: Mapping[str, Any]) -> Any:
    added = pd.concat([frame, pd.DataFrame([*rows]).astype(object)], ignore_index=True)
    return gpd.GeoDataFrame(added, geometry="geometry", crs=4326) if isinstance(frame, gpd.GeoDataFrame) else added


def other_estate() -> Estate:
    """The same codes of grids, some way off, under names that tell."""
    made = estate()
    for name, frame in {"grids": made.grids, **made.layers}.items():
        if isinstance(frame, gpd.GeoDataFrame):
            frame.geometry = frame.geometry.translate(xoff=APART * STEP)
        if "name" in frame:
            frame["name"] = f"{OTHER} " + frame["name"].astype(str)
        if name == "people":
            frame["phone"] = "15900000000"
    return made


def spot_beside(column: float, row: float) -> tuple[float, float]:
    """A position in the other site."""
    return spot(column + APART, row)


@dataclass
class Clock:
    """A clock that is put forward by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Caller:
    """Somebody with a key, or nobody."""

    client: TestClient
    key: str | None

    def __call__(self, method: str, path: str, **said: Any) -> Any:
        headers = dict(said.pop("headers", {}))
        if self.key is not None:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        return self.client.request(method, path, headers=headers, follow_redirects=False, **said)

    def get(self, path: str, **said: Any) -> Any:
        return self("GET", path, **said)

    def post(self, path: str, **said: Any) -> Any:
        return self("POST", path, **said)


@dataclass
class House:
    """The running service, those who have keys to it, and the issues of which a test speaks by names of its own."""

    database: Database
    client: TestClient
    clock: Clock
    keys: dict[str, str] = field(default_factory=dict)
    issues: dict[str, str] = field(default_factory=dict)

    def by(self, account: str) -> Caller:
        return Caller(self.client, None if account == "nobody" else self.keys[account])

    def add(self, name: str, role: str, *, site: str | None = "WJ", **of: str | None) -> Caller:
        """One more account with its key."""
        words: dict[str, Any] = {"grid": None, "person": None, **of}
        with self.database.session() as session:
            account = accounts.add(session, name, role, site, password=None, at=NOW, **words)
            self.keys[name] = accounts.new_key(session, account, SECRET.encode(), NOW)
        return self.by(name)

    def report(self, name: str, at: tuple[float, float], by: str = "dispatcher", **said: Any) -> str:
        """Report an issue over HTTP, and remember its code by a name."""
        answer = self.by(by).post("/issues", json={"lon": at[0], "lat": at[1], **said})
        assert answer.status_code == 201, answer.text
        self.issues[name] = answer.json()["code"]
        return self.issues[name]

    def count(self, table: str = "issue") -> int:
        with self.database.session() as session:
            return int(session.execute(text(f"select count(*) from {table}")).scalar_one())

    def sql(self, statement: str, **values: Any) -> Any:
        """What a statement gives, committed."""
        with self.database.session() as session:
            result = session.execute(text(statement), values)
            return result.all() if result.returns_rows else None


def load(database: Database, estate: Estate, folder: Path, **site: Any) -> None:
    """Publish an estate since ever."""
    plan = estate.write(folder, **site)
    with database.session() as session:
        publish(session, check(session, read_plan(outline_from_toml(plan)), NOW), NOW)


@pytest.fixture(scope="module", autouse=True)
def _beats() -> Iterator[None]:
    """What the service does by itself, it does in no test that is about something else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.ticking.CLOCK_EVERY_S", 36_000.0)
        patch.setattr("api.ticking.POST_EVERY_S", 36_000.0)
        yield


@contextmanager
def opened(database: Database, home: Path) -> Iterator[House]:
    """The service on a store."""
    clock = Clock()
    app = create_app(Settings(home=home, secret=SECRET), clock, lambda _: database)
    with TestClient(app, base_url="http://gridmap.example", raise_server_exceptions=False) as client:
        yield House(database, client, clock)


@pytest.fixture(scope="session")
def estates_template(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store that holds both sites, to be cloned."""
    folder = tmp_path_factory.mktemp("estates")
    with fresh_store(cluster, template) as database:
        load(database, estate(), folder / "one")
        load(database, other_estate(), folder / "other", code=OTHER, name=f"{OTHER} garden")
        database.engine.dispose()
        yield str(database.engine.url.database)


@pytest.fixture(scope="module")
def house(cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The service for all tests of a module, with an account of every role."""
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path_factory.mktemp("home")) as house:
        for name, (role, of) in STAFF.items():
            house.add(name, role, site=None if role == "admin" else "WJ", **of)
        house.add("stranger", "dispatcher", site=OTHER)
        house.add("strange_resident", "resident", site=OTHER)
        yield house


Body = dict[str, Any]


@pytest.fixture
def body() -> Callable[..., Body]:
    """A report in the middle of the first cell, and what else is said."""

    def said(**more: Any) -> Body:
        lon, lat = spot(0.5, 0.5)
        return {"lon": lon, "lat": lat, "category": "lift", "text": "it stands still", **more}

    return said
