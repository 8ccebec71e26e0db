"""The notebooks where the cities' data are not: the simulated estate stands in for them, and they say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.notebooks.conftest import INSTEAD, NOTEBOOKS, OF_A_STORE, Ran, check, named


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=named)
def test_an_estate_stands_in_for_what_is_not_here(notebook: Path, run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run(notebook, "estate", GRIDMAP_SAMPLES=str(tmp_path / "nowhere"))
    check(ran)
    assert any(words in ran.said() for words in INSTEAD)
    if notebook in OF_A_STORE:
        assert "DATABASE_URL" in ran.said()
