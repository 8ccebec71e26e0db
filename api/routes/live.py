"""The live feed as server-sent events, and its snapshot for those who cannot have them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import blake2b
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from api import sessions
from api.dependencies import DbSession, Now, OfIssues, SiteAsked, TheSite, allow, office_of, site_of
from api.live import Hub, Watcher, stamped, waited
from gridmap.errors import GridmapError
from gridmap.storage.views import stamp_of_issues
from gridmap.storage.watching import scene, sight_of

router = APIRouter(tags=["live"])
BEAT_S: Final = 10.0
# So often it is asked whether whoever watches still may.
CHECK_S: Final = 15.0
RETRY_MS: Final = 1_500


def number_of_site(request: Request, viewer: OfIssues, asked: SiteAsked = None) -> int:
    """The site that is meant: looked up at once, for hundreds who come back together must not wait for one another."""
    with office_of(request).database.session() as session:
        return site_of(session, viewer, asked).id


async def watching(
    request: Request, viewer: OfIssues, site_id: Annotated[int, Depends(number_of_site)]
) -> AsyncIterator[Watcher]:
    """Somebody watches, until he hangs up."""
    hub = office_of(request).hub
    watcher = hub.enter(viewer, site_id)
    try:
        yield watcher
    finally:
        hub.leave(watcher)


@router.get("/live", response_class=EventSourceResponse)
async def watch(request: Request, watcher: Annotated[Watcher, Depends(watching)]) -> AsyncIterator[ServerSentEvent]:
    """Open issues as they change: `snapshot` first, then `upsert`, `remove`, and every ten seconds a `beat`."""
    office = office_of(request)
    retry: int | None = RETRY_MS
    beaten = checked = monotonic()
    while True:
        event = await watcher.next(min(waited(beaten, BEAT_S), waited(checked, CHECK_S)))
        if event is not None and event.name == "end":
            return
        if event is not None:
            yield ServerSentEvent(event=event.name, raw_data=event.data, retry=retry)
            retry = None
        if monotonic() - beaten >= BEAT_S:
            beaten = monotonic()
            yield ServerSentEvent(event="beat", data={"at": office.clock(), "listening": office.hub.listening})
        if monotonic() - checked >= CHECK_S:
            checked = monotonic()
            if not await _still_may(request, office.hub, watcher):
                return


async def _still_may(request: Request, hub: Hub, watcher: Watcher) -> bool:
    """Whether whoever watches may go on; where his part of the site is another by now, he is shown that one."""
    try:
        viewer = allow(await run_in_threadpool(sessions.viewer_of_request, request), "issues")
    except SQLAlchemyError:  # nobody can say just now
        return True
    except GridmapError:
        return False
    if viewer.site_id not in (None, watcher.site_id):
        return False
    hub.move(watcher, viewer)
    return True


AS_BEFORE: dict[int | str, dict[str, Any]] = {304: {"description": "As before"}}


@router.get("/live/snapshot", response_class=Response, responses=AS_BEFORE)
def snapshot(request: Request, session: DbSession, viewer: OfIssues, site: TheSite, now: Now) -> Response:
    """What a stream begins with, for those who have to ask again and again; with an ETag."""
    sight = [site.id, sight_of(viewer), *stamp_of_issues(session), int(now.timestamp()) // 60]
    etag = f'"{blake2b(repr(sight).encode(), digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    known = (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(","))
    if etag in known:
        return Response(status_code=304, headers=headers)
    body = stamped(now, scene(session, viewer, site.id, now).as_json())
    return Response(body, headers=headers, media_type="application/json")
