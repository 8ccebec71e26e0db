"""How near, in place and time, two reports must lie to be likely one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gridmap.domain.categories import CATEGORIES, GROUPS
from gridmap.domain.duplicates import NEAR, near


@pytest.mark.parametrize(
    ("category", "group", "metres", "hours"),
    [
        ("fire", "fire_safety", 150, 6),
        ("litter", "cleaning", 20, 12),
        # By its group, where it has nothing of its own.
        ("dirty_interior", "cleaning", 20, 24),
        ("theft", "order", 80, 3),
        # Like everything else.
        ("lift_door_of_a_site", "equipment", 30, 72),
    ],
)
def test_a_category_reaches_as_far_as_what_it_is_about(category: str, group: str, metres: float, hours: float) -> None:
    assert near(category, group) == (metres, timedelta(hours=hours))


def test_complaints_about_service_and_questions_of_fees_have_no_twins() -> None:
    assert near("service", "service").within == timedelta(0)
    assert near("fees", "fees").metres == 0


def test_every_name_is_a_category_or_a_group() -> None:
    assert set(NEAR) <= {row.code for row in CATEGORIES} | set(GROUPS)
