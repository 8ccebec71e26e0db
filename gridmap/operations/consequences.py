"""What follows if grids held as they are drawn: who gets which buildings and issues, and who has how much then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from gridmap.domain.facts import Person, Tree
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.domain.roles import ROLE_OF_RANK
from gridmap.operations.alike import said, with_routes
from gridmap.operations.redrawing import Sheet
from gridmap.operations.routing import Router, on_lattice
from gridmap.spatial.facts import Ground
from gridmap.spatial.measures import areas
from gridmap.spatial.topology import grid_of_buildings
from gridmap.spatial.topology.shares import held
from gridmap.storage import drafts as stored
from gridmap.storage import issues as stored_issues
from gridmap.storage import places

# What a draft's grids are called while they are not in force.
DRAWN: Final = -1
# What lies over the line by less stands in no other grid.
OVER_THE_LINE_M2: Final = 1.0


@dataclass
class Standing:
    """What stands on the ground of a site and is reported there, and by whom its posts are held, read once."""

    session: Session
    site: Site
    at: datetime

    @cached_property
    def buildings(self) -> gpd.GeoDataFrame:
        return places.layer(self.session, "buildings", self.site.id)

    @cached_property
    def facilities(self) -> gpd.GeoDataFrame:
        return places.layer(self.session, "facilities", self.site.id)

    @cached_property
    def overlays(self) -> gpd.GeoDataFrame:
        return places.layer(self.session, "overlays", self.site.id)

    @cached_property
    def issues(self) -> pd.DataFrame:
        return stored_issues.open_issues(self.session, self.site.id)

    @cached_property
    def router(self) -> Router:
        return Router(self.session)

    def holder(self, leaf: str | None) -> Person | None:
        """Who answers for a leaf."""
        posts = self.router.roster_at(self.site.code, self.at).at(ROLE_OF_RANK["leaf"], leaf)
        return posts[0].person if leaf and posts else None


# ---------------------------------------------------------------- buildings and facilities


def named_anew(standing: Standing, before: Sheet, after: Sheet) -> dict[str, dict[str, str | None]]:
    """The grids that buildings and facilities would have to name: by layer and code, only those that change.

    A building goes with its ground: it keeps the grid it names while that has as much of it as before, or most.
    """
    return {
        "buildings": _buildings_anew(standing.buildings, before.leaves, after.leaves),
        "facilities": _facilities_anew(standing.facilities, before, after),
    }


def _buildings_anew(
    buildings: gpd.GeoDataFrame, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame
) -> dict[str, str | None]:
    named = buildings[buildings["grid"].notna()].reset_index(drop=True)
    if not len(named):
        return {}
    most = grid_of_buildings(named, after)
    old, new = _share_of_named(named, before), _share_of_named(named, after)
    leaves = (most != named["grid"]) & (new < old)
    return {str(code): grid or None for code, grid in zip(named["code"][leaves], most[leaves], strict=True)}


def _share_of_named(named: gpd.GeoDataFrame, leaves: gpd.GeoDataFrame) -> pd.Series[float]:
    """How much of each building lies in the leaf it names; -1 for one that is not there, rounded to a thousandth."""
    pairs = held(named.geometry.to_numpy(), leaves.geometry.to_numpy())
    codes = leaves["code"].to_numpy()[pairs["outer"]]
    own = pairs[codes == named["grid"].to_numpy()[pairs["inner"]]]
    shares = pd.Series(own["share"].to_numpy(), index=own["inner"].to_numpy()).reindex(
        range(len(named)), fill_value=0.0
    )
    return shares.round(3).where(named["grid"].isin(leaves["code"]), -1.0)


def _facilities_anew(facilities: gpd.GeoDataFrame, before: Sheet, after: Sheet) -> dict[str, str | None]:
    """A facility that names a grid which is taken away names the leaf it lies in, or none."""
    gone = set(before.parents) - set(after.parents)
    lost = facilities[facilities["grid"].isin(list(gone))]
    if not len(lost):
        return {}
    at = shapely.point_on_surface(lost.geometry.to_numpy())
    row, leaf = shapely.STRtree(after.leaves.geometry.to_numpy()).query(at, predicate="intersects")
    found = dict(zip(row.tolist(), after.leaves["code"].to_numpy()[leaf], strict=True))
    return {str(code): found.get(number) for number, code in enumerate(lost["code"])}


def renamed(frame: gpd.GeoDataFrame, grids: Mapping[str, str | None]) -> gpd.GeoDataFrame:
    """A layer whose rows name other grids."""
    column = [grids.get(code, grid) for code, grid in zip(frame["code"], frame["grid"], strict=True)]
    return frame.assign(grid=pd.Series(column, index=frame.index, dtype=object))


def allotted(buildings: gpd.GeoDataFrame, leaves: gpd.GeoDataFrame, metric_epsg: int) -> gpd.GeoDataFrame:
    """Which leaves answer for each building, as they are noted when an Edition is published; `share` of its ground."""
    pairs = held(buildings.geometry.to_numpy(), leaves.geometry.to_numpy())
    codes, named = leaves["code"].to_numpy(dtype=object), buildings["grid"].to_numpy(dtype=object)
    rows = pairs.assign(grid=codes[pairs["outer"]])
    rows["area_m2"] = rows["share"] * areas(buildings.geometry.to_numpy(), metric_epsg)[rows["inner"]]
    there = pd.Series(named).isin(codes).to_numpy()
    of_named = pd.DataFrame({"inner": np.flatnonzero(there), "grid": named[there], "share": 1.0})
    rows = rows[~there[rows["inner"]]].sort_values(["area_m2", "grid"], ascending=[False, True])
    rows = rows[(rows["area_m2"] > OVER_THE_LINE_M2) | ~rows.duplicated("inner")]
    rows["share"] /= rows.groupby("inner")["share"].transform("sum")
    chosen = pd.concat([of_named, rows[["inner", "grid", "share"]]]).sort_values(["inner", "grid"])
    found = buildings.iloc[chosen["inner"]].reset_index(drop=True)
    return found.assign(grid=chosen["grid"].to_numpy(), share=chosen["share"].to_numpy())


def peopled(before: Sheet, after: Sheet, was: gpd.GeoDataFrame, now: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The drawn grids with their households: those of the Edition in force, and what buildings bring or take away."""
    shift = _households(now).sub(_households(was), fill_value=0).round()
    known = before.grids.set_index("code")["households"]
    leaf = (after.grids["tier"] == after.leaf_tier).to_numpy()
    counts: dict[str, Any] = {}
    for code in after.grids["code"][leaf]:
        had, more = known.get(code), shift.get(code, 0)
        unknown = (had is None or pd.isna(had)) and not more
        counts[code] = None if unknown else max(0, int((0 if had is None or pd.isna(had) else had) + more))
    for tier in range(after.leaf_tier - 1, 0, -1):
        for code in after.grids["code"][after.grids["tier"] == tier]:
            own = [counts.get(child) for child in after.grids["code"][after.grids["parent"] == code]]
            counts[code] = sum(count for count in own if count is not None) if any(own) else known.get(code)
    column = [None if pd.isna(counts[code]) else counts[code] for code in after.grids["code"]]
    return after.grids.assign(households=pd.Series(column, index=after.grids.index, dtype=object))


