"""The statuses an issue can have, and the words of its history."""

from __future__ import annotations

from typing import Final

STATUSES: Final = (
    "reported", "filed", "dispatched", "accepted", "in_progress", "on_hold", "referred",
    "resolved", "checked", "closed", "void", "merged",
)  # fmt: skip

# An issue that has ended keeps the grid and the owner it had.
ENDED: Final = ("closed", "void", "merged")
OPEN: Final = tuple(status for status in STATUSES if status not in ENDED)

# What people do to an issue.
ACTIONS: Final = (
    "file", "verify", "dispatch", "accept", "return", "transfer", "start", "arrive", "control", "hold", "resume",
    "support", "refer", "resolve", "check", "answer", "follow_up", "close", "reopen", "void", "merge", "supervise",
    "plan", "sign",
)  # fmt: skip

# What a line of history can say: an action, the report it begins with, that a new Edition moved it, that a deadline was
# set anew, that a limit was near or over, that a duplicate was hung under it, that its alarm went on or ended.
EVENTS: Final = ("report", "reroute", "deadline", "warn", "escalate", "link", "alarm", "recover", *ACTIONS)

KINDS: Final = ("repair", "complaint", "enquiry", "suggestion", "inspection", "alarm")
URGENCIES: Final = ("life", "emergency", "urgent", "normal")
POSITIONS: Final = ("inside", "boundary", "near", "outside")

# The moments of an issue that have limits.
STAMPS: Final = ("first_answer", "accepted", "on_site", "under_control", "resolved")
# How an issue ended: solved by those who handled it, on the spot, without an answer of the reporter, as the twin of
# another, or because there was nothing to solve.
CLOSED_AS: Final = ("solved", "no_answer", "merged", "void", "recovered")
# Who hands work out on a site: the dispatch centre at once by specialty and urgency; the coordinator, with a limit of
# his own; or the front desk, which writes the work order for engineering. Emergencies go out at once everywhere.
DISPATCH_MODELS: Final = ("centre", "coordinator", "front_desk")

PHOTO_SORTS: Final = ("near", "far", "reference", "before", "after")
WARNINGS: Final = ("storm", "typhoon", "flood", "snow", "heat", "cold", "other")
FOLLOWED_BY: Final = ("link", "phone", "visit", "page")
# What people are told of: work for them, an emergency, a limit that is near or over, an issue that came back, a step
# above them, an answer to what they reported, a round.
MESSAGES: Final = (
    "dispatched", "emergency", "to_dispatch", "near_limit", "over_limit", "returned", "reopened", "rework",
    "supervised", "support", "resolved", "overdue_round", "alarm", "recovered",
)  # fmt: skip
