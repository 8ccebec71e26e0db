"""The estate at hand, whole: its plan, who answers for it, what was reported and what is open.

`store` finds the store of DATABASE_URL, or that of `make demo` on this machine; `read` takes an estate from it.
`imagine` makes the same of the simulated estate, without any store. Either way the frames have the columns of
`gridmap.domain.frames`, and the notebooks go on with them alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain.calendar import Calendars
from gridmap.domain.categories import CATEGORIES
from gridmap.domain.deadlines import Matter, set_deadlines
from gridmap.domain.facts import Facts, Keeper, Person, PostFact, Roster, Subject, Tree
from gridmap.domain.frames import ISSUES
from gridmap.domain.model import Site
from gridmap.domain.periods import Window
from gridmap.domain.responsibility import decide
from gridmap.domain.roles import ROLE_OF_RANK
from gridmap.operations import atlas
from gridmap.operations import grids as layers
from gridmap.operations.consequences import allotted
from gridmap.settings import Settings
from gridmap.simulation import days as lived
from gridmap.simulation import estate as imagined
from gridmap.simulation.demo import CODE
from gridmap.spatial.coordinates import metric_crs
from gridmap.spatial.facts import Ground
from gridmap.storage import indicators, places
from gridmap.storage.database import Database

DAYS: Final = 90
# Who answers for a grid of the lowest tier.
OWNER: Final = ROLE_OF_RANK["leaf"]
ISSUE_COLUMNS: Final = (
    "code", "category", "kind", "urgency", "status", "reported_at", "due_at", "closed_at", "lon", "lat",
    "tier1", "tier2", "tier3", "owner", "owner_name", "owner_role", "owner_grid",
)  # fmt: skip


@dataclass(frozen=True)
class Estate:
    """An estate at a moment.

    `frames` are what its map is drawn from: grids with who answers for them, buildings, facilities, overlays, the
    issues that are open, and where the last days' were reported (heat). `issues` are all that were reported in the
    last `days`, with the owner each got; `posts` who holds which post now.
    """

    code: str
    name: str
    timezone: str
    metric_epsg: int
    at: datetime
    days: int
    simulated: bool
    frames: dict[str, Any]
    issues: pd.DataFrame
    posts: pd.DataFrame

    @cached_property
    def leaf_tier(self) -> int:
        return int(self.frames["grids"]["tier"].max())

    def tier(self, number: int) -> gpd.GeoDataFrame:
        """The grids of one tier, in the order of their codes."""
        grids = self.frames["grids"]
        found: gpd.GeoDataFrame = grids[grids["tier"] == number].sort_values("code").reset_index(drop=True)
        return found

    @property
    def leaves(self) -> gpd.GeoDataFrame:
        """The grids of the lowest tier."""
        return self.tier(self.leaf_tier)

    def clock(self, moment: Any) -> Any:
        """A moment, or a column of them, by the estate's own clock."""
        zone = ZoneInfo(self.timezone)
        return moment.dt.tz_convert(zone) if isinstance(moment, pd.Series) else moment.astimezone(zone)

    @cached_property
    def names(self) -> dict[str, str]:
        """What the site, each grid and whoever answers for one is called, by code."""
        grids = self.frames["grids"]
        called = dict(zip(grids["owner"], grids["owner_name"], strict=True))
        return {self.code: self.name} | called | dict(zip(grids["code"], grids["name"], strict=True))


# ---------------------------------------------------------------- from a store


def store() -> Database | None:
    """The store of DATABASE_URL, else of `make demo`, if it holds an estate; it says what it found."""
    settings = Settings.from_environment()
    if not settings.database_url and not (settings.home / "cluster").is_dir():
        print("No store is here: set DATABASE_URL, or run `make demo` in another window and leave it open.")
    else:
        database = Database.open(settings)
        with database.session() as session:
            known = session.scalars(select(Site.code).order_by(Site.code)).all()
        if known:
            print(f"The store of {'DATABASE_URL' if settings.database_url else 'make demo'} holds {', '.join(known)}.")
            return database
        database.close()
        print("The store is empty: load a plan with `gridmap load plan.toml`, or run `make demo`.")
    print(f"Until then: {imagined.NAME}, a simulated estate that nobody lives in.")
    return None


def now() -> datetime:
    """The present moment, which everything below is told."""
    return datetime.now(UTC)


