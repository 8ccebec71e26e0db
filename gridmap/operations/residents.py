"""Residents who report without an account: what they are told of a place, and what becomes of what they send."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.duplicates import near
from gridmap.domain.model import Site
from gridmap.domain.referrals import HOTLINE, NUMBERS, TOLD_TO_M, is_public
from gridmap.domain.roles import ROLES
from gridmap.errors import ConflictError, FieldError, ForbiddenError, NotFoundError
from gridmap.language import DEFAULT, say
from gridmap.operations import photos
from gridmap.operations.accounts import digest
from gridmap.operations.clockwork import Clockwork
from gridmap.operations.follow_ups import BYTES, LASTS
from gridmap.operations.intake import call
from gridmap.operations.known import Known
from gridmap.operations.moving import iso
from gridmap.operations.routing import Route, Router
from gridmap.spatial.files.photos import Photo
from gridmap.storage import photos as stored_photos
from gridmap.storage import places
from gridmap.storage import residents as stored

# The name of what comes in by the page, where who reports has no other.
SOURCE = "report page"


@dataclass(frozen=True)
class Asked:
    """A place that somebody is about to report something at, in WGS 84."""

    lon: float
    lat: float
    site: str | None = None
    category: str | None = None
    level: str | None = None
    facility: str | None = None
    accuracy_m: float | None = None


class Where(NamedTuple):
    """Of a site what residents are told, and whether they are told who answers."""

    code: str
    name: str
    timezone: str
    named: bool


@dataclass
class Found:
    """What is known of a place: whose it is, by when, and what of the kind is open there."""

    route: Route
    site: Where | None
    due: dict[str, str] = field(default_factory=dict)
    twins: Sequence[Any] = ()

    @property
    def ours(self) -> bool:
        return self.site is not None and self.route.facts["position"] != "outside"


def site_of(session: Session, code: str | None) -> Site:
    """The site that residents report at; one that takes no such reports is not there."""
    found = next((each for each in stored.sites(session) if each.code == code), None)
    if found is None:
        raise ForbiddenError("no reports are taken here: call the front desk of the site")
    return found


def look(session: Session, known: Known, asked: Asked, at: datetime) -> Found:
    """Whose a place is, by the same routing that a report goes through."""
    router = Router(session, known)
    point = {
        **{name: getattr(asked, name) for name in ("lon", "lat", "category", "level", "facility", "accuracy_m")},
        "kind": None, "extent_m": None, "about": None,
    }  # fmt: skip
    route = router.locate(pd.DataFrame([point]), at, asked.site)[0]
    code = route.facts["site"]
    stands = next((each for each in stored.sites(session) if each.code == code), None)
    if stands is None:
        return Found(route, None)
    site = Where(stands.code, stands.name, stands.timezone, stands.plate_names)
    category = asked.category
    if category is None:
        return Found(route, site)
    if category not in router.categories(code):
        raise FieldError("category", f"no category is called {category!r}")
    subject = router.subject(code, category)
    twins: Sequence[Any] = ()
    if is_public(subject.group, subject.urgency):
        twins = stored.twins(session, code, (asked.lon, asked.lat), category, near(category, subject.group), at)
    return Found(route, site, _due(Clockwork(session, router, at), route, category), twins)


def _due(clockwork: Clockwork, route: Route, category: str) -> dict[str, str]:
    facts = route.facts
    subject = clockwork.router.subject(facts["site"], category)
    tiers = (code for name in ("tier1", "tier2", "tier3") if (code := facts[name]))
    matter = clockwork.matter(facts["site"], subject.kind, subject.urgency, subject.code, (*facts["chain"], *tiers))
    deadlines = clockwork.of(facts["site"], matter, {"report": clockwork.at})
    return {each.stamp: iso(each.due_at) for each in deadlines if each.due_at is not None}


# ---------------------------------------------------------------- what is told


def told(found: Found, asked: Asked, secret: bytes, language: str = DEFAULT) -> dict[str, Any]:
    """What a resident is told of a place: of people at most the one whose name hangs on the plate."""
    site = found.site
    if site is None or not found.ours:
        return {"ours": False, "at": [asked.lon, asked.lat], "site": None, "grid": None, "responsible": None,
                "due": {}, "call": None, "twins": [], "channel": _hotline(language)}  # fmt: skip
    facts = found.route.facts
    grid = found.route.as_json(language)["grid"]
    return {
        "ours": True,
        "at": [asked.lon, asked.lat],
        "site": {"code": site.code, "name": site.name, "timezone": site.timezone},
        "position": facts["position"],
        "grid": grid and {"code": grid["code"], "name": grid["name"]},
        "responsible": _responsible(found, site, language),
        "due": found.due,
        "call": call(asked.category, language) if asked.category else None,
        "channel": _channel(found, language),
        "twins": [_twin(row, secret) for row in found.twins],
    }


def _responsible(found: Found, site: Where, language: str) -> dict[str, Any]:
    owner = found.route.verdict.owner
    on_plate = site.named and owner.role == "grid_owner" and owner.person is not None
    repairs = next((answer for answer in found.route.verdict.answers if answer.duty == "repairs"), None)
    return {
        "role": say(ROLES[owner.role], language),
        "grid": owner.post,
        "name": owner.person.name if on_plate and owner.person else None,
        "body": say(body, language) if (body := _body(found)) else None,
        "repairs": say(ROLES[repairs.role], language) if repairs else None,
    }


def _channel(found: Found, language: str) -> dict[str, str | None] | None:
    """Whom to turn to, where it is beyond the company's power; it is noted and followed all the same."""
    body = _body(found)
    return {"body": say(body, language), "number": NUMBERS.get(body)} if body else None


