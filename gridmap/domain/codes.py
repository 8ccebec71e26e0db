"""Grid codes: the site's own, in bytewise order, and the national unit-grid number."""

from __future__ import annotations

import re
import unicodedata

CODE_LENGTH = 64
NATIONAL = re.compile(r"\d{15}")


def order(code: str) -> bytes:
    """The key that sorts codes as PostgreSQL's COLLATE "C" does."""
    return code.encode("utf-8")


def fault_of(code: object) -> str | None:
    """What makes this no code at all, in words; None if nothing does."""
    if not isinstance(code, str) or not code.strip():
        return "is empty"
    if code != code.strip():
        return "begins or ends with a space"
    if len(code) > CODE_LENGTH:
        return f"is longer than {CODE_LENGTH} characters"
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in code):
        return "holds a control character"
    return None


def national_fault(code: str, division: str | None = None) -> str | None:
    """What makes this no unit-grid number: 6 digits of county, 3 street, 3 community, 3 sequence."""
    if not NATIONAL.fullmatch(code):
        return "is not a number of 15 digits"
    if division and not code.startswith(division):
        return f"does not begin with the division {division}"
    if code.endswith("000"):
        return "has the sequence 000"
    return None