def read(session: Session, at: datetime, site: str = "", days: int = DAYS) -> Estate:
    """An estate of a store, as it is at a moment."""
    of_site = places.site(session, site or None)
    frames = atlas.frames(session, None, at, site=of_site.code, heat_days=days)
    frames["grids"]["households"] = pd.to_numeric(frames["grids"]["households"])
    window = Window(at - timedelta(days=days), at, at)
    issues = indicators.issue_facts(session, of_site.id, window).rename(columns={"resolved_due": "due_at"})
    issues["owner_name"] = issues["owner"].map(indicators.names(session, of_site.id))
    issues = issues[(issues["reported_at"] >= window.start) & (issues["reported_at"] < at)]
    words = [name for name in ISSUE_COLUMNS if isinstance(issues[name].dtype, pd.CategoricalDtype)]
    issues = issues.astype(dict.fromkeys(words, object)).sort_values(["reported_at", "code"], ignore_index=True)
    posts = layers.export(session, of_site, "posts", at)
    return Estate(
        of_site.code, of_site.name, of_site.timezone, of_site.metric_epsg, at, days, False, frames,
        issues[list(ISSUE_COLUMNS)], posts,
    )  # fmt: skip


# ---------------------------------------------------------------- imagined


def imagine(days: int = DAYS, seed: int = 7) -> Estate:
    """望江片区 on a Monday at eight, from frames alone: the same on every run.

    Whose each report is follows from the rules of responsibility. How long each took nobody lived through: it is
    drawn, about as often over its limit as in the demo.
    """
    made = imagined.estate()
    zone = ZoneInfo(imagined.TIMEZONE)
    monday = imagined.TODAY + timedelta(days=-imagined.TODAY.weekday() % 7)
    at = datetime.combine(monday, time(8), zone)
    west, south, east, north = made.grids.total_bounds
    epsg = metric_crs((west + east) / 2, (south + north) / 2)
    people = {row["code"]: Person(row["code"], row["name"]) for row in _rows(made.people)}
    points = lived.reports(made, at, days, seed)
    issues = _handled(_owned(points, made, people, epsg, at), at, np.random.default_rng(seed))
    held = _held(made, people)
    frames = {
        "grids": made.grids.assign(**held), "buildings": made.buildings, "facilities": made.facilities,
        "overlays": made.overlays, "issues": _open(issues), "heat": points[["lon", "lat", "reported_at"]],
    }  # fmt: skip
    return Estate(
        CODE, imagined.NAME, imagined.TIMEZONE, epsg, at, days, True, frames, issues[list(ISSUE_COLUMNS)],
        made.posts,
    )  # fmt: skip


def _held(made: imagined.Estate, people: dict[str, Person]) -> dict[str, list[Any]]:
    """Who answers for each grid, by the post that its tier is bound to."""
    leaf = int(made.grids["tier"].max())
    roles = [ROLE_OF_RANK["leaf" if tier == leaf else "top" if tier == 1 else "middle"] for tier in made.grids["tier"]]
    posts = made.posts.drop_duplicates(["role", "grid"]).set_index(["role", "grid"])["person"].to_dict()
    owners = [people.get(posts.get((role, code), "")) for role, code in zip(roles, made.grids["code"], strict=True)]
    return {
        "owner_role": roles,
        "owner": [owner.code if owner else None for owner in owners],
        "owner_name": [owner.name if owner else None for owner in owners],
    }


def _owned(
    points: pd.DataFrame, made: imagined.Estate, people: dict[str, Person], epsg: int, at: datetime
) -> pd.DataFrame:
    """The reports with where they lie and whose they are."""
    leaves = made.grids[made.grids["tier"] == made.grids["tier"].max()]
    ground = Ground(
        made.grids.assign(id=range(len(made.grids))), allotted(made.buildings, leaves, epsg),
        made.facilities.assign(id=range(len(made.facilities))), made.overlays, metric_epsg=epsg,
    )  # fmt: skip
    placed = points.drop(columns="accuracy_m")  # whose circles are not asked for
    facts = ground.facts(placed, list(points["reported_at"]), detail=False)
    tree = Tree(
        dict(zip(made.grids["code"], made.grids["parent"], strict=True)),
        dict(zip(made.grids["code"], made.grids["tier"], strict=True)),
    )
    owners = list(_owners(points, facts, tree, _roster(made, people, at), _keepers(made)))
    said = pd.DataFrame(owners, columns=["owner_role", "owner_grid", "owner", "owner_name"], index=points.index)
    where = facts[["position", "leaf", "tier1", "tier2", "tier3"]].rename(columns={"leaf": "grid"})
    return pd.concat([points, where.set_index(points.index), said.astype(object)], axis=1)


