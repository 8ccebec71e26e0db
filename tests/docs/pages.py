"""Runs what a page of the docs shows: a copy of the files it speaks of, a store of its own, and the service if it asks.

What differs from run to run is told apart by two tables: secrets stand in the pages under names of ours, and what is no
secret (moments, sizes) need only be of the same form. A page that says what time it is (`<!-- 2026-05-12 08:00 -->`) is
run by that clock, and its moments are held to what it shows. `GRIDMAP_WRITE_DOCS=1 pytest tests/docs` writes what the
commands say into the pages.
"""

from __future__ import annotations

import contextlib
import doctest
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gridmap.storage.cluster import Cluster
from tests.conftest import PROJECT, fresh_store

EXAMPLE = PROJECT / "docs" / "guide" / "example"

BLOCK = re.compile(r"```(console|python|output)\n(.*?)```\n|<!-- (\d{4}-\d\d-\d\d \d\d:\d\d) -->\n", re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n", re.MULTILINE)
SERVERS = ("gridmap serve", "gridmap demo")
PORT_SHOWN = "127.0.0.1:8000"
WIDTH = 118
ZONE = ZoneInfo("Asia/Shanghai")
PATIENCE_S = 120.0
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

# what it looks like: what stands in the pages instead
SECRETS = {
    re.compile(r"gm_[\w-]{43}(?![\w-])"): "gm_Zk3TqP0x…",
    re.compile(r"\bgm_[\w-]{5}(?![\w-])(?!…)"): "gm_Zk3Tq",
    re.compile(r"(?<=/sign-in/link/)[\w-]{43}"): "f8Gx2LrW…",
    re.compile(r"^[\w-]{16}$", re.MULTILINE): "Vq8mNc4…",
    re.compile(r'(?<="access_token": ")[\w-]{43}'): "kB7pYd2s…",
    re.compile(r"(?<=/follow/)[\w-]{24}"): "Tn5wRb9K…",
    re.compile(r'(?<=": ")[\w-]{32}(?=")|(?<=":")[\w-]{32}(?=")'): "Qd4vXm7T…",
    re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"): "0198c2d4-…",
}
# what it looks like: what both are read as when they are compared
MOMENTS = {re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)"): "MOMENT"}
VARIES = {
    re.compile(r'"next":\s+"[\w-]+"'): '"next": "NEXT"',
    re.compile(r"(?<=after=)[\w-]+"): "NEXT",
    re.compile(r"\d+\.\d MB"): "SIZE",
    # While the demo's ninety days happen, numbers are given to others, too.
    re.compile(r"\bWJ-\d{6}\b"): "CODE",
}


@dataclass
class Surroundings:
    """Where a page's commands run: a folder with the files it speaks of, and a store of its own."""

    folder: Path
    environ: dict[str, str]
    port: int
    servers: list[subprocess.Popen[str]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def says(self, command: str | list[str]) -> str:
        """What a command says, as a page shows it."""
        if isinstance(command, str):
            command = command.replace(PORT_SHOWN, f"127.0.0.1:{self.port}")
            for shown, real in sorted(self.secrets.items(), reverse=True):  # the longer of two that begin alike first
                command = command.replace(shown, real)
            if command.startswith(SERVERS):
                return self._shown(self._serve(command))
        ran = subprocess.run(
            command, shell=isinstance(command, str), cwd=self.folder, env=self.environ, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        # Progress is for those who wait: it ends in an ellipsis.
        notes = [line for line in ran.stderr.splitlines(keepends=True) if not line.rstrip().endswith("…")]
        return self._shown("".join(notes[:-1] if _is_fault(notes) else notes) + ran.stdout + _fault(notes))

    def take_clock(self) -> None:
        """From now on `gridmap` goes by the clock that the page sets."""
        self.environ["PAGE_CLOCK"] = str(Path(self.environ["GRIDMAP_HOME"]) / "clock")

    def put_clock(self, moment: str) -> None:
        """Let it be a moment of the example's site."""
        at = datetime.fromisoformat(moment).replace(tzinfo=ZONE)
        Path(self.environ["PAGE_CLOCK"]).write_text(at.isoformat(), encoding="ascii")

    def _serve(self, command: str) -> str:
        """Start a service that stays; what it says until it is there."""
        server = subprocess.Popen(
            command.split(), cwd=self.folder, env=self.environ, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.servers.append(server)
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        self._await_health()
        return "".join(line for line in said if "Ctrl-C" in line or not line.rstrip().endswith("…"))

    def _await_health(self) -> None:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).close()
                return
            time.sleep(0.1)
        raise AssertionError("the service of the page does not answer")

    def _shown(self, said: str) -> str:
        said = said.removeprefix("\ufeff").replace(f"127.0.0.1:{self.port}", PORT_SHOWN)
        said = said.replace(self.environ["GRIDMAP_HOME"], ".gridmap")
        lines = [wrapped(line.rstrip()) for line in said.splitlines()]
        said = "".join(f"{line}\n" for line in lines if line)
        for pattern, shown in SECRETS.items():
            for found in pattern.finditer(said):
                self.secrets[shown] = found.group()
            said = pattern.sub(shown, said)
        return said

    def close(self) -> None:
        for server in self.servers:
            server.send_signal(signal.SIGINT)
        for server in self.servers:
            try:
                server.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.communicate()


def _is_fault(notes: list[str]) -> bool:
    return bool(notes) and notes[-1].startswith(("gridmap: ", "Traceback"))


def _fault(notes: list[str]) -> str:
    """Why a command ended, which it says last."""
    return notes[-1] if _is_fault(notes) else ""


def wrapped(line: str) -> str:
    """A long line of JSON with room to be broken, as pages show it."""
    if len(line) <= WIDTH or line[0] not in "{[":
        return line
    try:
        said = json.dumps(json.loads(line), ensure_ascii=False)
    except ValueError:
        return line
    lines = textwrap.wrap(said, WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent="  ")
    return "\n".join(lines)


def rewritten(page: str, here: Surroundings) -> str:
    """The page with every command's output as it is now; an output that still holds stays as it was written."""
    printed, clocked = "", is_clocked(page)

    def run(block: re.Match[str]) -> str:
        nonlocal printed
        kind, body, moment = block.groups()
        if moment:
            here.put_clock(moment)
            return block.group()
        if kind == "python":
            printed = here.says([sys.executable, "-c", body])
            return block.group()
        if kind == "output":
            return f"```output\n{printed if differ(body, printed, clocked) else body}```\n"
        return "```console\n" + "".join(_ran(body, here, clocked)) + "```\n"

    return BLOCK.sub(run, page)


def _ran(body: str, here: Surroundings, clocked: bool) -> Iterator[str]:
    commands = list(COMMAND.finditer(body))
    ends = [command.start() for command in commands[1:]] + [len(body)]
    for command, end in zip(commands, ends, strict=True):
        was, now = body[command.end() : end], here.says(command[1])
        yield command.group() + (now if differ(was, now, clocked) else was)


def is_clocked(page: str) -> bool:
    """Whether a page says what time it is."""
    return any(moment for _, __, moment in BLOCK.findall(page))


def differ(was: str, now: str, clocked: bool = False) -> bool:
    """Whether an output is another than the page shows; `...` in a page stands for whatever is said there."""
    return not doctest.OutputChecker().check_output(_plain(was, clocked), _plain(now, clocked), LENIENT)


def _plain(said: str, clocked: bool) -> str:
    for pattern, read_as in {**VARIES, **({} if clocked else MOMENTS)}.items():
        said = pattern.sub(read_as, said)
    return said


def outputs(page: str) -> list[str]:
    """The blocks of a page that are held against what is said now."""
    return [body for _, body, moment in BLOCK.findall(page) if not moment]


def commands(page: str) -> list[str]:
    """What a page tells its reader to type."""
    return [
        command[1] for kind, body, _ in BLOCK.findall(page) if kind == "console" for command in COMMAND.finditer(body)
    ]


def hold_to_what_is_said(
    page: str, cluster: Cluster, template: str, ready: Path, folder: Path, language: str = "en"
) -> None:
    """Fail if a page shows anything else than its commands say in a folder."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    if any(command.startswith("curl") for command in commands(text)) and shutil.which("curl") is None:
        pytest.skip(f"curl is not here, which {page} uses")
    with surroundings(cluster, template, ready, folder, language) as here:
        if is_clocked(text):
            here.take_clock()
        now = rewritten(text, here)
    if os.environ.get("GRIDMAP_WRITE_DOCS"):
        (PROJECT / page).write_text(now, encoding="utf-8")
        text = now
    assert "Traceback" not in now
    for was, now_is in zip(outputs(text), outputs(now), strict=True):
        assert not differ(was, now_is, is_clocked(text)), f"{page} shows\n{was}\nbut it says\n{now_is}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def surroundings(cluster: Cluster, template: str, ready: Path, folder: Path, language: str) -> Iterator[Surroundings]:
    """A folder, and a store that is dropped afterwards."""
    port = _free_port()
    with fresh_store(cluster, template) as database, tempfile.TemporaryDirectory() as home:
        environ = {
            **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            "PATH": os.pathsep.join([str(ready), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
            "GRIDMAP_HOME": home,
            "GRIDMAP_SECRET": "a secret of forty characters or somewhat more",
            "GRIDMAP_PORT": str(port),
            "GRIDMAP_LANGUAGE": language,
        }
        here = Surroundings(folder, environ, port)
        try:
            yield here
        finally:
            here.close()
