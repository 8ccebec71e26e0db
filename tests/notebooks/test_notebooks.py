"""The notebooks: nothing is in them but words and code, and they run and advise with the cities' data."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import nbformat
import pytest

from tests.notebooks.conftest import INSTEAD, NOTEBOOKS, OF_A_CITY, OF_A_STORE, Ran, check, fetched, named

KERNEL: Final = {"display_name": "Python 3", "language": "python", "name": "python3"}
# A folder of this machine, or of anybody's.
ABSOLUTE: Final = re.compile(r"""["'(\s](?:/(?:home|root|tmp|usr|var|mnt|opt|srv|work|Users)/|~/|[A-Za-z]:\\)""")
# A picture in the words, or code that asks for an address.
FETCHED: Final = re.compile(r"!\[[^\]]*\]\(\s*(?:https?:)?//|<img|<script", re.IGNORECASE)


def cells(notebook: Path) -> list[Any]:
    whole: Any = nbformat.read(notebook, as_version=4)
    return list(whole["cells"])


def test_there_are_five_in_their_order() -> None:
    assert [notebook.stem[:3] for notebook in NOTEBOOKS] == ["01_", "02_", "03_", "04_", "05_"]
    assert all(re.fullmatch(r"0\d(_[a-z]+)+", notebook.stem) for notebook in NOTEBOOKS)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=named)
def test_what_came_out_of_it_is_not_in_it(notebook: Path) -> None:
    whole: Any = nbformat.read(notebook, as_version=4)
    nbformat.validate(whole)
    assert set(whole["metadata"]) <= {"kernelspec", "language_info"}
    assert whole["metadata"]["kernelspec"] == KERNEL
    assert set(whole["metadata"].get("language_info", {})) <= {"name"}
    for cell in whole["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=named)
def test_it_names_no_folder_of_a_machine_and_fetches_nothing(notebook: Path) -> None:
    for cell in cells(notebook):
        assert not ABSOLUTE.search(cell["source"]), cell["source"]
        assert not FETCHED.search(cell["source"]), cell["source"]
        assert cell["cell_type"] == "markdown" or "://" not in cell["source"], cell["source"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=named)
def test_it_begins_with_words_and_its_cells_are_short(notebook: Path) -> None:
    first, *others = cells(notebook)
    assert first["cell_type"] == "markdown"
    assert first["source"].startswith("# ")
    assert max(len(cell["source"].splitlines()) for cell in others if cell["cell_type"] == "code") <= 40


def test_what_would_be_fetched_is_seen() -> None:
    inner = "&lt;img src='//elsewhere.org/a.png'&gt;"
    page = f'<iframe srcdoc="{inner}"></iframe><style>a {{ background: url(https://b.org) }}</style>'
    assert len(fetched(page)) == 2
    assert fetched('<a href="https://a.org">there</a><svg xmlns="http://www.w3.org/2000/svg"/><img src="data:,">') == []


@pytest.mark.parametrize("notebook", OF_A_CITY, ids=named)
def test_of_a_city_it_says_what_to_do(notebook: Path, samples: Path, run: Callable[..., Ran]) -> None:
    ran = run(notebook, "city", GRIDMAP_SAMPLES=str(samples))
    check(ran)
    assert not any(words in ran.said() for words in INSTEAD)


@pytest.mark.parametrize("notebook", OF_A_STORE, ids=named)
def test_of_a_store_it_says_what_to_do(notebook: Path, lived: str, run: Callable[..., Ran]) -> None:
    ran = run(notebook, "store", DATABASE_URL=lived)
    check(ran)
    assert not any(words in ran.said() for words in INSTEAD)
