"""What an open issue asks for: one rule for the map, the list, the tiles and the paper."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gridmap.domain.lifecycle import OPEN

# What burns comes first: the order of the list, and of what lies on top.
ATTENTIONS: Final = ("overdue", "urgent", "new", "doing", "verify")

URGENT: Final = ("life", "emergency", "urgent")
TO_VERIFY: Final = ("resolved", "checked")
BEGUN: Final = ("accepted", "in_progress", "on_hold", "referred")


def attention(row: Mapping[str, Any], at: datetime) -> str:
    """What an open issue asks for; nothing gets late while it waits with a reason."""
    if row["status"] in TO_VERIFY:
        return "verify"
    if row.get("due_at") is not None and row["due_at"] < at and row.get("held_at") is None:
        return "overdue"
    if row["urgency"] in URGENT:
        return "urgent"
    return "doing" if row["status"] in BEGUN else "new"


def rules() -> dict[str, Any]:
    """The same rule for a script, which watches the clock."""
    return {"verify": TO_VERIFY, "urgent": URGENT, "begun": BEGUN, "order": ATTENTIONS, "open": OPEN}
