"""Patrols and households at the command line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text

from gridmap.storage.database import Database
from tests.cli.conftest import Run
from tests.estate import Estate, spot

ADDRESS = "GEHEIM-3-201"


@pytest.fixture
def loaded(run: Run, store: Database, tmp_path: Path) -> None:
    """The small estate, if the store does not hold it yet."""
    with store.session() as session:
        there = session.execute(text("select count(*) from site")).scalar_one()
    if not there:
        assert run("load", Estate().write(tmp_path / "plan")).status == 0


def points(folder: Path) -> Path:
    rows = [
        {"code": "door", "name": "the door", "lon": spot(0.5, 0.7)[0], "lat": spot(0.5, 0.7)[1]},
        {"code": "pump", "name": "the pump", "facility": "PUMP", "photo": "yes", "radius_m": "30"},
    ]
    pd.DataFrame(rows).to_csv(folder / "points.csv", index=False)
    return folder / "points.csv"


@pytest.mark.parametrize(
    "command",
    [*(f"rounds {name}" for name in ("ready", "plan", "plans", "close", "checkpoints", "list", "coverage")),
     "households load", "households summary"],
)  # fmt: skip
def test_every_command_has_an_example(run: Run, command: str) -> None:
    ran = run(*command.split(), "--help")
    assert ran.status == 0
    assert f"gridmap {command}" in ran.out


def test_checkpoints_plans_rounds_and_coverage_from_start_to_end(run: Run, loaded: None, tmp_path: Path) -> None:
    plates = tmp_path / "plates.csv"
    made = run("rounds", "checkpoints", points(tmp_path), "--tokens", plates)
    assert made.status == 0, made.err
    tokens = pd.read_csv(plates)["token"]
    assert len(set(tokens)) == 2
    assert not any(token in made.out + made.err for token in tokens)
    assert plates.stat().st_mode & 0o077 == 0
    told = run("rounds", "plan", "daily", "--ready", "common_parts_sample", "--grid", "Z1-C1")
    assert (told.status, "new rounds" in told.out) == (0, True), told.err
    assert "daily" in run("rounds", "plans").out
    assert run("rounds", "list").out.count("name of P-Z1-C1-") == 4
    walked = run("rounds", "coverage", "--grid", "Z1-C1-1", "--days", "7")
    assert (walked.status, "Z1-C1-1" in walked.out) == (0, True)
    assert run("rounds", "close", "daily").status == 0
    assert "guard_rounds" in run("rounds", "ready").out


def test_what_is_wrong_is_said_in_a_line(run: Run, loaded: None, tmp_path: Path) -> None:
    file = points(tmp_path)
    for words, said in {
        ("rounds", "plan", "x", "--ready", "nothing"): "no frequency is called 'nothing'",
        ("rounds", "plan", "x", "--ready", "drills", "--grid", "Z9"): "there is no grid Z9",
        ("rounds", "close", "nothing"): "there is no plan nothing",
        ("rounds", "checkpoints", file, "--tokens", file): "this file is read",
    }.items():
        ran = run(*words)
        assert (ran.status, said in ran.err) == (1, True), ran.err
    pd.DataFrame([{"code": "a", "name": "a", "lon": "east", "lat": "1"}]).to_csv(file, index=False)
    assert "is no number" in run("rounds", "checkpoints", file, "--tokens", tmp_path / "t.csv").err


def test_households_go_in_and_no_address_comes_out(run: Run, loaded: None, tmp_path: Path) -> None:
    file = tmp_path / "households.csv"
    rows = [
        {"code": "HH-1", "address": ADDRESS, "visitor": "P-Z1-C1-1", "building": "H-Z1-C1-1", "needs": "alone elderly",
         "risk": "cellar", "people": 2, "visit_days": 7}
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(file, index=False)
    ran = run("households", "load", file)
    assert (ran.status, ADDRESS in ran.out + ran.err) == (0, False), ran.err
    told = run("households", "summary")
    assert "HH-1 lacks a shelter and a guardian" in told.out
    assert ADDRESS not in told.out
    pd.DataFrame([{**rows[0], "visitor": "NOBODY"}]).to_csv(file, index=False)
    ran = run("households", "load", file)
    assert (ran.status, ADDRESS in ran.err) == (1, False)
