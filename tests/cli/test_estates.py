"""`gridmap estate` writes an estate that `gridmap load` takes."""

from __future__ import annotations

from pathlib import Path

import typer
from typer.testing import CliRunner

from gridmap.cli import estates


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
