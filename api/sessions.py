"""Who asks: the key, token or cookie of a request; how often one may try and write; and how a cookie is set."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, IPv6Network, ip_address
from threading import BoundedSemaphore
from typing import Annotated, Final, Literal, Protocol
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPBearer, OAuth2PasswordBearer
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from gridmap.domain.rights import Viewer
from gridmap.errors import ForbiddenError, NotSignedInError, TooManyError
from gridmap.operations import accounts
from gridmap.settings import Settings
from gridmap.storage.database import Database

COOKIE: Final = "gridmap_session"
SAFE: Final = ("GET", "HEAD", "OPTIONS")
ATTEMPTS_A_MINUTE: Final = 10
RESIDENT_WRITES_A_MINUTE: Final = 30
# What may come in without an account: looked up, tried as a code, and sent, by an address or with one form; and sent to
# a site, where no flood may bury what its own people report.
LOOKS: Final = (RateLimitItemPerMinute(60),)
CODES: Final = (RateLimitItemPerMinute(10), RateLimitItemPerDay(100))
FORM: Final = (RateLimitItemPerHour(10),)
FROM_ADDRESS: Final = (RateLimitItemPerMinute(6), RateLimitItemPerDay(60))
TO_SITE: Final = (RateLimitItemPerMinute(60), RateLimitItemPerDay(3_000))
# Each password that is tried takes a core and 19 MB for a moment: the rest of the service goes on beside them.
TRIED_AT_ONCE: Final = 4
WAIT_S: Final = 5.0
KEPT_S: Final = 1.0
MOST_KEPT: Final = 10_000

Mark = tuple[str, bytes]


class Office(Protocol):
    """What of the running service is needed here."""

    database: Database
    settings: Settings
    secret: bytes
    clock: Callable[[], datetime]
    limits: Limits


# ---------------------------------------------------------------- limits


class Recent:
    """Who was just looked up: for a second, so that a program that asks often is not looked up as often."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[Mark, tuple[float, Viewer]] = {}

    def get(self, mark: Mark) -> Viewer | None:
        since, viewer = self._kept.get(mark, (-math.inf, None))
        return viewer if self._clock() - since < KEPT_S else None

    def keep(self, mark: Mark, viewer: Viewer) -> None:
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[mark] = (self._clock(), viewer)

    def forget(self) -> None:
        """Look everybody up again: called when this process changes accounts, posts or sign-ins."""
        self._kept.clear()


class Limits:
    """What a process remembers of those who ask: how often they tried and wrote, and for a second who they are."""

    def __init__(self) -> None:
        self.recent = Recent()
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._trying = BoundedSemaphore(TRIED_AT_ONCE)

    @contextmanager
    def trying(self, address: str) -> Iterator[None]:
        """A password, a link or a token is tried from an address."""
        self.count("attempt", address, RateLimitItemPerMinute(ATTEMPTS_A_MINUTE))
        if not self._trying.acquire(timeout=WAIT_S):
            raise TooManyError("too many people sign in at this moment: try again", math.ceil(WAIT_S))
        try:
            yield
        finally:
            self._trying.release()

    def write(self, viewer: Viewer, writes_a_minute: int | None) -> None:
        """An account changes something."""
        allowed = writes_a_minute
        if viewer.role == "resident":
            allowed = min(RESIDENT_WRITES_A_MINUTE, writes_a_minute or RESIDENT_WRITES_A_MINUTE)
        if allowed is not None:
            self.count("write", str(viewer.account_id), RateLimitItemPerMinute(allowed))

    def count(self, what: str, whose: str, *items: RateLimitItem) -> None:
        """Something is done once more: refused if that is too often."""
        for item in items:
            if self._window.hit(item, what, whose):
                continue
            reset = self._window.get_window_stats(item, what, whose).reset_time
            wait = max(1, math.ceil(reset - time.time()))
            raise TooManyError(
                f"more than {item.amount} a {item.GRANULARITY.name} are too many: try again in {wait} s", wait
            )


# ---------------------------------------------------------------- credentials


@dataclass(frozen=True)
class Credential:
    """What a request says of who it comes from."""

    kind: Literal["key", "token", "cookie"]
    value: str


