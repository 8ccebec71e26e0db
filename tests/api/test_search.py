"""Finding things by what they are called."""

from __future__ import annotations

import pytest

from tests.api.conftest import OTHER, House
from tests.estate import spot


def found(house: House, by: str, words: str) -> list[tuple[str, str]]:
    answer = house.by(by).get("/search", params={"q": words, "site": "WJ"})
    assert answer.status_code == 200, answer.text
    return [(each["kind"], each["code"]) for each in answer.json()]


def test_grids_are_found_by_code_name_and_who_answers(house: House) -> None:
    assert found(house, "dispatcher", "z1-c1-1") == [("grid", "Z1-C1-1"), ("building", "H-Z1-C1-1")]
    assert ("grid", "Z2") in found(house, "dispatcher", "grid Z2")
    assert found(house, "dispatcher", "name of P-Z2-C2-3") == [("grid", "Z2-C2-3")]


def test_who_may_not_know_people_finds_nothing_by_their_names(house: House) -> None:
    assert found(house, "resident", "name of P-Z2-C2-3") == []


def test_somebody_finds_what_lies_on_his_ground(house: House) -> None:
    assert found(house, "supervisor", "Z2-C2") == []
    assert ("grid", "Z1-C1-2") in found(house, "supervisor", "Z1-C1-2")


def test_an_issue_is_found_by_its_number_by_those_who_may_see_it(house: House) -> None:
    code = house.report("far off", spot(3.5, 3.5), category="lift")
    assert ("issue", code) in found(house, "dispatcher", code)
    assert found(house, "supervisor", code) == []


@pytest.mark.parametrize("words", ["%", "_", "\\", "100%", "'; drop table grid; --"])
def test_signs_of_patterns_stand_for_themselves(words: str, house: House) -> None:
    assert found(house, "dispatcher", words) == []


def test_nothing_of_another_site_is_found(house: House) -> None:
    assert found(house, "dispatcher", OTHER) == []
