"""What a running service does by itself: the clock over what is due, and the post that sends messages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from gridmap.channels.kinds import SENDERS
from gridmap.operations import outbox
from gridmap.operations.clock import tick
from gridmap.storage.database import Database

LOG = logging.getLogger("gridmap.api")
CLOCK_EVERY_S = 30.0
POST_EVERY_S = 5.0


class Ticking:
    """Does something again and again in a thread of its own, until it is stopped; a beat that fails is written down."""

    def __init__(self, name: str, every_s: float, beat: Callable[[], None]) -> None:
        self.every_s, self.beat = every_s, beat
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._over.wait(self.every_s):
            try:
                self.beat()
            except Exception:
                LOG.exception("%s missed a beat", self._thread.name)


def clock_of(database: Database, clock: Callable[[], datetime]) -> Ticking:
    """Does what time brings, every half minute."""

    def beat() -> None:
        for done in tick(database, clock):
            if done.error is not None:
                LOG.error("the clock could not do its work on %s", done.work, exc_info=done.error)
            for line in done.said:
                LOG.info("%s", line)

    return Ticking("clock", CLOCK_EVERY_S, beat)


def post_of(database: Database, clock: Callable[[], datetime]) -> Ticking:
    """Sends what waits in the outbox, apart from the clock: an address that does not answer keeps nothing else."""

    def beat() -> None:
        sent = outbox.send_due(database, clock, SENDERS)
        for reason in sent.reasons:
            LOG.warning("a message was not taken: %s", reason)

    return Ticking("post", POST_EVERY_S, beat)
