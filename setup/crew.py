"""Programs that run beside one another: what they say is shown, what they print is kept, all end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType

PROJECT = Path(__file__).resolve().parent.parent
SILENCE_S = 10


class SetupError(Exception):
    """Why the set-up cannot go on, in one line that says what to do next."""


def stop_when_told() -> None:
    """End as after Ctrl-C when told to end, so that programs under way are ended too."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))


class Crew:
    """Runs programs at once; the first that fails ends the others.

    A program of ours talks: each line on its stderr is for people, the last before a failure says why.
    Of other programs nothing is shown; the last line of what they printed says why they failed.
    """

    def __init__(self, log: Path) -> None:
        self.began = time.monotonic()
        self._log = log.open("w", encoding="utf-8")
        self._pool = ThreadPoolExecutor(16)
        self._lock = threading.Lock()
        self._running: dict[subprocess.Popen[str], str] = {}
        self._jobs: set[Future[None]] = set()
        self._said = self.began
        self._stopped = False

    def say(self, text: str) -> None:
        """Tell people what is going on, and when."""
        with self._lock:
            self._said = time.monotonic()
            print(f"[{self._said - self.began:3.0f} s] {text}", file=sys.stderr, flush=True)

    def start(self, text: str, *command: str | Path, talks: bool = False, **variables: str) -> Future[None]:
        """Begin a program, and go on."""
        self.say(text)
        job = self._pool.submit(self._attend, text, [str(part) for part in command], talks, variables)
        self._jobs.add(job)
        return job

    def run(self, text: str, *command: str | Path, talks: bool = False, **variables: str) -> None:
        """Begin a program, and wait for its end."""
        self.finish(self.start(text, *command, talks=talks, **variables))

    def finish(self, *jobs: Future[None]) -> None:
        """Wait for these, or for all; whichever fails meanwhile ends the waiting."""
        wanted = set(jobs or self._jobs)
        while wanted & self._jobs:
            done, self._jobs = wait(self._jobs, timeout=1, return_when=FIRST_COMPLETED)
            for job in done:
                job.result()
            if time.monotonic() - self._said >= SILENCE_S:
                self.say(f"still {', and '.join(self._running.values())}")

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with self._lock:
            self._stopped = True
            left = list(self._running)
        for program in left:
            _end(program)
        self._pool.shutdown(cancel_futures=True)
        self._log.close()

    def _attend(self, text: str, command: list[str], talks: bool, variables: Mapping[str, str]) -> None:
        with self._lock:
            if self._stopped:
                return
            program = self._begin(command, talks, variables)
            self._running[program] = text
        with program:
            last = self._listen(program, talks)
        with self._lock:
            del self._running[program]
        if program.returncode != 0:
            raise SetupError(last if talks and last else f"{text} failed: {last or 'it did not say why'}")

    def _begin(self, command: list[str], talks: bool, variables: Mapping[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603
            command,
            cwd=PROJECT,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=self._log if talks else subprocess.PIPE,
            stderr=subprocess.PIPE if talks else subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C is ours to hear: we end a program with all it has started.
            start_new_session=True,
        )

    def _listen(self, program: subprocess.Popen[str], talks: bool) -> str:
        """Show or keep each line as it comes; return the last."""
        last = ""
        for line in (program.stderr if talks else program.stdout) or ():
            last = line.strip() or last
            if talks:
                self.say(line.rstrip())
            else:
                self._log.write(line)
        return last


def _end(program: subprocess.Popen[str]) -> None:
    """End a program and those it started; most of them tidy up when they are told to end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(program.pid, number)
            program.wait(timeout=5)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
