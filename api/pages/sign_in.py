"""The page where people sign in, by a password or by a link."""

from __future__ import annotations

from typing import Final

from fastapi.responses import HTMLResponse

from api.pages.paper import page
from gridmap.language import Phrase, phrase

WRONG: Final = phrase("The name or the password is wrong, or the account is locked for a while.")
TOO_MANY: Final = phrase("Too many attempts: try again in a minute.")
ELSEWHERE: Final = phrase("This was sent from another address: sign in here.")
LINK_ENDED: Final = phrase("This link has been used, or has ended: ask for another one.")

WORDS: Final = {
    "title": phrase("Grid map"),
    "sign_in": phrase("Sign in"),
    "name": phrase("Account"),
    "password": phrase("Password"),
    "by_link": phrase("This link signs you in once."),
}
LONGEST_NAME: Final = 64


def sign_in_page(
    language: str, complaint: Phrase | None = None, name: str = "", status: int = 200, onward: str = ""
) -> HTMLResponse:
    """The form; after a failure with what was wrong, and the name that was typed. It leads `onward`, a path of ours."""
    return _page(language, complaint, status, name=name[:LONGEST_NAME], link=False, onward=onward)


def link_page(language: str) -> HTMLResponse:
    """What a one-time link shows: its form is sent at once by a browser, and not by whoever previews links."""
    return _page(language, None, 200, name="", link=True)


def _page(
    language: str, complaint: Phrase | None, status: int, *, name: str, link: bool, onward: str = ""
) -> HTMLResponse:
    words = {key: said.say(language) for key, said in WORDS.items()}
    said = complaint.say(language) if complaint else None
    return page("sign_in.html", language, status, words=words, complaint=said, name=name, link=link, onward=onward)
