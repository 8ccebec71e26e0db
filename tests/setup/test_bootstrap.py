"""The set-up says in one sentence why it cannot go on, and does nothing when there is nothing to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.setup.conftest import Program, Run

PROJECT = Path(__file__).resolve().parents[2]


def bootstrap(clone: Path, stage: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(clone / "setup" / "bootstrap.sh"), stage]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environ})


def test_a_python_that_is_too_old_is_named(clone: Path, tmp_path: Path, a_program: Program) -> None:
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
    assert done.stderr == "setup/bootstrap.sh: the stage is demo, run, test or bench, not everything\n"


def test_benchmarks_without_their_requirements_are_refused(clone: Path) -> None:
    done = bootstrap(clone, "bench")
    assert done.returncode != 0
    assert done.stderr == "benchmarks/requirements.txt is missing\n"


def test_a_stage_is_done_until_something_changes_or_is_missing(clone: Path, run: Run, a_program: Program) -> None:
    ask = "import sys; from setup.stages import *; sys.exit(is_done(STAGES[sys.argv[1]]))"
    (clone / "ask.py").write_text(ask, "utf-8")
    (clone / ".setup-stamps").mkdir()
    a_program(clone / ".venv/bin", "python", "echo 3.11")
    manifest = clone / "gridmap/maps/static/vendor/manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.touch()
    stamp = "from setup.stages import *; STAGES['run'].stamp.write_text(fingerprint(STAGES['run']))"
    (clone / "stamp.py").write_text(stamp, "utf-8")
    run("stamp")
    assert [run("ask", stage).returncode for stage in ("demo", "run", "test")] == [1, 1, 0]
    manifest.unlink()
    assert run("ask", "run").returncode == 0
    manifest.touch()
    assert run("ask", "run").returncode == 1
    (clone / "constraints.txt").write_text("", "utf-8")
    assert run("ask", "run").returncode == 0


@pytest.mark.parametrize("target", ["demo", "setup-run", "setup", "test", "lint", "bench", "prove", "clean"])
def test_make_says_what_can_be_made(target: str) -> None:
    done = subprocess.run(["make", "-C", PROJECT], capture_output=True, text=True, check=True)
    assert f"make {target} " in done.stdout
