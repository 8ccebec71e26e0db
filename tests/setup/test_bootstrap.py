"""The set-up says in one sentence why it cannot go on, and does nothing when there is nothing to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the set-up reads before it fetches anything, in a path with a space."""
    clone = tmp_path / "a clone"
    shutil.copytree(PROJECT / "setup", clone / "setup")
    for name in ("pyproject.toml", "constraints.txt", "Makefile"):
        shutil.copy(PROJECT / name, clone)
    return clone


def bootstrap(clone: Path, stage: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(clone / "setup" / "bootstrap.sh"), stage]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environ})


def a_program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    (folder / name).chmod(0o755)


def test_a_python_that_is_too_old_is_named(clone: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        a_program(old, name, '[ "$1" = -V ] && echo "Python 3.10.12"')
    done = bootstrap(clone, "run", PATH=f"{old}:/usr/bin:/bin")
    assert done.returncode != 0
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("gridmap needs Python 3.11 or newer and found Python 3.10.12:")


def test_an_unknown_stage_is_refused(clone: Path) -> None:
    done = bootstrap(clone, "everything")
    assert done.returncode == 2
    assert done.stderr == "setup/bootstrap.sh: the stage is run, test or bench, not everything\n"


def test_benchmarks_without_their_requirements_are_refused(clone: Path) -> None:
    done = bootstrap(clone, "bench")
    assert done.returncode != 0
    assert done.stderr == "benchmarks/requirements.txt is missing\n"


def test_make_says_what_can_be_made() -> None:
    done = subprocess.run(["make", "-C", PROJECT], capture_output=True, text=True, check=True)
    for target in ("setup-run", "setup", "test", "lint", "bench", "prove", "clean"):
        assert f"make {target} " in done.stdout
