"""What messages say."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.letters import LONGEST_LINE, SENTENCES, STAMP_NAMES, Occasion, letter_of, line
from gridmap.domain.lifecycle import MESSAGES, STAMPS
from gridmap.language import LANGUAGES

AT = datetime(2026, 5, 1, 8, tzinfo=UTC)
OCCASION = Occasion(
    UUID(int=7), "dispatched", AT, "WJ", "Garden", "Asia/Shanghai", issue="WJ-7", category="lift",
    category_name="lift", grid="Z1-C1-1", stamp="accepted", due_at=AT,
)  # fmt: skip


def test_every_kind_of_message_and_every_stamp_has_its_words() -> None:
    assert set(SENTENCES) == set(MESSAGES)
    assert set(STAMP_NAMES) == set(STAMPS)


@pytest.mark.parametrize("kind", MESSAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_says_what_it_is_about_whatever_it_lacks(kind: str, language: str) -> None:
    full = letter_of(replace(OCCASION, kind=kind, round="R7"), language)
    bare = letter_of(Occasion(UUID(int=7), kind, AT, "WJ", "Garden", "Asia/Shanghai"), language)
    assert ("WJ-7" in full.subject) == (kind != "overdue_round")
    assert bare.subject.startswith("Garden · ")
    assert "{" not in full.text + bare.text
    assert "None" not in full.text + bare.text


def test_a_letter_says_where_and_by_when_by_the_clock_of_the_site() -> None:
    assert letter_of(OCCASION, "en").text.splitlines() == [
        "WJ-7 is yours to handle: lift",
        "Grid: Z1-C1-1",
        "Next limit: acceptance by 2026-05-01 16:00",
    ]


@given(st.text(), st.text(), st.text())
def test_no_name_makes_a_line_or_steers_a_screen(code: str, category: str, site: str) -> None:
    occasion = replace(OCCASION, issue=code, category_name=category, site_name=site, grid=code, round=category)
    for language in LANGUAGES:
        letter = letter_of(occasion, language)
        assert len(letter.text.splitlines()) <= 3
        assert len(letter.subject.splitlines()) == 1
        assert "\u202e" not in letter.subject + letter.text
        (letter.subject + letter.text).encode()


@given(st.text(max_size=400))
def test_a_line_is_one_line_and_stays_as_it_is_the_second_time(text: str) -> None:
    once = line(text)
    assert len(once.splitlines()) <= 1
    assert len(once) <= LONGEST_LINE
    assert line(once) == once
