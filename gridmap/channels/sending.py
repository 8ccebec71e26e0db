"""What all channels share: an address, and what became of a letter that was sent there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from gridmap.domain.letters import Letter

# How long an address may keep us waiting: for a connection, and for each part of an answer.
WAIT_S: Final = 10.0


@dataclass(frozen=True)
class Address:
    """Where a letter goes: its parts are secrets, so that it never shows itself."""

    kind: str
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Delivered:
    """The other side has taken it."""


@dataclass(frozen=True)
class Failed:
    """It was not taken; `final` if it never will be. The reason holds no part of the address."""

    final: bool
    reason: str


Outcome = Delivered | Failed


class Sender(Protocol):
    """Sends a letter to an address at a moment; it raises nothing."""

    def __call__(self, address: Address, letter: Letter, at: datetime, /) -> Outcome: ...


def by_status(status: int, said: str = "") -> Outcome:
    """What an HTTP status means: 2xx is delivered, 4xx is final but for 408 and 429, all else may pass."""
    if 200 <= status < 300:
        return Delivered()
    final = 400 <= status < 500 and status not in (408, 429)
    return Failed(final, f"HTTP {status}" + (f" {said}" if said else ""))
