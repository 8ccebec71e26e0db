"""What stored analyses say."""

from __future__ import annotations

from typing import Final

from gridmap.domain.insights import ANALYSES, NEXT
from gridmap.language import Phrase, phrase

HOTSPOTS: Final[dict[str, Phrase]] = {
    **ANALYSES,
    "analysis": phrase("Analysis"),
    "made": phrase("{name}, {moment}"),
    "none_yet": phrase("Nothing has been looked for yet."),
    "look": phrase("Look now"),
    "looking": phrase("Looking …"),
    "name_hotspots": phrase("Hot spots of 90 days"),
    "name_emerging": phrase("Emerging hot spots of 90 days"),
    "name_scan": phrase("Clusters of 90 days"),
    "name_outbreaks": phrase("Outbreaks of today"),
    "name_changes": phrase("90 days against the 90 before"),
    "settings": phrase("How it was looked for"),
    "chance": phrase("Elsewhere the number of reports may be chance."),
    "quiet": phrase("Nothing is beyond chance."),
    "why": phrase("What stands out"),
    "surges": phrase("Surges"),
    **NEXT,
    "nothing_stands_out": phrase("Nothing is commoner there than elsewhere."),
    "failed": phrase("The analysis could not be read: {reason}"),
}
