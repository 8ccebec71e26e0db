"""A browser is found where there is one that starts, and one line says why where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup import browser
from tests.setup.conftest import Program


def test_the_browser_that_is_named_is_taken(tmp_path: Path, a_program: Program) -> None:
    named = a_program(tmp_path / "own", "mine", "exit 0")
    a_program(tmp_path / "bin", "chromium", "exit 0")
    found = browser.find({"GRIDMAP_BROWSER": str(named), "PATH": str(tmp_path / "bin")})
    assert found.executable == str(named)


@pytest.mark.parametrize("script", [None, "exit 1"])
def test_a_named_browser_that_does_not_start_is_named(tmp_path: Path, a_program: Program, script: str | None) -> None:
    named = tmp_path / "own" / "mine"
    if script:
        a_program(named.parent, named.name, script)
    found = browser.find({"GRIDMAP_BROWSER": str(named)})
    assert found.executable is None
    assert found.reason == f"GRIDMAP_BROWSER names {named}, which does not start: the browser tests are left out"


def test_a_stub_on_the_path_is_passed_over(tmp_path: Path, a_program: Program) -> None:
    a_program(tmp_path / "bin", "chromium-browser", "echo 'requires the snap to be installed' >&2; exit 1")
    real = a_program(tmp_path / "bin", "google-chrome", "exit 0")
    assert browser.find({"PATH": str(tmp_path / "bin")}).executable == str(real)


@pytest.mark.parametrize(
    ("name", "has"), [("NotoSansCJK-Regular.ttc", True), ("wqy-microhei.ttc", True), ("DejaVuSans.ttf", False)]
)
def test_a_font_with_chinese_signs_is_known_by_its_name(tmp_path: Path, name: str, has: bool) -> None:
    (tmp_path / "some folder").mkdir()
    (tmp_path / "some folder" / name).touch()
    assert browser.has_chinese_font([tmp_path]) is has
    assert not browser.has_chinese_font([tmp_path / "absent"])
