"""Messages: one's own, read on a page or by a program; and the channels by which they leave."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator, BaseModel

from api import sessions
from api.dependencies import DbSession, Language, Now, SiteAsked, SiteOrAll, Viewing, site_of, with_right
from api.pages.messages import messages_page
from api.schemas import Body, Code, Line, Words, among, listed
from gridmap.domain.letters import CHANNEL_KINDS, Occasion, letter_of
from gridmap.domain.rights import Viewer
from gridmap.domain.roles import ROLES
from gridmap.errors import FieldError, NotFoundError, NotSignedInError
from gridmap.language import LANGUAGES
from gridmap.operations import channels
from gridmap.storage import deliveries as stored

router = APIRouter(tags=["messages"])
OfChannels = Annotated[Viewer, Depends(with_right("channels"))]
MOST: Final = 200


class MessagesView(BaseModel):
    """Messages, how many are unread in all, and where the next page begins."""

    messages: list[dict[str, Any]]
    unread: int
    next: str | None


@router.get("/messages")
def list_messages(
    session: DbSession,
    viewer: Viewing,
    now: Now,
    language: Language,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    after: Annotated[Line | None, Query(description="The `next` of the page before.")] = None,
) -> MessagesView:
    """One's own messages, unread ones first; a page at a time."""
    found = stored.messages_of(session, viewer, now, limit + 1, _place_of(after) if after else None)
    more = len(found) > limit
    shown = found[:limit]
    return MessagesView(
        messages=[_shown(each, language) for each in shown],
        unread=stored.unread(session, viewer, now),
        next=_mark_of(shown[-1]) if more else None,
    )


def _shown(told: stored.Told, language: str) -> dict[str, Any]:
    occasion: Occasion = told.occasion
    letter = letter_of(occasion, language)
    return {
        "uid": str(occasion.uid), "kind": occasion.kind, "urgent": occasion.urgent, "at": occasion.at,
        "read_at": told.read_at, "site": occasion.site, "issue": occasion.issue, "subject": letter.subject,
        "text": letter.text,
    }  # fmt: skip


def _mark_of(told: stored.Told) -> str:
    return f"{'read' if told.read_at else 'unread'}-{told.id}"


def _place_of(mark: str) -> tuple[bool, int]:
    sort, _, number = mark.partition("-")
    if sort not in ("read", "unread") or not number.isascii() or not number.isdigit() or len(number) > 18:
        raise FieldError("after", "this is no `next` of a page: begin without it")
    return sort == "read", int(number)


@router.post("/messages/{uid}/read", status_code=204)
def read_message(
    request: Request, session: DbSession, viewer: Viewing, now: Now, uid: Annotated[UUID, Path()]
) -> Response:
    """Note that one has read a message; whoever did so on the page is led back to it."""
    if not stored.mark_read(session, viewer, uid, now):
        raise NotFoundError(f"there is no message {uid} here")
    by_page = "text/html" in request.headers.get("accept", "")
    return RedirectResponse("/messages/page", 303) if by_page else Response(status_code=204)


@router.get("/messages/page", include_in_schema=False)
def page_of_messages(request: Request, session: DbSession, now: Now, language: Language) -> Response:
    """One's own messages as a page."""
    try:
        viewer = sessions.viewer_of_request(request)
    except NotSignedInError:
        return RedirectResponse("/sign-in", 303)
    return messages_page(stored.messages_of(session, viewer, now, MOST), language)


# ---------------------------------------------------------------- channels


class ChannelBody(Body):
    """A channel: for a person, for whoever holds a role, or, without either, for all messages of the site."""

    name: Line
    kind: Annotated[str, AfterValidator(among(CHANNEL_KINDS)), listed(CHANNEL_KINDS)]
    address: Words | None = None
    secret: Line | None = None
    language: Annotated[str, AfterValidator(among(LANGUAGES)), listed(LANGUAGES)] = "zh-Hans"
    person: Code | None = None
    role: Annotated[str, AfterValidator(among(tuple(ROLES))), listed(tuple(ROLES))] | None = None
    site: Code | None = None


class ChannelView(BaseModel):
    """A channel that was added; `secret` is what a webhook is signed by, if it was made here, shown this once."""

    id: int
    secret: str | None


@router.get("/channels")
def list_channels(session: DbSession, viewer: OfChannels, site: SiteOrAll) -> list[dict[str, Any]]:  # noqa: ARG001
    """The channels, and what became of the messages on each; no secret is shown again."""
    return channels.as_json(stored.channels(session, site.id if site else None))


@router.post("/channels", status_code=201)
def add_channel(session: DbSession, viewer: OfChannels, now: Now, body: ChannelBody) -> ChannelView:
    """Add a channel: messages that become due from now on go this way too."""
    site = site_of(session, viewer, body.site)
    channel = stored.NewChannel(body.name, body.kind, body.address or "", body.secret, body.language, role=body.role)
    added = channels.add(session, site, channel, body.person, now)
    return ChannelView(id=added.id, secret=added.secret)


@router.delete("/channels/{number}", status_code=204)
def close_channel(
    session: DbSession, viewer: OfChannels, now: Now, number: Annotated[int, Path(ge=1, lt=2**63)],
    asked: SiteAsked = None,
) -> None:  # fmt: skip
    """Close a channel: its address is forgotten, and what still waited for it is given up."""
    site_id = viewer.site_id if asked is None else site_of(session, viewer, asked).id
    if not stored.close_channel(session, site_id, number, now):
        raise NotFoundError(f"there is no channel {number} here")
