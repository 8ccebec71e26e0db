"""Whatever is written into a map stands for itself."""

from __future__ import annotations

import html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Template

from gridmap.maps.escape import as_script, clipped, safe

ANYTHING = st.text(st.characters(exclude_categories=()))


@given(ANYTHING)
def test_nothing_that_steers_is_left_in_a_safe_text(text: str) -> None:
    assert not set(safe(text)) & set("<>\"'\\`${}")
    safe(text).encode("utf-8")


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")))
def test_a_reader_sees_what_was_written(text: str) -> None:
    assert html.unescape(safe(text)) == text


@given(ANYTHING)
def test_a_template_made_of_safe_text_says_just_that(text: str) -> None:
    written = safe(text).replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    assert Template(written).render() == written


@given(st.dictionaries(st.text(), st.text(st.characters(exclude_categories=("Cs",)))))
def test_a_value_in_a_script_is_read_back_as_it_was(value: dict[str, str]) -> None:
    written = as_script(value)
    assert json.loads(written) == value
    assert not set(written) & set("<>&'`$\u2028\u2029")
    assert Template(written).render() == written


@pytest.mark.parametrize(("text", "kept"), [("abcdef", "abcdef"), ("abcdefg", "abcde…"), ("a" * 9000, "aaaaa…")])
def test_a_long_text_ends_where_there_is_no_more_room(text: str, kept: str) -> None:
    assert clipped(text, 6) == kept
