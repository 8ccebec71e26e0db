"""The outbox: messages become deliveries, and deliveries leave: claim, commit, send, commit.

What is sent may be sent twice (a sender that dies between sending and noting it is followed by another), never not at
all, and always under the same id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from gridmap.channels.sending import Address, Delivered, Failed, Outcome, Sender
from gridmap.domain.letters import letter_of
from gridmap.storage import deliveries as stored
from gridmap.storage.database import Database
from gridmap.storage.deliveries import Claim

# How many messages are planned, and deliveries claimed, at once.
PLANNED: Final = 500
CLAIMED: Final = 20
AT_A_TIME: Final = 5
# Longer than all claimed at once can keep a sender: after it, another one takes over.
LEASE: Final = timedelta(minutes=15)
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=4)
# With the waits between them: most of a day.
ATTEMPTS: Final = 10
# An emergency is over before a day is: it is tried more often, and not for so long.
URGENT_WAIT: Final = timedelta(minutes=2)


@dataclass
class Sent:
    """What became of the letters of one run."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    reasons: list[str] = field(default_factory=list)


def plan(session: Session, at: datetime) -> int:
    """Make deliveries of all messages that are due; one without any channel stays on its reader's page."""
    planned = 0
    while made := stored.plan(session, at, PLANNED):
        planned += made
        if made < PLANNED:
            break
    return planned


def claim(session: Session, at: datetime) -> list[Claim]:
    """Take on some deliveries: after the commit they are this sender's, until the lease ends."""
    return stored.claim(session, at, at + LEASE, CLAIMED)


def settle(session: Session, results: Sequence[tuple[Claim, Outcome]], at: datetime) -> Sent:
    """Note what became of the claimed deliveries."""
    sent = Sent()
    for claimed, outcome in results:
        if isinstance(outcome, Delivered):
            stored.settle_sent(session, claimed.id, at)
            sent.delivered += 1
            continue
        next_at = next_try(claimed, outcome, at)
        stored.settle_failed(session, claimed, outcome.reason, next_at)
        sent.failed += next_at is not None
        sent.dead += next_at is None
        sent.reasons.append(f"{claimed.kind}: {outcome.reason}")
    return sent


def next_try(claimed: Claim, failed: Failed, at: datetime) -> datetime | None:
    """When a delivery is tried again: each wait twice the last, and none the same for two; None when it is given up."""
    if failed.final or claimed.attempt >= ATTEMPTS:
        return None
    longest = URGENT_WAIT if claimed.occasion.urgent else LONGEST_WAIT
    wait = min(FIRST_WAIT * 2.0 ** (claimed.attempt - 1), longest)
    # Half of the wait is spread, so that what failed together does not come back together.
    mark = hashlib.blake2b(f"{claimed.id}.{claimed.attempt}".encode(), digest_size=4).digest()
    spread: float = 0.5 + int.from_bytes(mark, "big") / 2**33
    return at + wait * spread


def send_due(database: Database, clock: Callable[[], datetime], senders: Mapping[str, Sender]) -> Sent:
    """Plan and send all that is due. Each letter has transactions of its own around it, so this takes no session."""
    with database.session() as session:
        plan(session, clock())
    total = Sent()
    while True:
        with database.session() as session:
            taken = claim(session, clock())
        for result in _outcomes(taken, senders, clock()):
            # Noted one by one: who dies here has few letters that are sent again.
            with database.session() as session:
                _add(total, settle(session, [result], clock()))
        if len(taken) < CLAIMED:
            return total


def _outcomes(taken: Sequence[Claim], senders: Mapping[str, Sender], at: datetime) -> Iterator[tuple[Claim, Outcome]]:
    """Send several at a time, so that an address that does not answer keeps few of the others waiting."""
    if not taken:
        return
    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="post") as pool:
        going = {pool.submit(send, claimed, senders, at): claimed for claimed in taken}
        for done in as_completed(going):
            yield going[done], done.result()


def send(claimed: Claim, senders: Mapping[str, Sender], at: datetime) -> Outcome:
    """Send a claimed delivery by the sender of its kind; one that breaks is a failure like any other."""
    sender = senders.get(claimed.kind)
    if sender is None:
        return Failed(False, f"nothing here sends by {claimed.kind}")
    address = Address(claimed.kind, claimed.address, claimed.secret)
    try:
        return sender(address, letter_of(claimed.occasion, claimed.language), at)
    except Exception as error:  # one letter that cannot be sent must not keep the others
        return Failed(False, f"the sender broke: {type(error).__name__}")


def _add(total: Sent, more: Sent) -> None:
    total.delivered += more.delivered
    total.failed += more.failed
    total.dead += more.dead
    total.reasons += more.reasons
