"""Whom residents turn to where something is not the company's, and what of others' reports they are told: data."""

from __future__ import annotations

from typing import Final

from gridmap.language import Phrase, phrase

# The municipal hotline of mainland China takes what is of no company, at any hour.
HOTLINE: Final[tuple[Phrase, str]] = (phrase("city hotline"), "12345")
# body: its number in mainland China; none, where every town has its own.
NUMBERS: Final[dict[str, str | None]] = {
    "urban management": "12345",
    "utility company": "12345",
    "gas company": None,
}
# What lies between people, or is said of one, is offered to nobody else as "the same".
PRIVATE_GROUPS: Final = ("tenants", "neighbours", "service", "fees", "order", "other")
# How exactly somebody is told where a report of others lies.
TOLD_TO_M: Final = 5


def is_public(group: str, urgency: str) -> bool:
    """Whether others may be told that something of a group was reported: what cannot wait is reported again."""
    return group not in PRIVATE_GROUPS and urgency not in ("life", "emergency")
