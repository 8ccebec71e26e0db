"""The small estate, published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.operations.checks import Checked, check
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import Published, publish
from gridmap.storage import places
from tests.estate import Estate
from tests.operations.acting import Stage, account

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


@pytest.fixture
def stage(session: Session, estate: Site) -> Stage:
    """The small estate, and somebody who reports."""
    return Stage(session, account(session))
