"""What pages for phones have in common: their files, what they may load, and what their scripts are told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from gridmap.language import LANGUAGES, Phrase
from gridmap.maps.assets import asset

STATIC: Final = Path(__file__).parent.parent / "static"
PREFIX: Final = "/static/phone/"
# Nothing from elsewhere, and nothing that stands in the page itself.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@cache
def files() -> dict[str, str]:
    """Our scripts and styles by name, and Leaflet's: each address changes with what it leads to."""
    found = {path.name: f"{PREFIX}{path.name}?v={_digest(path)}" for path in sorted(STATIC.iterdir()) if path.is_file()}
    script, style = asset("leaflet", "/report"), asset("leaflet_css", "/report")
    return {**found, "leaflet.js": script.url if script else "", "leaflet.css": style.url if style else ""}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def links(path: str, asked: Mapping[str, str | None]) -> dict[str, str]:
    """The same page in each language."""
    kept = {name: value for name, value in asked.items() if value}
    return {language: f"{path}?{urlencode({**kept, 'lang': language})}" for language in LANGUAGES}


def spoken(words: Mapping[str, Phrase], language: str) -> dict[str, str]:
    """The words of a page in a language; places for values stay as they are, for its script to fill."""
    return {name: Phrase(said.key).say(language) for name, said in words.items()}
