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
        "site", "category_name", "kind", "due_at", "closed_at", "position", "level", "grid", "tier1", "tier2", "tier3",
        "owner_role", "owner_grid", "owner", "owner_name", "text",
    ),
)  # fmt: skip

# Where and when something was reported, and nothing else: what a heat map is made of.
HEAT = Shape("heat", ("lon", "lat", "reported_at"))
