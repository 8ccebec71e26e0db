"""A `gridmap` for the pages, which answers at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.ready import program


@pytest.fixture(scope="session")
def ready() -> Iterator[Path]:
    """The folder of it."""
    with program() as folder:
        yield folder
