"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real data from others, which is not part of the project."""
    folder = Path(os.environ.get("GRIDMAP_SAMPLES") or PROJECT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"the sample data are not at {folder}: set GRIDMAP_SAMPLES")
    return folder
