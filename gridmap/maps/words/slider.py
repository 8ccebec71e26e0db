"""What the slider of time says."""

from __future__ import annotations

from typing import Final

from gridmap.language import Phrase, phrase

SLIDER: Final[dict[str, Phrase]] = {
    "time": phrase("Time"),
    "play": phrase("Play"),
    "pause": phrase("Pause"),
    "back": phrase("One step back"),
    "on": phrase("One step on"),
    "step": phrase("Step"),
    "hour": phrase("hour"),
    "day": phrase("day"),
    "week": phrase("week"),
    "length": phrase("Length of the window"),
    "days": phrase("{count} days"),
    "ago": phrase("{count} days ago"),
    "today": phrase("today"),
    "start": phrase("Beginning of the window"),
    "end": phrase("End of the window"),
    "window": phrase("Window of time"),
    "reports": phrase("{count} reports"),
    "said": phrase("{start} to {end}: {count} reports"),
    "counted": phrase("told by grid and day, for there are so many"),
    "clusters": phrase("reports in clusters"),
    "cluster": phrase("{count} reports: zoom in"),
    "choropleth": phrase("cells by a figure"),
    "measure": phrase("Coloured by"),
    "tier": phrase("Tier"),
    "tier1": phrase("tier 1 · zones"),
    "tier2": phrase("tier 2 · clusters"),
    "tier3": phrase("tier 3 · cells"),
    "pale": phrase("pale: small numbers"),
    "counting": phrase("Counting …"),
    "failed": phrase("These figures could not be had: {reason}"),
}
