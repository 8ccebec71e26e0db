"""What residents without an account are shown, and what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from gridmap.domain.duplicates import Near
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer

# What a small map on a phone can show of a kind; of a city it shows the upper tiers.
MOST_SHAPES: Final = 4_000


def sites(session: Session) -> Sequence[Site]:
    """The sites at which residents report by themselves."""
    return session.scalars(select(Site).where(Site.report_open).order_by(Site.code)).all()


def plates(session: Session, code: str, at: datetime) -> Sequence[Row[Any]]:
    """Where the grids and facilities of a code lie, by their sites: each with a point that is surely within it."""
    return session.execute(
        text("""
            select s.code as site, 'grid' as kind, null as of_kind,
                   st_x(p.point) as lon, st_y(p.point) as lat, g.code
            from grid g join edition e on e.id = g.edition_id join site s on s.id = e.site_id
            cross join lateral (select st_pointonsurface(g.geom) as point) p
            where g.code = :code and s.report_open and e.status <> 'draft'
              and e.valid_from <= :at and (e.valid_to is null or :at < e.valid_to)
            union all
            select s.code, 'facility', f.kind, st_x(p.point), st_y(p.point), f.code
            from facility f join site s on s.id = f.site_id
            cross join lateral (select st_pointonsurface(f.geom) as point) p
            where f.code = :code and s.report_open
            order by site, kind desc
        """),
        {"code": code, "at": at},
    ).all()


def outline(session: Session, site_id: int, edition_id: int) -> str:
    """The shapes of a site's grids and buildings as JSON: of grids their codes, of buildings not even these."""
    return str(
        session.execute(
            text("""
                select json_build_object(
                    'grids', (
                        select coalesce(json_agg(json_build_object('code', code, 'tier', tier,
                            'shape', st_asgeojson(geom, 6)::json) order by tier, code), '[]'::json)
                        from grid where edition_id = :edition and (tier < (select leaf_tier from edition
                            where id = :edition) or (select count(*) from grid where edition_id = :edition) <= :most)
                    ),
                    'buildings', (
                        select coalesce(json_agg(st_asgeojson(geom, 6)::json order by id), '[]'::json)
                        from building where site_id = :site
                            and (select count(*) from building where site_id = :site) <= :most
                    ),
                    'levels', (
                        select coalesce(json_agg(distinct level), '[]'::json) from (
                            select level from facility where site_id = :site
                            union all select level from overlay where site_id = :site
                        ) known where level is not null
                    )
                )::text
            """),
            {"site": site_id, "edition": edition_id, "most": MOST_SHAPES},
        ).scalar_one()
    )


def twins(
    session: Session, site: str, spot: tuple[float, float], category: str, near: Near, at: datetime
) -> Sequence[Row[Any]]:
    """Open issues of a category near a spot, the nearest first: never one that is about a person."""
    return session.execute(
        text("""
            with spot as (select st_setsrid(st_makepoint(:lon, :lat), 4326)::geography as geog)
            select i.id, i.code, i.status, i.reported_at, st_distance(i.geom::geography, spot.geog) as metres,
                   (select count(*) from supporter where supporter.issue_id = i.id) as supporters
            from issue i join site s on s.id = i.site_id join category c on c.id = i.category_id cross join spot
            where s.code = :site and c.code = :category and i.about_id is null
              and i.status not in ('resolved', 'checked', 'closed', 'void', 'merged')
              and i.urgency not in ('life', 'emergency')
              and i.reported_at <= :at and i.reported_at > :since
              and i.geom && st_expand(spot.geog::geometry, :reach_deg)
              and st_dwithin(i.geom::geography, spot.geog, :metres)
            order by metres, i.id limit 3
        """),
        {
            "site": site, "lon": spot[0], "lat": spot[1], "category": category, "metres": near.metres, "at": at,
            "reach_deg": near.metres / 20_000, "since": at - near.within,
        },
    ).all()  # fmt: skip


def account(session: Session, site_id: int, name: str, at: datetime) -> int:
    """The account in whose name a site's residents report who have none: made when the first of them does."""
    values = {"site": site_id, "name": name, "at": at}
    session.execute(
        text("""
            insert into account (name, role, site_id, created_at) values (:name, 'resident', :site, :at)
            on conflict (name) do nothing
        """),
        values,
    )
    found = text("select id from account where name = :name and site_id = :site and role = 'resident'")
    return int(session.execute(found, values).scalar_one())


def keep_link(session: Session, issue: str, digest: bytes, at: datetime, expires_at: datetime) -> None:
    """Keep the digest of a link to an issue, once however often it is made."""
    session.execute(
        text("""
            insert into follow_link (digest, issue_id, created_at, expires_at)
            select :digest, id, :at, :expires_at from issue where code = :issue on conflict (digest) do nothing
        """),
        {"issue": issue, "digest": digest, "at": at, "expires_at": expires_at},
    )


def supported(session: Session, digest: bytes) -> str | None:
    """The issue that somebody has joined before by the link of this digest."""
    return session.execute(
        text("select i.code from supporter s join issue i on i.id = s.issue_id where s.digest = :digest"),
        {"digest": digest},
    ).scalar_one_or_none()


def support(session: Session, issue_id: int, given: dict[str, Any]) -> None:
    """Join an issue, once for each link; whoever watches it is told that it has changed."""
    joined = session.execute(
        text("""
            insert into supporter (digest, issue_id, at, expires_at, text, name, phone)
            values (:digest, :issue, :at, :expires_at, :text, :name, :phone)
            on conflict (digest) do nothing returning issue_id
        """),
        {"issue": issue_id, **given},
    ).first()
    if joined is not None:
        session.execute(
            text("""
                select pg_notify('gridmap', json_build_object('kind', 'issue', 'code', code)::text)
                from issue where id = :issue
            """),
            {"issue": issue_id},
        )


def supporters(session: Session, viewer: Viewer, issue: str) -> list[dict[str, Any]]:
    """Who else saw an issue that the viewer sees: what they said and who they are to those who may have it."""
    words = "u.text" if viewer.reach("words") and viewer.role != "resident" else "null"
    who = (
        "u.name, u.phone" if viewer.reach("reporters") and viewer.role != "resident" else "null as name, null as phone"
    )
    rows = session.execute(
        text(f"""
            select u.at, {words} as text, {who}
            from supporter u join issue i on i.id = u.issue_id where i.code = :code order by u.at
        """),
        {"code": issue},
    ).mappings()
    return [dict(row) for row in rows]
