"""Photos in the store: with the issues they belong to, for whoever sees these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer
from gridmap.storage.sight import AREA, of_viewer, seen


@dataclass(frozen=True)
class NewPhoto:
    """A picture as it is stored."""

    content: bytes = field(repr=False)
    digest: bytes
    width: int
    height: int
    sort: str
    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None


def place_of(session: Session, viewer: Viewer, code: str) -> Row[Any] | None:
    """The issue that photos are put to, its site's clock, and how many it has; None if the viewer does not see it."""
    return session.execute(
        text(f"""
            with recursive {AREA}
            select i.id as issue_id, i.site_id, s.timezone,
                   (select count(*) from photo where photo.issue_id = i.id) as photos
            from issue i join site s on s.id = i.site_id
            where i.code = :code and {seen(viewer)}
        """),
        {**of_viewer(viewer), "code": code},
    ).one_or_none()


def place_of_any(session: Session, code: str) -> Row[Any]:
    """The same for whoever has the link of an issue, which is asked for before."""
    return session.execute(
        text("""
            select i.id as issue_id, i.site_id, s.timezone,
                   (select count(*) from photo where photo.issue_id = i.id) as photos
            from issue i join site s on s.id = i.site_id where i.code = :code
        """),
        {"code": code},
    ).one()


class Apart(NamedTuple):
    """Where a photo belongs that is of no issue: a check-in names it by its number."""

    site_id: int
    issue_id: None = None


def add(session: Session, issue: Row[Any] | Apart, account_id: int | None, photo: NewPhoto, at: datetime) -> int:
    """The number of a photo that is put to an issue; the same picture put to it again has the number it had."""
    values = {
        "site_id": issue.site_id, "issue_id": issue.issue_id, "account_id": account_id, "sort": photo.sort, "at": at,
        "taken_at": photo.taken_at, "lon": photo.lon, "lat": photo.lat, "width": photo.width,
        "height": photo.height, "digest": photo.digest, "content": photo.content,
    }  # fmt: skip
    known: int | None = session.execute(
        text("""
            select min(id) from photo
            where site_id = :site_id and digest = :digest and issue_id is not distinct from :issue_id
              and sort = :sort
        """),
        values,
    ).scalar_one()
    if known is not None:
        return known
    return int(
        session.execute(
            text("""
                insert into photo (site_id, issue_id, account_id, sort, at, taken_at, geom, width, height, digest,
                                   content)
                values (:site_id, :issue_id, :account_id, :sort, :at, :taken_at,
                        case when cast(:lon as float8) is not null
                             then st_setsrid(st_makepoint(:lon, :lat), 4326) end,
                        :width, :height, :digest, :content)
                returning id
            """),
            values,
        ).scalar_one()
    )


def of_issue(session: Session, viewer: Viewer, code: str) -> Sequence[Row[Any]] | None:
    """The photos of an issue, oldest first, without their pictures; None if the viewer does not see the issue.

    `elsewhere` counts other issues of the site that have the same picture.
    """
    if place_of(session, viewer, code) is None:
        return None
    return session.execute(
        text("""
            select p.id, p.sort, p.at, p.taken_at, st_x(p.geom) as lon, st_y(p.geom) as lat, p.width, p.height,
                   round(st_distance(p.geom::geography, i.geom::geography)::numeric, 1)::float8 as from_issue_m,
                   (select count(distinct o.issue_id) from photo o
                    where o.site_id = p.site_id and o.digest = p.digest and o.issue_id <> p.issue_id) as elsewhere
            from photo p join issue i on i.id = p.issue_id where i.code = :code order by p.id
        """),
        {"code": code},
    ).all()


def content(session: Session, viewer: Viewer, photo_id: int) -> Row[Any] | None:
    """The picture of a photo and its digest; None if the viewer does not see its issue."""
    return session.execute(
        text(f"""
            with recursive {AREA}
            select p.content, p.digest from photo p join issue i on i.id = p.issue_id
            where p.id = :id and {seen(viewer)}
        """),
        {**of_viewer(viewer), "id": photo_id},
    ).one_or_none()
