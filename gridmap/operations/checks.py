"""Everything that can be said against a plan of grids before it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import geopandas as gpd
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain import codes
from gridmap.domain.facts import Tree
from gridmap.domain.findings import Finding, accept, found
from gridmap.domain.frames import FINDINGS
from gridmap.domain.model import Edition, Site
from gridmap.domain.model.places import FACILITY_STATES, OVERLAY_KINDS
from gridmap.domain.roles import ROLE_OF_RANK, ROLES, SPECIALTIES
from gridmap.operations.plans import Plan
from gridmap.spatial.files.plausibility import Kinds, plausible
from gridmap.spatial.topology import (
    align_parents,
    check_buildings,
    check_grids,
    derive_parents,
    invalid_rings,
    snap_to_lattice,
)
from gridmap.storage import people, places

# What keeps shapes from being measured against one another.
MISPLACED = {"swapped-axes", "not-degrees"}
UNMEASURABLE = MISPLACED | {"empty-geometry", "wrong-geometry", "invalid-geometry", "missing-code"}
WORDS: dict[str, dict[str, tuple[str, ...]]] = {  # layer: {column: the words it may hold}
    "facilities": {"state": FACILITY_STATES},
    "overlays": {"kind": OVERLAY_KINDS, "role": tuple(ROLES)},
    "posts": {"role": tuple(ROLES), "specialty": SPECIALTIES},
}
# layer: what no row of it can do without, besides its code
NEEDED = {"facilities": ("kind",), "overlays": ("kind",), "posts": ("role", "person")}
# layer: a beginning and an end, which must come later
PERIODS = {
    "overlays": ("valid_from", "valid_to"),
    "people": ("away_from", "away_to"),
    "posts": ("valid_from", "valid_to"),
}
# What rows of people with one code must agree in, for they are one person with several leaves.
IDENTITY = ("name", "phone", "organisation")
CODED = ("people", "facilities", "overlays")
# A fault of a single row: its position, and what is said of it.
Fault = tuple[int, Finding]
EVER, FAR = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass
class Checked:
    """A plan that has been checked: what will be written, and all that was found."""

    plan: Plan
    grids: gpd.GeoDataFrame
    layers: dict[str, Any]
    findings: list[Finding]

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]


def check(session: Session, plan: Plan, at: datetime, progress: Callable[[str], None] = lambda _: None) -> Checked:
    """Everything that can be said against a plan before it is written."""
    findings = list(plan.findings)
    site = session.scalar(select(Site).where(Site.code == plan.outline.site.get("code")))
    if site is not None:
        plan = replace(plan, metric_epsg=site.metric_epsg)
    progress("checking the grids")
    grids, found_there = _check_grids(plan)
    findings += found_there
    sound = not any(finding.severity == "error" and finding.check in UNMEASURABLE for finding in findings)
    layers: dict[str, Any] = {}
    for name, frame in plan.layers.items():
        progress(f"checking {name}")
        faults = _faults(name, frame)
        findings += _check_shapes(name, frame, plan) if "geometry" in frame else []
        findings += [finding for _, finding in faults]
        layers[name] = _without(frame, faults)
    if sound:
        findings += _check_buildings(session, site, layers, grids, plan.metric_epsg)
    findings += _people(session, site, layers, grids)
    findings += _in_charge(session, site, layers, grids, plan.outline.valid_from, at)
    return Checked(plan, grids, layers, accept(findings, plan.outline.accept))


def recheck(session: Session, site: Site, edition: Edition, begins: datetime) -> list[Finding]:
    """What can be said against a draft on the day it is put in force: houses and posts have changed meanwhile."""
    return check_drawn(session, site, places.grids(session, edition.id), {}, begins)


def check_drawn(
    session: Session, site: Site, grids: gpd.GeoDataFrame, layers: dict[str, Any], begins: datetime
) -> list[Finding]:
    """What can be said against grids as they were drawn, with what is to stand there instead of what does."""
    return [
        *check_grids(grids, site.metric_epsg),
        *_check_buildings(session, site, layers, grids, site.metric_epsg),
        *_people(session, site, layers, grids),
        *_in_charge(session, site, {}, grids, begins, begins),
    ]


def _without(frame: Any, faults: list[Fault]) -> Any:
    """The rows that can be stored: who accepts the faults of the others leaves those out."""
    faulty = {row for row, _ in faults}
    kept = frame.iloc[[row for row in range(len(frame)) if row not in faulty]] if faulty else frame
    return snap_to_lattice(kept) if "geometry" in kept else kept


def _check_grids(plan: Plan) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """The grids as they will be stored, and what is wrong with them."""
    findings = [
        finding
        for tier in sorted(set(map(int, plan.grids["tier"])))
        for finding in plausible(plan.grids[plan.grids["tier"] == tier], "grids", tier=tier)
        if finding.check in MISPLACED
    ]
    if findings:
        return plan.grids, findings
    grids = snap_to_lattice(plan.grids)
    grids["parent"] = derive_parents_of(grids)
    grids, findings = align_parents(grids, plan.metric_epsg)
    return grids, findings + check_grids(grids, plan.metric_epsg) + _national(plan, grids)


def _check_shapes(name: str, frame: gpd.GeoDataFrame, plan: Plan) -> list[Finding]:
    """What is wrong with the shapes of a layer by themselves; rings of buildings are looked at with the grids."""
    kinds: Kinds = "any" if name == "facilities" else "Polygon"
    findings = plausible(frame, name, kinds=kinds, beside=list(plan.grids.total_bounds))
    if name in ("buildings", "units"):
        return [finding for finding in findings if finding.check in MISPLACED]
    return findings + invalid_rings(frame, name)


def derive_parents_of(grids: gpd.GeoDataFrame) -> pd.Series[Any]:
    """The parent of each grid: as its plan says, else the one it lies in most."""
    parents = grids["parent"].astype(object).where(grids["parent"].notna(), None)
    tiers = sorted(grids["tier"].unique())
    for upper, lower in pairwise(tiers):
        orphans = grids[(grids["tier"] == lower) & parents.isna()]
        sound = orphans[orphans.geometry.notna() & orphans.geometry.is_valid & ~orphans.geometry.is_empty]
        above = grids[(grids["tier"] == upper) & grids.geometry.notna() & grids.geometry.is_valid]
        if len(sound) and len(above):
            parents.loc[sound.index] = derive_parents(sound, above)
    return parents


def _national(plan: Plan, grids: gpd.GeoDataFrame) -> list[Finding]:
    division = plan.outline.national_division
    if division is None:
        return []
    return [
        found("national-code", f"tier{tier}", f"{code} {fault}", codes=(code,), tier=int(tier))
        for code, tier in zip(grids["code"], grids["tier"], strict=True)
        if isinstance(code, str) and (fault := codes.national_fault(code, division))
    ]


def _faults(name: str, frame: pd.DataFrame) -> list[Fault]:
    """What keeps single rows of a layer from being stored; codes of grids and buildings are checked with these."""
    codes_there = frame["code"].tolist() if "code" in frame else [None] * len(frame)
    said = [
        *(_words(name, frame)),
        *((row, f"it has no {column}") for column in NEEDED.get(name, ()) for row in _empty(frame[column])),
        *(_periods(name, frame)),
    ]
    wrong = [
        (row, found("wrong-value", name, f"row {row + 1}: {why}", codes=(str(code),) if code else ()))
        for row, why in said
        for code in [codes_there[row]]
    ]
    return (_codes(name, frame) if name in CODED else []) + wrong


def _codes(name: str, frame: pd.DataFrame) -> list[Fault]:
    """Faulty and repeated codes of a layer."""
    faults = []
    identity = frame.reindex(columns=list(IDENTITY)).astype(object)
    said = identity.where(identity.notna(), None).to_numpy().tolist() if name == "people" else [None] * len(frame)
    rows: dict[str, list[int]] = {}
    for row, code in enumerate(frame["code"]):
        if fault := codes.fault_of(code):
            faults.append((row, found("missing-code", name, f"row {row + 1}: its code {fault}")))
        else:
            rows.setdefault(code, []).append(row)
    for code, numbers in rows.items():
        others = [row for row in numbers[1:] if name != "people" or said[row] != said[numbers[0]]]
        if others:
            listed = f"{code} stands on {len(numbers)} rows" + (" that disagree" if name == "people" else "")
            faulty = found("duplicate-code", name, listed, codes=(code,))
            faults += [(row, faulty) for row in others]
    return faults


def _words(name: str, frame: pd.DataFrame) -> list[tuple[int, str]]:
    """Values of columns that may hold only some words."""
    return [
        (row, f"{column} {value!r} is none of {', '.join(words)}")
        for column, words in WORDS.get(name, {}).items()
        if column in frame
        for row, value in enumerate(frame[column])
        if value is not None and value not in words
    ]


def _empty(column: pd.Series[Any]) -> list[int]:
    return [row for row, value in enumerate(column) if value is None]


def _periods(name: str, frame: pd.DataFrame) -> list[tuple[int, str]]:
    """Periods that run backwards, and leaves without a beginning or an end."""
    if name not in PERIODS:
        return []
    first, last = PERIODS[name]
    faults = []
    table = frame.reindex(columns=[first, last]).astype(object)
    for row, (start, end) in enumerate(table.where(table.notna(), None).to_numpy()):
        if start is not None and end is not None and end <= start:
            faults.append((row, f"{last} is not later than {first}"))
        elif name == "people" and (start is None) != (end is None):
            faults.append((row, f"{first} and {last} go together, and one is missing"))
    return faults


def _check_buildings(
    session: Session, site: Site | None, layers: dict[str, Any], grids: gpd.GeoDataFrame, metric_epsg: int
) -> list[Finding]:
    """Buildings against the grids: the plan's, or those that stand there already when only the grids are redrawn."""
    known = {
        name: layers[name] if name in layers else places.layer(session, name, site.id) if site else None
        for name in ("buildings", "units")
    }
    if known["buildings"] is None or not len(known["buildings"]):
        return []
    units = known["units"] if known["units"] is not None and len(known["units"]) else None
    return check_buildings(known["buildings"], units, grids, metric_epsg)


