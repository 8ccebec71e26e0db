"""Everything that can be said against a plan of grids before it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
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
from gridmap.domain.model import Site
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
    progress("checking the grids")
    grids, found_there = _check_grids(plan)
    findings += found_there
    sound = not any(finding.severity == "error" and finding.check in UNMEASURABLE for finding in findings)
    layers = dict(plan.layers)
    for name in ("buildings", "units", "facilities", "overlays"):
        if name in layers:
            progress(f"checking {name}")
            findings += _check_layer(name, layers[name], plan)
            layers[name] = snap_to_lattice(layers[name])
    site = session.scalar(select(Site).where(Site.code == plan.outline.site.get("code")))
    if sound:
        findings += _check_buildings(session, site, layers, grids, plan.metric_epsg)
    findings += _people(session, site, layers, grids, at)
    return Checked(plan, grids, layers, accept(findings, plan.outline.accept))


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


def _check_layer(name: str, frame: gpd.GeoDataFrame, plan: Plan) -> list[Finding]:
    """What is wrong with the rows of a layer by themselves; rings of buildings are looked at with the grids."""
    kinds: Kinds = "any" if name == "facilities" else "Polygon"
    findings = plausible(frame, name, kinds=kinds, beside=list(plan.grids.total_bounds))
    if name in ("buildings", "units"):
        return [finding for finding in findings if finding.check in MISPLACED] + _words(name, frame)
    return findings + _codes(name, frame) + _words(name, frame) + invalid_rings(frame, name)


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


def _codes(name: str, frame: pd.DataFrame) -> list[Finding]:
    """Faulty and repeated codes of a layer; those of grids are checked with their tiers."""
    findings = [
        found("missing-code", name, f"row {row + 1}: its code {fault}")
        for row, code in enumerate(frame["code"])
        if (fault := codes.fault_of(code))
    ]
    repeated = Counter(code for code in frame["code"] if isinstance(code, str))
    return findings + [
        found("duplicate-code", name, f"{code} stands on {count} rows", codes=(code,))
        for code, count in repeated.items()
        if count > 1
    ]


def _words(name: str, frame: pd.DataFrame) -> list[Finding]:
    """Values of columns that may hold only some words."""
    return [
        found("wrong-value", name, f"row {row + 1}: {column} {value!r} is none of {', '.join(words)}")
        for column, words in WORDS.get(name, {}).items()
        if column in frame
        for row, value in enumerate(frame[column])
        if value is not None and value not in words
    ]


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


def _people(
    session: Session, site: Site | None, layers: dict[str, Any], grids: gpd.GeoDataFrame, at: datetime
) -> list[Finding]:
    """What is wrong with who is named where, and which grids nobody answers for."""
    findings: list[Finding] = []
    known = set(people.people(session, site.id)) if site else set()
    if "people" in layers:
        findings += _codes("people", layers["people"])
        known |= {code for code in layers["people"]["code"] if code}
    all_codes = set(grids["code"])
    for name in ("posts", "overlays", "facilities", "buildings"):
        if name in layers:
            findings += _unknown("unknown-person", name, layers[name], ("person", "deputy", "keeper"), known)
            findings += _unknown("unknown-grid", name, layers[name], ("grid",), all_codes)
    if "units" in layers and "buildings" not in layers:
        stored = set(places.layer(session, "buildings", site.id)["code"]) if site else set()
        findings += _unknown("unknown-building", "units", layers["units"], ("building",), stored)
    if "posts" in layers:
        posts = layers["posts"]
        findings += _words("posts", posts)
    else:
        posts = people.post_list(session, site.id, at) if site else pd.DataFrame(columns=["role", "grid", "person"])
    return findings + _vacancies(posts, grids)


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


def _vacancies(posts: pd.DataFrame, grids: gpd.GeoDataFrame) -> list[Finding]:
    """Grids whose post nobody holds, or two hold at once."""
    held: dict[tuple[str, str], list[tuple[Any, Any, Any]]] = {}
    table = posts.reindex(columns=["role", "grid", "person", "valid_from", "valid_to"]).astype(object)
    for role, grid, person, start, end in table.where(table.notna(), None).to_numpy():
        held.setdefault((role, grid), []).append((start, end, person))
    tree = Tree({}, dict(zip(grids["code"], map(int, grids["tier"]), strict=True)))
    findings = []
    for code, tier in tree.tiers.items():
        role = ROLE_OF_RANK[tree.rank(code)]
        holders = held.get((role, code), [])
        if not holders:
            check_name = "nobody-in-charge" if tier == tree.leaf_tier else "unsupervised"
            findings.append(
                found(check_name, "grids", f"{code}: nobody is its {ROLES[role]}", codes=(code,), tier=tier)
            )
        elif _at_once(holders):
            names = " and ".join(str(person) for _, _, person in holders)
            message = f"{code}: {names} hold its post at once"
            findings.append(found("two-in-charge", "grids", message, codes=(code,), tier=tier))
    return findings


def _at_once(holders: list[tuple[Any, Any, Any]]) -> bool:
    """Whether two of the periods overlap."""
    ever, far = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    periods = sorted((start or ever, end or far) for start, end, _ in holders)
    return any(later[0] < earlier[1] for earlier, later in pairwise(periods))


def findings_frame(findings: Iterable[Finding]) -> gpd.GeoDataFrame:
    """Findings with the columns of frames.FINDINGS, to be written as a layer."""
    rows = [asdict(finding) | {"geometry": finding.geometry, "codes": ",".join(finding.codes)} for finding in findings]
    table = pd.DataFrame(rows, columns=list(FINDINGS.columns))
    return gpd.GeoDataFrame(table, geometry="geometry", crs=4326)
