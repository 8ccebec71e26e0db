"""Files in and out of `route` and `report`: nothing of the user's is lost, and every row is accounted for."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from gridmap.cli import reports
from gridmap.storage import new_issues
from gridmap.storage.database import Database
from tests.cli.conftest import Run
from tests.estate import Estate, spot


@pytest.fixture
def site(run: Run, store: Database, tmp_path_factory: pytest.TempPathFactory) -> str:
    with store.session() as session:
        known = session.execute(text("select count(*) from site")).scalar_one()
    if not known:
        ran = run("load", Estate().write(tmp_path_factory.mktemp("plan")))
        assert ran.status == 0, ran.err
    return "WJ"


def reports_file(folder: Path, name: str = "reports.csv", **columns: object) -> Path:
    lon, lat = spot(0.5, 0.5)
    pd.DataFrame({"lon": [lon, lon], "lat": [lat, lat], "category": ["litter", "lift"], **columns}).to_csv(
        folder / name, index=False
    )
    return folder / name


def issues(store: Database) -> int:
    with store.session() as session:
        return int(session.execute(text("select count(*) from issue")).scalar_one())


@pytest.mark.usefixtures("site")
def test_a_file_that_is_read_is_never_written_or_taken_away(run: Run, store: Database, tmp_path: Path) -> None:
    file = reports_file(tmp_path)
    content, before = file.read_bytes(), issues(store)
    linked, hard = tmp_path / "linked.csv", tmp_path / "hard.csv"
    linked.symlink_to(file)
    os.link(file, hard)
    roundabout = tmp_path / "." / ".." / tmp_path.name / "reports.csv"
    for same in (file, linked, hard, roundabout):
        for words in (
            ("report", file, "--rejected", same),
            ("route", file, "-o", tmp_path / "out.csv", "--rejected", same),
            ("route", file, "-o", same),
        ):
            ran = run(*words)
            assert ran.status == 1, words
            assert ran.err == f"gridmap: {same}: this file is read, and would be written over; name another\n"
    assert file.read_bytes() == content
    assert issues(store) == before


@pytest.mark.usefixtures("site")
def test_rejected_rows_are_not_routed_onto_themselves(run: Run, tmp_path: Path) -> None:
    file = reports_file(tmp_path, "out.csv.rejected.csv")
    ran = run("route", file, "-o", tmp_path / "out.csv")
    assert ran.status == 1
    assert file.exists()
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.usefixtures("site")
def test_two_outputs_are_two_files(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    ran = run("route", reports_file(tmp_path), "-o", out, "--rejected", tmp_path / "." / "out.csv")
    assert "two things would be written to this file" in ran.err
    assert not out.exists()


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("command", ["route", "report"])
def test_where_nothing_is_rejected_a_named_file_stays_and_a_list_of_before_goes(
    run: Run, tmp_path: Path, command: str
) -> None:
    file, out = reports_file(tmp_path), tmp_path / "out.csv"
    words = (command, file, "-o", out) if command == "route" else (command, file)
    named, ours = tmp_path / "mine.csv", (out if command == "route" else file).with_suffix(".csv.rejected.csv")
    named.write_text("mine", encoding="utf-8")
    ours.write_text("of before", encoding="utf-8")
    assert "+ 0 rejected" in run(*words, "--rejected", named).out
    assert named.read_text(encoding="utf-8") == "mine"
    assert ours.exists()
    assert "+ 0 rejected" in run(*words).out
    assert not ours.exists()


@pytest.mark.usefixtures("site")
def test_a_place_that_cannot_be_written_is_said_before_anything_is_stored(
    run: Run, store: Database, tmp_path: Path
) -> None:
    file, before = reports_file(tmp_path, reference=["N1", "N2"]), issues(store)
    (tmp_path / "folder.csv").mkdir()
    for rejected in (tmp_path / "folder.csv", tmp_path / "nowhere" / "no.csv", tmp_path / "no.doc"):
        ran = run("report", file, "--rejected", rejected)
        assert (ran.status, len(ran.err.splitlines())) == (1, 1)
        assert str(rejected) in ran.err
        assert run("route", file, "-o", rejected).err == ran.err or rejected.suffix == ".doc"
    assert issues(store) == before


@pytest.mark.usefixtures("site")
def test_numbers_of_a_parquet_file_are_as_many_issues(run: Run, store: Database, tmp_path: Path) -> None:
    lon, lat = spot(0.5, 0.5)
    count = 50
    table = {"lon": [lon] * count, "lat": [lat] * count, "reference": range(20260001, 20260001 + count)}
    pq.write_table(pa.table(table), tmp_path / "reports.parquet")
    before = issues(store)
    assert f"{count} rows = {count} stored + 0 rejected" in run("report", tmp_path / "reports.parquet").out
    assert issues(store) == before + count
    with store.session() as session:
        found = session.execute(text("select min(reference), max(reference) from issue where source like '%parquet'"))
        assert tuple(found.one()) == ("20260001", "20260050")


@pytest.mark.usefixtures("site")
def test_times_of_every_sort_are_stored_or_rejected_and_never_a_traceback(run: Run, tmp_path: Path) -> None:
    said = ["2026-05-01T08:12Z", "2026-05-01T08:12+08:00", "2026-05-01", "0001-01-01", "1969-07-20", "2300-01-01",
            "9999-12-31", "soon"]  # fmt: skip
    lon, lat = spot(0.5, 0.5)
    file = tmp_path / "times.csv"
    pd.DataFrame({"lon": lon, "lat": lat, "reported_at": said}).to_csv(file, index=False)
    ran = run("report", file)
    assert "8 rows = 3 stored + 5 rejected" in ran.out, ran.err
    faults = pd.read_csv(tmp_path / "times.csv.rejected.csv")["fault"].tolist()
    assert faults == [*["reported_at is out of the years 1970 to 2200"] * 4, "reported_at is no time"]


@pytest.mark.usefixtures("site")
def test_what_is_stored_before_a_batch_fails_stays(
    run: Run, store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reports.STORED > 1_000  # what is committed at a time, where it is not said otherwise
    monkeypatch.setattr(reports, "STORED", 10)
    lon, lat = spot(0.5, 0.5)
    rows = [f"{lon},{lat},R{number}" for number in range(25)]
    file = tmp_path / "batches.csv"
    file.write_text("\n".join(["lon,lat,reference", *rows]) + "\n", encoding="utf-8")
    before = issues(store)
    with store.engine.begin() as connection:
        connection.execute(text("alter table issue add constraint stops check (reference <> 'R15') not valid"))
    try:
        ran = run("report", file)
    finally:
        with store.engine.begin() as connection:
            connection.execute(text("alter table issue drop constraint stops"))
    assert ran.status == 1
    assert ran.err.splitlines()[-1].startswith('gridmap: the database refuses: new row for relation "issue" violates')
    assert issues(store) == before + 10
    assert "25 rows = 15 stored + 10 already stored + 0 rejected" in run("report", file).out


def indexes(store: Database) -> set[str]:
    with store.session() as session:
        return set(session.execute(text("select indexname from pg_indexes where tablename like 'issue%'")).scalars())


@pytest.mark.usefixtures("site")
def test_a_large_file_into_a_small_store_is_stored_in_one_go_or_not_at_all(
    run: Run, store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, indexed = issues(store), indexes(store)
    count = 4 * before + 40
    monkeypatch.setattr(new_issues, "LARGE", 10)
    monkeypatch.setattr(reports, "STORED", count // 3)
    lon, lat = spot(0.5, 0.5)
    references = [*range(count - 1), "0"]
    table = {"lon": [lon] * count, "lat": [lat] * count, "reference": [f"G{number}" for number in references]}
    file = tmp_path / "large.parquet"
    pq.write_table(pa.table(table), file)
    with store.engine.begin() as connection:
        stops = f"check (reference <> 'G{count - 2}') not valid"
        connection.execute(text(f"alter table issue add constraint stops {stops}"))
    try:
        assert run("report", file).status == 1
    finally:
        with store.engine.begin() as connection:
            connection.execute(text("alter table issue drop constraint stops"))
    assert (issues(store), indexes(store)) == (before, indexed)
    ran = run("report", file)
    assert "in one go" in ran.err
    assert f"{count} rows = {count - 1} stored + 1 already stored + 0 rejected" in ran.out, ran.err
    assert (issues(store), indexes(store)) == (before + count - 1, indexed)
    again = run("report", file)
    assert "in one go" not in again.err
    assert f"{count} rows = 0 stored + {count} already stored + 0 rejected" in again.out


@pytest.mark.usefixtures("site")
def test_a_csv_in_an_encoding_of_its_own_is_read_by_its_name(run: Run, tmp_path: Path) -> None:
    lon, lat = spot(0.5, 0.5)
    file = tmp_path / "big5.csv"
    file.write_bytes(f"lon,lat,text\n{lon},{lat},許蓋功\n".encode("big5"))
    assert run("route", file, "-o", tmp_path / "out.csv", "--encoding", "big5").status == 0
    assert "許蓋功" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
