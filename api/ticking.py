"""The clock of a running service."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from gridmap.operations.clock import tick
from gridmap.storage.database import Database

LOG = logging.getLogger("gridmap.api")
EVERY_S = 30.0


class Ticking:
    """Does what time brings, every half minute, until it is stopped."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database, self.clock = database, clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._over.wait(EVERY_S):
            try:
                with self.database.session() as session:
                    moved = tick(session, self.clock())
            except Exception:
                LOG.exception("the clock missed a beat")
                continue
            for site, (changed, kept) in moved.items():
                LOG.info("%s: %d open issues moved to another grid or owner, %d stay", site, changed, kept)
