"""What the tiles say."""

from __future__ import annotations

from typing import Final

from gridmap.language import Phrase

TILES: Final[dict[str, Phrase]] = {}
