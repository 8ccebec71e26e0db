"""The fifteen subjects: every item has a standard that makes sense and a category it fails into."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.categories import CATEGORIES
from gridmap.domain.subjects import ITEMS, SUBJECTS, Item, form_of, judge, refuse_unfit
from gridmap.errors import FieldError, InputError
from gridmap.language import LANGUAGES, phrase

NOW = datetime(2026, 5, 1, 20, tzinfo=UTC)  # the second of May, where the site is


def test_there_are_fifteen_subjects_each_with_items_that_can_fail() -> None:
    assert list(SUBJECTS) == list(range(1, 16))
    for subject in SUBJECTS:
        assert any(item.operator != "noted" for item in form_of(subject).values())
    assert max(Counter((item.subject, item.code) for item in ITEMS).values()) == 1


def test_every_item_makes_sense_fails_into_a_known_category_and_is_said_in_every_script() -> None:
    categories = {row.code for row in CATEGORIES}
    for item in ITEMS:
        refuse_unfit(item)
        assert item.category in categories
        assert item.per is None or item.per[0] in form_of(item.subject)
        assert all(item.text.say(language) for language in LANGUAGES)


def test_a_date_is_held_against_the_day_of_the_site() -> None:
    form = form_of(8)
    assert judge(form, {"certificate": "2026-05-02"}, NOW, "Asia/Shanghai")[0].passed
    assert not judge(form, {"certificate": "2026-05-01"}, NOW, "Asia/Shanghai")[0].passed
    assert judge(form, {"certificate": "2026-05-01"}, NOW, "UTC")[0].passed


@given(st.integers(0, 10_000), st.integers(0, 300))
def test_extinguishers_are_two_at_least_and_one_for_every_fifty_square_metres(area: int, count: int) -> None:
    answers = judge(form_of(4), {"area": area, "extinguishers": count}, NOW, "UTC")
    assert answers[1].passed == (count >= 2 and count * 50 >= area)
    assert answers[0].passed is None


@given(st.sampled_from(ITEMS), st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12))
def test_whatever_is_answered_is_judged_or_refused_by_the_name_of_the_item(item: Item, said: Any) -> None:
    try:
        answers = judge(form_of(item.subject), {item.code: said}, NOW, "UTC")
    except FieldError as error:
        refused = error.field
    else:
        assert answers[0].passed in (True, False, None)
        return
    assert refused == item.code


def test_a_site_words_adds_and_leaves_out() -> None:
    own = Item(12, "litter", phrase("litter"), "litter", "number", "at_most", 30, "min")
    form = form_of(12, [own, (12, "bins"), (11, "stairs"), Item(11, "lift_car", phrase("lift"), "lift")])
    assert form["litter"] is own
    assert "bins" not in form
    assert "lift_car" not in form


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "essay"}, {"operator": "smells"}, {"operator": "at_least"},
        {"answer": "count", "operator": "at_most"},
        {"answer": "date", "operator": "within"}, {"per": ("area", 0.0)},
    ],
)  # fmt: skip
def test_an_item_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        refuse_unfit(Item(**{"subject": 1, "code": "x", "text": phrase("litter"), "category": "sign", **change}))
    with pytest.raises(InputError):
        form_of(16)
