"""Drafts: begun from the Edition in force, drawn upon, checked as often as one likes, saved, and put in force."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from gridmap.domain.findings import Acceptance, Finding, accept
from gridmap.domain.model import Draft, Edition, Site
from gridmap.domain.remarks import remark
from gridmap.domain.rights import Viewer
from gridmap.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from gridmap.language import DEFAULT
from gridmap.operations import redrawing
from gridmap.operations.checks import check_drawn
from gridmap.operations.consequences import Consequences, Standing, consequences
from gridmap.operations.publication import Published, publish_draft, refuse_errors
from gridmap.operations.redrawing import Changes, Sheet
from gridmap.spatial.topology import given_up
from gridmap.storage import drafts as stored
from gridmap.storage import places

GRAVEST = ("error", "accepted", "warning", "note")


@dataclass
class Opened:
    """A draft, how it was made, and the sheet that somebody draws upon."""

    edition: Edition
    draft: Draft | None
    sheet: Sheet
    in_force: Edition | None

    @property
    def outdated(self) -> bool:
        """Whether another Edition holds than that which it was begun upon."""
        based_on = self.draft.based_on_id if self.draft else None
        return based_on is not None and self.in_force is not None and self.in_force.id != based_on

    @property
    def version(self) -> int:
        return self.draft.version if self.draft else 0


@dataclass
class Looked:
    """What was found and what follows when changes to a draft were looked at."""

    opened: Opened
    after: Sheet
    findings: list[Finding]
    follows: Consequences


# ---------------------------------------------------------------- begun, opened, thrown away


def begin(session: Session, site: Site, viewer: Viewer, at: datetime, note: str | None = None) -> int:
    """Begin a draft from the Edition in force, and say its number."""
    places.lock_site(session, site.code, exclusive=True)
    base = places.edition_in_force(session, site.id, at)
    if base is None:
        raise NotFoundError(f"no plan of {site.code} is in force: load one first")
    edition = Edition(
        site_id=site.id,
        number=stored.next_number(session, site.id),
        status="draft",
        leaf_tier=base.leaf_tier,
        accepted=list(base.accepted),
    )
    session.add(edition)
    session.flush()
    _write(session, site, edition, places.grids(session, base.id))
    session.add(_made(edition, base, viewer, at, note))
    session.flush()
    return edition.number


def _made(edition: Edition, base: Edition | None, viewer: Viewer, at: datetime, note: str | None) -> Draft:
    return Draft(
        edition_id=edition.id, based_on_id=base.id if base else None, note=note, version=1, made_by=viewer.name,
        made_at=at, saved_by=viewer.name, saved_at=at,
    )  # fmt: skip


def _write(session: Session, site: Site, edition: Edition, grids: gpd.GeoDataFrame) -> None:
    others = [json.dumps(each or {}, ensure_ascii=False) for each in grids["codes"]]
    frame = grids.assign(codes=pd.Series(others, index=grids.index, dtype=object))
    places.write_grids(session, edition, frame.sort_values(["tier", "code"]), site.metric_epsg)


def opened(session: Session, site: Site, viewer: Viewer, number: int, at: datetime, *, held: bool = False) -> Opened:
    """A draft by its number, as far as somebody may draw on it."""
    found = stored.draft(session, site.id, number, held=held)
    if found is None:
        raise NotFoundError(f"{site.code} has no draft {number}")
    edition, draft = found
    in_force = places.edition_in_force(session, site.id, at)
    return Opened(edition, draft, _sheet(session, site, edition, viewer), in_force)


def _sheet(session: Session, site: Site, edition: Edition, viewer: Viewer | None) -> Sheet:
    grids = places.grids(session, edition.id).drop(columns="id")
    grids = grids.set_geometry(gpd.GeoSeries(list(redrawing.plain(grids.geometry)), index=grids.index, crs=4326))
    roots = viewer.grids if viewer else None
    return Sheet(grids, edition.leaf_tier, site.metric_epsg, roots, frozenset(stored.codes_ever(session, site.id)))


def remove(session: Session, site: Site, viewer: Viewer, number: int, at: datetime) -> None:
    """Throw a draft away: whoever drew it, or directs the whole site."""
    found = opened(session, site, viewer, number, at, held=True)
    if viewer.grids is not None and (found.draft is None or found.draft.made_by != viewer.name):
        raise ForbiddenError(f"draft {number} was not begun by you: whoever directs the whole site throws it away")
    session.delete(found.edition)
    session.flush()


# ---------------------------------------------------------------- looked at


def look(session: Session, site: Site, viewer: Viewer, number: int, changes: Changes, at: datetime) -> Looked:
    """What the checks say of a draft with changes, and what would follow; nothing is stored."""
    found = opened(session, site, viewer, number, at)
    after = redrawing.redrawn(found.sheet, changes)
    return _looked(session, site, viewer, found, after, at)


def _looked(session: Session, site: Site, viewer: Viewer, found: Opened, after: Sheet, at: datetime) -> Looked:
    before = _in_force(session, site, viewer, at)
    follows = consequences(Standing(session, site, at), before, redrawing.fit(after), viewer)
    findings = check_drawn(session, site, after.grids, follows.layers, at)
    findings += _given_up(before, redrawing.fit(after), findings)
    known = [Acceptance(each["check"], frozenset(each["codes"])) for each in found.edition.accepted]
    findings = sorted(accept(_once(findings), known), key=lambda finding: GRAVEST.index(finding.severity))
    return Looked(found, after, [each for each in findings if _his(each, before, after)], follows)


def _in_force(session: Session, site: Site, viewer: Viewer | None, at: datetime) -> Sheet:
    edition = places.edition_in_force(session, site.id, at)
    if edition is None:
        raise NotFoundError(f"no plan of {site.code} is in force: load one first")
    return _sheet(session, site, edition, viewer)


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """Findings, of which what is told of the same ground in several tiers is told for the lowest alone."""
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda each: -(each.tier or 0)):
        if not any(_same(finding, other) for other in kept):
            kept.append(finding)
    return kept


def _same(finding: Finding, other: Finding) -> bool:
    if finding.check != other.check or finding.tier == other.tier or finding.geometry is None or other.geometry is None:
        return False
    shift = shapely.symmetric_difference(finding.geometry, other.geometry).area
    return shift <= 0.01 * min(finding.geometry.area, other.geometry.area)


def _given_up(before: Sheet, after: Sheet, findings: Sequence[Finding]) -> list[Finding]:
    """Ground that is given up and not told as a gap: parents follow their children, so no other check misses it."""
    gaps = shapely.union_all([each.geometry for each in findings if each.check == "gap"])
    lost = given_up(before.leaves, after.leaves, before.metric_epsg)
    return [each for each in lost if each.geometry and not shapely.relate_pattern(each.geometry, gaps, "T********")]


def _his(finding: Finding, before: Sheet, after: Sheet) -> bool:
    """Whether a finding is about somebody's own ground; of grids that are not his he hears nothing."""
    return after.roots is None or bool(set(finding.codes) & (before.own | after.own))


