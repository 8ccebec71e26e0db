"""What changes, heard as it is committed: one connection a process that listens, apart from those that ask."""

from __future__ import annotations

import json
import logging
import select
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import psycopg2
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

LOG = logging.getLogger("gridmap.storage")
CHANNEL: Final = "gridmap"
# What comes within so long of the first is taken together with it.
GATHER_S: Final = 0.04
# Of so many issues it is no longer said which: everything is read again.
MOST: Final = 1_000
# A server that went without a word is noticed, and nobody waits for it for ever.
KEEPALIVE: Final = {
    "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 20_000, "connect_timeout": 10, "application_name": "gridmap live",
}  # fmt: skip
# What a connection says that is no longer there.
LOST: Final = (psycopg2.Error, SQLAlchemyError)


@dataclass(frozen=True)
class Changes:
    """The codes of issues that were changed, or that so many were that all should be read again."""

    issues: frozenset[str] = frozenset()
    resync: bool = False

    def __bool__(self) -> bool:
        return self.resync or bool(self.issues)


class Ear:
    """A connection of its own that hears what is committed to a store; it is lost with its server."""

    def __init__(self, engine: Engine) -> None:
        arguments, options = engine.dialect.create_connect_args(engine.url)
        self._connection: Any = psycopg2.connect(*arguments, **{**KEEPALIVE, **options})
        self._connection.autocommit = True
        self._ask(f"listen {CHANNEL}")

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def gathered(self, wait_s: float, knock: int) -> Changes:
        """What has been changed, with all that came soon after it; nothing once somebody knocks or time is over.

        `knock` is a descriptor that can be read when somebody does. Raises psycopg2.OperationalError when the
        server is no longer there.
        """
        heard = self._taken()
        if not heard:
            ready = select.select([self._connection, knock], [], [], wait_s)[0]
            if not ready and wait_s:
                self._ask("select 1")
            heard = self._taken()
        if heard:
            over = monotonic() + GATHER_S
            while (left := over - monotonic()) > 0 and select.select([self._connection], [], [], left)[0]:
                heard += self._taken()
        return changes_of(heard)

    def _ask(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def _taken(self) -> list[str]:
        self._connection.poll()
        said = [notice.payload for notice in self._connection.notifies]
        self._connection.notifies.clear()
        return said


def changes_of(said: Iterable[str]) -> Changes:
    """What has been told on the channel, taken together; a word of which nothing is known here is passed over."""
    codes, resync = set(), False
    for payload in said:
        told = _told(payload)
        if told.get("kind") == "issue" and isinstance(told.get("code"), str):
            codes.add(told["code"])
        resync = resync or told.get("kind") == "resync"
    return Changes(resync=True) if resync or len(codes) > MOST else Changes(frozenset(codes))


def _told(payload: str) -> dict[str, Any]:
    try:
        told = json.loads(payload)
    except ValueError:
        LOG.warning("a word on the channel %s is no JSON: somebody else uses it", CHANNEL)
        return {}
    return told if isinstance(told, dict) else {}
