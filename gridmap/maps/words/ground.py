"""What staff, tracks and coverage say."""

from __future__ import annotations

from typing import Final

from gridmap.language import Phrase, phrase

GROUND: Final[dict[str, Phrase]] = {
    "staff": phrase("staff on duty"),
    "tracks": phrase("ways of the rounds"),
    "coverage": phrase("ground that was seen"),
    "checkpoints": phrase("checkpoints of the rounds"),
    "day": phrase("Day of the rounds"),
    "rounds": phrase("{count} rounds were walked"),
    "none": phrase("No round was walked."),
    "just_now": phrase("just now"),
    "ago": phrase("{span} ago"),
    "within": phrase("within {metres} m"),
    "until": phrase("on duty until {moment}"),
    "visited": phrase("{visited} of {due} checkpoints"),
    "last_visit": phrase("last visited {moment}"),
    "never": phrase("not visited yet"),
    "failed": phrase("The ground could not be read: {reason}"),
}
