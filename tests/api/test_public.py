"""The public map: what anybody may see, and what is in none of its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gridmap.storage.public import FEWEST
from tests.api.conftest import OTHER, House
from tests.estate import spot

LAYERS = ("tier1", "tier2", "tier3", "buildings", "facilities")
WORDS, CALLER, PHONE = "the words of a neighbour", "Mrs Lin", "13711112222"
DUTY = "028-8500 0000"


@pytest.fixture(scope="module")
def shown(house: House) -> Iterator[House]:
    """A site with a public map, on which something is open."""
    house.sql("update site set public_map = true, plate_phone = :phone where code = 'WJ'", phone=DUTY)
    for number in range(FEWEST):
        house.report(
            f"lift {number}", spot(0.5, 0.5), category="lift", text=WORDS, level="7F",
            reporter={"name": CALLER, "phone": PHONE},
        )  # fmt: skip
    house.report("litter", spot(0.5, 0.5), category="litter", text=WORDS)
    house.report("noise", spot(0.5, 0.5), category="noise", text=WORDS)
    house.report("complaint", spot(1.5, 0.5), by="neighbour", category="service", about="P-Z1-C1-2", text=WORDS)
    yield house
    house.sql("update site set public_map = false")


def layer(house: House, name: str) -> dict[str, Any]:
    answer = house.by("nobody").get(f"/public/layers/{name}.geojson")
    assert answer.status_code == 200, answer.text
    return {each["id"]: each["properties"] for each in answer.json()["features"]}


def everything(house: House) -> str:
    texts = [house.by("nobody").get(f"/public/layers/{name}.geojson").text for name in LAYERS]
    return "\n".join([house.by("nobody").get("/public").text, *texts])


def test_without_a_public_map_there_is_none(house: House) -> None:
    house.sql("update site set public_map = false")
    for path in ("/public", "/public?site=WJ", "/public/layers/tier1.geojson"):
        assert house.by("nobody").get(path).status_code == 404


def test_grids_are_shown_with_what_stands_on_their_plates(shown: House) -> None:
    leaf = layer(shown, "tier3")["Z1-C1-1"]
    assert leaf["owner"] == {"name": "name of P-Z1-C1-1"}
    assert (leaf["name"], leaf["parent"]) == ("grid Z1-C1-1", "Z1-C1")
    assert DUTY in shown.by("nobody").get("/public").text


def test_counts_are_rough_by_group_and_of_leaves_alone(shown: House) -> None:
    leaves = layer(shown, "tier3")
    assert leaves["Z1-C1-1"]["counts"] == {"equipment": FEWEST, "cleaning": None}
    assert layer(shown, "tier1")["Z1"]["counts"] == layer(shown, "tier2")["Z1-C1"]["counts"] == {}


def test_complaints_are_not_even_counted(shown: House) -> None:
    assert layer(shown, "tier3")["Z1-C1-2"]["counts"] == {}


def test_no_byte_tells_of_an_issue_a_reporter_or_a_phone(shown: House) -> None:
    said = everything(shown)
    places = [f"{each:.5f}" for each in spot(0.5, 0.5)]
    hidden = (WORDS, CALLER, PHONE, "13800000000", '"7F"', OTHER, '"P-Z1-C1-1"', *places, *shown.issues.values())
    assert [each for each in hidden if each in said] == []


def test_a_site_whose_plates_name_nobody_names_nobody_here(shown: House) -> None:
    shown.sql("update site set plate_names = false where code = 'WJ'")
    try:
        assert "name of" not in everything(shown)
    finally:
        shown.sql("update site set plate_names = true where code = 'WJ'")


def test_a_layer_is_sent_again_only_when_it_has_changed(shown: House) -> None:
    first = shown.by("nobody").get("/public/layers/tier3.geojson")
    again = {"If-None-Match": first.headers["etag"]}
    assert shown.by("nobody").get("/public/layers/tier3.geojson", headers=again).status_code == 304


def test_with_several_public_maps_one_is_named(shown: House) -> None:
    shown.sql("update site set public_map = true")
    try:
        assert shown.by("nobody").get("/public").status_code == 404
        assert shown.by("nobody").get("/public?site=WJ").status_code == 200
    finally:
        shown.sql("update site set public_map = false where code = :code", code=OTHER)
