"""What began lately in one corner, over HTTP: as an outbreak, as a cluster, and as a change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from gridmap.storage.cluster import Cluster
from tests.api.conftest import NOW, STAFF, House, opened
from tests.api.test_insights import HOT, cells_of
from tests.conftest import fresh_store
from tests.estate import spot

LASTED = 12  # days


@pytest.fixture(scope="module")
def leaking(cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A store in which every grid has a lamp every three days, and in one corner it has leaked for twelve days."""
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path_factory.mktemp("home")) as house:
        for name in ("head", "analyst", "grid_owner", "dispatcher"):
            role, of = STAFF[name]
            house.add(name, role, site="WJ", **of)
        rows = [row for place in range(16) for row in _of_cell(place % 4, place // 4)]
        answer = house.by("dispatcher").post("/issues/batch", json={"issues": rows, "site": "WJ"})
        assert answer.status_code == 200, answer.text
        yield house


def _of_cell(column: int, row: int) -> list[dict[str, Any]]:
    lon, lat = spot(column + 0.5, row + 0.5)
    ago = [(timedelta(days=3 * n + (column + row) % 3, minutes=1), "lamp") for n in range(28)]
    if column < 2 and row < 2:
        ago += [(timedelta(hours=8 * n, minutes=2), "water_leak") for n in range(3 * LASTED)]
    return [
        {"lon": lon, "lat": lat, "category": what, "reported_at": f"{NOW - before:%Y-%m-%dT%H:%M:%SZ}"}
        for before, what in ago
    ]


def kept(house: House, **asked: Any) -> dict[str, Any]:
    answer = house.by("head").post("/analyses?lang=en", json={"name": "a", **asked})
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


def hot(cells: dict[str, Any]) -> set[str]:
    return {code for code, cell in cells.items() if cell["Gi_Bin"] > 0}


def test_an_outbreak_is_kept_with_its_days_and_told_again(leaking: House) -> None:
    number = kept(leaking, kind="outbreaks", days=84)["number"]
    cells = cells_of(leaking, "head", number)
    assert hot(cells) == set(HOT)
    (told,) = leaking.by("head").get(f"/insights?lang=en&analysis={number}").json()["spots"]
    assert set(told["grids"]) == set(HOT)
    assert told["days"] == LASTED
    assert told["count"] >= 4 * 3 * LASTED > told["expected"]
    assert told["expected"] == pytest.approx(sum(cells[code]["expected"] for code in HOT), abs=0.06)
    assert told["reasons"][0]["value"] == "water_leak"
    assert leaking.by("head").post(f"/analyses/{number}/again").json()["changed"] == []
    (own,) = leaking.by("grid_owner").get(f"/insights?analysis={number}").json()["spots"]
    assert own["grids"] == ["Z1-C1-1"]


@pytest.mark.parametrize("asked", [{"kind": "scan"}, {"kind": "changes", "days": 30}])
def test_what_was_to_be_expected_is_said_of_every_grid(leaking: House, asked: dict[str, Any]) -> None:
    said = kept(leaking, **asked)
    cells = cells_of(leaking, "analyst", said["number"])
    assert hot(cells) == set(HOT)
    for cell in cells.values():
        assert cell["ratio"] == pytest.approx(cell["count"] / cell["expected"])
    assert sum(said["found"].values()) == said["grids"] == 16


def test_a_change_that_all_have_is_no_change_of_a_grid(leaking: House) -> None:
    """A week in which everybody reports twice as much is the weather."""
    assert (
        hot(cells_of(leaking, "head", kept(leaking, kind="changes", days=30, categories=["lamp"])["number"])) == set()
    )