def _households(allotment: gpd.GeoDataFrame) -> pd.Series[float]:
    counts = pd.to_numeric(allotment["households"]).fillna(0) * allotment["share"]
    return counts.groupby(allotment["grid"]).sum()


# ---------------------------------------------------------------- issues


def routed(standing: Standing, after: Sheet, allotment: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    """The open issues as they would be routed: the columns of storage and, under `new_…`, the grid and owner then."""
    issues, site, router = standing.issues, standing.site, standing.router
    if not len(issues):
        return issues.assign(new_grid=None, new_owner=None, new_name=None, new_role=None, new_post=None)
    grids = after.grids
    codes, tiers = grids["code"].tolist(), [int(tier) for tier in grids["tier"]]
    tree = Tree(after.parents, dict(zip(codes, tiers, strict=True)))
    router.known.trees[DRAWN] = tree, dict(zip(codes, zip(grids["name"], tiers, strict=True), strict=True))
    ground = Ground(
        grids.assign(id=np.arange(len(grids))), allotment, facilities, standing.overlays,
        metric_epsg=site.metric_epsg, tolerance_m=site.tolerance_m, building_reach_m=site.building_reach_m,
    )  # fmt: skip
    points, moments = on_lattice(issues), [standing.at] * len(issues)
    facts = ground.facts(points, moments, detail=False).assign(site=site.code, edition_id=DRAWN)
    decided = router.decide(points, facts, moments)
    found = with_routes(points, decided.facts, decided.which, said(decided.verdicts))
    names = {"grid": "new_grid", "owner": "new_owner", "owner_name": "new_name", "owner_role": "new_role",
             "owner_grid": "new_post"}  # fmt: skip
    later = found[list(names)].rename(columns=names).astype(object)
    return pd.concat([issues.reset_index(drop=True), later.reset_index(drop=True)], axis=1)


@cache
def warm() -> None:
    """Load what is compiled, once a process: whoever looks at his first draft need not wait for it."""
    square = gpd.GeoDataFrame({"code": ["A"], "tier": [1], "id": [1]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    nothing = square.iloc[:0].assign(grid=None, kind=None, level=None, warranty_until=None, inspection_due=None)
    ground = Ground(square, nothing, nothing, nothing, metric_epsg=32631)
    ground.facts(pd.DataFrame({"lon": [0.5], "lat": [0.5]}), [datetime.now(UTC)], detail=False)


def moving(issues: pd.DataFrame) -> pd.DataFrame:
    """Those of the routed issues whose grid or owner would change."""
    pairs = (("grid", "new_grid"), ("owner", "new_owner"), ("owner_role", "new_role"), ("owner_grid", "new_post"))
    changed = np.zeros(len(issues), dtype=bool)
    for old, new in pairs:
        one, other = (issues[name].astype(object).where(issues[name].notna(), None) for name in (old, new))
        changed |= (one != other).to_numpy() & ~(one.isna() & other.isna()).to_numpy()
    return issues[changed]


# ---------------------------------------------------------------- told


@dataclass
class Consequences:
    """Before and after: what moves to whom, and who has how much."""

    standing: Standing
    before: Sheet
    after: Sheet
    was: gpd.GeoDataFrame
    now: gpd.GeoDataFrame
    issues: pd.DataFrame
    anew: dict[str, dict[str, str | None]]

    @property
    def layers(self) -> dict[str, gpd.GeoDataFrame]:
        """Buildings and facilities, naming the grids that they would name."""
        standing = self.standing
        return {
            "buildings": renamed(standing.buildings, self.anew["buildings"]),
            "facilities": renamed(standing.facilities, self.anew["facilities"]),
        }

    def moves(self) -> list[dict[str, Any]]:
        """What goes from where and whom to where and whom, the most first."""
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in moving(self.issues).to_dict("records"):
            old, new = (self._side(row[grid], row[owner], row[name]) for grid, owner, name in _SIDES)
            _told(found, old, new)["issues"].append(row["code"])
        for code, (old_grid, new_grid, households) in self._buildings().items():
            sides = (self._side(grid, *_of(self.standing.holder(grid))) for grid in (old_grid, new_grid))
            told = _told(found, *sides)
            told["buildings"].append(code)
            told["households"] += households
        return sorted(found.values(), key=lambda each: -len(each["issues"]) - each["households"])

    def _side(self, grid: Any, person: Any, name: Any) -> dict[str, Any]:
        names = self._names
        grid, person, name = (None if value is None or pd.isna(value) else value for value in (grid, person, name))
        return {"grid": grid, "name": names.get(grid), "person": {"code": person, "name": name} if person else None}

    @cached_property
    def _names(self) -> dict[Any, str]:
        return {
            **dict(zip(self.before.grids["code"], self.before.grids["name"], strict=True)),
            **dict(zip(self.after.grids["code"], self.after.grids["name"], strict=True)),
        }

    def _buildings(self) -> dict[str, tuple[str | None, str | None, int]]:
        """Buildings that another leaf would answer for: from which, to which, with how many households."""
        old, new = (_main(allotment) for allotment in (self.was, self.now))
        counts = dict(zip(self.now["code"], pd.to_numeric(self.now["households"]).fillna(0), strict=True))
        return {
            code: (old.get(code), new.get(code), int(counts.get(code, 0)))
            for code in sorted(old.keys() | new.keys())
            if old.get(code) != new.get(code)
        }

    def balance(self) -> list[dict[str, Any]]:
        """Grids, households and open issues of each person whose part changes, before and after."""
        sides = [
            self._loads(self.before.leaves, self.issues["grid"]),
            self._loads(self.after.leaves, self.issues["new_grid"]),
        ]
        told = []
        for code in sides[0].keys() | sides[1].keys():
            person, was = sides[0].get(code, (None, _NOTHING))
            other, now = sides[1].get(code, (None, _NOTHING))
            if was != now:
                holder = person or other
                who = {"code": holder.code, "name": holder.name} if holder else None
                told.append({"person": who, "before": was, "after": now})
        return sorted(told, key=lambda each: -max(each["before"]["households"], each["after"]["households"]))

    def _loads(self, leaves: gpd.GeoDataFrame, grids: pd.Series[Any]) -> dict[str | None, tuple[Person | None, Load]]:
        open_there = grids.value_counts()
        found: dict[str | None, tuple[Person | None, Load]] = {}
        for code, households in zip(leaves["code"], pd.to_numeric(leaves["households"]).fillna(0), strict=True):
            holder = self.standing.holder(code)
            _, load = found.setdefault(holder.code if holder else None, (holder, dict(_NOTHING)))
            load["grids"] += 1
            load["households"] += int(households)
            load["issues"] += int(open_there.get(code, 0))
        return found

    def ground(self) -> dict[str, float]:
        """How much ground the plan gains and gives up altogether, in square metres."""
        old, new = (shapely.union_all(sheet.leaves.geometry.to_numpy()) for sheet in (self.before, self.after))
        shifts = np.array([shapely.difference(new, old), shapely.difference(old, new)], dtype=object)
        gained, lost = areas(shifts, self.before.metric_epsg)
        return {"gained_m2": round(float(gained), 2), "lost_m2": round(float(lost), 2)}


Load = dict[str, int]
_NOTHING: Final[Load] = {"grids": 0, "households": 0, "issues": 0}
_SIDES: Final = (("grid", "owner", "owner_name"), ("new_grid", "new_owner", "new_name"))


def _told(found: dict[tuple[Any, ...], dict[str, Any]], old: Any, new: Any) -> dict[str, Any]:
    key = (old["grid"], (old["person"] or {}).get("code"), new["grid"], (new["person"] or {}).get("code"))
    return found.setdefault(key, {"from": old, "to": new, "issues": [], "buildings": [], "households": 0})


def _of(person: Person | None) -> tuple[str | None, str | None]:
    return (person.code, person.name) if person else (None, None)


def _main(allotment: gpd.GeoDataFrame) -> dict[str, str]:
    """The leaf that answers for most of each building."""
    most = allotment.sort_values(["share", "grid"], ascending=[False, True]).drop_duplicates("code")
    return dict(zip(most["code"], most["grid"], strict=True))


def consequences(standing: Standing, before: Sheet, after: Sheet, viewer: Viewer | None = None) -> Consequences:
    """What follows if `after` held instead of `before`, as far as somebody may see it."""
    anew = named_anew(standing, before, after)
    facilities = renamed(standing.facilities, anew["facilities"])
    was = allotted(standing.buildings, before.leaves, before.metric_epsg)
    now = allotted(renamed(standing.buildings, anew["buildings"]), after.leaves, before.metric_epsg)
    grids = peopled(before, after, was, now)
    after = Sheet(grids, after.leaf_tier, after.metric_epsg, after.roots, after.taken)
    issues = routed(standing, after, now, facilities)
    return Consequences(standing, before, after, was, now, _seen(standing, issues, viewer), anew)


def _seen(standing: Standing, issues: pd.DataFrame, viewer: Viewer | None) -> pd.DataFrame:
    if viewer is None or not len(issues):
        return issues
    seen: Iterable[int] = stored.seen_among(standing.session, viewer, issues["id"].tolist())
    return issues[issues["id"].isin(list(seen))]
