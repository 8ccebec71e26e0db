"""What the page about paper shows is what its commands say."""

from __future__ import annotations

import shutil
from pathlib import Path

from gridmap.storage.cluster import Cluster
from tests.docs.pages import EXAMPLE, hold_to_what_is_said


def test_the_page_shows_what_its_commands_say(cluster: Cluster, template: str, ready: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "example")
    hold_to_what_is_said("docs/guide/paper.md", cluster, template, ready, folder)
