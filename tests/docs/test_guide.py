"""The guide's commands are run, and what it shows is what they say.

`GRIDMAP_WRITE_DOCS=1 pytest tests/docs` writes what they say into the pages.
"""

from __future__ import annotations

import contextlib
import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gridmap.domain.findings import CHECKS
from gridmap.storage.cluster import Cluster
from tests.conftest import PROJECT, fresh_store

GUIDE = PROJECT / "docs" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
OF_SAMPLES = {"washington.md"}
BLOCK = re.compile(r"```(console|python|output)\n(.*?)```\n", re.DOTALL)
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass
class Surroundings:
    """Where a page's commands run: a copy of the example, and a store of its own."""

    folder: Path
    environ: dict[str, str]

    def says(self, command: str | list[str]) -> str:
        ran = subprocess.run(
            command, shell=isinstance(command, str), cwd=self.folder, env=self.environ, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        complaint = "".join(
            line for line in ran.stderr.splitlines(keepends=True) if line.startswith(("gridmap: ", "Traceback"))
        )
        return ran.stdout.removeprefix("\ufeff") + complaint


@contextlib.contextmanager
def surroundings(cluster: Cluster, template: str, folder: Path) -> Iterator[Surroundings]:
    with fresh_store(cluster, template) as database:
        environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
            "GRIDMAP_LANGUAGE": "en",
        }
        yield Surroundings(folder, environ)


def rewritten(page: str, here: Surroundings) -> str:
    """The page with every command's output as it is now."""
    printed = ""

    def run(block: re.Match[str]) -> str:
        nonlocal printed
        kind, body = block.groups()
        if kind == "python":
            printed = here.says([sys.executable, "-c", body])
            return block.group()
        if kind == "output":
            return f"```output\n{printed}```\n"
        commands = re.findall(r"^\$ (.*)\n", body, re.MULTILINE)
        return "```console\n" + "".join(f"$ {command}\n{shown(here.says(command))}" for command in commands) + "```\n"

    return BLOCK.sub(run, page)


def shown(said: str) -> str:
    lines = [line.rstrip() for line in said.splitlines()]
    return "".join(f"{line}\n" for line in lines if line)


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_the_page_shows_what_its_commands_say(
    page: str, cluster: Cluster, template: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "example"
    shutil.copytree(GUIDE / "example", folder)
    if page in OF_SAMPLES:
        (folder / "dc").symlink_to(request.getfixturevalue("samples") / "dc")
    text = (GUIDE / page).read_text(encoding="utf-8")
    with surroundings(cluster, template, folder) as here:
        now = rewritten(text, here)
    if os.environ.get("GRIDMAP_WRITE_DOCS"):
        (GUIDE / page).write_text(now, encoding="utf-8")
        text = now
    assert "Traceback" not in now
    checker = doctest.OutputChecker()
    for was, now_is in zip(BLOCK.findall(text), BLOCK.findall(now), strict=True):
        assert checker.check_output(was[1], now_is[1], LENIENT), f"{page} shows\n{was[1]}\nbut it says\n{now_is[1]}"


def test_the_table_of_checks_is_that_of_the_code() -> None:
    rows = re.findall(
        r"^\| `([\w-]+)` \| (\w+) \| (.*) \|$", (GUIDE / "load.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name: (severity, meaning) for name, severity, meaning in rows} == CHECKS
