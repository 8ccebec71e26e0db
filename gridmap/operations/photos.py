"""Photos put to issues: read, drawn anew, and kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import PHOTO_SORTS
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, FileRefusedError, NotFoundError, RefusedError
from gridmap.spatial.files.photos import read_photo
from gridmap.storage import photos as stored
from gridmap.storage.photos import NewPhoto

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
    if issue.photos >= MOST_OF_AN_ISSUE:
        raise RefusedError(f"{code} has {issue.photos} photos: that is all an issue can have")
    try:
        photo = read_photo(content, ZoneInfo(issue.timezone))
    except FileRefusedError as error:
        raise FieldError("file", str(error)) from None
    taken_at = photo.taken_at if photo.taken_at is not None and photo.taken_at <= at + FAST else None
    new = NewPhoto(photo.content, photo.digest, photo.width, photo.height, sort, taken_at, photo.lon, photo.lat)
    return stored.add(session, issue, viewer.account_id, new, at)
