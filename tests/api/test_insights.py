"""Hot spots over HTTP: looked for, kept, asked again, and shown as far as each may see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from gridmap.domain.insights import Question
from gridmap.storage.cluster import Cluster
from tests.api.conftest import NOW, OTHER, STAFF, House, opened
from tests.conftest import fresh_store
from tests.estate import spot

HOT = ("Z1-C1-1", "Z1-C1-2", "Z1-C1-3", "Z1-C1-4")
SECRET_WORDS = "the pipe by the wall"


@pytest.fixture(scope="module")
def leaking(
    cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, int]]:
    """A store in which one corner leaks and the rest is as it is anywhere; and the analysis its head has kept."""
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path_factory.mktemp("home")) as house:
        for name, (role, of) in STAFF.items():
            house.add(name, role, site=None if role == "admin" else "WJ", **of)
        rows = [row for place in range(16) for row in _of_cell(place % 4, place // 4)]
        answer = house.by("dispatcher").post("/issues/batch", json={"issues": rows, "site": "WJ"})
        assert answer.status_code == 200, answer.text
        kept = house.by("head").post("/analyses", json={"name": "ninety days"})
        assert kept.status_code == 201, kept.text
        yield house, int(kept.json()["number"])


def _of_cell(column: int, row: int) -> list[dict[str, Any]]:
    """What was reported in a cell: a lamp or two everywhere; in the corner leaks of the last days."""
    lon, lat = spot(column + 0.5, row + 0.5)
    at = [NOW - timedelta(days=5 * n + (column + row) % 3, minutes=1) for n in range(3 + (3 * column + row) % 3)]
    rows = [{"lon": lon, "lat": lat, "category": "lamp", "reported_at": f"{each:%Y-%m-%dT%H:%M:%SZ}"} for each in at]
    if column < 2 and row < 2:
        lately = [f"{NOW - timedelta(days=n, minutes=1):%Y-%m-%dT%H:%M:%SZ}" for n in range(12)]
        rows += [
            {"lon": lon, "lat": lat, "category": "water_leak", "reported_at": each, "text": SECRET_WORDS}
            for each in lately
        ]
    return rows


def cells_of(house: House, role: str, number: int) -> dict[str, Any]:
    answer = house.by(role).get(f"/analyses/{number}/cells?site=WJ")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_corner_is_hot_under_the_names_that_analysts_know(leaking: tuple[House, int]) -> None:
    house, number = leaking
    cells = cells_of(house, "head", number)
    assert len(cells) == 16
    hot = {code for code, cell in cells.items() if cell["Gi_Bin"] > 0}
    assert "Z1-C1-1" in hot
    assert hot <= set(HOT)
    corner = cells["Z1-C1-1"]
    assert corner["NNeighbors"] == 3
    assert corner["GiZScore"] > 2 > 0.05 > corner["GiPValue"] > 0
    assert corner["count"] == 15
    assert corner["category"] is None


def test_an_analysis_says_everything_that_was_chosen(leaking: tuple[House, int]) -> None:
    house, number = leaking
    said = house.by("analyst").get(f"/analyses/{number}?lang=en").json()
    assert said["settings"] == {**Question(per="nothing").as_json()}
    assert sum(said["found"].values()) == said["grids"] == 16
    assert any("99,999 draws (seed 7)" in line for line in said["said"])
    assert any("no grid says how many households" in line for line in said["said"])
    assert said["reports"] == house.count()
    listed = house.by("analyst").get("/analyses?lang=en").json()
    assert [each["number"] for each in listed["analyses"]] == [number]
    classes = {kind: {row["bin"] for row in rows} for kind, rows in listed["legend"]["classes"].items()}
    both = {-3, -2, -1, 1, 2, 3}
    assert classes == {
        "hotspots": both,
        "emerging": both,
        "scan": {1, 2, 3},
        "outbreaks": {1, 2, 3},
        "changes": both,
    }
    assert len(listed["legend"]["categories"]) == 16


def test_why_it_is_hot_is_told_in_counts_and_in_no_words_of_anybody(leaking: tuple[House, int]) -> None:
    house, number = leaking
    answer = house.by("analyst").get("/insights?lang=en")
    assert SECRET_WORDS not in answer.text
    said = answer.json()
    assert said["analysis"]["number"] == number
    (corner,) = said["spots"]
    assert "Z1-C1-1" in corner["grids"]
    first = corner["reasons"][0]
    assert (first["attribute"], first["value"]) == ("category", "water_leak")
    assert first["inside"] == 12 * len(corner["grids"])
    assert first["low"] < first["ratio"] < first["high"]


def test_each_sees_his_own_ground_alone(leaking: tuple[House, int]) -> None:
    house, number = leaking
    assert set(cells_of(house, "grid_owner", number)) == {"Z1-C1-1"}
    assert set(cells_of(house, "supervisor", number)) == set(HOT)
    assert len(cells_of(house, "admin", number)) == 16
    seen = house.by("grid_owner").get("/insights").text
    assert "Z1-C1-2" not in seen
    for role in ("resident", "technician", "contractor"):
        assert house.by(role).get(f"/analyses/{number}/cells").status_code == 403


def test_who_may_not_analyse_keeps_nothing(leaking: tuple[House, int]) -> None:
    house, _ = leaking
    before = house.count("analysis")
    for role in ("grid_owner", "supervisor", "dispatcher", "auditor"):
        assert house.by(role).post("/analyses", json={"name": "mine"}).status_code == 403
    assert house.count("analysis") == before


def test_what_was_looked_for_in_a_part_is_for_whoever_looked_and_for_those_above(leaking: tuple[House, int]) -> None:
    house, whole = leaking
    mine = house.by("coordinator").post("/analyses", json={"name": "my zone"}).json()
    assert mine["grids"] == 8
    number = mine["number"]
    assert len(cells_of(house, "coordinator", number)) == 8
    assert len(cells_of(house, "head", number)) == 8
    assert house.by("supervisor").get(f"/analyses/{number}/cells").status_code == 404
    assert house.by("coordinator").post(f"/analyses/{whole}/again").status_code == 403
    house.sql("delete from analysis where id = :number", number=number)


def test_asked_again_it_says_the_same_until_something_has_changed(leaking: tuple[House, int]) -> None:
    house, number = leaking
    first = house.by("head").post(f"/analyses/{number}/again").json()
    assert first == {"grids": 16, "changed": []}
    house.sql("update issue set status = 'void' where category_id = (select id from category where code = 'water_leak' "
              "and site_id is null)")  # fmt: skip
    changed = house.by("head").post(f"/analyses/{number}/again").json()["changed"]
    assert "Z1-C1-1" in {row["code"] for row in changed} <= set(HOT)
    assert all(row["bin_before"] > 0 and row["bin"] == 0 for row in changed)
    house.sql("update issue set status = 'filed' where status = 'void'")


def test_emerging_spots_are_kept_with_their_categories(leaking: tuple[House, int]) -> None:
    house, _ = leaking
    answer = house.by("analyst").post("/analyses", json={"name": "weeks", "kind": "emerging", "days": 56})
    assert answer.status_code == 201, answer.text
    cells = cells_of(house, "analyst", answer.json()["number"])
    assert {cells[code]["category"] for code in HOT} <= {"consecutive hot", "sporadic hot", "new hot"}
    assert cells["Z2-C2-4"]["category"] == "none"
    house.sql("delete from analysis where id = :number", number=answer.json()["number"])


def test_rounds_are_suggested_on_ones_own_ground(leaking: tuple[House, int]) -> None:
    house, _ = leaking
    rounds = house.by("head").get("/insights/rounds?lang=en&most=3").json()["rounds"]
    assert len(rounds) == 3
    assert {each["grid"] for each in rounds} <= set(HOT)
    assert rounds[0]["why"][0] == {"category": "water_leak", "count": 12}
    assert {each["day"] for each in rounds} == {f"{NOW + timedelta(days=1):%Y-%m-%d}"}
    answer = house.by("grid_owner").get("/insights/rounds")
    assert {each["grid"] for each in answer.json()["rounds"]} == {"Z1-C1-1"}
    assert SECRET_WORDS not in answer.text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": "a", "kind": "scan", "draws": 0}, "draw 99 or more"),
        ({"name": "a", "kind": "outbreaks", "days": 10}, "choose 14 or more"),
        ({"name": "a", "kind": "warm"}, "is none of"),
        ({"name": "a", "neighbours": "distance"}, "reach is the metres"),
        ({"name": "a", "categories": ["nothing"]}, "no category nothing"),
        ({"name": "a", "tier": 4}, "tier"),
        ({"name": "a", "kind": "emerging", "days": 20}, "four weeks"),
        ({"name": "a", "tier": 1}, "choose a lower tier"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(
    leaking: tuple[House, int], said: dict[str, Any], words: str
) -> None:
    house, _ = leaking
    answer = house.by("head").post("/analyses", json=said)
    assert answer.status_code == 422
    assert words in answer.text


def test_an_analysis_of_another_site_is_not_there(leaking: tuple[House, int]) -> None:
    house, number = leaking
    stranger = house.add("foreign_head", "head", site=OTHER)
    assert stranger.get(f"/analyses/{number}").status_code == 404
    assert stranger.get("/insights").json() == {"analysis": None, "spots": [], "surges": []}
