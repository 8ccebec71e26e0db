"""`gridmap map` writes one file that needs nothing else."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Run, run, store, stores
from tests.estate import Estate

__all__ = ["run", "store", "stores"]


@pytest.fixture
def loaded(run: Run, tmp_path: Path) -> None:
    """The small estate, as a user loads it."""
    assert run("load", Estate().write(tmp_path / "plan")).status == 0


def test_the_map_is_one_file_without_contacts(run: Run, loaded: None, tmp_path: Path) -> None:
    out = tmp_path / "map.html"
    ran = run("map", "-o", out)
    assert (ran.status, ran.out.splitlines()[-1]) == (0, ran.out.strip())
    assert ran.out.startswith(f"{out}: the map of WJ, ")
    assert "drawing 望江花园" in ran.err
    written = out.read_text("utf-8")
    assert "望江花园" in written
    assert 'src="' not in written.split("<body>")[1]
    assert "13800000000" not in written


def days_of(written: str) -> int:
    """How far back the past reaches that a map holds."""
    since, until = re.search(r'"past": \{"from": "([^"]+)", "to": "([^"]+)"', written).groups()  # type: ignore[union-attr]
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).days


def test_contacts_a_language_and_layers_are_options(run: Run, loaded: None, tmp_path: Path) -> None:
    out = tmp_path / "map.html"
    assert run("map", "-o", out, "--with-contacts", "--language", "zh-Hant", "--heat-days", 30).status == 0
    written = out.read_text("utf-8")
    assert "13800000000" in written
    assert "電子網格地圖" in written
    assert days_of(written) == 30
    assert run("map", "-o", out, "--layers", "grids, buildings", "--site", "WJ").status == 0
    assert '"name": "heat"' not in out.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "map.png"), "map.png: it can be written as .html, .htm"),
        (("-o", "nowhere/map.html"), "there is no folder nowhere"),
        (("-o", "map.html", "--layers", "weather"), "no layer of the map is called 'weather'"),
        (("-o", "map.html", "--language", "fr"), "language 'fr' is not known"),
        (("-o", "map.html", "--site", "XX"), "there is no site XX"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    words: tuple[str, ...], said: str, run: Run, loaded: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("map", *words)
    assert ran.status == 1
    assert said in ran.err
    assert not list(tmp_path.glob("map.*"))
