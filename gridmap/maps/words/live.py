"""What the live feed says."""

from __future__ import annotations

from typing import Final

from gridmap.language import Phrase, phrase

LIVE: Final[dict[str, Phrase]] = {
    "live": phrase("Live"),
    "again": phrase("Connecting again …"),
    "polling": phrase("Every 5 seconds"),
    "off": phrase("Stands still: sign in again"),
    "since": phrase("as of {moment}"),
}
