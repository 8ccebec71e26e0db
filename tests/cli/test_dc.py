"""Washington's wards, commissions and districts, and its 11,473 requests, by the commands of the guide."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from sqlalchemy import text

from gridmap.storage.database import Database
from tests.cli.conftest import Run

LOAD = (
    "load", "--site", "DC", "--name", "District of Columbia", "--timezone", "America/New_York",
    "--code1", "WARD_ID", "--name1", "NAME", "--code2", "ANC_ID", "--name2", "NAME",
    "--code3", "SMD_ID", "--name3", "NAME", "--parent3", "ANC_ID",
)  # fmt: skip
COLUMNS = (
    "--column", "reference=SERVICEREQUESTID", "--column", "reported_at=ADDDATE", "--column", "category=SERVICECODE",
)  # fmt: skip
ENDS = ("--column", "due_at=SERVICEDUEDATE", "--column", "closed_at=RESOLUTIONDATE")
ROWS, WITH_WARD = 11_473, 11_437


@pytest.fixture(scope="module")
def dc(samples: Path) -> Path:
    return samples / "dc"


def files(dc: Path) -> tuple[object, ...]:
    names = {"--tier1": "tier1_ward_2012", "--tier2": "tier2_anc_2013", "--tier3": "tier3_smd_2013"}
    return tuple(word for option, name in names.items() for word in (option, dc / f"{name}.geojson"))


def requests(dc: Path) -> Path:
    return dc / "issues_311_2015-09-11_to_10-11.csv.gz"


def test_1_the_plan_as_published_is_refused_for_two_commissions_that_straddle_wards(
    run: Run, dc: Path, tmp_path: Path
) -> None:
    found = tmp_path / "found.geojson"
    ran = run(*LOAD, *files(dc), "--accept", "nobody-in-charge", "--findings", found)
    assert ran.status == 1
    assert "not published: 2 x outside-parent. Nothing was changed." in ran.err
    findings = gpd.read_file(found)
    overhangs = findings[findings["check"] == "outside-parent"]
    assert sorted(overhangs.loc[overhangs["severity"] == "error", "codes"]) == ["3G,4", "6D,6"]
    # What each overhangs by, in square metres: the docs quote these.
    assert overhangs.loc[overhangs["severity"] == "error", "measure"].round(-2).tolist() == [1_413_500.0, 4_162_200.0]
    assert (overhangs["severity"] == "warning").sum() == 22
    assert not {"overlap", "gap", "invalid-geometry"} & set(findings["check"])
    assert run("sites").out.split() == ["code", "name", "kind", "time", "zone", "metres"]


def test_2_accepted_by_name_it_is_published_and_the_districts_nest_exactly(run: Run, store: Database, dc: Path) -> None:
    ran = run(*LOAD, *files(dc), "--accept", "nobody-in-charge", "--accept", "outside-parent:3G,6D")
    assert ran.status == 0
    assert "published: Edition 1 of DC, 8 > 40 > 296 grids, 0 errors, from the beginning" in ran.out
    with store.engine.connect() as connection:
        overhang = connection.execute(
            text("""
                select coalesce(sum(st_area(st_difference(child.shape_m, parent.shape_m))), 0)
                from grid child join grid parent on parent.id = child.parent_id where child.tier = 3
            """)
        ).scalar_one()
        exact = connection.execute(
            text("""
                select bool_and(st_isempty(st_difference(child.geom, parent.geom)))
                from grid child join grid parent on parent.id = child.parent_id where child.tier = 3
            """)
        ).scalar_one()
    assert exact
    assert overhang < 0.1


def test_3_every_request_is_routed_and_its_ward_is_the_citys(run: Run, dc: Path, tmp_path: Path) -> None:
    out = tmp_path / "routed.parquet"
    ran = run("route", requests(dc), "-o", out, *COLUMNS, "--detail")
    assert f"{ROWS} rows = {ROWS} routed + 0 rejected" in ran.out
    routed = gpd.read_parquet(out)
    given = routed[routed["WARD"].notna() & (routed["WARD"] != "NULL")]
    assert len(given) == WITH_WARD
    differs = given[given["tier1"] != given["WARD"]]
    assert 1 - len(differs) / len(given) >= 0.998
    # Most of the rest lie within a metre of the line: the city's own position and polygon differ by as much.
    assert (len(differs), int((differs["boundary_m"] < 1).sum())) == (17, 13)


def test_4_every_request_is_stored_once_however_often_it_is_reported(
    run: Run, store: Database, dc: Path, tmp_path: Path
) -> None:
    words = ("report", requests(dc), *COLUMNS, *ENDS, "--add-categories", "--rejected", tmp_path / "no.csv")
    assert f"{ROWS} rows = {ROWS} stored + 0 rejected" in run(*words).out
    assert f"{ROWS} rows = 0 stored + {ROWS} already stored + 0 rejected" in run(*words).out
    with store.engine.connect() as connection:
        counts = connection.execute(
            text("select count(*), count(*) filter (where status = 'reported'), count(distinct reference) from issue")
        ).one()
        unlike = connection.execute(
            text("""
                select count(*) from issue i
                where grid_id is distinct from (
                    select g.id from grid g where g.edition_id = i.edition_id and st_covers(g.geom, i.geom)
                    order by g.tier desc, g.code limit 1
                )
            """)
        ).scalar_one()
    assert tuple(counts) == (ROWS, 4_671, ROWS)
    assert unlike == 0


def test_5_the_lines_redrawn_take_the_open_requests_with_them(
    run: Run, store: Database, dc: Path, tmp_path: Path
) -> None:
    """Two districts become one: only their open requests move, each with a line of history."""
    districts = gpd.read_file(dc / "tier3_smd_2013.geojson")
    pair = districts["SMD_ID"].isin(["1A01", "1A02"])
    merged = districts[pair].dissolve().assign(SMD_ID="1A01", ANC_ID="1A", NAME="SMD 1A01")
    redrawn = tmp_path / "redrawn.geojson"
    pd.concat([districts[~pair], merged]).to_file(redrawn, driver="GeoJSON")
    words = [*files(dc)[:4], "--tier3", redrawn, "--accept", "nobody-in-charge", "--accept", "outside-parent"]
    ran = run(*LOAD, *words)
    with store.engine.connect() as connection:
        moved = connection.execute(
            text("""
                select count(*), count(*) filter (where data->'from'->>'grid' = '1A02'), min(data->'to'->>'grid')
                from issue_event where action = 'reroute'
            """)
        ).one()
        closed_in_old = connection.execute(
            text(
                "select count(*) from issue i join grid g on g.id = grid_id where g.code = '1A02' and status = 'closed'"
            )
        ).scalar_one()
    assert ran.status == 0
    assert moved[0] == moved[1] > 0
    assert moved[2] == "1A01"
    assert closed_in_old > 0
    assert f"open issues: {moved[0]} moved to another grid or owner" in ran.out
    assert run("editions").out.count("nobody-in-charge") == 2


def test_6_a_place_says_its_chain_its_runner_up_and_why(run: Run, dc: Path) -> None:
    said = json.loads(run("locate", "-77.03105", "38.94808", "--accuracy", "150").out)
    assert said["chain"] == ["4C02", "4C", "4"]
    assert said["runner_up"]["code"] == "4C03"
    assert sum(part["share"] for part in said["shares"]) == pytest.approx(1, abs=0.001)
    assert [reason["rule"] for reason in said["reasons"]] == ["place", "the cell", "up the tiers"]
