"""Photos put to issues: read, drawn anew, and kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import PHOTO_SORTS
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, FileRefusedError, NotFoundError, RefusedError
from gridmap.spatial.files.photos import Photo, read_photo
from gridmap.storage import photos as stored
from gridmap.storage.photos import Apart, NewPhoto

MOST_OF_AN_ISSUE: Final = 100
# A camera's clock may be somewhat fast; one that is a day ahead says nothing.
FAST: Final = timedelta(days=1)


def put(session: Session, viewer: Viewer, code: str, content: bytes, sort: str, at: datetime) -> int:
    """Put a photo to an issue that the viewer sees; lines of history then name it by its number."""
    if sort not in PHOTO_SORTS:
        raise FieldError("sort", f"{sort} is no sort of photo: choose one of {', '.join(PHOTO_SORTS)}")
    issue = stored.place_of(session, viewer, code)
    if issue is None:
        raise NotFoundError(f"there is no issue {code} here")
    return keep(session, code, issue, viewer.account_id, drawn(content, issue.timezone), at, sort)


def put_by_link(session: Session, code: str, content: bytes, at: datetime) -> int:
    """Put a photo to an issue for whoever has its link."""
    issue = stored.place_of_any(session, code)
    return keep(session, code, issue, None, drawn(content, issue.timezone), at)


def put_apart(session: Session, site: Site, account_id: int, content: bytes, at: datetime) -> int:
    """Keep a photo that is of no issue; a check-in then names it by its number."""
    return _added(session, Apart(site.id), account_id, drawn(content, site.timezone), at, "near")


def drawn(content: bytes, timezone: str) -> Photo:
    """A picture that somebody sent, drawn anew; what is none is refused by its field."""
    try:
        return read_photo(content, ZoneInfo(timezone))
    except FileRefusedError as error:
        raise FieldError("file", str(error)) from None


def keep(
    session: Session, code: str, issue: Row[Any], account_id: int | None, photo: Photo, at: datetime, sort: str = "near"
) -> int:
    """Keep a picture with an issue, as long as that has not too many."""
    if issue.photos >= MOST_OF_AN_ISSUE:
        raise RefusedError(f"{code} has {issue.photos} photos: that is all an issue can have")
    return _added(session, issue, account_id, photo, at, sort)


def _added(
    session: Session, place: Row[Any] | Apart, account_id: int | None, photo: Photo, at: datetime, sort: str
) -> int:
    taken_at = photo.taken_at if photo.taken_at is not None and photo.taken_at <= at + FAST else None
    new = NewPhoto(photo.content, photo.digest, photo.width, photo.height, sort, taken_at, photo.lon, photo.lat)
    return stored.add(session, place, account_id, new, at)
