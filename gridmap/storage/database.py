"""The one place that opens a store, brings it up to date, and commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gridmap.domain.categories import CATEGORIES
from gridmap.errors import StoreError
from gridmap.settings import Settings
from gridmap.storage.cluster import Cluster
from gridmap.storage.issues import categories, write_categories

NAME = "gridmap"
EXTENSIONS = ("postgis", "btree_gist")
# One number for every process that may migrate the same store at once.
MIGRATION_LOCK = 0x67726964


class Database:
    """A store that is open."""

    def __init__(self, url: str, cluster: Cluster | None = None) -> None:
        self.engine: Engine = create_engine(url, pool_pre_ping=True)
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
                version = MigrationContext.configure(connection).get_current_revision()
        except OperationalError as error:
            raise StoreError(f"the database does not answer: {_first_line(error)}") from error
        scripts = ScriptDirectory.from_config(_alembic())
        if version != scripts.get_current_head():
            self._upgrade(version, scripts)
        with self.session() as session:
            if not set(CATEGORIES) <= set(categories(session).values()):
                write_categories(session, CATEGORIES)

    def _upgrade(self, version: str | None, scripts: ScriptDirectory) -> None:
        if version is not None and version not in {script.revision for script in scripts.walk_revisions()}:
            raise StoreError(
                f"the store is of version {version}, which this gridmap does not know: use a newer gridmap"
            )
        with self.engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            for extension in EXTENSIONS:
                connection.execute(text(f"create extension if not exists {extension}"))
            command.upgrade(_alembic(connection), "head")

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


def _alembic(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection, revision: str) -> None:
    """Bring a store up or down to a revision (`base`, `head`)."""
    direction = command.downgrade if revision == "base" else command.upgrade
    direction(_alembic(connection), revision)


def check_migrations(connection: Connection) -> None:
    """Raise if the mapped classes say something the migrations do not."""
    command.check(_alembic(connection))


def _with_driver(url: str) -> str:
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg2://" + url.removeprefix(scheme)
    return url


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0]
