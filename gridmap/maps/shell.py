"""What stands around the map: header, figures, the list of open issues, the legend, and room for the parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from branca.element import MacroElement
from folium.template import Template
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gridmap.maps import words
from gridmap.maps.escape import clipped, safe

TEMPLATES: Final = Path(__file__).parent / "templates"
LONGEST: Final = 160


@dataclass(frozen=True)
class Page:
    """A page of its own around the map: whose it is, who reads it, and where its links lead."""

    site: str
    account: str | None = None
    sign_out: str | None = None
    languages: Mapping[str, str] = field(default_factory=dict)
    # name of a link: where it leads
    links: Mapping[str, str] = field(default_factory=dict)
    service: bool = False


class Shell(MacroElement):
    """The markup around the map; it comes first, so that the keyboard comes to it first."""

    _template = Template("{% macro html(this, kwargs) %}{{ this.markup }}{% endmacro %}")

    def __init__(self, markup: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Shell"
        self.markup = markup


@cache
def _templates() -> Environment:
    """Every value that is written goes through the one escape; only markup of ours is left as it is."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else _as_markup(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _as_markup(value: Any) -> Markup:
    return Markup(safe("" if value is None else clipped(str(value), LONGEST)))  # noqa: S704


def shell_of(map_id: str, language: str, page: Page | None) -> str:
    """The markup for a map: with a page all of it, else the legend alone."""
    return _templates().get_template("map.html").render(
        page=page,
        map_id=map_id,
        say=words.spoken(words.SCREEN, language),
        language=language,
        language_names=words.LANGUAGE_NAMES,
    )  # fmt: skip
