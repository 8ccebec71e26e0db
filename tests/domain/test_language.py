"""Every sentence is there in every script, with the same values in it."""

import ast
import re
from pathlib import Path

import pytest

from gridmap.domain.categories import CATEGORIES, GROUPS
from gridmap.domain.rights import ACCOUNT_ROLES
from gridmap.domain.roles import ROLES
from gridmap.language import LANGUAGES, Phrase, catalogue, language_of, phrase, say

PROJECT = Path(__file__).parents[2]


def keys_in_the_code() -> set[str]:
    spoken = {
        node.args[0].value
        for package in ("gridmap", "api")
        for file in (PROJECT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "phrase"
        and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }  # fmt: skip
    data = {row.name for row in CATEGORIES} | {row.refer_to for row in CATEGORIES if row.refer_to}
    return spoken | data | set(ROLES.values()) | set(GROUPS.values()) | set(ACCOUNT_ROLES.values())


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_the_catalogue_says_everything_the_code_says_and_nothing_else(language: str) -> None:
    assert set(catalogue(language)) == keys_in_the_code()
    assert all(catalogue(language).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_holds_the_same_values(language: str) -> None:
    for key, spoken in catalogue(language).items():
        assert sorted(re.findall(r"{\w+}", key)) == sorted(re.findall(r"{\w+}", spoken)), key


def test_a_phrase_within_a_phrase_is_spoken_in_the_same_language() -> None:
    nested = phrase("it goes to the site's {role}", role=phrase("dispatcher"))
    assert nested.say("zh-Hant") == "轉由本項目的調度中心處理"
    assert Phrase.from_json(nested.as_json()) == nested


def test_braces_in_a_name_are_no_places_for_values() -> None:
    assert phrase("{name} has a keeper", name="{person}").say("en") == "{person} has a keeper"


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-Hans"),
        ({"LANG": "zh_TW.UTF-8"}, "zh-Hant"),
        ({"LANG": "zh_CN.UTF-8", "GRIDMAP_LANGUAGE": "en"}, "en"),
    ],
)
def test_a_terminal_speaks_the_language_of_its_locale(environ: dict[str, str], language: str) -> None:
    assert language_of(environ) == language
    assert say("dispatcher", language) in {"dispatcher", "调度中心", "調度中心"}
