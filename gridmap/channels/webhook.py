"""Webhooks: JSON by POST, signed as standardwebhooks.com has it, so that receivers find a library for it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import secrets
from datetime import datetime
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from gridmap.channels.sending import WAIT_S, Address, Failed, Outcome, by_status
from gridmap.domain.letters import Letter
from gridmap.errors import InputError

MARK: Final = "whsec_"
SECRET_BYTES: Final = 32
AGENT: Final = "gridmap"


class _StayHere(HTTPRedirectHandler):
    """Who is told to go elsewhere does not: a letter goes to the address that somebody chose, or nowhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER: Final = build_opener(_StayHere)


def send(address: Address, letter: Letter, at: datetime) -> Outcome:
    """Post a letter; what is answered is not read, only its status."""
    body = json.dumps(body_of(letter), ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": AGENT,
        **signed(body, str(letter.uid), int(at.timestamp()), address.secret),
    }
    request = Request(address.url, body, headers, method="POST")  # noqa: S310 (`check` takes http and https alone)
    try:
        with _OPENER.open(request, timeout=WAIT_S) as answer:
            return by_status(int(answer.status))
    except HTTPError as error:
        with error:
            return by_status(error.code)
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        return Failed(False, f"no answer: {_named(error)}")


def body_of(letter: Letter) -> dict[str, Any]:
    """A letter as programs read it."""
    return {
        "id": str(letter.uid),
        "type": letter.kind,
        "timestamp": letter.at.isoformat(),
        "urgent": letter.urgent,
        "language": letter.language,
        "subject": letter.subject,
        "text": letter.text,
        "data": letter.facts,
    }


def signed(body: bytes, uid: str, moment: int, secret: str | None) -> dict[str, str]:
    """The headers that say which message it is, when it was sent, and that nobody else wrote it."""
    headers = {"Webhook-Id": uid, "Webhook-Timestamp": str(moment)}
    if secret:
        digest = hmac.new(_key(secret), f"{uid}.{moment}.".encode() + body, hashlib.sha256).digest()
        headers["Webhook-Signature"] = "v1," + base64.b64encode(digest).decode()
    return headers


def _key(secret: str) -> bytes:
    if secret.startswith(MARK):
        try:
            return base64.b64decode(secret.removeprefix(MARK), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def new_secret() -> str:
    """A secret to sign by, as receivers' libraries take it."""
    return MARK + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check(url: str) -> None:
    """Refuse what is no address of the web, or says who comes in: a signature does that."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or not url.isascii() or not url.isprintable() or " " in url:
        raise InputError("a webhook's address is like https://example.com/hooks/7, in ASCII")
    if "@" in parts.netloc:
        raise InputError("a webhook's address holds no user and password: give a secret, by which it is signed")


def shown(url: str) -> str:
    """The address without what may be a token in its path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"


def _named(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    cause = reason if isinstance(reason, BaseException) else error
    return "timed out" if isinstance(cause, TimeoutError) else type(cause).__name__
