"""Runs the commands of pages in forks of one process that has imported gridmap once; what serves and stays does not.

Every command still is a process of its own, with its own arguments, surroundings, folder and channels; only that it
need not import everything anew, which is most of what a short command costs.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

CLOCKED = Path(__file__).with_name("clocked.py")
CHANNELS = 3
# No more than the standard library's lightest parts: it runs once a command.
CLIENT = """import json, os, socket, sys
if sys.argv[1:2] in (["serve"], ["demo"]):
    real = ["{python}", "{clocked}"] if "PAGE_CLOCK" in os.environ else ["{gridmap}"]
    os.execv(real[0], real + sys.argv[1:])
with socket.socket(socket.AF_UNIX) as line:
    line.connect("{address}")
    said = json.dumps({{"words": sys.argv[1:], "environ": dict(os.environ), "folder": os.getcwd()}})
    socket.send_fds(line, [b"."], [0, 1, 2])
    line.sendall(said.encode())
    line.shutdown(socket.SHUT_WR)
    status = line.recv(16)
sys.exit(int(status or b"70"))
"""


@contextlib.contextmanager
def program() -> Iterator[Path]:
    """A folder with a `gridmap` that answers at once, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "line"))
            listener.listen()
            # It ends when this process does: its input is then at an end.
            forking = subprocess.Popen(
                [sys.executable, __file__, str(listener.fileno())],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[listener.fileno()],
            )  # fmt: skip
        client = CLIENT.format(
            python=sys.executable, clocked=CLOCKED, gridmap=Path(sys.executable).with_name("gridmap"),
            address=folder / "line",
        )  # fmt: skip
        (folder / "client.py").write_text(client, encoding="utf-8")
        # By way of a shell: a first line that names a program knows no blanks in its path.
        called = f'#!/bin/sh\nexec "{sys.executable}" -ISE "{folder}/client.py" "$@"\n'
        (folder / "gridmap").write_text(called, encoding="utf-8")
        (folder / "gridmap").chmod(0o755)
        yield folder
        forking.communicate()
        assert forking.returncode == 0


def run(line: socket.socket) -> None:
    """Be the command that somebody asked for on a line; the line is told its status by whoever waits for this."""
    _, channels, _, _ = socket.recv_fds(line, 1, CHANNELS)
    said = b"".join(iter(lambda: line.recv(1 << 16), b""))
    asked = json.loads(said)
    worker = os.fork()
    if worker:
        for channel in channels:
            os.close(channel)
        line.sendall(b"%d" % os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]))
        os._exit(0)
    line.close()
    for number, channel in enumerate(channels):
        os.dup2(channel, number)
        os.close(channel)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    sys.argv = ["gridmap", *asked["words"]]
    if "PAGE_CLOCK" in os.environ:
        clocked = importlib.import_module("tests.docs.clocked")
        clocked.run()
        return
    importlib.import_module("gridmap.cli").main()


def import_everything() -> None:
    """All that a command could import of gridmap, and with it of others."""
    package = importlib.import_module("gridmap")
    for module in pkgutil.walk_packages(package.__path__, "gridmap."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def wait_for_commands(listener: socket.socket) -> None:
    """Fork for everybody who calls, until the input ends."""
    while True:
        heard, _, _ = select.select([listener, 0], [], [])
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if listener not in heard:
            return
        line, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            run(line)
            return
        line.close()


if __name__ == "__main__":
    sys.path.insert(0, str(CLOCKED.parents[2]))
    import_everything()
    gc.freeze()
    wait_for_commands(socket.socket(fileno=int(sys.argv[1])))
