"""What a plan of grids is checked for, geometrically, what is put right without asking, and how it is redrawn."""

from gridmap.spatial.topology.alignment import align_parents, snap_to_lattice
from gridmap.spatial.topology.buildings import cut_buildings, grid_of_buildings, unknown_buildings
from gridmap.spatial.topology.coverage import gaps, overlaps
from gridmap.spatial.topology.nesting import (
    childless_parents,
    derive_parents,
    outside_parent,
    uncovered_parent,
    unknown_parents,
)
from gridmap.spatial.topology.plan import check_buildings, check_grids
from gridmap.spatial.topology.redrawing import conformed, divided, given_up, joined, moved, outlined, without
from gridmap.spatial.topology.rings import duplicate_codes, invalid_rings

__all__ = [
    "align_parents",
    "check_buildings",
    "check_grids",
    "childless_parents",
    "conformed",
    "cut_buildings",
    "derive_parents",
    "divided",
    "duplicate_codes",
    "gaps",
    "given_up",
    "grid_of_buildings",
    "invalid_rings",
    "joined",
    "moved",
    "outlined",
    "outside_parent",
    "overlaps",
    "snap_to_lattice",
    "uncovered_parent",
    "unknown_buildings",
    "unknown_parents",
    "without",
]
