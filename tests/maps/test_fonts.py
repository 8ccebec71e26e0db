"""What is printed is printed in a font that has its signs, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typst

from gridmap.errors import StoreError
from gridmap.language import LANGUAGES
from gridmap.maps import fonts, typeset
from gridmap.maps.strokes import FAMILIES

AT = datetime(2026, 5, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_font_here(language: str) -> None:
    font = fonts.font_of(language)
    assert font.family in typst.Fonts(font_paths=list(font.folders)).families()


def test_a_language_gets_its_own_face_where_it_is_there() -> None:
    for language in LANGUAGES:
        known = typst.Fonts(font_paths=list(fonts.font_of(language).folders)).families()
        own = next((name for name in FAMILIES[language] if name in known), None)
        assert own is None or fonts.font_of(language).family == own


def test_a_folder_that_is_named_is_looked_into_first(tmp_path: Path) -> None:
    assert fonts.font_of("zh-Hans", {"GRIDMAP_FONTS": str(tmp_path)}).folders[0] == str(tmp_path)


def test_a_font_that_is_not_there_stops_the_press(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "OTHERS", ("Nowhere Sans",))
    monkeypatch.setattr(fonts, "FAMILIES", dict.fromkeys(LANGUAGES, ("Nowhere Sans",)))
    with pytest.raises(StoreError, match="apt install fonts-noto-cjk, or run"):
        typeset.typeset("picture", {"svg": "<svg/>", "width": 20, "height": 20}, "zh-Hans", AT)


def test_a_warning_about_a_font_is_no_page() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
    data = {"svg": svg, "width": 20, "height": 20}
    with pytest.raises(StoreError, match="unknown font family"):
        typeset.typeset("picture", data, "zh-Hans", AT, font=fonts.Font("Nowhere Sans", ()))
    assert typeset.typeset("picture", data, "zh-Hans", AT)[0].startswith(b"%PDF")
