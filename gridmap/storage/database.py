"""The one place that opens a store, brings it up to date, and commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from gridmap.domain.categories import CATEGORIES
from gridmap.errors import StoreError
from gridmap.settings import Settings
from gridmap.storage.cluster import Cluster
from gridmap.storage.issues import categories, write_categories
from gridmap.storage.migrations import HEAD

NAME = "gridmap"
EXTENSIONS = ("postgis", "btree_gist")
# One number for every process that may migrate the same store at once.
MIGRATION_LOCK = 0x67726964


class Database:
    """A store that is open."""

    def __init__(self, url: str, cluster: Cluster | None = None) -> None:
        try:
            self.engine: Engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
        except (ArgumentError, ValueError):
            raise StoreError("DATABASE_URL cannot be read: write postgresql://user:password@host/database") from None
        event.listen(self.engine, "connect", _plan_once)
        self.cluster = cluster

    @classmethod
    def open(cls, settings: Settings, progress: Callable[[str], None] | None = None) -> Database:
        """The database of DATABASE_URL, else the private cluster's, at the newest version."""
        if settings.database_url:
            database = cls(_with_driver(settings.database_url))
        else:
            cluster = Cluster(settings.home, progress=progress).start()
            database = cls(cluster.database(NAME), cluster)
        database.prepare()
        return database

    def prepare(self) -> None:
        """Extensions, migrations and built-in categories: nothing happens to a store that is up to date."""
        try:
            with self.engine.connect() as connection:
                known = inspect(connection).has_table("alembic_version")
                version = connection.scalar(text("select version_num from alembic_version")) if known else None
        except OperationalError as error:
            raise StoreError(f"the database does not answer: {_first_line(error)}") from error
        if version != HEAD:
            self._upgrade(version)
        with self.session() as session:
            if not set(CATEGORIES) <= set(categories(session).values()):
                write_categories(session, CATEGORIES)

    def _upgrade(self, version: str | None) -> None:
        # Alembic takes a quarter of a second to import: only a store that is not up to date waits for it.
        from gridmap.storage.upgrades import migrate, revisions

        if version is not None and version not in revisions():
            raise StoreError(f"the store's version {version} is not known to this gridmap: use a newer gridmap")
        with self.engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            try:
                for extension in EXTENSIONS:
                    connection.execute(text(f"create extension if not exists {extension}"))
            except DBAPIError as error:
                raise StoreError(
                    f"the database cannot have {' and '.join(EXTENSIONS)}: {_first_line(error)}; "
                    "let its administrator create these extensions"
                ) from error
            migrate(connection, "head")

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed when the block ends well, undone when it does not."""
        with Session(self.engine) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()
        if self.cluster is not None:
            self.cluster.release()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _plan_once(connection: Any, _: object) -> None:
    """What is prepared suits any values: the server would otherwise plan its first five runs anew."""
    with connection.cursor() as cursor:
        cursor.execute("set plan_cache_mode = force_generic_plan")
    connection.commit()


def _with_driver(url: str) -> str:
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg2://" + url.removeprefix(scheme)
    if not url.startswith("postgresql+psycopg2://"):
        raise StoreError("DATABASE_URL names no PostgreSQL: write postgresql://user:password@host/database")
    return url


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0]
