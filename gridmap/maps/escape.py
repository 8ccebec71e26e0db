"""The one escape for every string that reaches Folium or a page."""

from __future__ import annotations

import html
import json
import re
from typing import Any, Final

# What no page can hold: characters that steer, and halves of pairs, which no encoding writes.
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# Folium writes HTML into template literals of JavaScript, and takes what it has written for a Jinja template again:
# `${…}`, a backtick, a backslash or `{{…}}` that came through would run.
_SIGNS: Final = str.maketrans({"\\": "&#92;", "`": "&#96;", "$": "&#36;", "{": "&#123;", "}": "&#125;"})


def safe(text: object) -> str:
    """Text as HTML that stands for nothing but itself: in markup, in an attribute, in a script, in a template."""
    return html.escape(_UNFIT.sub("\ufffd", str(text))).translate(_SIGNS)


def clipped(text: str, longest: int) -> str:
    """At most this much of a text."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def clipped_deep(value: Any, longest: int) -> Any:
    """Every string in a value of JSON, cut short."""
    if isinstance(value, str):
        return clipped(value, longest)
    if isinstance(value, dict):
        return {key: clipped_deep(each, longest) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clipped_deep(each, longest) for each in value]
    return value


# What would end a script, open a template of JavaScript, or be no character of a page.
_FOR_SCRIPTS: Final = re.compile("[<>&'`$\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff]")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


def as_script(value: Any) -> str:
    """A value as JSON that can stand in a script and in a template, whatever its strings hold."""
    written = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    # Folium takes what it has written for a Jinja template again: braces in a string are no template's.
    written = _STRING.sub(lambda found: re.sub("[{}]", _as_number, found[0]), written)
    return _FOR_SCRIPTS.sub(_as_number, written)


def _as_number(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
