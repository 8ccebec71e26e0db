"""Channels of a site: added, tried and closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Row
from sqlalchemy.orm import Session

from gridmap.channels import webhook
from gridmap.channels.kinds import CHANNELS
from gridmap.channels.sending import Address, Outcome, Sender
from gridmap.domain.letters import CHANNEL_KINDS, Letter
from gridmap.domain.model import Site
from gridmap.domain.roles import ROLES
from gridmap.errors import ConflictError, FieldError, InputError, NotFoundError
from gridmap.language import LANGUAGES, Phrase, phrase
from gridmap.storage import deliveries as stored
from gridmap.storage.deliveries import NewChannel

TRIED = phrase("This is a test of the channel {name}: messages of {site} will come this way.")


@dataclass(frozen=True)
class Added:
    """A channel that was added; a webhook's secret is told this once."""

    id: int
    secret: str | None = field(default=None, repr=False)


def add(session: Session, site: Site, channel: NewChannel, person: str | None, at: datetime) -> Added:
    """Add a channel for a person, for whoever holds a role, or for all messages of a site."""
    _check(channel, person)
    person_id = None
    if person is not None:
        person_id = stored.person_id(session, site.id, person)
        if person_id is None:
            raise FieldError("person", f"{site.code} has no person {person}: gridmap load brings people")
    made = None
    if channel.kind == "webhook" and not channel.secret:
        made = webhook.new_secret()
    channel = replace(channel, person_id=person_id, secret=channel.secret or made)
    added = stored.add_channel(session, site.id, channel, at)
    if added is None:
        raise ConflictError(f"{site.code} has a channel {channel.name}: close it first, or name this one differently")
    return Added(added, made)


def _check(channel: NewChannel, person: str | None) -> None:
    if channel.kind not in CHANNEL_KINDS:
        raise FieldError("kind", f"{channel.kind} is no kind of channel: choose one of {', '.join(CHANNEL_KINDS)}")
    if channel.role is not None and channel.role not in ROLES:
        raise FieldError("role", f"{channel.role} is no role: choose one of {', '.join(ROLES)}")
    if channel.role is not None and person is not None:
        raise FieldError("role", "a channel is for a person or for a role, not for both")
    if channel.language not in LANGUAGES:
        raise FieldError("language", f"choose one of {', '.join(LANGUAGES)}")
    if channel.secret is not None and channel.kind != "webhook":
        raise FieldError("secret", "webhooks alone are signed by a secret: that of a robot stands in its address")
    try:
        CHANNELS[channel.kind].check(channel.address)
    except InputError as error:
        raise FieldError("address", str(error)) from None


def named(session: Session, site: Site, name: str) -> Row[Any]:
    """The open channel of a name."""
    found = next((row for row in stored.channels(session, site.id) if row.name == name), None)
    if found is None:
        raise NotFoundError(f"{site.code} has no channel {name}: gridmap channels list shows them")
    return found


def trial(row: Row[Any], site_name: str, at: datetime, senders: Mapping[str, Sender]) -> Outcome:
    """Send a test by a channel and say what became of it; nothing is stored."""
    said = Phrase(TRIED.key, {"name": row.name, "site": site_name}).say(row.language)
    letter = Letter(uuid4(), "test", said, said, row.language, at, facts={"site": row.site})
    return senders[row.kind](Address(row.kind, row.address, row.secret), letter, at)


def as_json(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Channels as they may be shown: no secret is shown again."""
    same = ("id", "site", "name", "kind", "language", "person", "role", "created_at", "waiting", "sent", "dead",
            "last_error")  # fmt: skip
    return [
        {**{name: getattr(row, name) for name in same}, "address": CHANNELS[row.kind].shown(row.address)}
        for row in rows
    ]
