"""The private PostGIS: one server for all processes of a GRIDMAP_HOME, there while any of them is."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import make_dsn

from gridmap.errors import StoreError
from gridmap.settings import PROJECT
from gridmap.storage.binaries import Binaries, available, prefix_to_fill, private_prefixes
from gridmap.storage.locks import Lock
from gridmap.storage.packages import fetch
from gridmap.storage.programs import leave_running, make_folder, may_enter, server_user
from gridmap.storage.server import PORT, SUPERUSER, Server
from gridmap.storage.watcher import START_LOCK, USERS_LOCK, WATCH_LOCK

EXTENSIONS = ("postgis", "btree_gist")


class Cluster:
    """A user of the private PostGIS kept under a home.

    The server listens on a unix socket only, is shared by all processes that start it, and is
    stopped about a second after the last of them has released it or has died. With
    `durable=False` a new cluster is made for tests: fast, and lost in a power cut.
    """

    def __init__(self, home: Path, *, durable: bool = True, progress: Callable[[str], None] | None = None) -> None:
        self.home = home.expanduser().absolute()
        self.durable = durable
        self._directory = self.home / "cluster"
        self._tell = progress or (lambda _: None)
        self._users = Lock(self._directory / USERS_LOCK)
        self._guard = threading.RLock()

    def start(self) -> Cluster:
        """Make, if need be, and start the server, or join it; harmless when repeated."""
        with self._guard:
            self._make_directory()
            with self._starting():
                server = Server(self._directory)
                binaries = self._choose(server)
                self._users.shared()
                try:
                    self._run(server, binaries)
                except BaseException:
                    self._users.release()
                    raise
                self._watch()
        return self

    def database(self, name: str) -> str:
        """Make a database with PostGIS unless it is there, and return its URL."""
        # Neither CREATE DATABASE nor CREATE EXTENSION IF NOT EXISTS survives a race.
        with self._starting():
            with closing(psycopg2.connect(self._dsn("postgres"))) as connection:
                connection.autocommit = True
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                    if cursor.fetchone() is None:
                        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            with closing(psycopg2.connect(self._dsn(name))) as connection, connection, connection.cursor() as cursor:
                cursor.execute("SET client_min_messages = warning")
                for extension in EXTENSIONS:
                    cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of a database of the running server."""
        socket = quote(str(Server(self._directory).socket()))
        return f"postgresql+psycopg2:///{quote(name)}?host={socket}&port={PORT}&user={SUPERUSER}"

    def release(self) -> None:
        """Say that this object needs the server no longer; it stops if nobody else does."""
        with self._guard:
            self._users.release()

    def stop(self) -> None:
        """Stop the server now, whoever uses it."""
        with self._guard:
            if self._directory.exists():
                with self._starting():
                    Server(self._directory).stop()
            self._users.release()

    def _make_directory(self) -> None:
        try:
            make_folder(self.home)
            self._directory.mkdir(0o700, exist_ok=True)
            user = server_user(self._directory)
            if os.geteuid() == 0:
                os.chown(self._directory, user.pw_uid, user.pw_gid)
            elif self._directory.stat().st_uid != user.pw_uid:
                raise StoreError(f"{self._directory} belongs to another user: set GRIDMAP_HOME elsewhere")
        except OSError as error:
            raise StoreError(
                f"{self._directory} cannot be made ({error.strerror}): set GRIDMAP_HOME elsewhere"
            ) from None
        if not may_enter(self._directory, user):
            raise StoreError(
                f"{self._directory} cannot be entered by the user {user.pw_name}, whom the database runs as: "
                "set GRIDMAP_HOME to a folder everybody can pass through, such as one under /var/lib"
            )

    @contextmanager
    def _starting(self) -> Iterator[None]:
        lock = Lock(self._directory / START_LOCK)
        if not lock.attempt(seconds=1.0):
            self._tell("Waiting for another process that starts the database")
            lock.exclusive()
        with lock:
            yield

    def _choose(self, server: Server) -> Binaries:
        """Find the programs that fit the data, fetching them where none are and none were."""
        found = available(private_prefixes(self.home))
        made_by = server.major()
        if not found:
            fetch(prefix_to_fill(self.home), self._tell)
            found = available(private_prefixes(self.home))
        fitting = [each for each in found if made_by in (None, each.major)]
        if not fitting:
            here = " and ".join(str(each.major) for each in found)
            raise StoreError(
                f"{server.data} was made by PostgreSQL {made_by} and only {here} is here: install "
                f"postgresql-{made_by}-postgis-3, or move the folder away; nothing was changed"
            )
        return fitting[0]

    def _run(self, server: Server, binaries: Binaries) -> None:
        if server.major() is None:
            self._tell("Making the database directory")
            server.make(binaries, durable=self.durable)
        if self.durable and not server.durable:
            raise StoreError(f"{self.home} holds a database for tests, which is not kept: set GRIDMAP_HOME elsewhere")
        if not server.ready():
            self._tell("Starting the database")
            server.start(binaries)

    def _watch(self) -> None:
        lock = Lock(self._directory / WATCH_LOCK)
        if not lock.attempt():
            return
        with lock:
            leave_running(
                [sys.executable, "-m", "gridmap.storage.watcher", self._directory, str(lock.descriptor)],
                environ=os.environ,
                folder=PROJECT,
                descriptors=[lock.descriptor],
            )

    def _dsn(self, name: str) -> str:
        socket = Server(self._directory).socket()
        return str(make_dsn(dbname=name, host=str(socket), port=PORT, user=SUPERUSER))

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
