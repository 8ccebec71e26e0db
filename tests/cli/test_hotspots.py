"""`gridmap hotspots`: finds what was planted on the imaginary estate, says why, and writes it down."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from gridmap.settings import PROJECT
from gridmap.simulation.days import PLANTED, reports
from gridmap.simulation.estate import estate
from tests.cli.conftest import Run

TOLD = ["lon", "lat", "category", "reported_at", "reference", "text", "facility"]


def test_1_the_planted_trouble_is_found_and_explained(run: Run, tmp_path: Path) -> None:
    assert run("load", PROJECT / "data" / "geojson" / "plan.toml").status == 0
    lived = reports(estate(), datetime.now(UTC), 90)[TOLD]
    lived.to_csv(tmp_path / "days.csv", index=False)
    assert run("report", tmp_path / "days.csv").status == 0
    said = json.loads(run("hotspots", "--last", "90d", "--json").out)
    (surge,) = said["surges"]
    assert surge["grids"][0].startswith(PLANTED.grid)
    assert surge["count"] > 2 * surge["expected"]
    first = surge["reasons"][0]
    assert (first["attribute"], first["value"]) == ("category", PLANTED.category)
    assert first["inside"] > 0.9 * first["of_inside"]
    assert sum(said["classes"].values()) == len(said["cells"])


def test_2_the_screen_names_the_place_and_the_reason(run: Run) -> None:
    said = run("hotspots", "--last", "90d").out
    assert "by 99,999 draws (seed 7)" in said
    assert "grids are left out: nobody lives there" in said
    surge = said.split("Surges")[1]
    assert PLANTED.grid in surge
    assert "water leak" in surge


def test_3_maps_and_tables_are_written_and_nothing_in_them_is_foreign(run: Run, tmp_path: Path) -> None:
    for name in ("hot.html", "hot.svg", "hot.csv", "hot.xlsx"):
        ran = run("hotspots", "--per", "nothing", "-o", tmp_path / name)
        assert ran.status == 0, ran.err
        assert "1 surges" in ran.out
    page = (tmp_path / "hot.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "漏水" not in page  # the language of the terminal is English
    assert "water leak" in page
    assert "Where a round would find most tomorrow" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    table = pd.read_csv(tmp_path / "hot.csv")
    assert len(table) == 319
    assert {"code", "count", "score", "p", "bin"} <= set(table.columns)


def test_4_emerging_spots_are_kept_by_a_name(run: Run) -> None:
    ran = run("hotspots", "--last", "12w", "--kind", "emerging", "--per", "nothing", "--name", "weeks")
    assert ran.status == 0, ran.err
    assert "kept as number 1: weeks" in ran.out
    assert "hot spot" in ran.out


def test_4_what_has_begun_lately_is_found_in_its_place_with_its_days(run: Run, tmp_path: Path) -> None:
    said = json.loads(run("hotspots", "--kind", "outbreaks", "--json").out)
    (outbreak,) = said["spots"]
    assert outbreak["grids"] == [next(cell["code"] for cell in said["cells"] if cell["bin"] > 0)]
    assert outbreak["grids"][0].startswith(PLANTED.grid)
    assert outbreak["days"] <= 30
    assert outbreak["count"] > 2 * outbreak["expected"]
    (cell,) = [cell for cell in said["cells"] if cell["category"] == "cluster 1"]
    assert cell["expected"] == pytest.approx(outbreak["expected"], abs=0.05)
    assert run("hotspots", "--kind", "outbreaks", "-o", tmp_path / "out.svg").status == 0


def test_4_circles_of_grids_above_their_share_are_clusters(run: Run) -> None:
    said = json.loads(run("hotspots", "--kind", "scan", "--json").out)
    cells = {cell["code"]: cell for cell in said["cells"]}
    assert said["spots"]
    for spot in said["spots"]:
        inside = [cells[code] for code in spot["grids"]]
        assert {cell["category"] for cell in inside} == {inside[0]["category"]}
        assert spot["count"] == sum(cell["count"] for cell in inside) > spot["expected"]
        assert all(cell["p"] <= 0.1 for cell in inside)
    assert any(PLANTED.grid in code for spot in said["spots"] for code in spot["grids"])


def test_4_a_month_is_told_against_the_month_before(run: Run) -> None:
    said = json.loads(run("hotspots", "--kind", "changes", "--last", "30d", "--json").out)
    (more,) = [cell for cell in said["cells"] if cell["bin"] > 0]
    assert more["code"].startswith(PLANTED.grid)
    assert more["ratio"] > 1.5
    assert more["ratio"] == pytest.approx(more["count"] / more["expected"], rel=1e-6)
    assert "more than before" in run("hotspots", "--kind", "changes", "--last", "30d").out


def test_4_a_round_is_suggested_where_most_is_to_be_expected(run: Run) -> None:
    rounds = json.loads(run("hotspots", "--json").out)["rounds"]
    assert len({each["grid"] for each in rounds}) == len(rounds) == 5
    assert all(0 < each["low"] < each["expected"] < each["high"] for each in rounds)
    assert [each["expected"] for each in rounds] == sorted((each["expected"] for each in rounds), reverse=True)
    assert PLANTED.grid in {each["grid"][: len(PLANTED.grid)] for each in rounds}
    assert "Where a round would find most tomorrow" in run("hotspots").out


def test_4_facilities_that_come_back_are_named(run: Run) -> None:
    found = json.loads(run("hotspots", "--json").out)["repeats"]
    assert found
    assert all(each["count"] > each["expected"] for each in found)
    assert "Facilities that come back again and again" in run("hotspots").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "warm"), "choose one of hotspots, emerging"),
        (("--kind", "scan", "--draws", "0"), "draw 99 or more"),
        (("--kind", "outbreaks", "--last", "7d"), "choose 14 or more"),
        (("--last", "2y"), "write 90d or 12w"),
        (("--neighbours", "distance=far"), "write distance=200"),
        (("--neighbours", "distance"), "reach is the metres"),
        (("--category", "moon"), "there is no category moon"),
        (("--per", "head"), "choose one of households, nothing"),
        (("--kind", "emerging", "--last", "20d"), "less than four weeks"),
        (("-o", "hot.pdf"), "it can be written as .html"),
    ],
)
def test_5_what_cannot_be_is_refused_in_a_line(run: Run, words: tuple[str, ...], said: str) -> None:
    ran = run("hotspots", *words)
    assert ran.status == 1
    assert said in ran.err
    assert len(ran.err.strip().splitlines()) <= 3
