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
    "support", "refer", "resolve", "check", "answer", "close", "reopen", "void", "merge", "supervise", "plan", "sign",
)  # fmt: skip

# What a line of history can say: an action, the report it begins with, or that a new Edition moved it.
EVENTS: Final = ("report", "reroute", *ACTIONS)

KINDS: Final = ("repair", "complaint", "enquiry", "suggestion", "inspection", "alarm")
URGENCIES: Final = ("life", "emergency", "urgent", "normal")
POSITIONS: Final = ("inside", "boundary", "near", "outside")
