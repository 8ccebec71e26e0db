"""The pins are exact, complete for what we ask for, and name no place to fetch from."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][0-9A-Za-z.+]*)")
PINS = (PROJECT / "constraints.txt").read_text("utf-8").splitlines()


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def asked_for() -> list[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["test"], *extras["lint"], *extras["notebook"]]
    return sorted({plain(re.split(r"[^A-Za-z0-9._-]", each)[0]) for each in wanted})


def test_every_line_is_one_exact_pin_and_the_lines_are_sorted() -> None:
    assert [line for line in PINS if not PIN.fullmatch(line)] == []
    assert sorted(PINS, key=str.lower) == PINS
    assert len({plain(line.split("==")[0]) for line in PINS}) == len(PINS)


def test_everything_we_ask_for_is_pinned() -> None:
    pinned = {plain(line.split("==")[0]) for line in PINS}
    assert set(asked_for()) - pinned == set()


def test_what_is_installed_is_what_is_pinned() -> None:
    installed = [f"{name}=={metadata.version(name)}" for name in (pin.split("==")[0] for pin in PINS)]
    assert installed == PINS
