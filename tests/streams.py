"""Somebody who watches the live feed from a thread of his own, and waits for what he should be told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

# Whoever is told nothing for so long will not be.
PATIENCE_S = 30.0


@dataclass
class Stream:
    """What came of a stream so far: its bytes, its events, and how it ended."""

    received: bytearray = field(default_factory=bytearray)
    events: list[tuple[str, Any]] = field(default_factory=list)
    ended: str | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)

    def until(self, holds: Callable[[Stream], bool]) -> Stream:
        """Wait until something holds of what has come."""
        with self.changed:
            if not self.changed.wait_for(lambda: holds(self) or self.ended is not None, PATIENCE_S):
                raise AssertionError(f"told no more than {[name for name, _ in self.events]}")
            assert holds(self), f"it ended ({self.ended}) after {[name for name, _ in self.events]}"
        return self

    def told(self, name: str, number: int = 1) -> Any:
        """What the last of so many events of a name says."""
        self.until(lambda stream: len(stream.named(name)) >= number)
        return self.named(name)[number - 1]

    def named(self, name: str) -> list[Any]:
        return [said for event, said in self.events if event == name]

    def shown(self) -> dict[str, Any]:
        """The issues on a screen that follows this stream, by code."""
        screen: dict[str, Any] = {}
        for name, said in self.events:
            if name == "snapshot":
                screen.clear()
            for feature in said.get("features", ()):
                screen[feature["id"]] = feature
            for code in said.get("codes", ()):
                screen.pop(code, None)
        return screen

    def _take(self, line: bytes, event: dict[str, str]) -> None:
        self.received += line + b"\n"
        name, _, said = line.decode().partition(": ")
        if name in ("event", "data"):
            event[name] = said
        if not line and "event" in event:
            with self.changed:
                self.events.append((event["event"], json.loads(event["data"])))
                self.changed.notify_all()
            event.clear()

    def read(self, answer: httpx2.Response) -> None:
        rest, event = b"", dict[str, str]()
        try:
            for chunk in answer.iter_raw():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._take(line, event)
            self._end("ended")
        except httpx2.HTTPError as error:
            self._end(type(error).__name__)

    def _end(self, how: str) -> None:
        with self.changed:
            self.ended = how
            self.changed.notify_all()


@contextmanager
def watching(address: str, key: str | None = None, **said: Any) -> Iterator[Stream]:
    """Somebody watches with a key; a screen that has its first snapshot."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    timeout = httpx2.Timeout(10, read=None)
    with (
        httpx2.Client(base_url=address, timeout=timeout, headers=headers) as client,
        client.stream("GET", "/live", **said) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream()
        thread = threading.Thread(target=stream.read, args=(answer,), daemon=True)
        thread.start()
        try:
            stream.told("snapshot")
            yield stream
        finally:
            # Whoever waits for a connection would not notice that it is closed from another thread.
            with suppress(OSError):
                answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            thread.join(timeout=PATIENCE_S)
