"""Fonts with Chinese signs: the system's, else the private ones of the set-up; without one nothing is printed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import typst

from gridmap.errors import StoreError
from gridmap.maps.strokes import FAMILIES
from gridmap.settings import default_home

# Families that have all of a page's signs, where none of a language's own is there; the best first.
OTHERS: Final = (
    *FAMILIES["zh-Hans"], *FAMILIES["zh-Hant"], "Noto Sans CJK HK", "Noto Sans CJK JP", "Noto Sans CJK KR",
    "Source Han Sans CN", "Source Han Sans", "Hiragino Sans GB", "STHeiti", "SimHei", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Droid Sans Fallback", "Noto Serif CJK SC", "Noto Serif CJK TC", "Source Han Serif SC",
    "SimSun", "AR PL UMing CN", "AR PL UKai CN",
)  # fmt: skip
WANTED: Final = "no font with Chinese signs is here, and pages would show boxes: apt install fonts-noto-cjk, or run "


@dataclass(frozen=True)
class Font:
    """A family, and the folders it is looked for in besides the system's."""

    family: str
    folders: tuple[str, ...]


def font_of(language: str, environ: Mapping[str, str] = os.environ) -> Font:
    """The font a language is printed in; StoreError where no font has its signs."""
    folders = tuple(str(folder) for folder in _folders(environ) if folder.is_dir())
    found = _families(folders)
    for family in (*FAMILIES[language], *OTHERS):
        if family in found:
            return Font(family, folders)
    _families.cache_clear()  # what is installed now is seen the next time
    raise StoreError(f"{WANTED}setup/bootstrap.sh")


def _folders(environ: Mapping[str, str]) -> list[Path]:
    """Where fonts may lie that the system does not know: named by GRIDMAP_FONTS, or fetched by the set-up."""
    named = [Path(part).expanduser() for part in environ.get("GRIDMAP_FONTS", "").split(os.pathsep) if part]
    return [*named, *(default_home() / room / "usr/share/fonts" for room in ("fonts", "browser"))]


@cache
def _families(folders: tuple[str, ...]) -> frozenset[str]:
    """Every family there is, which takes a tenth of a second to find out."""
    return frozenset(typst.Fonts(font_paths=list(folders)).families())