def credential_of(request: Request) -> Credential | None:
    """The key or token of a request, else its cookie; a header that is no Bearer does not fall back to the cookie."""
    header = request.headers.get("authorization")
    if header is None:
        cookie = request.cookies.get(COOKIE)
        return Credential("cookie", cookie) if cookie else None
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedInError("Authorization must be Bearer and a key (gm_…) or a token of POST /token")
    value = value.strip()
    return Credential("key" if value.startswith(accounts.KEY_PREFIX) else "token", value)


def known_viewer(request: Request) -> Viewer | None:
    """Who asks, if this process has just looked him up; it waits for nothing."""
    credential = credential_of(request)
    if credential is None:
        return None
    office: Office = request.app.state.office
    viewer = office.limits.recent.get(_mark(office, credential))
    return None if viewer is None else _admitted(request, credential, viewer)


# Named for the description of the API alone: /docs offers what is here.
ByKey = Depends(HTTPBearer(auto_error=False, scheme_name="key", description="A key, `gm_…`, or a token."))
ByPassword = Depends(OAuth2PasswordBearer("token", auto_error=False, scheme_name="password"))
ByCookie = Depends(APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="cookie"))


def viewer_of_request(
    request: Request,
    _key: Annotated[object, ByKey] = None,
    _password: Annotated[object, ByPassword] = None,
    _cookie: Annotated[object, ByCookie] = None,
) -> Viewer:
    """Who asks: looked up unless he just was; nobody is refused."""
    viewer = known_viewer(request)
    if viewer is not None:
        return viewer
    credential = credential_of(request)
    if credential is None:
        raise NotSignedInError("nobody is signed in: sign in at /sign-in, or send Authorization: Bearer gm_…")
    if credential.kind == "cookie" and request.method not in SAFE:
        check_origin(request)
    office: Office = request.app.state.office
    viewer = _looked_up(office, credential)
    if viewer is None:
        raise NotSignedInError(f"this {credential.kind} is not known, or has ended: sign in again, or use another key")
    office.limits.recent.keep(_mark(office, credential), viewer)
    return _admitted(request, credential, viewer)


def _mark(office: Office, credential: Credential) -> Mark:
    return credential.kind, accounts.digest(office.secret, credential.value)


def _looked_up(office: Office, credential: Credential) -> Viewer | None:
    with office.database.session() as session:
        if credential.kind == "key":
            return accounts.viewer_of_key(session, office.secret, credential.value, office.clock())
        return accounts.viewer_of_sign_in(session, office.secret, credential.value, credential.kind, office.clock())


def _admitted(request: Request, credential: Credential, viewer: Viewer) -> Viewer:
    """The viewer, after what every request that changes something has to pass; it is counted once a request."""
    if request.method in SAFE or getattr(request.state, "admitted", False):
        return viewer
    if credential.kind == "cookie":
        check_origin(request)
    office: Office = request.app.state.office
    office.limits.write(viewer, office.settings.writes_a_minute)
    request.state.admitted = True
    return viewer


def check_origin(request: Request, *, required: bool = True) -> None:
    """Refuse what a page of somebody else sends in the name of who is signed in here."""
    said = request.headers.get("origin") or request.headers.get("referer")
    if said is None and not required:
        return
    if said is None or _host_of(said) != _plain_host(request.headers.get("host", "")):
        raise ForbiddenError(
            "by cookie, changes are taken from pages of this address alone: programs send Authorization: Bearer gm_…"
        )


def _host_of(address: str) -> str | None:
    try:
        return _plain_host(urlsplit(address).netloc) or None
    except ValueError:
        return None


def _plain_host(host: str) -> str:
    return host.lower().removesuffix(":80").removesuffix(":443")


def address_of(request: Request) -> str:
    """Where a request comes from, as far as one household has one address: of IPv6 the first half."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))


# ---------------------------------------------------------------- the cookie


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Let a browser come again; scripts of a page do not see what it comes by."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(accounts.COOKIE_LASTS.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def drop_cookie(request: Request, response: Response) -> None:
    """Let a browser forget what it came by."""
    response.delete_cookie(COOKIE, path="/", secure=request.url.scheme == "https", httponly=True, samesite="lax")
