"""Reports that come in at the same moment are taken together: a commit for many costs what it costs for one.

A report waits for nothing but the commit before it: while one batch is written the next gathers. Each is answered
after its own batch is committed, and a batch that the store refuses is taken again one by one.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from gridmap.errors import ConflictError, StoreError
from gridmap.operations.intake import Intake, Outcome, Report
from gridmap.storage.database import Database

LOG = logging.getLogger("gridmap.api")
# Two, so that one computes while the database works for the other.
THREADS = 2
# Small enough that two batches share what comes at once: one that took all would leave the other thread idle.
MOST = 16


@dataclass
class Waiting:
    """A report, and who waits for its outcome."""

    report: Report
    loop: asyncio.AbstractEventLoop
    outcome: asyncio.Future[Outcome]


class Gathering:
    """Takes the reports of a process in small batches, by threads of its own."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database, self.clock = database, clock
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def open(self) -> None:
        self._threads = [
            threading.Thread(target=self._work, name=f"intake-{number}", daemon=True) for number in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Finish what has come in, then stop."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout=10)

    async def take(self, report: Report) -> Outcome:
        """The outcome of a report, after it is committed."""
        loop = asyncio.get_running_loop()
        waiting = Waiting(report, loop, loop.create_future())
        self._queue.put(waiting)
        return await waiting.outcome

    def _work(self) -> None:
        intake = Intake()
        self._warm(intake)
        while True:
            batch = self._gathered()
            if not batch:
                return
            outcomes = self._taken(intake, [waiting.report for waiting in batch])
            for loop in {waiting.loop for waiting in batch}:
                settled = [pair for pair in zip(batch, outcomes, strict=True) if pair[0].loop is loop]
                try:
                    loop.call_soon_threadsafe(_settle, settled)
                except RuntimeError:  # nobody waits any more: the service has stopped
                    LOG.info("%d answers came after the service had stopped", len(settled))

    def _warm(self, intake: Intake) -> None:
        try:
            with self.database.session() as session:
                intake.warm(session, self.clock())
        except SQLAlchemyError as error:  # the first report will say so
            LOG.warning("nothing could be read ahead: %s", type(error).__name__)
        # What is here now stays: to look it over again and again would hold up one request in a hundred.
        gc.collect()
        gc.freeze()

    def _gathered(self) -> list[Waiting]:
        """All that wait, at least one; nothing when the work is over."""
        first = self._queue.get()
        if first is None:
            return []
        batch = [first]
        while len(batch) < MOST:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
        return batch

    def _taken(self, intake: Intake, reports: list[Report]) -> list[Outcome]:
        try:
            with self.database.session() as session:
                outcomes = intake.take(session, reports, self.clock())
            intake.committed()
        except SQLAlchemyError as error:
            if len(reports) > 1:
                return [outcome for report in reports for outcome in self._taken(intake, [report])]
            return [Outcome(error=_refused(error))]
        except Exception:
            LOG.exception("taking a report failed")
            if len(reports) > 1:
                return [outcome for report in reports for outcome in self._taken(intake, [report])]
            return [Outcome(error=StoreError("taking the report failed, and was written down"))]
        return outcomes


def _refused(error: SQLAlchemyError) -> ConflictError | StoreError:
    if isinstance(error, IntegrityError):
        return ConflictError("the same report came twice at once: ask again")
    LOG.error("the store refused a report", exc_info=error)
    return StoreError("the database does not take the report just now: try again")


def _settle(outcomes: list[tuple[Waiting, Outcome]]) -> None:
    for waiting, outcome in outcomes:
        if not waiting.outcome.done():  # somebody who hung up waits no more
            waiting.outcome.set_result(outcome)
