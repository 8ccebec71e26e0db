"""`gridmap estate` writes an estate that `gridmap load` takes; `gridmap simulate` lives days on it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
import typer
from sqlalchemy import create_engine, func, select, text
from typer.testing import CliRunner

from gridmap.cli import estates
from gridmap.domain.model import Issue, IssueEvent
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from tests.cli.conftest import Run


def ran(*words: str) -> tuple[int, str, BaseException | None]:
    app = typer.Typer()
    app.callback()(lambda: None)
    estates.add_to(app)
    result = CliRunner().invoke(app, ["estate", *words])
    return result.exit_code, result.output, result.exception


def test_an_estate_is_written_with_its_plan(tmp_path: Path) -> None:
    status, said, _ = ran("-o", str(tmp_path / "wj"), "--seed", "5")
    assert status == 0
    assert "13 > 50 > 319 grids, 250 buildings" in said
    assert (tmp_path / "wj" / "plan.toml").exists()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "wj").write_text("", encoding="utf-8")
    _, _, error = ran("-o", str(tmp_path / "wj"))
    assert "there is a file of this name" in str(error)


# ---------------------------------------------------------------- days lived on it


def test_days_are_lived_in_the_store_and_counted(run: Run, store: Database) -> None:
    ran = run("simulate", "--days", 1, "--seed", 3, "--until", "2026-11-01T08:00+08:00", "--store", "--json")
    assert ran.status == 0, ran.err
    found = json.loads(ran.out)
    assert found["issues"] == sum(found["by end"].values()) > 30
    assert found["check-ins"] == sum(found["by verdict"].values()) > 100
    with store.session() as session:
        assert session.scalar(select(func.count()).select_from(Issue)) == found["issues"]


def test_lived_again_up_to_the_same_moment_nothing_is_added(run: Run) -> None:
    said = [
        run("simulate", "--days", 1, "--seed", 3, "--until", "2026-11-01T08:00+08:00", "--store").out for _ in range(2)
    ]
    assert said[0].splitlines()[0] == "1 day up to 2026-11-01 08:00 UTC+08:00, seed 3"
    assert said[0].splitlines()[1:4] == said[1].splitlines()[1:4]


def test_without_the_store_nothing_stays(run: Run, store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.session() as session:
        before = session.scalar(select(func.count()).select_from(IssueEvent))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # for the server's user
        monkeypatch.setenv("GRIDMAP_HOME", f"{folder}/home")
        ran = run("simulate", "--days", 1, "--until", "2026-10-01T08:00+08:00")
        assert ran.status == 0, ran.err
        assert "check-ins" in ran.out
        with Cluster(Path(folder) / "home") as cluster:
            engine = create_engine(cluster.url("postgres"))
            with engine.connect() as connection:
                names = connection.scalars(text("select datname from pg_database")).all()
            engine.dispose()
    assert [name for name in names if name.startswith("clone")] == []
    with store.session() as session:
        assert session.scalar(select(func.count()).select_from(IssueEvent)) == before


@pytest.mark.parametrize("said", ["tomorrow", "2026-11-01T08:00"])
def test_a_moment_that_is_none_is_refused(run: Run, said: str) -> None:
    ran = run("simulate", "--until", said)
    assert ran.status == 1
    assert "write 2026-11-01T08:00+08:00" in ran.err
