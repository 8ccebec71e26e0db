"""Stores that are thrown away: cloned from a template that was migrated once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from gridmap.storage.migrations import HEAD

# One number for all who clone at once: nobody may be connected to a template while it is cloned.
CLONING_LOCK = 0x636C6F6E


@contextmanager
def throw_away(home: Path, progress: Callable[[str], None] | None = None) -> Iterator[Database]:
    """A store of the private cluster, empty and up to date, which is gone afterwards."""
    with Cluster(home, progress=progress) as cluster:
        name = _cloned(cluster, f"template_{HEAD}")
        database = Database(cluster.url(name))
        try:
            yield database
        finally:
            database.close()
            _run(cluster, f"drop database {name} with (force)")


def _cloned(cluster: Cluster, template: str) -> str:
    name = f"clone_{uuid.uuid4().hex[:12]}"
    engine = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": CLONING_LOCK})
        store = Database(cluster.database(template))
        store.prepare()
        store.close()
        connection.execute(text(f"create database {name} template {template}"))
    engine.dispose()
    return name


def _run(cluster: Cluster, statement: str) -> None:
    engine = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
