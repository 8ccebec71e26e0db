"""What the pages about plans and routing show is what their commands say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gridmap.storage.cluster import Cluster
from tests.docs.pages import EXAMPLE, hold_to_what_is_said


@pytest.mark.parametrize(
    "page", ["load.md", "route.md", "evaluation.md", "hotspots.md", "statistics.md", "washington.md"]
)
def test_the_page_shows_what_its_commands_say(
    page: str, cluster: Cluster, template: str, ready: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "example")
    if page == "washington.md":
        (folder / "dc").symlink_to(request.getfixturevalue("samples") / "dc")
    hold_to_what_is_said(f"docs/guide/{page}", cluster, template, ready, folder)
