"""The log as a channel: what would be sent is written down, for a demo or to try things out."""

from __future__ import annotations

import logging
from datetime import datetime

from gridmap.channels.sending import Address, Delivered, Outcome
from gridmap.domain.letters import Letter, line
from gridmap.errors import InputError

LOG = logging.getLogger("gridmap.messages")


def send(address: Address, letter: Letter, at: datetime) -> Outcome:  # noqa: ARG001 (all go to the same log)
    """Write a letter down."""
    LOG.info("%s %s", letter.facts.get("person") or "-", line(letter.subject))
    return Delivered()


def check(url: str) -> None:
    """The log has no address."""
    if url:
        raise InputError("the log has no address: leave it out")


def shown(_: str) -> str:
    return ""