def _owners(
    points: pd.DataFrame, facts: pd.DataFrame, tree: Tree, roster: Roster, keepers: dict[str, Keeper]
) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    """Role, post, person and name of whoever owns each report."""
    known = {row.code: row for row in CATEGORIES}
    for point, row in zip(_rows(points), _rows(facts), strict=True):
        category = known[point["category"]]
        inside = row["building_m"] == 0
        of_building = row["building_warranty"] if category.group == "defects" and inside else None
        until = row["facility_warranty"] or of_building
        found = Facts(
            row["position"], row["leaf"], tree.chain(row["leaf"]), row["building_grid"], inside,
            row["level_area"] is not None, row["level_grid"],
            until is not None and str(point["reported_at"].date()) <= str(until),
            tuple(keepers[code] for code in row["overlays"]), row["touches"], False,
            Subject(category.group, point["kind"], category.specialty, category.refer_to, point["about"]),
        )  # fmt: skip
        owner = decide(found, tree, roster).owner
        yield owner.role, owner.post, *((owner.person.code, owner.person.name) if owner.person else (None, None))


def _rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    plain = frame.astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


def _roster(made: imagined.Estate, people: dict[str, Person], at: datetime) -> Roster:
    """The posts as they are held at a moment, with those who stand in."""
    gone = {row["code"] for row in _rows(made.people) if row["away_from"] and row["away_from"] <= at < row["away_to"]}
    posts = (
        PostFact(
            row["role"], row["grid"], people[row["person"]], row["specialty"],
            people.get(row["deputy"]), row["person"] in gone, row["deputy"] in gone,
        )
        for row in _rows(made.posts)
    )  # fmt: skip
    return Roster(posts, people, gone)


def _keepers(made: imagined.Estate) -> dict[str, Keeper]:
    rows = _rows(made.overlays.drop(columns="geometry"))
    return {row["code"]: Keeper(row["code"], row["name"], row["kind"], row["keeper"], row["role"]) for row in rows}


def _handled(issues: pd.DataFrame, at: datetime, random: np.random.Generator) -> pd.DataFrame:
    """The issues with their limits, an end drawn about them, and how they stand at a moment."""
    groups = {row.code: row.group for row in CATEGORIES}
    calendars = Calendars(imagined.TIMEZONE)

    def due(row: dict[Any, Any]) -> datetime | None:
        moments = dict.fromkeys(("report", "dispatch", "weather_over"), row["reported_at"])
        matter = Matter(row["kind"], row["urgency"], groups[row["category"]], row["category"])
        limit = set_deadlines(matter, moments, calendars).get("resolved")
        return limit.due_at if limit else None

    limits = pd.to_datetime(pd.Series([due(row) for row in _rows(issues)], index=issues.index), utc=True)
    allowed = (limits - issues["reported_at"]).dt.total_seconds().fillna(86_400)
    took = allowed * random.lognormal(*TAKES_OF_LIMIT, len(issues)) + 1_800
    ended = issues["reported_at"] + pd.to_timedelta(took.round(), unit="s")
    begun = issues["reported_at"] + pd.to_timedelta((took * random.uniform(0.1, 0.6, len(issues))).round(), unit="s")
    status = np.select([ended <= at, begun <= at], ["closed", "in_progress"], "dispatched")
    codes = [f"{CODE}-{number:06d}" for number in range(1, len(issues) + 1)]
    return issues.assign(code=codes, due_at=limits, closed_at=ended.where(ended <= at), status=status)


# Mean and spread of the logarithm of how much of its limit an issue takes.
TAKES_OF_LIMIT: Final = (-1.1, 0.9)


def _open(issues: pd.DataFrame) -> gpd.GeoDataFrame:
    """Those that have not ended, as the map wants them."""
    names = {row.code: row.name for row in CATEGORIES}
    left = issues[issues["closed_at"].isna()].reset_index(drop=True)
    left = left.assign(site=CODE, category_name=left["category"].map(names), held_at=None)
    placed = gpd.GeoDataFrame(left, geometry=gpd.points_from_xy(left["lon"], left["lat"]), crs=4326)
    found: gpd.GeoDataFrame = placed[list(ISSUES.columns)]
    return found
