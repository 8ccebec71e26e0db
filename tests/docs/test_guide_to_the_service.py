"""What the pages about the service, its accounts, its map and the demo show is what their commands say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gridmap.storage.cluster import Cluster
from tests.docs.pages import EXAMPLE, hold_to_what_is_said

PAGES = ["service.md", "rights.md", "map.md", "demo.md", "working-day.md", "patrols.md", "time.md", "messages.md"]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_shows_what_its_commands_say(
    page: str, cluster: Cluster, template: str, ready: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "example")
    hold_to_what_is_said(f"docs/guide/{page}", cluster, template, ready, folder)
