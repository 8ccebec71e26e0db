"""Notebooks run in a kernel of their own that takes warnings for errors; what they draw is put where it can be seen."""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib import font_manager
from nbclient import NotebookClient

from gridmap.operations.issues import Desk
from gridmap.simulation import days, demo
from gridmap.simulation import estate as imagined
from gridmap.storage import places
from gridmap.storage.cluster import Cluster
from tests.conftest import PROJECT, fresh_store

FOLDER: Final = PROJECT / "notebooks"
NOTEBOOKS: Final = sorted(FOLDER.glob("*.ipynb"))
# What they look at: a store, or what a city published.
OF_A_STORE: Final = [notebook for notebook in NOTEBOOKS if notebook.stem.startswith(("01", "04"))]
OF_A_CITY: Final = [notebook for notebook in NOTEBOOKS if notebook not in OF_A_STORE]
MONDAY: Final = ("What to do on Monday", "下週一做什麼")
# Said by `samples` and by the notebooks where something else stands in for what they are about.
INSTEAD: Final = ("simulated estate", "模擬片區")
# In the kernel and not by its environment, for what starts a kernel warns by itself.
STRICT: Final = "import warnings\n\nwarnings.simplefilter('error')"
# A kernel that is told to stop warns of itself, too.
LENIENT: Final = "warnings.simplefilter('ignore')"
OURS: Final = ("DATABASE_URL", "GRIDMAP_")
PICTURES: Final = {"image/png": "png", "image/svg+xml": "svg", "text/html": "html"}

ADDRESSES: Final = ("src", "href", "xlink:href", "data")
ELSEWHERE: Final = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
STYLED: Final = re.compile(r"url\(\s*[\"']?(?:https?:)?//|@import", re.IGNORECASE)

Outputs = list[Mapping[str, Any]]


@dataclass(frozen=True)
class Ran:
    """A notebook that has run: its cells, and what came of each."""

    name: str
    cells: list[Any]

    @property
    def outputs(self) -> Outputs:
        return [output for cell in self.cells for output in cell.get("outputs", ())]

    @property
    def pictures(self) -> list[tuple[str, str]]:
        """What was drawn: its ending, and the picture."""
        return [drawn for output in self.outputs if (drawn := _drawn(output.get("data", {})))]

    def said(self, cells: list[Any] | None = None) -> str:
        """All that came out as text."""
        outputs = [output for cell in (self.cells if cells is None else cells) for output in cell.get("outputs", ())]
        return "\n".join(map(_text, outputs))

    def on_monday(self) -> str:
        """What was computed after the words that announce it."""
        places = [
            place
            for place, cell in enumerate(self.cells)
            if cell["cell_type"] == "markdown" and any(words in cell["source"] for words in MONDAY)
        ]
        assert places, f"{self.name} does not end with {' or '.join(MONDAY)}"
        return self.said(self.cells[places[-1] :])

    def keep(self, folder: Path) -> None:
        """Everything that was drawn, as files that can be looked at."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, (ending, drawn) in enumerate(self.pictures, start=1):
            file = folder / f"{self.name}_{number:02d}.{ending}"
            file.write_bytes(base64.b64decode(drawn) if ending == "png" else drawn.encode())


def _drawn(data: Mapping[str, str]) -> tuple[str, str] | None:
    for kind, ending in PICTURES.items():
        if kind in data and (ending != "html" or "<svg" in html.unescape(data[kind])):
            return ending, data[kind]
    return None


def _text(output: Mapping[str, Any]) -> str:
    data = output.get("data", {})
    return str(output.get("text") or data.get("text/markdown") or data.get("text/html") or data.get("text/plain") or "")


class Fetched(HTMLParser):
    """What a browser would fetch from elsewhere to show this: links that somebody may follow are none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.within = tag
        for name, value in attrs:
            if name == "srcdoc":
                self.found += fetched(value or "")
            foreign = (
                ELSEWHERE.match if tag != "a" and name in ADDRESSES else STYLED.search if name == "style" else None
            )
            if foreign and foreign(value or ""):
                self.found.append(f"{tag} {value}")

    def handle_data(self, data: str) -> None:
        if self.within == "style" and STYLED.search(data):
            self.found.append(f"style {data[:80]}")


def fetched(page: str) -> list[str]:
    parser = Fetched()
    parser.feed(page)
    parser.close()
    return parser.found


def check(ran: Ran) -> None:
    """It ran without a word of complaint, drew, and says in figures what to do."""
    complaints = [
        output for output in ran.outputs if output["output_type"] == "error" or output.get("name") == "stderr"
    ]
    assert complaints == []
    assert len(ran.pictures) >= 2
    assert [address for ending, drawn in ran.pictures if ending != "png" for address in fetched(drawn)] == []
    assert re.search(r"\d", ran.on_monday())


def named(notebook: Path) -> str:
    return notebook.stem


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what the notebooks draw is put: GRIDMAP_GALLERY, else a folder that pytest keeps for three runs."""
    named = os.environ.get("GRIDMAP_GALLERY")
    return Path(named) if named else tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def run(gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ran]:
    """Runs a notebook with these variables and none of ours besides; keeps what it draws by what it is of."""
    home = tmp_path_factory.mktemp("home")  # where no store is
    assert font_manager.fontManager.ttflist  # read once here: whoever is the first to do so says so on stderr

    def runs(notebook: Path, of: str, **variables: str) -> Ran:
        whole: Any = nbformat.read(notebook, as_version=4)
        whole["cells"] = [nbformat.v4.new_code_cell(STRICT), *whole["cells"], nbformat.v4.new_code_cell(LENIENT)]
        environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        client = NotebookClient(whole, timeout=240, kernel_name="python3", resources={"metadata": {"path": FOLDER}})
        client.execute(env={**environ, "GRIDMAP_HOME": str(home), **variables})
        ran = Ran(notebook.stem, whole["cells"])
        ran.keep(gallery / of)
        return ran

    return runs


@pytest.fixture(scope="session")
def lived(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of a store with the simulated estate, its people, and three months of issues, most of them closed."""
    estate = imagined.estate()
    until = datetime.now(UTC).replace(microsecond=0)  # a store is looked at as it is now
    with fresh_store(cluster, template) as database:
        with database.session() as session:
            demo.furnish(session, until - timedelta(days=91))
            desk = Desk(session, places.site(session, demo.CODE))
            desk.report(_with_ends(days.reports(estate, until), until), until, "days")
        database.engine.dispose()
        yield database.engine.url.render_as_string(hide_password=False)


def _with_ends(reports: pd.DataFrame, until: datetime) -> pd.DataFrame:
    """Two days pass until most are closed; what would be closed later is open."""
    passed = np.random.default_rng(11).exponential(2.0, len(reports))
    closed = (reports["reported_at"] + pd.to_timedelta(passed, unit="D")).dt.floor("min")
    return reports.assign(closed_at=closed.where(closed < pd.Timestamp(until)))