def _people(session: Session, site: Site | None, layers: dict[str, Any], grids: gpd.GeoDataFrame) -> list[Finding]:
    """What is wrong with who and what is named where."""
    findings: list[Finding] = []
    known = set(people.people(session, site.id)) if site else set()
    if "people" in layers:
        known |= {code for code in layers["people"]["code"] if code}
    all_codes = set(grids["code"])
    for name in ("facilities", "buildings"):
        if name not in layers and site:  # what stands there already may name a grid that the plan takes away
            findings += _unknown("unknown-grid", name, places.layer(session, name, site.id), ("grid",), all_codes)
    for name in ("posts", "overlays", "facilities", "buildings"):
        if name in layers:
            findings += _unknown("unknown-person", name, layers[name], ("person", "deputy", "keeper"), known)
            findings += _unknown("unknown-grid", name, layers[name], ("grid",), all_codes)
    if "units" in layers and "buildings" not in layers:
        stored = set(places.layer(session, "buildings", site.id)["code"]) if site else set()
        findings += _unknown("unknown-building", "units", layers["units"], ("building",), stored)
    return findings


def _unknown(
    check_name: str, layer: str, frame: pd.DataFrame, columns: Iterable[str], known: set[str]
) -> list[Finding]:
    return [
        found(check_name, layer, f"row {row + 1}: {column} {value} is not known", codes=(str(value),))
        for column in columns
        if column in frame
        for row, value in enumerate(frame[column])
        if value is not None and not pd.isna(value) and value not in known
    ]


