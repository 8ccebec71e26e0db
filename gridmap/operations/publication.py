"""A checked plan becomes an Edition in one transaction, and open issues are moved to its grids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gridmap.domain.findings import Acceptance, Finding, accept
from gridmap.domain.model import Edition, Site
from gridmap.errors import NotFoundError, RefusedError
from gridmap.operations import calendars, tiles
from gridmap.operations.checks import Checked, recheck
from gridmap.operations.issues import reroute
from gridmap.operations.outlines import Outline
from gridmap.storage import issues as stored_issues
from gridmap.storage import people, places

# The first Edition of a site holds for all that was reported before anybody kept Editions.
SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
TABLES = {"buildings": "building", "facilities": "facility", "overlays": "overlay"}


@dataclass
class Published:
    """What a publication did."""

    edition: Edition
    written: dict[str, dict[str, int]] = field(default_factory=dict)
    moved: int = 0
    kept: int = 0


def publish(session: Session, checked: Checked, at: datetime, *, draft: bool = False) -> Published:
    """Write a checked plan as a new Edition, retire the one before it and move its open issues.

    A draft keeps the grids alone: what stands on the ground and who works there holds today.
    """
    refuse_errors(checked.findings)
    outline = checked.plan.outline
    places.lock_site(session, str(outline.site["code"]), exclusive=True)
    site = _site(session, checked, at)
    edition = Edition(
        site_id=site.id,
        number=1 + (session.scalar(select(func.max(Edition.number)).where(Edition.site_id == site.id)) or 0),
        status="draft",
        valid_from=outline.valid_from,
        leaf_tier=int(checked.grids["tier"].max()),
        accepted=[{"check": each.check, "codes": sorted(each.codes)} for each in outline.accept],
    )
    session.add(edition)
    session.flush()
    places.write_grids(session, edition, checked.grids, site.metric_epsg)
    published = Published(edition, {"grids": {"added": len(checked.grids)}})
    if draft:
        return published
    starts = _starts(session, site, outline.valid_from, at)
    published.written |= _write_layers(session, site, checked, starts)
    return put_in_force(session, site, edition, starts, at, published)


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Raise, naming the checks and how to accept them, if errors are among what was found."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        names = Counter(finding.check for finding in errors)
        listed = ", ".join(f"{count} x {name}" for name, count in names.most_common())
        hints = " ".join(_acceptance_of(name, errors) for name in names)
        raise RefusedError(
            f"not published: {listed}. Nothing was changed. Mend the files, or accept what you know of by name: {hints}"
        )


def _acceptance_of(name: str, errors: Sequence[Finding]) -> str:
    """How these errors of a check, and no others, would be accepted."""
    codes = dict.fromkeys(finding.codes[0] for finding in errors if finding.check == name and finding.codes)
    return f"--accept {name}" + (f":{','.join(codes)}" if 0 < len(codes) <= 5 else "")


def _site(session: Session, checked: Checked, at: datetime) -> Site:
    said = dict(checked.plan.outline.site)
    metric_epsg = said.pop("metric_epsg", None)
    site = session.scalar(select(Site).where(Site.code == said["code"]))
    if site is None:
        site = Site(code=said["code"], name=said.get("name", said["code"]), metric_epsg=checked.plan.metric_epsg)
        session.add(site)
    elif metric_epsg not in (None, site.metric_epsg):
        raise RefusedError(
            f"{site.code} is measured in EPSG:{site.metric_epsg} since its first plan, not in EPSG:{metric_epsg}: "
            "leave metric_epsg out"
        )
    for name, value in said.items():
        setattr(site, name, value)
    if checked.plan.outline.rules is not None:
        site.rules = [dict(rule) for rule in checked.plan.outline.rules]
    session.flush()
    session.refresh(site)
    stored_issues.write_categories(session, checked.plan.outline.categories, site.id)
    _set_time(session, site, checked.plan.outline, at)
    return site


def _set_time(session: Session, site: Site, outline: Outline, at: datetime) -> None:
    """Hours and limits of the site's own, where the plan says them: what is under way is counted anew."""
    if outline.hours is not None:
        calendars.set_hours(session, site, outline.hours, at)
    if outline.limits is not None:
        calendars.set_limits(session, site, outline.limits, at)


def _starts(session: Session, site: Site, valid_from: datetime | None, at: datetime) -> datetime:
    """When a new Edition begins: as its plan says; else now, or since ever for the first one."""
    if valid_from is not None:
        return valid_from
    first = session.scalar(select(Edition.id).where(Edition.site_id == site.id, Edition.status != "draft")) is None
    return SINCE_EVER if first else at


