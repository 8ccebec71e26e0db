"""What is said to people, in three scripts. Keys are English; the catalogues hold the Chinese."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

from babel.messages.pofile import read_po

from gridmap.errors import InputError

LANGUAGES: Final = ("zh-Hans", "zh-Hant", "en")
DEFAULT: Final = "zh-Hans"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every message of a language by its English key; English speaks for itself."""
    if language not in LANGUAGES:
        raise InputError(f"language {language!r} is not known: choose one of {', '.join(LANGUAGES)}")
    if language == "en":
        return {}
    with (files(__package__) / f"{language}.po").open("rb") as stream:
        return {str(message.id): str(message.string) for message in read_po(stream) if message.id}


def say(key: str, language: str = DEFAULT, /, **values: object) -> str:
    """The sentence for a key, with its values put in."""
    spoken = catalogue(language).get(key) or key
    return spoken.format(**values) if values else spoken


@dataclass(frozen=True)
class Phrase:
    """A sentence not yet spoken: its key and values, so that every reader hears it in his own language.

    A value that is a Phrase itself (the name of a role, say) is spoken in the same language.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def say(self, language: str = DEFAULT) -> str:
        return say(
            self.key,
            language,
            **{
                name: value.say(language) if isinstance(value, Phrase) else value for name, value in self.values.items()
            },
        )

    def as_json(self) -> dict[str, Any]:
        """The phrase as it is stored."""
        return {
            "key": self.key,
            "values": {
                name: value.as_json() if isinstance(value, Phrase) else value for name, value in self.values.items()
            },
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Phrase:
        return cls(
            stored["key"],
            {
                name: cls.from_json(value) if isinstance(value, dict) else value
                for name, value in stored["values"].items()
            },
        )


def phrase(key: str, /, **values: object) -> Phrase:
    """Mark a sentence for the catalogues and hold it unspoken."""
    return Phrase(key, values)


def language_of(environ: Mapping[str, str] = os.environ) -> str:
    """The language of a terminal: GRIDMAP_LANGUAGE, else the locale's, else English."""
    wanted = environ.get("GRIDMAP_LANGUAGE")
    if wanted in LANGUAGES:
        return wanted
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    if not locale.startswith("zh"):
        return "en"
    return "zh-Hant" if any(mark in locale for mark in ("TW", "HK", "MO", "Hant")) else "zh-Hans"
