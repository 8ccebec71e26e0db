"""Patrols: whether a check-in can be believed, which points of a track are noise, and when a round is done."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gridmap.language import Phrase, phrase

# What a round is for: a walk past checkpoints, or visits to households in need.
PLAN_KINDS: Final = ("patrol", "visits")
ROUND_STATUSES: Final = ("planned", "started", "done", "late", "missed", "cancelled")
# How a check-in is made, the strongest first: a tag is not copied with a camera, a plate is, a position is only said.
METHODS: Final[dict[str, int]] = {"nfc": 3, "qr": 2, "gps": 1}
VERDICTS: Final = ("accepted", "doubtful", "refused")
INSPECTION_KINDS: Final = ("sample", "joint", "take_over")
SWEEP_STATES: Final = ("to_do", "in_order", "fault", "no_access")
NEEDS: Final = ("alone", "elderly", "disabled", "ill", "children", "hardship", "other")
VISIT_OUTCOMES: Final = ("well", "help_needed", "not_met")

# Ours, for want of a published figure; a checkpoint has its own radius.
USUAL_RADIUS_M: Final = 50.0
FARTHEST_OFF_M: Final = 50.0  # how much of a position's own error is believed
VAGUE_M: Final = 100.0
FASTEST_M_S: Final = 8.0  # between two checkpoints, on an electric cart
IMPOSSIBLE_M_S: Final = 15.0  # between two points of a track
AGAIN: Final = timedelta(minutes=5)
AHEAD: Final = timedelta(minutes=5)
STALE: Final = timedelta(days=7)
OLDEST: Final = timedelta(days=31)


@dataclass(frozen=True)
class Scan:
    """What is known of a check-in, for one to judge whether it can be believed."""

    at: datetime
    received_at: datetime
    method: str
    off_m: float | None = None  # from the checkpoint
    accuracy_m: float | None = None
    radius_m: float = USUAL_RADIUS_M
    token: bool | None = None  # whether it is that of the checkpoint; None if there is none to compare
    starts: datetime | None = None
    ends: datetime | None = None
    grace: timedelta = timedelta(minutes=15)
    on_route: bool = True
    last_at: datetime | None = None  # of his check-in before this
    last_m: float | None = None
    same_at: datetime | None = None  # of his last check-in here on this round
    replayed: bool = False
    photo_wanted: bool = False
    photo_given: bool = False

    @property
    def believed_off_m(self) -> float:
        """How far off it surely was: its own error is in his favour, to some degree."""
        return max(0.0, (self.off_m or 0.0) - min(self.accuracy_m or 0.0, FARTHEST_OFF_M))

    @property
    def speed_m_s(self) -> float:
        if self.last_at is None or self.last_m is None:
            return 0.0
        metres = max(0.0, self.last_m - 2 * min(self.accuracy_m or 0.0, FARTHEST_OFF_M))
        return metres / max(abs((self.at - self.last_at).total_seconds()), 1.0)


@dataclass(frozen=True)
class Suspicion:
    """Something about a check-in: `weight` says what follows: refused, doubtful, or only noted."""

    name: str
    weight: str
    text: Phrase
    holds: Callable[[Scan], bool]


def _far(scan: Scan) -> bool:
    return scan.believed_off_m > scan.radius_m


SUSPICIONS: Final = (
    Suspicion("ahead", "refused", phrase("it lies in the future"), lambda scan: scan.at > scan.received_at + AHEAD),
    Suspicion("wrong_token", "refused", phrase("the plate is another's"), lambda scan: scan.token is False),
    Suspicion("replayed", "refused", phrase("the same scan came before"), lambda scan: scan.replayed),
    Suspicion(
        "again", "refused", phrase("this checkpoint was scanned just before"),
        lambda scan: scan.same_at is not None and abs(scan.at - scan.same_at) < AGAIN,
    ),
    Suspicion("off_route", "refused", phrase("the checkpoint is not on this round"), lambda scan: not scan.on_route),
    Suspicion(
        "no_place", "refused", phrase("it has neither a place nor a plate"),
        lambda scan: scan.method == "gps" and scan.off_m is None,
    ),
    Suspicion(
        "far", "refused", phrase("too far from the checkpoint"), lambda scan: scan.method == "gps" and _far(scan)
    ),
    Suspicion(
        "elsewhere", "doubtful", phrase("scanned far from where the plate hangs: was it copied?"),
        lambda scan: scan.method != "gps" and _far(scan),
    ),
    Suspicion(
        "vague", "doubtful", phrase("the position is too vague"),
        lambda scan: scan.method == "gps" and (scan.accuracy_m or 0.0) > VAGUE_M,
    ),
    Suspicion(
        "unscanned", "doubtful", phrase("no token of the plate was sent"),
        lambda scan: scan.method != "gps" and scan.token is None,
    ),
    Suspicion(
        "too_fast", "doubtful", phrase("too fast from the checkpoint before"),
        lambda scan: scan.speed_m_s > FASTEST_M_S,
    ),
    Suspicion(
        "early", "doubtful", phrase("before the round begins"),
        lambda scan: scan.starts is not None and scan.at < scan.starts - scan.grace,
    ),
    Suspicion(
        "stale", "doubtful", phrase("it came in more than a week later"),
        lambda scan: scan.received_at - scan.at > STALE,
    ),
    Suspicion(
        "no_photo", "doubtful", phrase("this checkpoint wants a photo"),
        lambda scan: scan.photo_wanted and not scan.photo_given,
    ),
    Suspicion(
        "late", "noted", phrase("after the round should have ended"),
        lambda scan: scan.ends is not None and scan.at > scan.ends + scan.grace,
    ),
    Suspicion("placeless", "noted", phrase("it has no position"), lambda scan: scan.off_m is None),
)  # fmt: skip
WHY: Final = {suspicion.name: suspicion.text for suspicion in SUSPICIONS}


@dataclass(frozen=True)
class Judgement:
    """Whether a check-in counts, and why not."""

    verdict: str
    reasons: tuple[str, ...] = ()


def judge(scan: Scan) -> Judgement:
    """Refused if anything refuses it, doubtful if anything is doubtful, else accepted; all reasons are named."""
    held = [suspicion for suspicion in SUSPICIONS if suspicion.holds(scan)]
    weights = {suspicion.weight for suspicion in held}
    verdict = "refused" if "refused" in weights else "doubtful" if "doubtful" in weights else "accepted"
    return Judgement(verdict, tuple(suspicion.name for suspicion in held))


# ---------------------------------------------------------------- rounds


def status_of(due: int, visited: int, last_at: datetime | None, ends: datetime, grace: timedelta, at: datetime) -> str:
    """What has become of a round at a moment: done is wholly done, and late if the last of it came after its end."""
    if visited >= max(due, 1) and last_at is not None:
        return "late" if last_at > ends + grace else "done"
    if at > ends + grace:
        return "missed"
    return "started" if visited else "planned"


def holder(people: Sequence[str], on_duty: Sequence[str], nth: int) -> str | None:
    """Who walks a round, of those who hold its post: who is on duty then; they take turns, window by window."""
    able = [person for person in people if person in set(on_duty)] or list(people)
    return sorted(able)[nth % len(able)] if able else None


# ---------------------------------------------------------------- tracks


@dataclass(frozen=True)
class Fix:
    """A point of a track: when, where, and how closely that is known."""

    at: datetime
    lon: float
    lat: float
    accuracy_m: float | None = None


EARTH_M: Final = 6_371_008.8


def metres_between(one: Fix, other: Fix) -> float:
    """Metres on the sphere: close enough to tell a walk from a leap."""
    south, north = math.radians(one.lat), math.radians(other.lat)
    east = math.radians(other.lon - one.lon)
    half = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin(east / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def noise_of(fix: Fix, at: datetime) -> str | None:
    """Why a point by itself is noise: `future`, `old` or `vague`."""
    if fix.at > at + AHEAD:
        return "future"
    if at - fix.at > OLDEST:
        return "old"
    return "vague" if (fix.accuracy_m or 0.0) > VAGUE_M else None


def leaps(one: Fix, other: Fix) -> bool:
    """Whether nobody gets from one to the other in that time, even with both errors in his favour."""
    error = min(one.accuracy_m or 0.0, VAGUE_M) + min(other.accuracy_m or 0.0, VAGUE_M)
    seconds = max(abs((other.at - one.at).total_seconds()), 1.0)
    return (metres_between(one, other) - error) / seconds > IMPOSSIBLE_M_S


def walked(fixes: Sequence[Fix]) -> list[bool]:
    """Which points of one person, in the order of time, are no leaps.

    Of a point that cannot be reached, the one that fits what comes after stays: a wrong start does not drop a walk.
    """
    kept: list[int] = []
    for n, fix in enumerate(fixes):
        if kept and leaps(fixes[kept[-1]], fix):
            following = fixes[n + 1] if n + 1 < len(fixes) else None
            fits = following is not None and not leaps(fix, following) and leaps(fixes[kept[-1]], following)
            alone = len(kept) < 2 or leaps(fixes[kept[-2]], fixes[kept[-1]])
            if not (fits and alone):
                continue
            kept.pop()
        kept.append(n)
    chosen = set(kept)
    return [n in chosen for n in range(len(fixes))]
