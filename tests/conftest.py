"""What every test may ask for: a private non-durable PostGIS, a store in it, and the samples of others."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from tests.browsing import browser, complaints, page

__all__ = ["browser", "complaints", "page"]

# How long an example takes says nothing on a machine that does other things too.
hypothesis.settings.register_profile("gridmap", deadline=None, derandomize=True)
hypothesis.settings.load_profile("gridmap")

PROJECT = Path(__file__).resolve().parent.parent
# What takes long starts first, or a core waits for it at the end: folders and files by what they cost, as measured.
LONG = (
    "notebooks", "api/test_hostile", "pages/test_desk_page", "docs", "pages/test_slider_page", "maps/test_in_browser",
    "api/test_rights", "pages", "storage/test_cluster", "operations/test_drafts", "api/test_pages", "api/test_sign_in",
    "spatial/test_locator", "simulation", "operations/test_random_moves", "cli/test_dc", "api/test_actions",
)  # fmt: skip
# The connections of the tests' server are for so many.
MOST_WORKERS = 4
TEMPLATE = "template_gridmap"


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: each of them waits now and then, for a page or for the database."""
    return min(MOST_WORKERS, (os.cpu_count() or 1) + 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in the order in which they are to start; the tests of a file stay as they are."""
    items.sort(key=lambda item: next((n for n, name in enumerate(LONG) if f"tests/{name}" in item.nodeid), len(LONG)))


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real data from others, which is not part of the project."""
    folder = Path(os.environ.get("GRIDMAP_SAMPLES") or PROJECT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"the sample data are not at {folder}: set GRIDMAP_SAMPLES")
    return folder


def _home() -> Path:
    """One folder for all workers of a run, which the server's user can enter."""
    run = os.environ.setdefault("GRIDMAP_TEST_RUN", os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex)
    return Path(tempfile.gettempdir()) / f"gridmap-tests-{run[:12]}"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The run's own server: fast, not durable, shared by its workers."""
    cluster = Cluster(_home(), durable=False).start()
    yield cluster
    cluster.release()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The last to leave takes the server's folder away."""
    if not hasattr(session.config, "workerinput") and _home().exists():
        Cluster(_home()).stop()
        shutil.rmtree(_home(), ignore_errors=True)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """A database that is migrated once and cloned from then on."""
    store = Database(cluster.database(TEMPLATE))
    store.prepare()
    store.close()
    return TEMPLATE


def _clone(cluster: Cluster, template: str) -> str:
    name = f"store_{uuid.uuid4().hex[:10]}"
    engine = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # Two workers may clone at once, but not while another is connected to the template.
        connection.execute(text("select pg_advisory_lock(7)"))
        # Copied as files it takes an eighth of the time; before PostgreSQL 15 there is no other way.
        copied = " strategy file_copy" if (connection.dialect.server_version_info or (0,)) >= (15,) else ""
        connection.execute(text(f"create database {name} template {template}{copied}"))
    engine.dispose()
    return name


def _drop(cluster: Cluster, name: str) -> None:
    engine = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    engine.dispose()


@pytest.fixture(scope="session")
def engine(cluster: Cluster, template: str) -> Iterator[Engine]:
    """A worker's own store, for tests that undo what they did."""
    name = _clone(cluster, template)
    engine = create_engine(cluster.url(name))
    yield engine
    engine.dispose()
    _drop(cluster, name)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose transaction is undone when the test ends."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@contextmanager
def fresh_store(cluster: Cluster, template: str) -> Iterator[Database]:
    """A store of its own, cloned, and dropped afterwards."""
    name = _clone(cluster, template)
    database = Database(cluster.url(name))
    try:
        yield database
    finally:
        database.engine.dispose()
        _drop(cluster, name)


@pytest.fixture
def database(cluster: Cluster, template: str) -> Iterator[Database]:
    """A store for tests of what is really committed."""
    with fresh_store(cluster, template) as database:
        yield database
