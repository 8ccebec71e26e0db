"""Which passwords are refused: short ones, and the first that others would try."""

from __future__ import annotations

import unicodedata
from typing import Final

from gridmap.errors import InputError

SHORTEST: Final = 10
LONGEST: Final = 256
FEWEST_LETTERS: Final = 5
# Rows of keys, counting and the alphabet: whatever is a piece of one is among the first to be tried.
ROWS: Final = (
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb",
)
# Words that stay obvious whatever numbers and signs stand around them.
OBVIOUS: Final = frozenset((
    "abc", "admin", "administrator", "changeme", "gridmap", "iloveyou", "letmein", "p@ssw0rd", "p@ssword", "passw0rd",
    "password", "qwerty", "qwertyuiop", "root", "secret", "test", "welcome", "woaini",
))  # fmt: skip
AROUND: Final = "0123456789._@-!?#*$%& "


def check(password: str, name: str) -> None:
    """Refuse a password that is short, the name of its account, or obvious."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(f"the password has {len(password)} characters: it needs {SHORTEST} to {LONGEST}")
    plain = unicodedata.normalize("NFKC", password).casefold()
    word = name.casefold()
    if plain in (word, word[::-1]) or plain.strip(AROUND) in ("", word.strip(AROUND), *OBVIOUS):
        raise InputError("the password is the name, a number or a word that everybody tries: choose another")
    if len(set(plain)) < FEWEST_LETTERS or any(plain in row or plain[::-1] in row for row in ROWS):
        raise InputError("the password repeats itself or is a row of keys: choose another")
