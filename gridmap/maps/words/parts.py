"""What the parts of the page say: each a table of its own, which its script reads under the part's name."""

from __future__ import annotations

from typing import Final

from gridmap.language import Phrase
from gridmap.maps.words.desk import DESK
from gridmap.maps.words.drawing import DRAWING
from gridmap.maps.words.ground import GROUND
from gridmap.maps.words.hotspots import HOTSPOTS
from gridmap.maps.words.live import LIVE
from gridmap.maps.words.public import PUBLIC
from gridmap.maps.words.slider import SLIDER
from gridmap.maps.words.tiles import TILES

OF_PARTS: Final[dict[str, dict[str, Phrase]]] = {
    "live": LIVE,
    "tiles": TILES,
    "slider": SLIDER,
    "ground": GROUND,
    "desk": DESK,
    "hotspots": HOTSPOTS,
    "drawing": DRAWING,
    "public": PUBLIC,
}
