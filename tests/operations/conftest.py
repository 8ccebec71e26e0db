"""The small estate, published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.operations.checks import Checked, check
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import Published, publish
from gridmap.storage import places
from gridmap.storage.cluster import Cluster
from tests.conftest import fresh_store
from tests.estate import Estate
from tests.operations.acting import Stage, account, undone

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
Publisher = Callable[..., Published]


@pytest.fixture
def checked(session: Session, tmp_path: Path) -> Callable[..., Checked]:
    """Write an estate as a plan, read it back and check it."""

    def check_estate(estate: Estate | None = None, at: datetime = NOW, **site: Any) -> Checked:
        plan = (estate or Estate()).write(tmp_path / "plan", **site)
        return check(session, read_plan(outline_from_toml(plan)), at)

    return check_estate


@pytest.fixture
def published(session: Session, checked: Callable[..., Checked]) -> Publisher:
    """Check and publish an estate."""

    def publish_estate(
        estate: Estate | None = None, at: datetime = NOW, *, draft: bool = False, **site: Any
    ) -> Published:
        return publish(session, checked(estate, at, **site), at, draft=draft)

    return publish_estate


@pytest.fixture
def estate(session: Session, published: Publisher) -> Site:
    """The site of the small estate, published since ever."""
    published()
    return places.site(session, "WJ")


@pytest.fixture(scope="session")
def estate_template(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store that holds the small estate, to be cloned."""
    plan = read_plan(outline_from_toml(Estate().write(tmp_path_factory.mktemp("estate") / "plan")))
    with fresh_store(cluster, template) as database:
        with database.session() as session:
            publish(session, check(session, plan, NOW), NOW)
        database.engine.dispose()
        yield str(database.engine.url.database)


@pytest.fixture(scope="session")
def estate_engine(cluster: Cluster, estate_template: str) -> Iterator[Engine]:
    """A worker's own store with the estate, for tests that undo what they did."""
    with fresh_store(cluster, estate_template) as database:
        yield database.engine


@pytest.fixture
def stage(estate_engine: Engine) -> Iterator[Stage]:
    """The small estate, and somebody who reports; all of it is undone when the test ends."""
    with undone(estate_engine) as session:
        yield Stage(session, account(session))
