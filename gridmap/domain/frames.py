"""The columns of every frame that passes between machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gridmap.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Shape:
    """The columns a frame must have, and those it may have."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return self.required + self.optional

    def check(self, frame: pd.DataFrame) -> None:
        """Raise InputError naming the columns that are missing."""
        missing = [column for column in self.required if column not in frame.columns]
        if missing:
            raise InputError(f"a frame of {self.name} needs the columns {', '.join(missing)}")


# Grids of one Edition. `parent` is the code of the grid one tier up, None at the top. EPSG:4326.
GRIDS = Shape("grids", ("code", "name", "tier", "parent", "geometry"), ("households", "codes"))

# A building's `grid` is the leaf that answers for it: it is derived from geometry where it is missing.
BUILDINGS = Shape(
    "buildings",
    ("code", "name", "geometry"),
    (
        "grid",
        "floors",
        "households",
        "use",
        "grade",
        "built",
        "accepted",
        "delivered",
        "warranty_until",
        "risk",
    ),
)

# Part of a large building: its geometry is the unit's footprint.
UNITS = Shape("units", ("building", "code", "geometry"), ("name", "households"))

FACILITIES = Shape(
    "facilities",
    ("code", "name", "kind", "geometry"),
    ("level", "grid", "state", "in_use", "maker", "warranty_until", "inspection_due"),
)

# `kind` is keeper, contractor or key_area; `keeper` a person's code, or `role` a role of the site.
OVERLAYS = Shape(
    "overlays", ("code", "name", "kind", "geometry"), ("level", "keeper", "role", "valid_from", "valid_to")
)

PEOPLE = Shape("people", ("code", "name"), ("phone", "organisation", "away_from", "away_to"))

# A post without a `grid` is held for the whole site.
POSTS = Shape("posts", ("role", "person"), ("grid", "specialty", "deputy", "valid_from", "valid_to"))

# What is reported, one row each: positions in EPSG:4326 degrees, time aware, metres for accuracy and extent.
POINTS = Shape(
    "points",
    ("lon", "lat"),
    (
        "category", "kind", "urgency", "level", "facility", "about", "reported_at", "accuracy_m", "extent_m",
        "text", "source", "reference", "status", "due_at", "closed_at",
    ),
)  # fmt: skip

# What a check found. `measure` is in `unit` (m2, m, %), `codes` joined by a comma.
FINDINGS = Shape("findings", ("check", "severity", "layer", "tier", "codes", "measure", "unit", "message", "geometry"))

# The facts of places, one row a point in the order asked: filled by storage (one statement) or by spatial (files).
# `overlays` and `touches` are tuples of codes, `shares` a list of {code, share} or None.
FACTS = Shape(
    "facts",
    (
        "site", "edition_id", "position", "grid_id", "leaf", "tier1", "tier2", "tier3", "outside_m", "boundary_m",
        "runner_up", "runner_up_m", "shares", "building", "building_grid", "building_m", "building_warranty",
        "overlays", "level_area", "level_grid", "facility_id", "facility_warranty", "touches",
    ),
)  # fmt: skip

# Facilities that are ground rather than something on it: whoever sees a site sees them, whatever part of it is his.
GROUND_KINDS = ("road", "lane", "path", "water", "river", "lake", "green", "lawn", "park", "square", "block")

# Issues as they are shown: `category_name` is an English key, or a site's own word.
ISSUES = Shape(
    "issues",
    ("code", "category", "status", "urgency", "reported_at", "geometry"),
    (
        "site", "category_name", "kind", "due_at", "held_at", "closed_at", "position", "level", "grid", "tier1",
        "tier2", "tier3", "owner_role", "owner_grid", "owner", "owner_name", "text",
    ),
)  # fmt: skip

# Where and when something was reported, and nothing else: what a heat map is made of.
HEAT = Shape("heat", ("lon", "lat", "reported_at"))

# What indicators are counted from: an issue a row, times aware. `…_due` is when a stamp's limit passes, holds included;
# `waiting` is held or with others, `referred` with others; `answered_at` and `satisfaction` are the reporter's last
# answer and `reopened_at` the last return within the period; `self_made` was found by who owns or handles it.
ISSUE_FACTS = Shape(
    "issue facts",
    ("reported_at", "status"),
    (
        "code", "category", "group", "kind", "urgency", "facility", "lon", "lat", "tier1", "tier2", "tier3",
        "owner", "owner_role", "owner_grid", "handler", "handler_role", "contractor", "post",
        "first_answer_at", "accepted_at", "on_site_at", "under_control_at", "resolved_at", "closed_at",
        "first_answer_due", "accepted_due", "on_site_due", "under_control_due", "resolved_due",
        "closed_as", "reopens", "reopened_at", "reworks", "satisfaction", "answered_at",
        "look_at", "waiting", "referred", "self_made",
    ),
)  # fmt: skip

# Rounds that were to be made, a row each: `due_at` is the end of its time, `done_at` when it was finished; how much
# there was to look at (checkpoints, or square metres of ground) and how much of it was.
ROUNDS = Shape(
    "rounds",
    ("due_at", "done_at"),
    ("code", "subject", "grid", "tier1", "tier2", "tier3", "role", "person", "post", "planned", "visited"),
)

# What an indicator says of a subject: `low` and `high` hold its interval, NaN where what is counted has none.
FIGURES = Shape(
    "figures",
    ("indicator", "subject", "numerator", "denominator", "value", "low", "high"),
    ("best", "worst", "rank"),
)