Holders = dict[tuple[str, str | None], list[tuple[datetime, datetime, str]]]


def _in_charge(
    session: Session,
    site: Site | None,
    layers: dict[str, Any],
    grids: gpd.GeoDataFrame,
    valid_from: datetime | None,
    at: datetime,
) -> list[Finding]:
    """Grids whose post nobody holds when the Edition begins, and posts that two hold at once from then on."""
    begins, since = valid_from or at, valid_from or at
    if "posts" in layers:
        posts = layers["posts"]
        since = valid_from or (at if site and _has_edition(session, site) else EVER)
    else:
        posts = people.post_list(session, site.id, begins) if site else pd.DataFrame()
    held = _holders(posts, since)
    tree = Tree({}, dict(zip(grids["code"], map(int, grids["tier"]), strict=True)))
    return _vacancies(held, tree, begins) + _rivals(held, tree)


def _has_edition(session: Session, site: Site) -> bool:
    dated = select(Edition.id).where(Edition.site_id == site.id, Edition.status != "draft").limit(1)
    return session.scalar(dated) is not None


def _holders(posts: pd.DataFrame, since: datetime) -> Holders:
    """Who holds each post from a moment on, and from when to when; what was over before is history."""
    held: Holders = {}
    table = posts.reindex(columns=["role", "grid", "person", "valid_from", "valid_to"]).astype(object)
    for role, grid, person, start, end in table.where(table.notna(), None).to_numpy():
        if end is None or end > since:
            period = (max(start or since, since), end or FAR, str(person))
            held.setdefault((role, grid), []).append(period)
    return held


def _vacancies(held: Holders, tree: Tree, at: datetime) -> list[Finding]:
    findings = []
    for code, tier in tree.tiers.items():
        role = ROLE_OF_RANK[tree.rank(code)]
        if not any(start <= at < end for start, end, _ in held.get((role, code), [])):
            check_name = "nobody-in-charge" if tier == tree.leaf_tier else "unsupervised"
            findings.append(
                found(check_name, "grids", f"{code}: nobody is its {ROLES[role]}", codes=(code,), tier=tier)
            )
    return findings


def _rivals(held: Holders, tree: Tree) -> list[Finding]:
    """Posts of one holder whose periods overlap."""
    findings = []
    for (role, grid), periods in held.items():
        overlapping = [pair for pair in pairwise(sorted(periods)) if pair[1][0] < pair[0][1]]
        if grid is not None and role in ROLE_OF_RANK.values() and overlapping:
            names = " and ".join(dict.fromkeys(person for pair in overlapping for _, _, person in pair))
            message = f"{grid}: {names} hold its post at once"
            findings.append(found("two-in-charge", "grids", message, codes=(grid,), tier=tree.tiers.get(grid)))
    return findings


def findings_frame(findings: Iterable[Finding]) -> gpd.GeoDataFrame:
    """Findings with the columns of frames.FINDINGS, to be written as a layer."""
    rows = [asdict(finding) | {"geometry": finding.geometry, "codes": ",".join(finding.codes)} for finding in findings]
    table = pd.DataFrame(rows, columns=list(FINDINGS.columns))
    return gpd.GeoDataFrame(table, geometry="geometry", crs=4326)
