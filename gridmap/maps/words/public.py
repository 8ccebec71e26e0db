"""What the public map says."""

from __future__ import annotations

from typing import Final

from gridmap.language import Phrase, phrase

PUBLIC: Final[dict[str, Phrase]] = {
    "title": phrase("Who answers where"),
    "about": phrase("Every place here belongs to a grid, and every grid to somebody who sees to it."),
    "search": phrase("Grid or name"),
    "answers": phrase("Responsible: {name}"),
    "call": phrase("Call {phone}"),
    "open": phrase("Open at the moment"),
    "nothing": phrase("nothing is open"),
    "count": phrase("{group}: {number}"),
    "few": phrase("fewer than {fewest}"),
}
