"""Grid codes: the site's own, in bytewise order, and the national unit-grid number; and what no name may hold."""

from __future__ import annotations

import re
import unicodedata

CODE_LENGTH = 64
NAME_LENGTH = 200
# Letters that act on a terminal instead of standing in it: controls, halves, line ends, turners of the direction.
CONTROLS = {"Cc", "Cs", "Zl", "Zp"}
TURNERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NATIONAL = re.compile(r"\d{15}")


def order(code: str) -> bytes:
    """The key that sorts codes as PostgreSQL's COLLATE "C" does."""
    return code.encode("utf-8")


def issue_code(site: str, number: int) -> str:
    """What an issue is called: its site and its number in the store."""
    return f"{site}-{number:06d}"


def fault_of(code: object) -> str | None:
    """What makes this no code at all, in words; None if nothing does."""
    if not isinstance(code, str) or not code.strip():
        return "is empty"
    if code != code.strip():
        return "begins or ends with a space"
    if len(code) > CODE_LENGTH:
        return f"is longer than {CODE_LENGTH} characters"
    return "holds a control character" if holds_control(code) else None


def fault_of_name(name: str, length: int = NAME_LENGTH) -> str | None:
    """What makes this no name for people to read, in words; None if nothing does."""
    if not name.strip():
        return "is empty"
    if len(name) > length:
        return f"is longer than {length} characters"
    return "holds a control character" if holds_control(name) else None


def holds_control(text: str) -> bool:
    return not text.isprintable() and any(map(_acts, text))


def without_control(text: str) -> str:
    """A text with a space for each letter that would act on a terminal, and none around it."""
    if not text.isprintable():
        text = "".join(" " if _acts(letter) else letter for letter in text)
    return text.strip()


def _acts(letter: str) -> bool:
    return letter in TURNERS or unicodedata.category(letter) in CONTROLS


def national_fault(code: str, division: str | None = None) -> str | None:
    """What makes this no unit-grid number: 6 digits of county, 3 street, 3 community, 3 sequence."""
    if not NATIONAL.fullmatch(code):
        return "is not a number of 15 digits"
    if division and not code.startswith(division):
        return f"does not begin with the division {division}"
    if code.endswith("000"):
        return "has the sequence 000"
    return None
