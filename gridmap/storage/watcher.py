"""Stops the private server when its last user has gone, however that one went.

Runs on its own, started by the first user of a cluster. It waits for a lock that every user
shares, so there is no count of users that a killed process could leave wrong.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gridmap.storage.locks import Lock
from gridmap.storage.server import Server

START_LOCK, USERS_LOCK, WATCH_LOCK = "start.lock", "users.lock", "watch.lock"


def watch(directory: Path, watch_lock: int) -> None:
    """Wait until nobody uses the cluster of a directory, then stop its server."""
    while True:
        # Let go at once: a newcomer asks for it with the start lock in hand.
        Lock(directory / USERS_LOCK).exclusive().release()
        with Lock(directory / START_LOCK).exclusive(), Lock(directory / USERS_LOCK) as users:
            if users.attempt():
                Server(directory).stop()
                # Before the start lock goes, so that the next user starts a watcher of its own.
                os.close(watch_lock)
                return


if __name__ == "__main__":
    os.chdir("/")
    watch(Path(sys.argv[1]), int(sys.argv[2]))
