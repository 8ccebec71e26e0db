"""A font for what is printed is fetched only where there is none, and what is missing is said in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup import fonts


def test_a_font_that_is_there_is_enough(tmp_path: Path) -> None:
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / "NotoSansCJK-Regular.ttc").touch()
    assert fonts.ensure([tmp_path / "system"], tmp_path / "private") is None
    assert not (tmp_path / "private").exists()


def test_a_font_that_was_fetched_before_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "private" / fonts.WITHIN).mkdir(parents=True)
    (tmp_path / "private" / fonts.WITHIN / "wqy-microhei.ttc").touch()
    assert fonts.ensure([], tmp_path / "private") is None


def test_without_packages_to_fetch_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    trouble = fonts.ensure([], tmp_path / "private")
    # A machine that ran the tests' set-up before may have the browser's fonts.
    assert trouble is None or trouble.endswith("apt install fonts-noto-cjk")
