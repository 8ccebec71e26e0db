"""The past over HTTP: what was reported where and when, no more of it than its reader may see, and once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gridmap.domain.model import Site
from gridmap.operations import accounts, past
from gridmap.storage import accounts as stored
from gridmap.storage import places
from gridmap.storage.cluster import Cluster
from tests.api.conftest import OTHER, STAFF, House, opened, spot_beside
from tests.conftest import fresh_store
from tests.estate import spot
from tests.evaluated import Book

SEEN = datetime(2026, 5, 31, 8, tzinfo=UTC)
MIDNIGHT = datetime(2026, 5, 30, 16, tzinfo=UTC)  # of the 31st by the site's clock
# cell: how many days before it was seen something was reported there
REPORTED = (
    ("Z1-C1-1", 0.2), ("Z1-C1-1", 1), ("Z1-C1-1", 40), ("Z1-C1-2", 1), ("Z1-C1-2", 8), ("Z1-C2-3", 3),
    ("Z2-C1-1", 3), ("Z2-C1-1", 3), ("Z2-C2-4", 89), ("Z2-C2-4", 120),
)  # fmt: skip
PLACES = {
    "Z1-C1-1": (0.5, 0.5),
    "Z1-C1-2": (1.5, 0.5),
    "Z1-C2-3": (2.5, 1.5),
    "Z2-C1-1": (0.5, 2.5),
    "Z2-C2-4": (3.5, 3.5),
}


@dataclass
class Spring:
    """The service at the end of May, and what was reported before."""

    house: House

    def get(self, who: str, path: str, **said: Any) -> Any:
        return self.house.by(who).get(path, **said)

    def read(self, who: str, path: str = "/past?site=WJ") -> Any:
        answer = self.get(who, path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def grids(self, who: str, path: str = "/past?site=WJ") -> Counter[str]:
        said = self.read(who, path)
        return Counter(said["grids"][number][2] for number in said["grid"])


@pytest.fixture(scope="module")
def spring(cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spring]:
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path_factory.mktemp("home")) as house:
        house.clock.now = SEEN
        for name, (role, of) in STAFF.items():
            house.add(name, role, site=None if role == "admin" else "WJ", **of)
        house.add("stranger", "dispatcher", site=OTHER)
        with database.session() as session:
            site: Site = places.site(session, "WJ")
            book = Book(session, site)
            for cell, days in REPORTED:
                kind, when = "litter" if cell == "Z1-C1-2" else "lift", SEEN - timedelta(days=days)
                book.issue(cell, category=kind, status="filed", reported_at=when, place=spot(*PLACES[cell]))
        yield Spring(house)


# ---------------------------------------------------------------- what is told


def test_ninety_whole_days_are_told_of_which_the_last_is_todays(spring: Spring) -> None:
    said = spring.read("head")
    start, end = (datetime.fromisoformat(said[name]) for name in ("from", "to"))
    assert (end, end - start) == (MIDNIGHT + timedelta(days=1), timedelta(days=90))
    assert said["reports"] == len(said["minute"]) == len(REPORTED) - 1
    assert said["aggregated"] is False


def test_the_columns_tell_place_moment_category_and_grid_of_each_report(spring: Spring) -> None:
    said = spring.read("head")
    start = datetime.fromisoformat(said["from"])
    west, south = said["corner"]
    columns = (said[name] for name in ("lon", "lat", "minute", "category", "grid"))
    found = sorted(
        (
            said["grids"][grid][2], said["categories"][kind], start + timedelta(minutes=minute),
            round((west + lon) / 1e5, 5), round((south + lat) / 1e5, 5),
        )
        for lon, lat, minute, kind, grid in zip(*columns, strict=True)
    )  # fmt: skip
    expected = sorted(
        (
            cell, "litter" if cell == "Z1-C1-2" else "lift",
            (SEEN - timedelta(days=days)).replace(second=0, microsecond=0),
            *(round(part, 5) for part in spot(*PLACES[cell])),
        )
        for cell, days in REPORTED if days <= 90
    )  # fmt: skip
    assert found == expected
    assert said["minute"] == sorted(said["minute"])
    assert said["grids"][0] == ["Z1", "Z1-C1", "Z1-C1-1"]


def test_as_much_is_told_as_the_store_holds(spring: Spring) -> None:
    (count,) = spring.house.sql(
        "select count(*) from issue i join site s on s.id = i.site_id "
        "where s.code = 'WJ' and i.reported_at >= :since and i.reported_at < :until",
        since=MIDNIGHT - timedelta(days=29), until=MIDNIGHT + timedelta(days=1),
    )[0]  # fmt: skip
    assert spring.read("head", "/past?days=30")["reports"] == count == 7


def test_a_part_of_time_and_one_category_can_be_asked_for(spring: Spring) -> None:
    window = "since=2026-05-28T00:00:00Z&until=2026-05-29T00:00:00Z"
    assert spring.grids("head", f"/past?{window}") == {"Z1-C2-3": 1, "Z2-C1-1": 2}
    assert spring.grids("head", "/past?category=litter") == {"Z1-C1-2": 2}
    assert spring.grids("head", "/past?category=litter&category=lift") == spring.grids("head")
    assert spring.read("head", "/past?category=nothing")["lon"] == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("days=0", "days"),
        ("days=401", "days"),
        ("since=2026-05-02T00:00:00Z&until=2026-05-01T00:00:00Z", "since"),
        ("since=2020-05-02T00:00:00Z", "since"),
        ("since=yesterday", "since"),
    ],
)
def test_what_cannot_be_told_is_refused_by_its_field(spring: Spring, asked: str, field: str) -> None:
    answer = spring.get("head", f"/past?{asked}")
    assert answer.status_code == 422
    assert field in answer.text


# ---------------------------------------------------------------- to whom


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("head", {"Z1-C1-1": 3, "Z1-C1-2": 2, "Z1-C2-3": 1, "Z2-C1-1": 2, "Z2-C2-4": 1}),
        ("analyst", {"Z1-C1-1": 3, "Z1-C1-2": 2, "Z1-C2-3": 1, "Z2-C1-1": 2, "Z2-C2-4": 1}),
        ("coordinator", {"Z1-C1-1": 3, "Z1-C1-2": 2, "Z1-C2-3": 1}),
        ("supervisor", {"Z1-C1-1": 3, "Z1-C1-2": 2}),
        ("grid_owner", {"Z1-C1-1": 3}),
        ("in_person", {"Z1-C1-1": 3}),
        ("contractor", {}),
        ("resident", {}),
    ],
)
def test_each_is_told_of_the_past_he_may_see(spring: Spring, who: str, seen: dict[str, int]) -> None:
    assert spring.grids(who) == seen


def test_what_a_grid_owner_receives_holds_nothing_of_others(spring: Spring) -> None:
    answer = spring.get("grid_owner", "/past")
    assert not [cell for cell in PLACES if cell != "Z1-C1-1" and cell in answer.text]
    assert "litter" not in answer.text
    said = answer.json()
    assert said["reports"] == 3
    assert {
        (said["corner"][0] + lon, said["corner"][1] + lat) for lon, lat in zip(said["lon"], said["lat"], strict=True)
    } == {tuple(round(part * 1e5) for part in spot(0.5, 0.5))}
    assert said["area"] == ["Z1-C1-1"]
    assert spring.read("head")["area"] is None


def test_nothing_of_another_site_is_told(spring: Spring) -> None:
    lon, lat = spot_beside(0.5, 0.5)
    answer = spring.house.by("stranger").post("/issues", json={"lon": lon, "lat": lat, "category": "lift"})
    assert answer.status_code == 201
    assert spring.read("stranger", "/past")["reports"] == 1
    assert spring.read("head", "/past")["reports"] == len(REPORTED) - 1
    assert spring.get("stranger", "/past?site=WJ").status_code == 404


# ---------------------------------------------------------------- once


def test_what_has_not_changed_is_not_told_again_until_midnight(spring: Spring) -> None:
    tag = spring.get("dispatcher", "/past").headers["etag"]
    again = spring.get("dispatcher", "/past", headers={"If-None-Match": f"W/{tag}"})
    assert (again.status_code, again.content) == (304, b"")
    assert spring.get("dispatcher", "/past?days=30", headers={"If-None-Match": tag}).status_code == 200
    assert spring.get("head", "/past", headers={"If-None-Match": tag}).status_code == 200
    spring.house.clock.now = MIDNIGHT + timedelta(days=1, minutes=1)
    assert spring.get("dispatcher", "/past", headers={"If-None-Match": tag}).status_code == 200
    spring.house.clock.now = SEEN


def test_a_new_report_is_told(spring: Spring) -> None:
    before = spring.get("dispatcher", "/past?category=lamp")
    spring.house.report("new", spot(0.5, 0.5), category="lamp")
    after = spring.get("dispatcher", "/past?category=lamp", headers={"If-None-Match": before.headers["etag"]})
    assert (before.json()["reports"], after.status_code, after.json()["reports"]) == (0, 200, 1)


# ---------------------------------------------------------------- of too much, how much


def told(spring: Spring, who: str, most: int) -> Any:
    with spring.house.database.session() as session:
        site = places.site(session, "WJ")
        viewer = stored.viewer_of_account(session, accounts.known(session, who).id, SEEN)
        assert viewer is not None
        asked = past.stretch(site, SEEN, categories=("lift", "litter"))
        return json.loads(past.past(session, viewer, asked, most))


def test_of_too_much_it_is_told_how_much_there_was_in_a_grid_on_a_day(spring: Spring) -> None:
    said = told(spring, "head", 8)
    assert said["aggregated"] is True
    assert said["reports"] == sum(said["count"]) == 9
    each = told(spring, "head", 100)
    assert by_day(said) == by_day(each)
    assert said["minute"] == sorted(said["minute"])


def by_day(said: dict[str, Any]) -> Counter[tuple[str, int]]:
    """How much there was in each grid on each day."""
    found: Counter[tuple[str, int]] = Counter()
    counts = said.get("count", [1] * len(said["grid"]))
    for grid, minute, count in zip(said["grid"], said["minute"], counts, strict=True):
        found[said["grids"][grid][2], minute // 1440] += count
    return found


def test_the_more_there_is_the_larger_the_grids_in_which_it_is_counted(spring: Spring) -> None:
    clusters, zones = told(spring, "head", 7), told(spring, "head", 1)
    assert [chain[1:] for chain in zones["grids"]] == [[None, None]] * 2
    assert {len([code for code in chain if code]) for chain in clusters["grids"]} <= {2, 3}
    assert sum(zones["count"]) == sum(clusters["count"]) == 9


def test_of_too_much_a_grid_owner_is_told_of_his_own_alone(spring: Spring) -> None:
    said = told(spring, "grid_owner", 1)
    assert (said["aggregated"], sum(said["count"])) == (True, 3)
    assert all(chain[0] == "Z1" for chain in said["grids"])


# ---------------------------------------------------------------- colours of grids


MAY = "since=2026-05-01T00:00:00Z&until=2026-05-31T00:00:00Z"


def coloured(spring: Spring, who: str, indicator: str, tier: int = 3, window: str = MAY) -> dict[str, dict[str, Any]]:
    said = spring.read(who, f"/choropleth?site=WJ&indicator={indicator}&tier={tier}&{window}")
    return {row["grid"]: row for row in said["grids"]}


def test_counts_are_told_of_every_grid_of_a_tier(spring: Spring) -> None:
    cells = coloured(spring, "head", "reports")
    assert len(cells) == 16
    assert {code: row["value"] for code, row in cells.items() if row["value"]} == {
        "Z1-C1-1": 1, "Z1-C1-2": 2, "Z1-C2-3": 1, "Z2-C1-1": 2,
    }  # fmt: skip
    assert (cells["Z1-C1-2"]["class"], cells["Z2-C2-4"]["class"]) == (1, 0)
    assert {code: row["value"] for code, row in coloured(spring, "head", "reports", 1).items()} == {"Z1": 4, "Z2": 2}


def test_what_was_open_at_the_end_of_a_window_is_told_as_it_was_then(spring: Spring) -> None:
    then = coloured(spring, "head", "open", 1, "since=2026-04-01T00:00:00Z&until=2026-05-01T00:00:00Z")
    assert {code: row["value"] for code, row in then.items()} == {"Z1": 1, "Z2": 2}


def test_a_rate_is_per_thirty_days_with_its_interval(spring: Spring) -> None:
    spring.house.sql("update grid set households = 50 where code = 'Z1-C1-1'")
    row = coloured(spring, "head", "reports_rate", window="since=2026-05-16T08:00:00Z&until=2026-05-31T08:00:00Z")[
        "Z1-C1-1"
    ]
    assert (row["numerator"], row["denominator"], row["value"]) == (2, 0.5, 8)
    assert row["low"] < 8 < row["high"]
    assert (row["class"], row["small"]) == (2, False)


def test_an_indicator_is_told_of_the_grids_that_are_ones_own(spring: Spring) -> None:
    assert set(coloured(spring, "supervisor", "reports")) == {f"Z1-C1-{number}" for number in (1, 2, 3, 4)}
    assert set(coloured(spring, "supervisor", "reports", 1)) == set()
    assert set(coloured(spring, "grid_owner", "workload")) <= {"Z1-C1-1"}


def test_shares_come_with_the_class_the_table_gives_them(spring: Spring) -> None:
    row = coloured(spring, "head", "self_made")["Z1-C1-1"]
    assert (row["numerator"], row["denominator"], row["class"], row["small"]) == (0, 1, 0, True)


def test_every_measure_can_be_had_of_every_tier(spring: Spring) -> None:
    for measure in spring.read("head", "/measures"):
        for tier in (1, 2, 3):
            for row in coloured(spring, "head", measure["code"], tier).values():
                assert row["class"] is None or 0 <= row["class"] < len(measure["terms"])


def test_measures_are_named_in_the_readers_language(spring: Spring) -> None:
    named = {row["code"]: row for row in spring.read("head", "/measures?lang=zh-Hant")}
    assert (named["closing"]["name"], named["closing"]["meaning"]) == ("結案率", "顏色越深越好")
    assert named["reports_rate"]["terms"] == ["0", "<5", "5–10", "10–20", "≥20"]


def test_colours_that_have_not_changed_are_not_told_again(spring: Spring) -> None:
    path = f"/choropleth?indicator=closing&{MAY}"
    tag = spring.get("head", path).headers["etag"]
    assert spring.get("head", path, headers={"If-None-Match": tag}).status_code == 304
    assert spring.get("head", f"{path}&tier=2", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (f"indicator=luck&{MAY}", "indicator"),
        (f"indicator=closing&tier=4&{MAY}", "tier"),
        ("indicator=closing&since=2026-05-01T00:00:00Z", "until"),
        ("indicator=closing&since=2026-05-02T00:00:00Z&until=2026-05-01T00:00:00Z", "since"),
        ("indicator=closing&since=2020-05-02T00:00:00Z&until=2026-05-01T00:00:00Z", "since"),
    ],
)
def test_what_cannot_be_coloured_is_refused_by_its_field(spring: Spring, asked: str, field: str) -> None:
    answer = spring.get("head", f"/choropleth?{asked}")
    assert answer.status_code == 422
    assert field in answer.text
