"""Photos of issues: put there, listed and shown, to whoever sees the issue and may read what was reported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, Path, Request, Response, UploadFile
from pydantic import AfterValidator, BaseModel

from api.dependencies import DbSession, Now, allow, with_right
from api.schemas import Code, among, listed
from gridmap.domain.lifecycle import PHOTO_SORTS
from gridmap.domain.rights import Viewer
from gridmap.errors import NotFoundError, TooManyError
from gridmap.operations import photos
from gridmap.storage import photos as stored

router = APIRouter(tags=["photos"])
OfWords = Annotated[Viewer, Depends(with_right("words"))]
Sort = Annotated[str, AfterValidator(among(PHOTO_SORTS)), listed(PHOTO_SORTS)]
PhotoId = Annotated[int, Path(ge=1, lt=2**63)]
# A picture that is being drawn takes up to 300 MB.
DRAWN_AT_ONCE: Final = 2
WAIT_S: Final = 10.0
_DRAWING: Final = BoundedSemaphore(DRAWN_AT_ONCE)
# A photo never changes, but who may see it can: a browser keeps it for itself, and asks again after a while.
KEPT: Final = "private, max-age=3600"


@contextmanager
def drawing() -> Iterator[None]:
    """A picture is drawn, when not too many are."""
    if not _DRAWING.acquire(timeout=WAIT_S):
        raise TooManyError("too many photos are being read at this moment: send it again", int(WAIT_S))
    try:
        yield
    finally:
        _DRAWING.release()


class PhotoView(BaseModel):
    """A photo's number, by which actions name it."""

    id: int


@router.post("/issues/{code}/photos", status_code=201)
def put_photo(
    session: DbSession,
    viewer: OfWords,
    now: Now,
    code: Annotated[Code, Path()],
    file: Annotated[UploadFile, File(description="JPEG, PNG or WebP, at most 10 MB.")],
    sort: Annotated[Sort, Form(description="What it shows: from near, from far, before or after the work.")] = "near",
) -> PhotoView:
    """Put a photo to an issue: it is drawn anew, and where and when it was taken is kept apart from it."""
    allow(viewer, "report")
    content = file.file.read()
    with drawing():
        return PhotoView(id=photos.put(session, viewer, code, content, sort, now))


@router.get("/issues/{code}/photos")
def list_photos(session: DbSession, viewer: OfWords, code: Annotated[Code, Path()]) -> list[dict[str, Any]]:
    """The photos of an issue: when and where each was taken, how far from it, and whether it is used elsewhere."""
    found = stored.of_issue(session, viewer, code)
    if found is None:
        raise NotFoundError(f"there is no issue {code} here")
    return [{**row._asdict(), "href": f"/photos/{row.id}"} for row in found]


@router.get("/photos/{number}", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def show_photo(request: Request, session: DbSession, viewer: OfWords, number: PhotoId) -> Response:
    """The picture of a photo."""
    found = stored.content(session, viewer, number)
    if found is None:
        raise NotFoundError(f"there is no photo {number} here")
    tag = f'"{bytes(found.digest).hex()}"'
    headers = {"Cache-Control": KEPT, "ETag": tag, "Content-Disposition": f'inline; filename="{number}.jpg"'}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(bytes(found.content), headers=headers, media_type="image/jpeg")
