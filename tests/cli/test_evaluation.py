"""What a month says, on the command line: figures, scores, and forms, in files and on the screen."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from tests.cli.conftest import Run
from tests.docs.pages import EXAMPLE

MONTH = ("--month", "2025-05")


def test_1_a_month_is_printed_with_intervals_beside_the_month_before(run: Run) -> None:
    assert run("load", EXAMPLE / "plan.toml").status == 0
    assert "154 stored" in run("report", EXAMPLE / "spring.csv").out
    ran = run("kpis", "WJ", *MONTH)
    line = next(line for line in ran.out.splitlines() if line.startswith("on-time closing rate"))
    assert line.split()[3:] == ["67", "83", "80.72%", "70.96%", "–", "87.77%", "60.87%", "↑*"]


def test_2_figures_are_divided_and_written_to_files_with_numbers(run: Run, tmp_path: Path) -> None:
    asked = ("kpis", "WJ", *MONTH, "--by", "tier2", "--indicator", "on_time_closing")
    for name in ("may.csv", "may.xlsx", "may.html"):
        assert run(*asked, "-o", tmp_path / name).status == 0
    table = pd.read_csv(tmp_path / "may.csv")
    assert table["counted"].sum() == 67
    assert table["tier 2 · clusters"].tolist() == ["Z1-C1", "Z1-C2", "Z2-C1", "Z2-C2"]
    sheet = openpyxl.load_workbook(tmp_path / "may.xlsx").active
    assert sheet is not None
    assert sheet["E2"].value == 7
    assert "<h1>Indicators</h1>" in (tmp_path / "may.html").read_text(encoding="utf-8")
    said = json.loads(run(*asked, "--json").out)
    assert [row["numerator"] for row in said["figures"]] == [7, 25, 18, 17]


def test_3_what_an_indicator_counts_is_said_in_the_readers_language(run: Run) -> None:
    assert "issues due to be closed" in run("kpis", "--definitions").out
    assert "应结案数" in run("kpis", "--definitions", "--language", "zh-Hans").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("kpis", "WJ", "--month", "May"), "write 2026-05"),
        (("kpis", "WJ", *MONTH, "--quarter", "2025-Q2"), "name one of them"),
        (("kpis", "WJ", *MONTH, "--by", "moon"), "divided by one of site, tier1"),
        (("kpis", "WJ", *MONTH, "--indicator", "luck"), "there is no indicator luck"),
        (("kpis", "WJ", *MONTH, "-o", "may.pdf"), "it can be written as .html, .csv, .xlsx"),
        (("evaluate", "weigh", "guard", "on_site=much"), "write CODE=WEIGHT:TARGET:FLOOR"),
        (("evaluate", "enter", "2025-05", "luck", "1"), "luck is not typed in"),
        (("forms", "love_letter"), "there is no form love_letter"),
        (("forms", "work_order"), "say of which issue"),
    ],
)
def test_4_what_cannot_be_is_refused_in_a_line(run: Run, words: tuple[str, ...], said: str) -> None:
    ran = run(*words)
    assert ran.status == 1
    assert said in ran.err
    assert ran.err.count("gridmap: ") == 1


def test_5_scores_are_shown_and_stay_as_they_were_once_closed(run: Run) -> None:
    weighed = run("evaluate", "weigh", "grid_owner", "on_time_closing=100:0.9:0.5", "--line", "75")
    assert weighed.out.split()[-5:] == ["grid_owner", "on_time_closing", "100.00", "0.90", "0.50"]
    shown = run("evaluate", "show", "WJ", *MONTH)
    assert "grid owner" in shown.out
    assert "scores are frozen" in run("evaluate", "close", "2025-05").out
    assert run("evaluate", "weigh", "grid_owner").status == 0
    again = run("evaluate", "show", "WJ", *MONTH)
    assert again.out.splitlines()[1:] == shown.out.splitlines()[1:]
    assert "it stays as it was" in run("evaluate", "enter", "2025-05", "accidents", "1").err


def test_6_forms_are_listed_shown_and_written_for_a4(run: Run, tmp_path: Path) -> None:
    assert "Weekly summary by class" in run("forms").out
    assert run("forms", "weekly_summary", "--period", "2025-W20").out.splitlines()[-1].split()[:3] == [
        "in",
        "all",
        "18",
    ]
    out = tmp_path / "order.html"
    assert run("forms", "work_order", "--issue", "WJ-000001", "-o", out).status == 0
    assert "<h1>工程维修单</h1>" in out.read_text(encoding="utf-8")
    assert run("forms", "cleaning_record", "--period", "2025-05", "-o", tmp_path / "cleaning.csv").status == 0
