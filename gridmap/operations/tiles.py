"""Tiles of a map: an Edition is drawn when it is published, and the tiles that take longest are made ahead."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from sqlalchemy.orm import Session

from gridmap.domain.model import Drawing
from gridmap.domain.rights import Viewer
from gridmap.domain.zooms import BANDS, LAST_ZOOM, Tile, TileLayer, tiers_of_band, tile_at
from gridmap.spatial.drawn import draw_grids, label_circles
from gridmap.storage import drawings, places, tiles
from gridmap.storage.plan_views import Plan

# Zooms are made ahead, from the whole site on, as long as they have no more tiles than this together: the farther out,
# the longer a tile takes. Whoever looks closer has to wait for some hundredths of a second, once.
MOST_AHEAD = 100
AHEAD = ("grids", "labels")


def draw(session: Session, edition_id: int) -> Drawing:
    """Draw an Edition's grids and labels at every level, and make tiles of them ahead."""
    tiers = drawings.tiers(session, edition_id)
    first, leaf = tiers[0], tiers[-1]
    grids = places.grids(session, edition_id).sort_values(["tier", "code"], ignore_index=True)
    levels = draw_grids(grids, [(tiers_of_band(band, first, leaf), band.tolerance_m) for band in BANDS])
    labels = label_circles(levels[0].geometry).assign(code=levels[0]["code"])
    ahead = list(_ahead(drawings.extent(session, edition_id)))
    drawn = Drawing(edition_id=edition_id, first_tier=first, leaf_tier=leaf, built_to=len(ahead) - 1)
    drawings.write(session, drawn, {band.first: level for band, level in zip(BANDS, levels, strict=True)}, labels)
    for layer in AHEAD:
        made = (each for corners in ahead for each in tiles.all_tiles(session, drawn, layer, *corners))
        drawings.write_tiles(session, edition_id, layer, ((at, packed(tile)) for at, tile in made))
    return drawn


def _ahead(extent: tuple[float, float, float, float]) -> Iterator[tuple[Tile, Tile]]:
    """The corners of what is made ahead, zoom by zoom."""
    west, south, east, north = extent
    count = 0
    for zoom in range(LAST_ZOOM + 1):
        corner, other = tile_at(west, north, zoom), tile_at(east, south, zoom)
        count += (other.x - corner.x + 1) * (other.y - corner.y + 1)
        if count > MOST_AHEAD:
            return
        yield corner, other


def drawing_of(session: Session, edition_id: int) -> Drawing:
    """How an Edition is drawn: one that was published before there were drawings is drawn now."""
    found = drawings.drawing(session, edition_id)
    if found is None:
        drawings.lock(session, edition_id)
        found = drawings.drawing(session, edition_id) or draw(session, edition_id)
    return found


def tile(session: Session, viewer: Viewer, plan: Plan, layer: TileLayer, at: Tile) -> bytes:
    """A tile of what the viewer may see, packed by gzip; empty where there is nothing."""
    if layer == "issues":
        return packed(tiles.issue_tile(session, viewer, plan, at))
    if layer not in AHEAD:
        return packed(tiles.plan_tile(session, viewer, plan, layer, at))
    drawing = drawing_of(session, plan.edition_id)
    if viewer.grids is None and at.z <= drawing.built_to:
        return drawings.tile_made_ahead(session, plan.edition_id, layer, at) or b""
    return packed(tiles.plan_tile(session, viewer, plan, layer, at, drawing))


def packed(made: bytes) -> bytes:
    """A tile as it is sent; of nothing there is nothing to send."""
    return gzip.compress(made, 6, mtime=0) if made else b""
