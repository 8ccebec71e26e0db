"""A clone that holds what the set-up reads, and programs that stand in for those of others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]
Program = Callable[[Path, str, str], Path]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the set-up reads before it fetches anything, in a path with a space."""
    clone = tmp_path / "a clone"
    for folder in ("setup", "web"):
        shutil.copytree(PROJECT / folder, clone / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt", "Makefile"):
        shutil.copy(PROJECT / name, clone)
    return clone


@pytest.fixture
def run(clone: Path) -> Run:
    """Run a module of the clone's set-up to its end."""

    def run(module: str, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        surroundings = {**os.environ, **environ}
        return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False, env=surroundings)

    return run


@pytest.fixture
def a_program() -> Program:
    """Write a program for the shell."""

    def a_program(folder: Path, name: str, script: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        (folder / name).chmod(0o755)
        return folder / name

    return a_program
