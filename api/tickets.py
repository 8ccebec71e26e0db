"""A form's ticket: given out with the page, good for a while, and only after the moment that it takes to fill it in."""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from gridmap.errors import FieldError
from gridmap.operations.accounts import digest

# Nobody says where and what in less; a page that lay open for longer asks for another ticket by itself.
SOONEST_S: Final = 2.0
LASTS_S: Final = 2 * 3600.0


def issued(secret: bytes, now: float) -> str:
    """A ticket of this moment, in seconds since 1970."""
    said = f"{int(now * 1000)}.{secrets.token_urlsafe(9)}"
    return f"{said}.{_seal(secret, said)}"


def check(secret: bytes, ticket: str, now: float) -> None:
    """Refuse a ticket that is not ours, too fresh, or too old: whoever is refused asks for another and tries again."""
    said, _, seal = ticket.rpartition(".")
    if not hmac.compare_digest(seal.encode("utf-8", "replace"), _seal(secret, said).encode()):
        raise FieldError("ticket", "this form is not ours: open the page again")
    age = now - int(said.partition(".")[0]) / 1000
    if age > LASTS_S:
        raise FieldError("ticket", "this form has lain open for too long: it is renewed, then sent again")
    if age < SOONEST_S:
        raise FieldError("ticket", "that was quicker than anybody can write: wait a moment, then send it again")


def _seal(secret: bytes, said: str) -> str:
    return digest(secret, f"ticket {said}").hex()[:32]
