"""Runs the programs of PostgreSQL and of the system, as a user they accept."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from gridmap.errors import StoreError

SYSTEM_USER = "gridmap"
Argument = str | Path


def server_user(directory: Path) -> pwd.struct_passwd:
    """Find the user a server in this directory runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return _named(os.geteuid())
    if directory.exists() and (owner := directory.stat().st_uid) != 0:
        return _named(owner)
    for name in ("postgres", SYSTEM_USER):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return _new_system_user()


def _named(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise StoreError(
            f"user id {uid} has no name on this machine, and PostgreSQL wants one: add it with useradd"
        ) from None


def _new_system_user() -> pwd.struct_passwd:
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    run(["useradd", *options, "--shell", "/usr/sbin/nologin", SYSTEM_USER])
    return pwd.getpwnam(SYSTEM_USER)


def run(
    command: Sequence[Argument],
    *,
    environ: Mapping[str, str] | None = None,
    user: pwd.struct_passwd | None = None,
    folder: Path = Path("/"),
) -> str:
    """Run a program to its end and return what it printed; a failure becomes one sentence."""
    name = Path(command[0]).name
    user_id, group_id, others = _identity(user)
    try:
        done = subprocess.run(  # noqa: S603
            [str(part) for part in command],
            env=None if environ is None else dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            user=user_id,
            group=group_id,
            extra_groups=others,
        )
    except FileNotFoundError:
        raise StoreError(f"the program {name} is not on this machine: install it") from None
    if done.returncode != 0:
        raise StoreError(f"{name} failed: {_last_line(done.stderr or done.stdout)}")
    return done.stdout


def leave_running(
    command: Sequence[Argument],
    *,
    environ: Mapping[str, str],
    user: pwd.struct_passwd | None = None,
    folder: Path = Path("/"),
    output: Path = Path(os.devnull),
    descriptors: Sequence[int] = (),
) -> int:
    """Start a program that outlives this process and is nobody's child; return its process id."""
    # The shell is gone at once, so the program never becomes a zombie of ours, and a Ctrl-C
    # in the terminal does not reach it.
    script = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
    user_id, group_id, others = _identity(user)
    done = subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", script, "sh", str(output), *(str(part) for part in command)],
        env=dict(environ),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
        pass_fds=descriptors,
        user=user_id,
        group=group_id,
        extra_groups=others,
    )
    return int(done.stdout)


def make_folder(directory: Path) -> None:
    """Make a folder and those above it so that, made by root, the server's user can pass through."""
    for folder in (*reversed(directory.parents), directory):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            if os.geteuid() == 0:
                folder.chmod(0o755)


def may_enter(directory: Path, user: pwd.struct_passwd) -> bool:
    """Tell whether the user can reach what lies in a directory."""
    if user.pw_uid == os.geteuid():
        return os.access(directory, os.X_OK)
    try:
        run(["test", "-x", directory], user=user)
    except StoreError:
        return False
    return True


def _identity(user: pwd.struct_passwd | None) -> tuple[int | None, int | None, list[int] | None]:
    if user is None or user.pw_uid == os.geteuid():
        return None, None, None
    return user.pw_uid, user.pw_gid, []


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it did not say why"