def _write_layers(session: Session, site: Site, checked: Checked, starts: datetime) -> dict[str, dict[str, int]]:
    written: dict[str, dict[str, int]] = {}
    layers = checked.layers
    if "people" in layers:
        written["people"] = people.write_people(session, site.id, layers["people"], starts)
    for name, table in TABLES.items():
        if name in layers:
            frame = layers[name].rename(columns={"grid": "grid_code"})
            written[name] = places.write_layer(session, table, site, frame)
    if "units" in layers:
        written["units"] = {"written": places.write_units(session, site, layers["units"])}
    if "posts" in layers:
        written["posts"] = people.write_posts(session, site.id, layers["posts"], starts)
    return written


def publish_draft(
    session: Session,
    site: Site,
    number: int,
    at: datetime,
    *,
    valid_from: datetime | None = None,
    acceptances: Iterable[Acceptance] = (),
) -> Published:
    """Put a draft in force, from the moment it was made for or another, if nothing speaks against it by now."""
    places.lock_site(session, site.code, exclusive=True)
    edition = session.scalar(select(Edition).where(Edition.site_id == site.id, Edition.number == number))
    if edition is None:
        raise NotFoundError(f"{site.code} has no Edition {number}: gridmap editions lists them")
    if edition.status != "draft":
        raise RefusedError(f"Edition {number} of {site.code} is {edition.status} already")
    starts = _starts(session, site, valid_from or edition.valid_from, at)
    known = [Acceptance(each["check"], frozenset(each["codes"])) for each in edition.accepted]
    refuse_errors(accept(recheck(session, site, edition, max(starts, at)), [*known, *acceptances]))
    return put_in_force(session, site, edition, starts, at, Published(edition))


def put_in_force(
    session: Session, site: Site, edition: Edition, starts: datetime, at: datetime, published: Published
) -> Published:
    """Date an Edition, end the one before it, and move the open issues once it holds."""
    _withdraw(session, site, starts, at)
    before = session.scalar(
        select(Edition)
        .where(Edition.site_id == site.id, Edition.status != "draft", Edition.valid_to.is_(None))
        .with_for_update()
    )
    if before is not None:
        if before.valid_from is not None and before.valid_from >= starts:
            raise RefusedError(
                f"Edition {before.number} of {site.code} holds from "
                f"{before.valid_from.astimezone(ZoneInfo(site.timezone)):%Y-%m-%d %H:%M}: "
                "a new one must begin later (--valid-from)"
            )
        before.valid_to = starts
        session.flush()
    edition.valid_from, edition.status = starts, "published"
    session.flush()
    places.allot_buildings(session, edition)
    tiles.draw(session, edition.id)
    published.moved, published.kept = bring_into_force(session, site, at)
    return published


def _withdraw(session: Session, site: Site, starts: datetime, at: datetime) -> None:
    """An Edition dated ahead that has not begun gives way to one that begins no later: it is a draft again."""
    ahead = session.scalars(
        select(Edition).where(
            Edition.site_id == site.id,
            Edition.status == "published",
            Edition.valid_from > at,
            Edition.valid_from >= starts,
        )
    ).all()
    for edition in ahead:
        begun = edition.valid_from
        edition.status, edition.valid_to = "draft", None
        session.flush()
        session.execute(
            update(Edition)
            .where(Edition.site_id == site.id, Edition.status != "draft", Edition.valid_to == begun)
            .values(valid_to=None)
        )
    session.expire_all()


def take_over(session: Session, site: Site, at: datetime) -> tuple[int, int]:
    """Let an Edition that was dated ahead, and has begun since, have the open issues; most often there is none."""
    due = select(Edition.id).where(Edition.site_id == site.id, Edition.status == "published", Edition.valid_to <= at)
    if session.scalar(due.limit(1)) is None:
        return 0, 0
    places.lock_site(session, site.code, exclusive=True)
    return bring_into_force(session, site, at)


def bring_into_force(session: Session, site: Site, at: datetime) -> tuple[int, int]:
    """Retire what has run out, and move the open issues that still lie in another Edition's grids."""
    for old in session.scalars(
        select(Edition).where(Edition.site_id == site.id, Edition.status == "published", Edition.valid_to <= at)
    ):
        old.status = "retired"
    session.flush()
    if places.edition_in_force(session, site.id, at) is None:
        return 0, 0
    return reroute(session, site, at)
