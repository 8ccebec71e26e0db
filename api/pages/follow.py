"""The page by which a resident follows what he reported, and says whether it is solved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse

from api.pages.paper import page
from api.schemas import storable
from gridmap.domain.lifecycle import ENDED
from gridmap.domain.roles import ROLES
from gridmap.errors import FieldError
from gridmap.language import Phrase, phrase
from gridmap.maps.words import STATUSES

WORDS: Final = {
    "title": phrase("What you reported"),
    "unknown": phrase("This link is not known, or too old. Ask the front desk for a new one."),
    "number": phrase("number"),
    "category": phrase("category"),
    "answers": phrase("answers"),
    "due": phrase("due"),
    "asked": phrase("Is it solved?"),
    "words": phrase("Anything else you want to say"),
    "send": phrase("Send"),
    "supports": phrase("Others reported it first. You are noted beside them."),
    "photo": phrase("Add a photo"),
    "thanks": phrase("Thank you for your answer."),
}
GRADES: Final = {
    5: phrase("very satisfied"),
    4: phrase("satisfied"),
    3: phrase("so so"),
    2: phrase("not satisfied"),
    1: phrase("not solved at all"),
}
HAPPENED: Final = {
    "report": phrase("You reported it."),
    "file": phrase("It was filed."),
    "dispatch": phrase("Somebody was sent."),
    "accept": phrase("Somebody has taken it on."),
    "arrive": phrase("Somebody is on site."),
    "control": phrase("It is under control."),
    "hold": phrase("It has to wait for a while."),
    "resume": phrase("Work goes on."),
    "refer": phrase("It was referred to those whose matter it is, and is followed."),
    "resolve": phrase("It was put right."),
    "check": phrase("It was looked at again."),
    "answer": phrase("You were answered:"),
    "follow_up": phrase("You said how satisfied you are."),
    "close": phrase("It was closed."),
    "reopen": phrase("It was taken up again."),
    "void": phrase("It was struck off."),
    "merge": phrase("Others had reported the same: it is seen to together."),
}


def unknown(language: str) -> HTMLResponse:
    """A link that leads nowhere says so."""
    return page("follow.html", language, 404, words=_words(language), issue=None, photos="")


def followed(found: Mapping[str, Any], token: str, language: str) -> HTMLResponse:
    """How an issue stands; whatever it holds is text."""
    zone = ZoneInfo(found["timezone"])
    asks = found["status"] in ("resolved", "checked", "closed") and not found["followed"] and not found["supports"]
    ended = found["status"] in ENDED
    issue = {
        "code": found["code"],
        "site": found["site"],
        "category": Phrase(found["category_name"]).say(language),
        "status": STATUSES[found["status"]].say(language),
        "role": Phrase(ROLES[found["handler_role"] or found["owner_role"]]).say(language),
        "grid": found["owner_grid"],
        "due": None if found["resolved_at"] or found["held_at"] or ended else _at(found["due_at"], zone),
        "history": [
            {
                "at": _at(datetime.fromisoformat(line["at"]), zone),
                "what": HAPPENED[line["action"]].say(language),
                "note": line["note"],
            }
            for line in found["history"] or ()
        ],
        "asks": asks,
        "thanks": found["followed"] and not found["supports"],
        "supports": found["supports"],
        "open": not ended,
        "grades": [(grade, said.say(language)) for grade, said in GRADES.items()],
    }
    photos = f"/follow/{quote(token)}/photos?back=page"
    return page("follow.html", language, words=_words(language), issue=issue, photos=photos)


def _words(language: str) -> dict[str, str]:
    return {name: said.say(language) for name, said in WORDS.items()}


def _at(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return None if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def sound(words: str) -> str | None:
    """Words of a form as they are kept; none if there are none."""
    try:
        return storable(words.strip()) or None
    except ValueError as error:
        raise FieldError("words", str(error)) from None
