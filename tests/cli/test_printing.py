"""Plates and reports on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.docs.pages import EXAMPLE
from tests.maps.printed import pages, size_mm, text

ADDRESS = ("--address", "https://grid.example")


@pytest.fixture
def loaded(run: Run) -> None:
    """The example of the guide, with a spring of reports."""
    if "WJ" not in run("sites").out:
        assert run("load", EXAMPLE / "plan.toml").status == 0
        assert run("report", EXAMPLE / "spring.csv").status == 0


def test_plates_are_printed_for_the_grids_that_are_named(run: Run, loaded: None, tmp_path: Path) -> None:
    out = tmp_path / "plates.pdf"
    ran = run("plates", "Z1-C1-1", "Z1", *ADDRESS, "--size", "A5", "--lang", "en", "-o", out)
    assert ran.status == 0, ran.err
    assert ran.out.startswith(f"{out}: plates of WJ for A5, ")
    assert "printing the plates of" in ran.err
    assert len(pages(out.read_bytes())) == 2
    assert size_mm(out.read_bytes()) == (210, 148)
    assert "https://grid.example/r/Z1-C1-1" in text(out.read_bytes())


def test_all_plates_are_one_file(run: Run, loaded: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_ADDRESS", "https://other.example")
    out = tmp_path / "all.pdf"
    assert run("plates", "--all", "--phones", "-o", out).status == 0
    assert len(pages(out.read_bytes())) == 22
    assert "https://other.example/r/Z2" in text(out.read_bytes())


def test_the_report_of_a_month_is_a_file(run: Run, loaded: None, tmp_path: Path) -> None:
    out = tmp_path / "may.pdf"
    ran = run("monthly", "2025-05", "-o", out, "--language", "en")
    assert ran.status == 0, ran.err
    assert ran.out.startswith(f"{out}: 2025-05 of WJ, ")
    assert "80.72%" in text(out.read_bytes())


def test_the_map_is_written_as_a_picture(run: Run, loaded: None, tmp_path: Path) -> None:
    for name in ("map.svg", "map.pdf", "map.png"):
        ran = run("map", "--picture", tmp_path / name, "--dark", "--layers", "grids,buildings")
        assert ran.status == 0, ran.err
        assert ran.out.startswith(f"{tmp_path / name}: a picture of WJ, ")
        assert (tmp_path / name).stat().st_size > 1_000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plates", *ADDRESS, "-o", "p.pdf"), "which grids? name them by their codes, or say --all"),
        (("plates", "Z1", "--all", *ADDRESS, "-o", "p.pdf"), "which grids?"),
        (("plates", "Z1", *ADDRESS, "--size", "A3", "-o", "p.pdf"), "--size A3: a plate is printed on A4 or A5"),
        (("plates", "Z1", *ADDRESS, "-o", "p.txt"), "p.txt: it can be written as .pdf"),
        (("plates", "Z1", "--address", "grid.example", "-o", "p.pdf"), "an address begins with http://"),
        (("plates", "XX", *ADDRESS, "-o", "p.pdf"), "there is no grid XX here"),
        (("plates", "Z1", *ADDRESS, "--language", "fr", "-o", "p.pdf"), "language 'fr' is not known"),
        (("monthly", "May", "-o", "p.pdf"), "write 2026-05"),
        (("monthly", "2025-Q2", "-o", "p.pdf"), "the report is of a month"),
        (("map",), "where to? name an .html file by --out, or a picture by --picture"),
        (("map", "-o", "p.html", "--picture", "p.svg"), "where to?"),
        (("map", "--picture", "p.bmp"), "p.bmp: it can be written as .svg, .pdf, .png"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    run: Run, loaded: None, words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run(*words)
    assert ran.status == 1
    assert said in ran.err
    assert not list(tmp_path.glob("p.*"))
