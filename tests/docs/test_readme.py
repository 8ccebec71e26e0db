"""The README holds in both languages, and no page leads nowhere or is forgotten."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from gridmap.storage.cluster import Cluster
from tests.conftest import PROJECT
from tests.docs import test_guide, test_guide_to_the_service
from tests.docs.pages import EXAMPLE, commands, hold_to_what_is_said

READMES = {"README.md": "en", "README.zh.md": "zh-Hans"}
LINK = re.compile(r"(?:\]\(|src=\")([^)#\s\"]+)")
PAGES = sorted(str(path.relative_to(PROJECT)) for path in [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", READMES)
def test_the_readme_shows_what_its_commands_say(
    page: str, cluster: Cluster, template: str, ready: Path, tmp_path: Path
) -> None:
    shutil.copytree(EXAMPLE, tmp_path / EXAMPLE.relative_to(PROJECT))
    hold_to_what_is_said(page, cluster, template, ready, tmp_path, READMES[page])


def test_both_readmes_tell_to_do_the_same() -> None:
    english, chinese = (commands((PROJECT / page).read_text(encoding="utf-8")) for page in READMES)
    assert [command.replace("?lang=en", "") for command in english] == chinese


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    path = PROJECT / page
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (path.parent / link).exists(), f"{page} links to {link}, which is not there"


def test_every_page_of_the_guide_is_run() -> None:
    run = {
        page
        for module in (test_guide, test_guide_to_the_service)
        for mark in module.test_the_page_shows_what_its_commands_say.pytestmark  # type: ignore[attr-defined]
        for page in mark.args[1]
    }
    run.add("paper.md")  # in a module of its own
    assert run == {page.name for page in (PROJECT / "docs" / "guide").glob("*.md")}
