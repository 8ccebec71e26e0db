"""The page of one's own messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse

from api.pages.paper import page
from gridmap.domain.letters import letter_of, sentence_of
from gridmap.language import phrase
from gridmap.storage.deliveries import Told

WORDS: Final = {
    "title": phrase("Messages"),
    "none": phrase("There is nothing to read."),
    "urgent": phrase("urgent"),
    "unread": phrase("unread"),
    "read": phrase("I have read it"),
    "map": phrase("Grid map"),
}


def messages_page(messages: Sequence[Told], language: str) -> HTMLResponse:
    """The messages as they are; whatever they hold is text."""
    words = {key: said.say(language) for key, said in WORDS.items()}
    return page("messages.html", language, words=words, messages=[_row(each, language) for each in messages])


def _row(told: Told, language: str) -> dict[str, Any]:
    occasion = told.occasion
    letter = letter_of(occasion, language)
    return {
        "uid": occasion.uid,
        "sentence": sentence_of(occasion, language),
        "lines": letter.text.splitlines()[1:],
        "at": occasion.at.astimezone(ZoneInfo(occasion.timezone)).strftime("%Y-%m-%d %H:%M"),
        "site": occasion.site_name,
        "urgent": occasion.urgent,
        "unread": told.read_at is None,
    }
