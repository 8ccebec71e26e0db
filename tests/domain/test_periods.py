"""Months, quarters and weeks, by the clock of a site."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.periods import Span
from gridmap.errors import FieldError

SHANGHAI = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("name", "starts", "ends", "before", "year_before"),
    [
        ("2026-05", "2026-05-01", "2026-06-01", "2026-04", "2025-05"),
        ("2026-01", "2026-01-01", "2026-02-01", "2025-12", "2025-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01", "2025-Q4", "2025-Q1"),
        ("2026-Q4", "2026-10-01", "2027-01-01", "2026-Q3", "2025-Q4"),
        ("2026-W21", "2026-05-18", "2026-05-25", "2026-W20", "2025-W21"),
        ("2026-W53", "2026-12-28", "2027-01-04", "2026-W52", "2025-W52"),
        ("2027-W01", "2027-01-04", "2027-01-11", "2026-W53", "2026-W01"),
    ],
)
def test_a_period_is_read_and_knows_what_it_is_compared_with(
    name: str, starts: str, ends: str, before: str, year_before: str
) -> None:
    span = Span.read(name, SHANGHAI)
    assert span.name == name
    assert (f"{span.start:%Y-%m-%d}", f"{span.end:%Y-%m-%d}") == (starts, ends)
    assert (span.before().name, span.year_before().name) == (before, year_before)


def test_a_day_of_the_clock_change_belongs_whole_to_its_month() -> None:
    span = Span.read("2026-03", "America/New_York")
    assert span.start.astimezone(UTC) == datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert span.end.astimezone(UTC) == datetime(2026, 4, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026", "2026-13", "2026-00", "2026-Q5", "2026-W54", "05-2026", "2026-5", "", "1812-05"]
)
def test_what_is_no_period_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(FieldError, match="write 2026-05, 2026-Q2 or 2026-W21"):
        Span.read(text, SHANGHAI)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_moment_lies_in_its_month_and_the_next_follows_at_once(moment: datetime) -> None:
    span = Span.month_of(moment, SHANGHAI)
    assert span.start <= moment < span.end
    assert span.after().start == span.end
    assert span.after().before() == span
