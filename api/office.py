"""What a running service holds: its store, its clock, its secret, and the desk that gathers reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock

from api.gathering import Gathering
from api.live import Hub, end_with_the_service
from api.sessions import Limits
from api.shelf import Shelf
from api.ticking import Ticking, clock_of, post_of
from gridmap.operations.issues import Desk
from gridmap.operations.known import Known
from gridmap.settings import Settings
from gridmap.storage.database import Database

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment: asked here, at the edge, and passed down."""
    return datetime.now(UTC)


@dataclass
class Office:
    """One a process."""

    database: Database
    settings: Settings
    secret: bytes
    clock: Clock = utc_now
    limits: Limits = field(default_factory=Limits)
    known: Known = field(default_factory=lambda: Known(kept=True))
    shelf: Shelf = field(default_factory=Shelf)
    desks: dict[str, Desk] = field(default_factory=dict)
    # A desk serves one batch at a time.
    at_the_desk: Lock = field(default_factory=Lock)
    gathering: Gathering = field(init=False)
    ticking: tuple[Ticking, ...] = field(init=False)
    hub: Hub = field(init=False)

    def __post_init__(self) -> None:
        self.gathering = Gathering(self.database, self.clock)
        self.ticking = clock_of(self.database, self.clock), post_of(self.database, self.clock)
        self.hub = Hub(self.database, self.clock)

    def open(self) -> None:
        self.gathering.open()
        self.hub.open()
        end_with_the_service(self.hub)
        for each in self.ticking:
            each.open()

    def close(self) -> None:
        """Finish what has come in, then let go of the store."""
        self.hub.close()
        for each in self.ticking:
            each.close()
        self.gathering.close()
        self.database.close()
