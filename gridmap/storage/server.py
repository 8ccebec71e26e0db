"""One PostgreSQL server process and the directory it keeps: made, started, found and stopped."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from gridmap.errors import StoreError
from gridmap.storage.binaries import Binaries
from gridmap.storage.locks import Lock
from gridmap.storage.programs import leave_running, run, server_user
from gridmap.storage.tuning import settings

SUPERUSER = "gridmap"
PORT = 5432  # names the socket file; nothing listens on a network
SOCKET_NAME = f".s.PGSQL.{PORT}"
SOCKET_PATH_BYTES = 107
START_SECONDS = 600.0  # a crashed server may have gigabytes of log to replay
STOP_SECONDS = 30.0
LOG_BYTES = 10_000_000


class Server:
    """The server of one directory. Whoever changes anything holds the directory's start lock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.data = self.directory / "data"
        self.log = self.directory / "server.log"
        self._log_start = 0
        self.user = server_user(self.data if self.data.exists() else self.directory)

    def pid(self) -> int | None:
        """Find the live server of this directory, never trusting the number in its file alone."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit():
            return None
        process = Path("/proc") / lines[0]
        try:
            program = (process / "exe").readlink()
            folder = (process / "cwd").readlink()
        except OSError:
            return None
        ours = program.name.startswith("postgres") and folder == self.data
        return int(lines[0]) if ours else None

    def ready(self) -> bool:
        """Tell whether the live server takes connections at its socket."""
        return self.pid() is not None and self._status() == "ready" and (self.socket() / SOCKET_NAME).is_socket()

    def socket(self) -> Path:
        """Return the folder of the running server's socket."""
        lines = self._pid_file()
        if len(lines) < 5 or not lines[4]:
            raise StoreError(f"the database in {self.directory} is not running: start it first")
        return Path(lines[4])

    def major(self) -> int | None:
        """Return the version of PostgreSQL that made the data, if there are any."""
        try:
            return int((self.data / "PG_VERSION").read_text(encoding="ascii").split(".")[0])
        except (OSError, ValueError):
            return None

    @property
    def durable(self) -> bool:
        """Whether the data were made to be kept."""
        return not (self.data / "volatile").exists()

    def make(self, binaries: Binaries, *, durable: bool) -> None:
        """Make the data directory beside its place and move it there whole."""
        for leftover in self.directory.glob("data.new.*"):
            shutil.rmtree(leftover)
        new = self.directory / f"data.new.{os.getpid()}"
        options = ["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        if not durable:
            options.append("--no-sync")
        command: list[str | Path] = [binaries.programs / "initdb", "-D", new, *options]
        run(command, environ=binaries.environ(), user=self.user)
        with (new / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write("\ninclude = 'gridmap.conf'\n")
        if not durable:
            (new / "volatile").touch()
        if self.data.exists():
            # It has no PG_VERSION: what another tool, or a disk that was full, left half-made.
            self.data.rename(self.directory / f"data.broken.{int(time.time())}")
        new.rename(self.data)

    def start(self, binaries: Binaries) -> None:
        """Start the server, after clearing away what a killed one left, and wait until it answers."""
        pid = self.pid()
        if pid is not None and self._status() == "starting":
            self._wait(pid)  # whoever started it was killed meanwhile
            return
        self.stop()
        lock = Lock(self.directory / "server.lock")
        if not lock.attempt(seconds=2.0):
            self._end_orphans()
            if not lock.attempt(seconds=10.0):
                raise StoreError(f"another server, which is not seen from here, keeps {self.data}: stop it first")
        with lock:
            socket = self._make_socket_folder()
            for leftover in (self.data / "postmaster.pid", socket / SOCKET_NAME, socket / f"{SOCKET_NAME}.lock"):
                leftover.unlink(missing_ok=True)
            self._configure(socket)
            self._open_log()
            # The server and all its children hold this lock, so that a pid file can be
            # distrusted without danger: two servers on one directory would destroy it.
            pid = leave_running(
                [binaries.programs / "postgres", "-D", str(self.data)],
                environ=binaries.environ(),
                user=self.user,
                output=self.log,
                descriptors=[lock.descriptor],
            )
            self._wait(pid)

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, everything committed is kept."""
        pid = self.pid()
        if pid is None:
            return
        socket = self.socket() if len(self._pid_file()) > 4 else None
        for demand in (signal.SIGINT, signal.SIGQUIT):
            _signal(pid, demand)
            if _gone(pid, STOP_SECONDS):
                break
        if socket is not None and socket == self._socket_folder():
            shutil.rmtree(socket, ignore_errors=True)

    def _wait(self, pid: int) -> None:
        until = time.monotonic() + START_SECONDS
        while not self.ready():
            if not _alive(pid):
                raise StoreError(f"the database did not start: {self._complaint()} (see {self.log})")
            if time.monotonic() > until:
                raise StoreError(f"the database does not answer after {START_SECONDS:.0f} s: see {self.log}")
            time.sleep(0.02)

    def _complaint(self) -> str:
        lines = self.log.read_bytes()[self._log_start :].decode(errors="replace").splitlines()
        serious = [line for line in lines if "FATAL:" in line or "PANIC:" in line or "error" in line]
        return (serious or lines or ["it did not say why"])[-1].strip()

    def _end_orphans(self) -> None:
        """End the children of a killed server that have not noticed yet."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                ours = (process / "cwd").readlink() == self.data
                program = (process / "exe").readlink()
            except OSError:
                continue
            if ours and program.name.startswith("postgres"):
                _signal(int(process.name), signal.SIGKILL)

    def _open_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        self.log.touch(0o600)
        self._log_start = self.log.stat().st_size
        self._give(self.log)

    def _configure(self, socket: Path) -> None:
        path = self.data / "gridmap.conf"
        lines = [f"{key} = {value}" for key, value in settings(socket, durable=self.durable).items()]
        path.write_text("# Written at each start; ALTER SYSTEM wins over it.\n" + "\n".join(lines) + "\n", "utf-8")
        self._give(path)

    def _socket_folder(self) -> Path:
        # By the data's inode too: a server whose directory was deleted under it removes its
        # socket files when it ends, and they must not be those of its successor.
        kept = self.data.stat()
        name = hashlib.sha256(f"{self.data}:{kept.st_dev}:{kept.st_ino}".encode()).hexdigest()[:12]
        place = Path("/tmp") if os.geteuid() == 0 else Path(tempfile.gettempdir())  # noqa: S108
        folder = place / f"gridmap-{self.user.pw_uid}-{name}"
        if len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_BYTES:
            folder = Path("/tmp") / folder.name  # noqa: S108
        return folder

    def _make_socket_folder(self) -> Path:
        folder = self._socket_folder()
        try:
            folder.mkdir(0o700)
            self._give(folder)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.user.pw_uid:
                raise StoreError(f"{folder} belongs to somebody else: remove it") from None
            folder.chmod(0o700)
        return folder

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.user.pw_uid, self.user.pw_gid, follow_symlinks=False)

    def _status(self) -> str:
        lines = self._pid_file()
        return lines[7].strip() if len(lines) > 7 else "starting"

    def _pid_file(self) -> list[str]:
        try:
            return os.fsdecode((self.data / "postmaster.pid").read_bytes()).split("\n")
        except OSError:
            return []


def _signal(pid: int, demand: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, demand)


def _alive(pid: int) -> bool:
    # A zombie, which nobody may reap in a container, still has a number but no program.
    return Path(f"/proc/{pid}/exe").exists()


def _gone(pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while _alive(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
