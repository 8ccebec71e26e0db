"""Who is out on the ground: for whom, until when, and which ways were walked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.api.conftest import NOW, House
from tests.estate import spot

HOUR = timedelta(hours=1)


def person(house: House, code: str) -> int:
    return int(
        house.sql(
            "select p.id from person p join site s on s.id = p.site_id where p.code = :code and s.code = 'WJ'",
            code=code,
        )[0][0]
    )


def was(house: House, code: str, at: datetime, place: tuple[float, float]) -> None:
    house.sql(
        "insert into position (person_id, at, received_at, geom) values "
        "(:person, :at, :at, st_setsrid(st_makepoint(:lon, :lat), 4326))",
        person=person(house, code), at=at, lon=place[0], lat=place[1],
    )  # fmt: skip


def shift(house: House, code: str, starts: datetime, ends: datetime) -> None:
    house.sql(
        "insert into shift (person_id, starts, ends) values (:person, :starts, :ends)",
        person=person(house, code), starts=starts, ends=ends,
    )  # fmt: skip


def seen(house: House, account: str) -> dict[str, dict[str, object]]:
    site = "?site=WJ" if account == "admin" else ""
    answer = house.by(account).get(f"/staff{site}")
    assert answer.status_code == 200, answer.text
    return {each["id"]: each["properties"] for each in answer.json()["features"]}


@pytest.fixture(autouse=True)
def _nobody_out(house: House) -> Iterator[None]:
    yield
    house.sql("delete from position")
    house.sql("delete from shift")


def test_the_last_position_counts_with_its_age(house: House) -> None:
    was(house, "P-Z1-C1-1", NOW - 2 * HOUR, spot(0.2, 0.2))
    was(house, "P-Z1-C1-1", NOW - HOUR, spot(0.7, 0.7))
    features = house.by("dispatcher").get("/staff").json()["features"]
    assert [each["geometry"]["coordinates"] for each in features] == [
        [pytest.approx(c, abs=1e-6) for c in spot(0.7, 0.7)]
    ]
    said = features[0]["properties"]
    assert (said["role"], said["grid"], said["phone"]) == ("grid_owner", "Z1-C1-1", "13800000000")
    assert datetime.fromisoformat(said["at"]) == NOW - HOUR


def test_nobody_is_shown_after_his_shift_or_by_what_was_before_it(house: House) -> None:
    for code in ("TOM", "GUS", "DIS", "P-Z2"):
        was(house, code, NOW - HOUR, spot(0.5, 0.5))
    shift(house, "TOM", NOW - 8 * HOUR, NOW + HOUR)
    shift(house, "GUS", NOW - 8 * HOUR, NOW - HOUR / 2)
    shift(house, "DIS", NOW - HOUR / 2, NOW + 8 * HOUR)
    was(house, "P-Z1", NOW - 5 * HOUR, spot(0.5, 0.5))
    assert set(seen(house, "head")) == {"TOM", "P-Z2"}


@pytest.mark.parametrize(
    ("account", "wanted"),
    [
        ("grid_owner", {"P-Z1-C1-1", "TOM", "P-Z1"}),
        ("supervisor", {"P-Z1-C1-1", "P-Z1-C1-2", "TOM", "P-Z1"}),
        ("dispatcher", {"P-Z1-C1-1", "P-Z1-C1-2", "TOM", "P-Z1", "P-Z2-C1"}),
        ("admin", {"P-Z1-C1-1", "P-Z1-C1-2", "TOM", "P-Z1", "P-Z2-C1"}),
        # Who has but his own rounds to see sees himself.
        ("technician", {"TOM"}),
        ("contractor", set()),
    ],
)
def test_one_sees_those_of_ones_own_part_of_the_tree(house: House, account: str, wanted: set[str]) -> None:
    for code in ("P-Z1-C1-1", "P-Z1-C1-2", "TOM", "P-Z1", "P-Z2-C1"):
        was(house, code, NOW - HOUR, spot(0.5, 0.5))
    assert set(seen(house, account)) == wanted


@pytest.mark.parametrize("account", ["resident", "analyst"])
def test_who_may_not_see_people_sees_nobody(house: House, account: str) -> None:
    assert house.by(account).get("/staff").status_code == 403
    assert house.by(account).get("/tracks").status_code == 403


def test_phones_are_for_those_who_work_with_him(house: House) -> None:
    was(house, "TOM", NOW - HOUR, spot(0.5, 0.5))
    assert "phone" not in seen(house, "auditor")["TOM"]


# ---------------------------------------------------------------- ways


@pytest.fixture
def walked(house: House) -> Iterator[House]:
    """TOM walked a round, with a long pause in between, and the owner of Z1-C1-1 another."""
    for code, grid in (("TOM", None), ("P-Z1-C1-1", "Z1-C1-1")):
        house.sql(
            "insert into patrol_plan (site_id, code, name, person_id, frequency, since) "
            "select site_id, :plan, :plan, id, '{}', '2026-01-01' from person where id = :person",
            plan=f"PL-{code}", person=person(house, code),
        )  # fmt: skip
        house.sql(
            "insert into round "
            "(site_id, plan_id, key, grid_code, person_id, starts, ends, status, started_at, done_at) "
            "select site_id, id, 'k', :grid, :person, :starts, :ends, 'done', :starts, :ends from patrol_plan "
            "where code = :plan",
            plan=f"PL-{code}", person=person(house, code), grid=grid, starts=NOW - 4 * HOUR, ends=NOW - 2 * HOUR,
        )  # fmt: skip
        for minute in (0, 1, 2, 60, 61, 200):
            was(house, code, NOW - 4 * HOUR + timedelta(minutes=minute), spot(0.1 + minute / 1000, 0.5))
    yield house
    house.sql("delete from round")
    house.sql("delete from patrol_plan")


def test_a_pause_parts_the_way_and_what_comes_after_the_round_is_none_of_it(walked: House) -> None:
    features = walked.by("dispatcher").get("/tracks?day=2026-05-01").json()["features"]
    assert [each["properties"]["person"]["code"] for each in features] == ["TOM", "P-Z1-C1-1"]
    assert [len(part) for part in features[0]["geometry"]["coordinates"]] == [3, 2]


@pytest.mark.parametrize(
    ("account", "wanted"),
    [("grid_owner", ["P-Z1-C1-1"]), ("technician", ["TOM"]), ("contractor", []), ("auditor", ["TOM", "P-Z1-C1-1"])],
)
def test_ways_are_seen_by_whoever_sees_the_round(walked: House, account: str, wanted: list[str]) -> None:
    features = walked.by(account).get("/tracks").json()["features"]
    assert [each["properties"]["person"]["code"] for each in features] == wanted


def test_another_day_has_other_ways(walked: House) -> None:
    assert walked.by("dispatcher").get("/tracks?day=2026-04-30").json()["features"] == []