def _body(found: Found) -> str | None:
    return next((answer.body for answer in found.route.verdict.answers if answer.body), None)


def _hotline(language: str) -> dict[str, str | None]:
    return {"body": HOTLINE[0].say(language), "number": HOTLINE[1]}


def _twin(row: Any, secret: bytes) -> dict[str, Any]:
    return {
        "mark": _mark(row.id, secret),
        "status": row.status,
        "since": row.reported_at.isoformat(),
        "metres": round(row.metres / TOLD_TO_M) * TOLD_TO_M,
        "people": row.supporters + 1,
    }


def _mark(issue_id: int, secret: bytes) -> str:
    """A name for an issue that says nothing of it, not even how many there are."""
    return digest(secret, f"twin {issue_id}").hex()[:24]


# ---------------------------------------------------------------- what is sent


@dataclass(frozen=True)
class Contact:
    """What somebody adds who saw the same: his words, and how to reach him."""

    text: str | None = None
    name: str | None = None
    phone: str | None = None


def right_code(site: Site, said: str | None) -> bool:
    """Whether somebody knows the code of a site that asks for one."""
    if site.report_code is None:
        return True
    given, asked = (text.strip().casefold().encode("utf-8", "replace") for text in (said or "", site.report_code))
    return hmac.compare_digest(given, asked)


def account_of(session: Session, site: Site, at: datetime) -> int:
    """The account in whose name the residents of a site report who have none: nobody signs in by it."""
    return stored.account(session, site.id, f"residents@{site.code}", at)


def token_of(site: str, uid: str, secret: bytes) -> str:
    """The token of a report's link: the same for the phone that sends it twice, and for nobody else."""
    return urlsafe_b64encode(digest(secret, f"follow {site} {uid}")[:BYTES]).decode()


def link(session: Session, issue: str, token: str, secret: bytes, at: datetime) -> None:
    """Keep what a link is known by."""
    stored.keep_link(session, issue, digest(secret, token), at, at + LASTS)


def join(
    session: Session, known: Known, asked: Asked, mark: str, contact: Contact, token: str, secret: bytes, at: datetime
) -> tuple[str, Found]:
    """Join what others have reported at a place: its code, which is not told, and what is known of the place."""
    found, mine = look(session, known, asked, at), digest(secret, token)
    before = stored.supported(session, mine)
    if before is not None:
        return before, found
    twin = next((row for row in found.twins if hmac.compare_digest(_mark(row.id, secret), mark)), None)
    if twin is None:
        raise ConflictError("what others had reported is not open any more: report it anew")
    given = {"digest": mine, "at": at, "expires_at": at + LASTS, **vars(contact)}
    stored.support(session, twin.id, given)
    return str(twin.code), found


def put_photos(session: Session, issue: str, account_id: int | None, pictures: Sequence[Photo], at: datetime) -> None:
    """Put pictures that are drawn already to an issue; the same one comes in once."""
    for picture in pictures:
        place = stored_photos.place_of_any(session, issue)
        photos.keep(session, issue, place, account_id, picture, at)


# ---------------------------------------------------------------- plates and outlines


def plate(session: Session, code: str, at: datetime, site: str | None = None) -> list[Mapping[str, Any]]:
    """Where the plate of a grid or a facility leads, one for each site that has such a code."""
    found = [row._asdict() for row in stored.plates(session, code, at) if site in (None, row.site)]
    first = {row["site"]: row for row in reversed(found)}
    return list(first.values())


def outline(session: Session, site: Site, at: datetime) -> str:
    """The shapes of a site's grids and buildings, and nobody's name."""
    edition = places.edition_in_force(session, site.id, at)
    if edition is None:
        raise NotFoundError(f"no plan of {site.code} is in force")
    return stored.outline(session, site.id, edition.id)
