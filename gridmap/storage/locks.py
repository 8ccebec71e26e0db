"""File locks that end with the process that took them, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from pathlib import Path
from types import TracebackType

_held: weakref.WeakSet[Lock] = weakref.WeakSet()


class Lock:
    """A lock on a file, exclusive or shared, which no child process inherits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process holds the lock."""
        return self._descriptor is not None

    @property
    def descriptor(self) -> int:
        """The open file of a held lock: whoever is given it holds the lock too."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.path} is not locked")
        return self._descriptor

    def exclusive(self) -> Lock:
        """Wait until nobody else holds the lock, then hold it alone."""
        self._take(fcntl.LOCK_EX)
        return self

    def shared(self) -> Lock:
        """Wait until nobody holds the lock alone, then hold it beside others."""
        self._take(fcntl.LOCK_SH)
        return self

    def attempt(self, seconds: float = 0.0) -> bool:
        """Try to hold the lock alone, for so many seconds at most."""
        until = time.monotonic() + seconds
        while True:
            try:
                self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    return False
                time.sleep(0.02)
            else:
                return True

    def release(self) -> None:
        """Let the lock go; harmless if it is not held."""
        if self._descriptor is not None:
            # Closing, not unlocking: a process that was given the descriptor keeps the lock.
            os.close(self._descriptor)
            self._descriptor = None
            _held.discard(self)

    def _take(self, how: int) -> None:
        if self._descriptor is not None:
            return
        # Read-only, so that a lock file made by root also serves an ordinary user.
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, how)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        _held.add(self)

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _let_go_in_forked_child() -> None:
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_let_go_in_forked_child)
