"""How a value becomes points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.evaluation import WEIGHTS, Weighing, points, total
from gridmap.domain.roles import ROLES

RATE = Weighing("grid_owner", "closing", 10, 0.95, 0.5)
FAULTS = Weighing("grid_owner", "rework", 10, 0.05, 0.25)


@pytest.mark.parametrize(
    ("weighing", "value", "given"),
    [
        (RATE, 1.0, 10), (RATE, 0.95, 10), (RATE, 0.725, 5), (RATE, 0.5, 0), (RATE, 0.2, 0), (RATE, None, None),
        (FAULTS, 0.0, 10), (FAULTS, 0.15, 5), (FAULTS, 0.4, 0),
        (Weighing("coordinator", "accidents", 10, 0, 1), 0, 10), (Weighing("coordinator", "accidents", 10, 0, 1), 1, 0),
    ],
)  # fmt: skip
def test_points_lie_between_the_floor_and_the_target(
    weighing: Weighing, value: float | None, given: float | None
) -> None:
    assert points(value, weighing) == pytest.approx(given)


@pytest.mark.parametrize(("value", "given"), [(2.0, 10), (3.0, 5), (4.0, 0), (1.0, 10)])
def test_without_a_target_it_is_held_against_the_base_period(value: float, given: float) -> None:
    against = Weighing("supervisor", "complaints", 10, None, None)
    assert points(value, against, base=2.0) == pytest.approx(given)
    assert points(value, against) is None


def test_what_has_no_figure_takes_nothing_from_the_total() -> None:
    assert total([(8, 10), (None, 90)]) == 80
    assert total([(None, 10)]) is None


@given(value=st.floats(0, 10), base=st.none() | st.floats(0, 10), row=st.sampled_from(WEIGHTS))
def test_points_are_never_less_than_none_nor_more_than_the_weight(
    value: float, base: float | None, row: Weighing
) -> None:
    got = points(value, row, base)
    assert got is None or 0 <= got <= row.weight


def test_the_weights_of_each_role_are_a_hundred() -> None:
    for role in {row.role for row in WEIGHTS}:
        assert role in ROLES
        assert sum(row.weight for row in WEIGHTS if row.role == role) == 100
