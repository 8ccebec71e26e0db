"""A newcomer's first minutes, played on this clone: `make demo`, an answered request, Ctrl-C, and once more.

    python3 -m setup.newcomer

Prints how long it took until the service answered, the first time and when started again, and fails if anything is
left running. Needs the standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from gridmap.settings import Settings

CLONE = Path(__file__).resolve().parent.parent
PATIENCE_S = 300


class NewcomerError(Exception):
    """What a newcomer would have complained of."""


def main() -> None:
    port = _free_port()
    first = _once(port, "fresh")
    again = _once(port, "started again")
    print(f"answered after {first:.1f} s fresh, {again:.1f} s when started again", flush=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _once(port: int, what: str) -> float:
    """Start the demo, ask what its screen says to ask, stop it by Ctrl-C, and see that nothing stays."""
    began = time.monotonic()
    # A session of its own stands for the terminal: its Ctrl-C reaches all that was started in it.
    demo = subprocess.Popen(
        ["make", "demo"],  # noqa: S607 (as a newcomer types it)
        cwd=CLONE, env={**os.environ, "GRIDMAP_PORT": str(port)}, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        _wait_for_health(port, demo)
        answered = time.monotonic() - began
        key = _said_key(demo)
        _ask(port, key)
        _wait_for_history(port, key)
    finally:
        os.killpg(demo.pid, signal.SIGINT)
    demo.wait(timeout=60)
    if demo.returncode not in (0, -signal.SIGINT):
        raise NewcomerError(f"{what}: Ctrl-C left the exit status {demo.returncode}")
    _refuse_leftovers(port, what)
    return answered


def _wait_for_health(port: int, demo: subprocess.Popen[str]) -> None:
    for _ in range(PATIENCE_S * 20):
        if demo.poll() is not None:
            raise NewcomerError(f"make demo ended by itself:\n{demo.stdout.read() if demo.stdout else ''}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    raise NewcomerError(f"nothing answered for {PATIENCE_S} s")


def _said_key(demo: subprocess.Popen[str]) -> str:
    """The key in the request that the screen says to try."""
    for line in demo.stdout or ():
        found = re.search(r"Bearer (gm_[\w-]+)", line)
        if found is not None:
            return found[1]
    raise NewcomerError("the screen showed no key")


def _get(port: int, path: str, key: str) -> object:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 (an address of this machine)
        return json.load(answer)


def _ask(port: int, key: str) -> None:
    route = _get(port, "/locate?lon=104.0598&lat=30.6638", key)
    if not isinstance(route, dict) or route["position"] != "inside":
        raise NewcomerError(f"the middle of the estate lies nowhere: {route}")


def _wait_for_history(port: int, key: str) -> None:
    """Until the last ninety days are there: reports from two months ago come last."""
    until = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() - 60 * 24 * 3600))
    for _ in range(PATIENCE_S):
        page = _get(port, f"/issues?limit=1&until={until}", key)
        if isinstance(page, dict) and page["issues"]:
            return
        time.sleep(1)
    raise NewcomerError("the last ninety days never came")


def _refuse_leftovers(port: int, what: str) -> None:
    """Neither a server of the demo's store nor anything on its port may outlive it."""
    for _ in range(100):
        left = [line for line in _command_lines() if str(Settings.from_environment().home) in line]
        if not left:
            break
        time.sleep(0.1)
    else:
        raise NewcomerError(f"{what}: still running: {left}")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise NewcomerError(f"{what}: something still answers on port {port}")


def _command_lines() -> Iterator[str]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError):
                yield (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")


if __name__ == "__main__":
    try:
        main()
    except NewcomerError as error:
        sys.exit(f"setup.newcomer: {error}")
