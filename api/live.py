"""The live feed: what changes is read once for all who see the same, and told to each of them.

One thread listens and reads, so that whatever is told to a watcher comes in the order in which it was read: first a
snapshot, then what changed after it. Whoever does not keep up is given a new snapshot instead of what he missed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from types import FrameType
from typing import Any, Final, NamedTuple

from gridmap.domain.rights import Viewer
from gridmap.errors import TooManyError
from gridmap.storage.changes import LOST, Ear
from gridmap.storage.database import Database
from gridmap.storage.watching import envelope, features_of, may_concern, scene, sight_of, touches

LOG = logging.getLogger("gridmap.api")
# How long nothing may be heard before we ask whether the server is there.
IDLE_S: Final = 10.0
# Where very much is stored at once, all is shown anew no more often than so.
RESYNC_S: Final = 1.0
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
# What waits for a watcher before he is given a new snapshot instead.
MOST_WAITING: Final = 100
MOST_WATCHERS: Final = 1_000
MOST_OF_AN_ACCOUNT: Final = 50
# What was late a minute ago is said to be so.
KEPT: Final = timedelta(minutes=1)


class Event(NamedTuple):
    """Something told to a watcher: its name, and JSON."""

    name: str
    data: str


END: Final = Event("end", "")


class Watcher:
    """Somebody who watches: what waits for him. Only his own loop touches it."""

    def __init__(self, viewer: Viewer, site_id: int, lost: Callable[[Watcher], None]) -> None:
        self.viewer, self.site_id, self.loop = viewer, site_id, asyncio.get_running_loop()
        self._lost = lost
        self._behind = True
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()

    @property
    def sight(self) -> tuple[int, Viewer]:
        return self.site_id, sight_of(self.viewer)

    def forget(self) -> None:
        """Nothing that was told is for him any more: he waits for a snapshot."""
        self._events.clear()
        self._behind = True

    def put(self, event: Event) -> None:
        """Let something wait for him; nothing of what comes before his next snapshot."""
        if event.name in ("snapshot", "end"):
            self._events.clear()
            self._behind = False
        elif self._behind:
            return
        elif len(self._events) >= MOST_WAITING:
            self.forget()
            self._lost(self)
            return
        self._events.append(event)
        self._ready.set()

    async def next(self, wait_s: float) -> Event | None:
        """What is told to him next, or None when nothing was for so long."""
        if not self._events:
            self._ready.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ready.wait(), wait_s)
        return self._events.popleft() if self._events else None


@dataclass
class Scope:
    """Those who see the same of a site, the codes they were told of, and the snapshot while it holds."""

    site_id: int
    viewer: Viewer
    watchers: set[Watcher] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    kept: str | None = None
    kept_at: datetime | None = None


class Hub:
    """Tells all who watch, of one process."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database, self.clock = database, clock
        self.listening = False
        self._scopes: dict[tuple[int, Viewer], Scope] = {}
        self._newcomers: deque[Watcher] = deque()
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._door, self._knocker = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)

    def open(self) -> None:
        self._door.setblocking(False)
        self._knocker.setblocking(False)
        self._thread.start()

    def close(self) -> None:
        self.end()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._door.close()
        self._knocker.close()

    def end(self) -> None:
        """Let every stream end: the service stops, and does not wait for those who watch it."""
        self._over.set()
        with self._guard:
            everybody = [watcher for scope in self._scopes.values() for watcher in scope.watchers]
        _push(everybody, END)
        self._knock()

    # ------------------------------------------------------------ who watches

    def enter(self, viewer: Viewer, site_id: int) -> Watcher:
        """Somebody begins to watch: what comes first is a snapshot."""
        watcher = Watcher(viewer, site_id, self._greet)
        with self._guard:
            present = Counter(each.viewer.account_id for scope in self._scopes.values() for each in scope.watchers)
            if present.total() >= MOST_WATCHERS or present[viewer.account_id] >= MOST_OF_AN_ACCOUNT:
                raise TooManyError("too many screens watch already: close some, or ask /live/snapshot", 30)
            self._scope_of(watcher).watchers.add(watcher)
        if self._over.is_set():
            watcher.put(END)
        self._greet(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Somebody watches no more."""
        with self._guard:
            scope = self._scopes.get(watcher.sight)
            if scope is not None:
                scope.watchers.discard(watcher)
                if not scope.watchers:
                    del self._scopes[watcher.sight]

    def move(self, watcher: Watcher, viewer: Viewer) -> None:
        """Whoever watches sees another part by now: he is shown it anew."""
        if sight_of(viewer) == sight_of(watcher.viewer):
            return
        self.leave(watcher)
        watcher.forget()
        with self._guard:
            watcher.viewer = viewer
            self._scope_of(watcher).watchers.add(watcher)
        self._greet(watcher)

    def _scope_of(self, watcher: Watcher) -> Scope:
        site_id, viewer = watcher.sight
        return self._scopes.setdefault(watcher.sight, Scope(site_id, viewer))

    def _greet(self, watcher: Watcher) -> None:
        self._newcomers.append(watcher)
        self._knock()

    def _knock(self) -> None:
        with suppress(OSError):  # there are knocks enough, or nobody is at home any more
            self._knocker.send(b".")

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._over.is_set():
            try:
                with Ear(self.database.engine) as ear:
                    self._show_all_anew()
                    self.listening, pause = True, FIRST_PAUSE_S
                    self._hear(ear)
            except Exception as error:
                fault = None if isinstance(error, LOST) else error
                LOG.warning("the live feed was lost (%s): it begins again", type(error).__name__, exc_info=fault)
                self.listening = False
                self._over.wait(pause)
                pause = min(LONGEST_PAUSE_S, pause * 2)

    def _hear(self, ear: Ear) -> None:
        shown, stale = -RESYNC_S, False
        while not self._over.is_set():
            wait = 0.0 if self._newcomers else waited(shown, RESYNC_S) if stale else IDLE_S
            changes = ear.gathered(wait, self._door.fileno())
            with suppress(BlockingIOError):
                self._door.recv(4096)
            stale = stale or changes.resync
            if stale and not waited(shown, RESYNC_S):
                self._show_all_anew()
                shown, stale = monotonic(), False
            elif changes and not stale:  # what is stale is read again soon, with all of this
                self._tell(changes.issues)
            if self._newcomers:
                self._show(self._newcomers[0])
                self._newcomers.popleft()

    def _present(self) -> list[Scope]:
        with self._guard:
            return list(self._scopes.values())

    def _show_all_anew(self) -> None:
        for scope in self._present():
            scope.kept, scope.told = None, set()
            event = self._snapshot(scope)
            _push(self._watchers(scope), event)

    def _show(self, watcher: Watcher) -> None:
        with self._guard:
            scope = self._scopes.get(watcher.sight)
        if scope is not None:
            _push([watcher], self._snapshot(scope))

    def _snapshot(self, scope: Scope) -> Event:
        now = self.clock()
        if scope.kept is None or scope.kept_at is None or not now - KEPT < scope.kept_at <= now:
            with self.database.session() as session:
                found = scene(session, scope.viewer, scope.site_id, now)
            scope.kept, scope.kept_at = found.as_json(), now
            scope.told |= found.features.keys()
        return Event("snapshot", stamped(now, scope.kept))

    def _tell(self, codes: frozenset[str]) -> None:
        """Read what some issues have become, once for each sight that they may concern."""
        with self.database.session() as session:
            touched = touches(session, codes)
            for scope in self._present():
                known = scope.told & codes
                concerned = known | {
                    touch.code
                    for touch in touched
                    if touch.site_id == scope.site_id and may_concern(scope.viewer, touch)
                }
                if not concerned:
                    continue
                found = features_of(session, scope.viewer, scope.site_id, concerned, self.clock())
                gone = known - found.keys()
                scope.kept = None
                scope.told = (scope.told | found.keys()) - gone
                self._pass_on(scope, found.values(), sorted(gone))

    def _pass_on(self, scope: Scope, features: Iterable[str], gone: list[str]) -> None:
        watchers = self._watchers(scope)
        if found := list(features):
            _push(watchers, Event("upsert", envelope({}, found)))
        if gone:
            _push(watchers, Event("remove", json.dumps({"codes": gone})))

    def _watchers(self, scope: Scope) -> list[Watcher]:
        with self._guard:
            return list(scope.watchers)


def stamped(at: datetime, body: str) -> str:
    """A snapshot with the moment at which it is sent."""
    return f'{{"at":"{at.isoformat()}",{body[1:]}'


def _push(watchers: Iterable[Watcher], event: Event) -> None:
    """Put something before watchers, in their own loops."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Watcher]] = {}
    for watcher in watchers:
        by_loop.setdefault(watcher.loop, []).append(watcher)
    for loop, group in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody watches there any more
            loop.call_soon_threadsafe(_put, group, event)


def _put(watchers: list[Watcher], event: Event) -> None:
    for watcher in watchers:
        watcher.put(event)


# ---------------------------------------------------------------- the end

Handler = Callable[[int, FrameType | None], Any]


def end_with_the_service(hub: Hub) -> None:
    """Let the streams end as soon as the service is told to stop: it would wait for them, and then cut them off.

    The server answers signals itself, and stands before us: it is asked next.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)
        if callable(before):
            signal.signal(number, _ending(hub, before))


def _ending(hub: Hub, before: Handler) -> Handler:
    def ended(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=hub.end, name="live-end", daemon=True).start()
        before(number, frame)

    return ended


def waited(since: float, every_s: float) -> float:
    """How long it is until something is due that is done every so often."""
    return max(0.0, since + every_s - monotonic())
