"""Commands run as a user runs them, against a store of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from gridmap.cli import main
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from tests.conftest import fresh_store


@dataclass
class Ran:
    """What a command did: its exit status, and what it said on either channel."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def stores(cluster: Cluster, template: str) -> Iterator[Callable[[str], Database]]:
    """A store for each module of commands, kept to the end."""
    known: dict[str, Database] = {}
    with ExitStack() as stack:

        def of_module(name: str) -> Database:
            if name not in known:
                known[name] = stack.enter_context(fresh_store(cluster, template))
            return known[name]

        yield of_module


@pytest.fixture
def store(stores: Callable[[str], Database], request: pytest.FixtureRequest) -> Database:
    """The store of a module of tests, which build on one another's commands."""
    return stores(request.module.__name__)


@pytest.fixture
def run(store: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: its arguments as they would be typed."""

    def run_command(*words: object) -> Ran:
        url = store.engine.url.render_as_string(hide_password=False)
        for name, value in {"DATABASE_URL": url, "GRIDMAP_LANGUAGE": "en", "COLUMNS": "200"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["gridmap", *map(str, words)])
        capfd.readouterr()
        try:
            main()
            status = 0
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        said = capfd.readouterr()
        return Ran(status, said.out, said.err)

    return run_command