# ---------------------------------------------------------------- saved, and put in force


def save(
    session: Session,
    site: Site,
    viewer: Viewer,
    number: int,
    changes: Changes,
    at: datetime,
    *,
    version: int,
    note: str | None = None,
) -> int:
    """Keep changes to a draft that nobody else has saved meanwhile, and say its new version."""
    found = opened(session, site, viewer, number, at, held=True)
    refuse_stale(found, version)
    after = redrawing.redrawn(found.sheet, changes)
    redrawing.refuse_unfit(after)
    before = _in_force(session, site, viewer, at)
    after = consequences(Standing(session, site, at), before, after).after
    stored.clear(session, found.edition)
    _write(session, site, found.edition, after.grids)
    if found.draft is None:
        session.add(_made(found.edition, None, viewer, at, note))
    else:
        found.draft.version, found.draft.saved_by, found.draft.saved_at = version + 1, viewer.name, at
        found.draft.note = note if note is not None else found.draft.note
    session.flush()
    return version + 1


def refuse_stale(found: Opened, version: int) -> None:
    """Refuse to write over what somebody else has saved."""
    if found.version != version:
        who = f" by {found.draft.saved_by}" if found.draft else ""
        raise ConflictError(
            f"draft {found.edition.number} was saved{who} meanwhile: it is version {found.version}, not {version}; "
            "open it again"
        )


def publish(
    session: Session,
    site: Site,
    viewer: Viewer,
    number: int,
    at: datetime,
    *,
    version: int,
    valid_from: datetime | None = None,
    acceptances: Iterable[Acceptance] = (),
    over_newer: bool = False,
) -> tuple[Published, list[dict[str, Any]]]:
    """Put a saved draft in force: what was done, and what moves from whom to whom.

    Buildings go with their ground, and what names a grid that is gone names the one that took its place.
    """
    places.lock_site(session, site.code, exclusive=True)
    found = opened(session, site, viewer, number, at, held=True)
    refuse_stale(found, version)
    if found.outdated and not over_newer:
        _refuse_outdated(found)
    acceptances = list(acceptances)
    looked = _looked(session, site, viewer, found, found.sheet, at)
    refuse_errors(accept(looked.findings, acceptances))
    moves = looked.follows.moves()
    for layer, table in (("buildings", "building"), ("facilities", "facility")):
        stored.name_grids(session, table, site.id, looked.follows.anew[layer])
    told = [*found.edition.accepted, *({"check": each.check, "codes": sorted(each.codes)} for each in acceptances)]
    found.edition.accepted = told
    session.flush()
    return publish_draft(session, site, number, at, valid_from=valid_from, acceptances=acceptances), moves


def _refuse_outdated(found: Opened) -> None:
    """Refuse to undo unseen what was published since a draft was begun."""
    newer = found.in_force.number if found.in_force else 0
    raise RefusedError(
        f"Edition {newer} was published since draft {found.edition.number} was begun, and would be undone: "
        "begin a new draft, or publish over it (over_newer)"
    )


# ---------------------------------------------------------------- told


def finding_as_json(finding: Finding, language: str = DEFAULT) -> dict[str, Any]:
    """A finding as somebody who draws is told: in words, where it is, and by which name it can be accepted."""
    shape = finding.geometry
    point = None if shape is None or shapely.is_empty(shape) else shapely.point_on_surface(shape)
    return {
        "check": finding.check,
        "severity": finding.severity,
        "text": remark(finding).say(language),
        "codes": list(finding.codes),
        "tier": finding.tier,
        "measure": None if finding.measure is None else round(finding.measure, 2),
        "unit": finding.unit,
        "accept": f"{finding.check}:{finding.codes[0]}" if finding.codes else finding.check,
        "at": [point.x, point.y] if point is not None and not shapely.is_empty(point) else None,
        "geometry": None if shape is None else shapely.geometry.mapping(shape),
    }
