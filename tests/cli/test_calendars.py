"""The time of a site from the command line: days, hours, limits, warnings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.estate import Estate


@pytest.mark.parametrize("command", ["calendar", "hours", "limits", "warning declare", "warning end", "warning list"])
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    ran = run(*command.split(), "--help")
    assert ran.status == 0
    assert f"\n  gridmap {command}" in ran.out


def test_0_a_year_is_shown_with_its_make_up_workdays(run: Run, tmp_path: Path) -> None:
    assert run("load", Estate().write(tmp_path / "plan")).status == 0
    ran = run("calendar", "WJ", "--year", "2026")
    assert (ran.status, ran.err) == (0, "")
    first, _, *rows = ran.out.splitlines()
    assert first.startswith("2026, office: mon-fri 08:00-12:00 13:00-18:00; sat-sun 09:00-16:00; ")
    assert [row.split()[:5] for row in rows if "2026-10-10" in row] == [
        ["2026-10-10", "Sat", "08:00-12:00", "13:00-18:00", "make-up"]
    ]
    assert any("National Day" in row for row in rows)


def test_1_a_year_that_is_not_settled_says_so(run: Run) -> None:
    assert "provisional: the make-up workdays of 2150" in run("calendar", "--year", "2150").out
    assert "provisional" not in run("calendar", "--year", "2150", "--hours", "always").out


def test_2_a_day_is_set_and_forgotten(run: Run) -> None:
    ran = run("calendar", "WJ", "--day", "2026-05-20", "--name", "founding day")
    assert (ran.status, ran.out) == (0, "2026-05-20 is off; no deadline moves\n")
    assert "founding day" in run("calendar", "--year", "2026").out
    assert run("calendar", "--day", "2026-05-20", "--forget").out == "2026-05-20 is like any other; no deadline moves\n"
    ran = run("calendar", "--day", "2026-05-20", "--forget")
    assert (ran.status, ran.err) == (1, "gridmap: WJ has no day of its own on 2026-05-20\n")
    assert "this is no day" in run("calendar", "--day", "tomorrow").err


def test_3_limits_are_written_out_and_set_again(run: Run, tmp_path: Path) -> None:
    assert "the same day" in run("limits", "WJ").out
    file = tmp_path / "limits.json"
    own = [{"stamp": "resolved", "after": "2 h", "clock": "round_the_clock", "categories": ["lamp"]}]
    file.write_text(json.dumps(own), encoding="utf-8")
    assert run("limits", "WJ", "--set", file).out == "the limits of WJ are set; no deadline moves\n"
    assert json.loads(run("limits", "--json").out) == own
    assert run("limits").out.splitlines()[1].split()[:4] == ["own", "lamp", "resolved", "2"]
    file.write_text('[{"stamp": "solved"}]', encoding="utf-8")
    assert run("limits", "--set", file).err.startswith("gridmap: limit 1, stamp: 'solved' is none of first_answer")
    file.write_text("nothing", encoding="utf-8")
    assert "this is no JSON" in run("limits", "--set", file).err
    assert json.loads(run("limits", "--json").out) == own


def test_4_hours_are_shown_and_set(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "hours.json"
    file.write_text(json.dumps({"roles": {"technician": "always"}, "confirmed": [2150]}), encoding="utf-8")
    assert run("hours", "WJ", "--set", file).out == "the hours of WJ are set; no deadline moves\n"
    (always,) = [row for row in run("hours").out.splitlines() if row.startswith("always")]
    assert "technician" in always
    assert "provisional" not in run("calendar", "--year", "2150").out
    file.write_text("[]", encoding="utf-8")
    assert "an object with hours, roles and confirmed" in run("hours", "--set", file).err


def test_5_a_warning_is_declared_listed_and_ended(run: Run) -> None:
    ran = run("warning", "declare", "storm", "--grid", "Z1", "--until", "2150-01-01T06:00", "--note", "keep off trees")
    assert ran.status == 0, ran.err
    number = ran.out.split()[1]
    listed = run("warning", "list").out
    assert "2150-01-01 06:00 CST" in listed
    assert "keep off trees" in listed
    assert run("warning", "end", number).out == f"warning {number} has ended; no deadline moves\n"
    assert number not in run("warning", "list").out
    assert "is none of storm" in run("warning", "declare", "drizzle").err
    assert "this is no moment" in run("warning", "declare", "storm", "--until", "soon").err
