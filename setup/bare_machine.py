"""Proves the set-up on a bare Debian: a chroot with python3 and make, a fresh clone, one command.

    python setup/bare_machine.py bookworm root
    python setup/bare_machine.py trixie resident make test

Needs root and debootstrap. How this machine reaches its mirrors and package indexes is read from
its own settings when the proof runs, and given to the chroot for that time.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BASES = Path(os.environ.get("GRIDMAP_BARE_MACHINES") or "/var/tmp/gridmap-bare-machines")  # noqa: S108
PACKAGES = "python3,make,ca-certificates"
USERS = {"root": Path("/root"), "resident": Path("/home/resident")}
CLONE = "a clone of/grid map"
PASSED_ON = ("PIP_", "SSL_CERT", "REQUESTS_CA", "CURL_CA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NPM_CONFIG_")

ASK_POSTGIS = """
from contextlib import closing
import psycopg2
from gridmap.settings import Settings
from gridmap.storage.cluster import Cluster
with Cluster(Settings.from_environment().home, progress=print) as cluster:
    url = cluster.database("gridmap").replace("+psycopg2", "")
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 'PostGIS ' || PostGIS_Lib_Version() || ' in ' || version()")
        print(cursor.fetchone()[0])
"""


def missing() -> str | None:
    """Say what this machine lacks for the proof."""
    if os.geteuid() != 0:
        return "a chroot needs root"
    if shutil.which("debootstrap", path="/usr/sbin:/sbin:" + os.environ["PATH"]) is None:
        return "debootstrap is not installed"
    return None


def base(suite: str) -> Path:
    """Make the bare system once; the proofs work on copies of it."""
    system = BASES / suite
    if not system.exists():
        BASES.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=BASES, prefix=f"{suite}.new."))
        new.chmod(0o755)
        mirror = [os.environ["DEBIAN_MIRROR"]] if "DEBIAN_MIRROR" in os.environ else []
        print(f"making a bare {suite}, which takes a minute", flush=True)
        _answer("debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, str(new), *mirror)
        new.rename(system)
    return system


@contextmanager
def machine(suite: str, user: str) -> Iterator[Path]:
    """Give a bare machine with a fresh clone of the project in the user's home."""
    system = BASES / f"{suite}-{user}-{os.getpid()}"
    _run("cp", "-a", str(base(suite)), str(system))
    try:
        if user != "root":
            _run("chroot", str(system), "useradd", "--create-home", user)
        clone = system / USERS[user].relative_to("/") / CLONE
        _run("git", "clone", "-q", "--no-hardlinks", str(PROJECT), str(clone))
        _run("chroot", str(system), "chown", "-R", f"{user}:", str(USERS[user]))
        _lend_apt(system)
        yield system
    finally:
        shutil.rmtree(system)


def inside(system: Path, user: str, command: Sequence[str]) -> None:
    """Run a command in the clone, in a machine whose processes and mounts end with it."""
    mounts = [
        f"mkdir -p {shlex.quote(str(system / path.relative_to('/')))} && "
        f"mount --rbind -o ro {path} {shlex.quote(str(system / path.relative_to('/')))}"
        for path in _lent_folders()
    ]
    enter = ["chroot", f"--userspec={user}", str(system), "/usr/bin/env", "-i", *_environ(user)]
    go = ["/bin/sh", "-c", 'cd "$1" && shift && "$@"', "sh", str(USERS[user] / CLONE), *command]
    script = "\n".join(
        [
            "set -e",
            f"mount -t proc proc {shlex.quote(str(system / 'proc'))}",
            *mounts,
            # Not exec: the first process of a machine reaps what others leave, as init does.
            f"{shlex.join([*enter, *go])} & wait $!",
        ]
    )
    _run("unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", script)


def prove(suite: str, user: str, *commands: Sequence[str]) -> None:
    """Set up from nothing, find that a second set-up is instant, and ask the database who it is."""
    python = [".venv/bin/python", "-c", ASK_POSTGIS]
    with machine(suite, user) as system:
        for command in (["make", "setup-run"], ["make", "setup-run"], python, python, *commands):
            began = time.monotonic()
            inside(system, user, command)
            what = " ".join(command) if len(command[-1]) < 80 else "start the database and ask it"
            print(f"{suite} as {user}: {what}: {time.monotonic() - began:.1f} s", flush=True)


def _lend_apt(system: Path) -> None:
    (system / "etc/apt/apt.conf.d/90lent").write_text(_answer("apt-config", "dump", "Acquire"))
    for name in ("auth.conf", "auth.conf.d"):
        source = Path("/etc/apt") / name
        if source.is_file():
            shutil.copy2(source, system / "etc/apt")
        elif source.is_dir():
            shutil.copytree(source, system / "etc/apt" / name, dirs_exist_ok=True)
    for path in (Path("/etc/resolv.conf"), Path("/etc/hosts"), *_lent_files()):
        target = system / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(path, target)


@cache
def _pip_settings() -> dict[str, str]:
    """Read how this machine's pip is set up, from all its files and variables."""
    settings = {}
    for line in _answer(sys.executable, "-m", "pip", "config", "list").splitlines():
        name, _, value = line.partition("=")
        if name.startswith("global."):
            settings["PIP_" + name.removeprefix("global.").upper().replace("-", "_")] = value.strip("'")
    return settings


def _environ(user: str) -> list[str]:
    own = {name: value for name, value in os.environ.items() if name.upper().startswith(PASSED_ON)}
    given = {"HOME": str(USERS[user]), "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
    return [f"{name}={value}" for name, value in (_pip_settings() | _npm_settings() | own | given).items()]


@cache
def _npm_settings() -> dict[str, str]:
    """Read where this machine's npm fetches from; without npm it is where every npm does."""
    if shutil.which("npm") is None:
        return {}
    return {"NPM_CONFIG_REGISTRY": _answer("npm", "--loglevel=silent", "config", "get", "registry").strip()}


def _lent_files() -> list[Path]:
    values = [setting.partition("=")[2] for setting in _environ("root")]
    return sorted({Path(value) for value in values if value.startswith("/etc/") and Path(value).is_file()})


def _lent_folders() -> list[Path]:
    """Find the folders which pip's settings name, such as an index kept on this machine."""
    words = [word for value in _pip_settings().values() for word in value.split()]
    paths = [Path(word.removeprefix("file://")) for word in words if word.startswith(("/", "file:///"))]
    tops = {Path(*path.parts[:3]) for path in paths if path.is_dir()}
    return sorted(tops)


def _answer(*command: str) -> str:
    return _run(*command, output=subprocess.PIPE)


def _run(*command: str, output: int | None = None) -> str:
    environ = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    done = subprocess.run(  # noqa: S603
        command, check=False, cwd="/", env=environ, stdin=subprocess.DEVNULL, stdout=output, text=True
    )
    if done.returncode != 0:
        said = (done.stdout or "")[-500:]
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {shlex.join(command[1:])[:300]} {said}")
    return done.stdout or ""


if __name__ == "__main__":
    # Told to end, it still takes its machine away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if reason := missing():
        sys.exit(f"{reason}: nothing was proved")
    prove(sys.argv[1], sys.argv[2], *([sys.argv[3:]] if sys.argv[3:] else []))
