"""What stands on the screen: words from outside stay words, and whatever goes wrong is one line."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.main import get_command

from gridmap.cli import COMMANDS, app_of
from gridmap.cli.holdings import _place
from gridmap.cli.screen import progress_bar, table, visible
from gridmap.errors import InputError
from gridmap.language import say
from gridmap.storage.database import Database
from gridmap.storage.migrations import HEAD
from tests.cli.conftest import Run
from tests.estate import Estate, spot

MARKUP = "[/x]"
STEERING = "\x1b]0;owned\x07\x9b31m\u202e\ud800"


def plan_of(folder: Path, **site: str) -> Path:
    """The estate as the plan of another site."""
    plan = Estate().write(folder / "plan")
    said = plan.read_text(encoding="utf-8").replace('code = "WJ"\n', "")
    said = said.replace(
        "[site]\n", "[site]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in site.items())
    )
    plan.write_text(said, encoding="utf-8")
    return plan


def shell(command: str, store: Database) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    url = store.engine.url.render_as_string(hide_password=False)
    return subprocess.run(
        ["bash", "-c", f"{shlex.quote(sys.executable)} -m gridmap.cli {command}"],
        env={**os.environ, "DATABASE_URL": url, "GRIDMAP_LANGUAGE": "en"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_code_that_looks_like_markup_is_only_a_code(run: Run, tmp_path: Path) -> None:
    estate = Estate()
    estate.grids["code"] = estate.grids["code"].replace("Z1", MARKUP)
    ran = run("load", estate.write(tmp_path / "plan"), "--check")
    assert "Traceback" not in ran.err
    assert MARKUP in ran.out


def test_a_site_may_be_called_like_markup(run: Run, tmp_path: Path) -> None:
    assert run("load", plan_of(tmp_path, code="MARK", timezone="America/New_York")).status == 0
    with_name = run("load", plan_of(tmp_path, code="MARK"), "--name", MARKUP)
    assert with_name.status == 0, with_name.err
    assert MARKUP in run("sites").out


def test_a_long_cell_is_cut_and_nothing_in_it_steers_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    table("", ("a",), [("x" * 500,), (f"one\ntwo{STEERING}",), (MARKUP,), (":smile: 　字",)])
    out = capfd.readouterr().out
    assert (out.count("x…"), out.count("x")) == (1, 199 + len("[/x]") - 3)
    assert "one?two?]0;owned??31m??" in out
    assert MARKUP in out
    assert ":smile: 　字" in out


@pytest.mark.parametrize("letter", ["\0", "\n", "\r", "\t", "\x7f", "\x9b", "\u2028", "\u202e", "\ud800", "\U000e0001"])
def test_no_character_that_steers_a_terminal_reaches_it(letter: str) -> None:
    assert visible(f"a{letter}b") == "a?b"


def test_json_stays_json_though_nothing_in_it_steers_the_screen(run: Run, store: Database) -> None:
    with store.session() as session:
        session.execute(text("update grid set name = name || :more"), {"more": '\x9b31m\x7f\u202e\n"字'})
    lon, lat = spot(0.5, 0.5)
    ran = run("locate", lon, lat, "--site", "MARK")
    assert json.loads(ran.out)["grid"]["name"].endswith('\x9b31m\x7f\u202e\n"字')
    assert not set("\x9b\x7f\u202e") & set(ran.out)
    assert "字" in ran.out


def test_what_is_complained_of_steers_nothing_either(run: Run) -> None:
    ran = run("export", f"\x1b[31m{MARKUP}\x9b", "x.csv", "--site", "MARK")
    assert ran.status == 1
    assert not set("\x1b\x9b") & set(ran.err)


def test_a_fault_of_the_database_is_a_line_without_its_statement(run: Run, store: Database) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("alter table site rename to elsewhere"))
    try:
        ran = run("sites")
    finally:
        with store.engine.begin() as connection:
            connection.execute(text("alter table elsewhere rename to site"))
    assert ran.status == 1
    assert ran.err == 'gridmap: the database refuses: relation "site" does not exist\n'


def test_a_full_device_and_a_closed_pipe_are_no_tracebacks(store: Database) -> None:
    full = shell("sites >/dev/full", store)
    assert (full.returncode, full.stderr) == (1, "gridmap: the output: No space left on device\n")
    closed = shell("sites | true; exit ${PIPESTATUS[0]}", store)
    assert (closed.returncode in (0, 1), closed.stderr) == (True, "")


def test_bytes_that_are_no_text_are_refused_in_a_line(store: Database) -> None:
    ran = shell(r"locate 121.5 31.2 --facility $'\xff\xfe'", store)
    assert ran.returncode == 1
    assert ran.stderr.startswith("gridmap: there is text that is no UTF-8")
    assert len(ran.stderr.splitlines()) == 1


def test_an_interruption_says_what_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gridmap.cli.screen.Settings.from_environment", interrupted)
    ran = run("sites")
    assert ran.status == 130
    assert ran.err.strip() == "gridmap: interrupted; what was committed stays, the rest was undone"


def test_wrong_usage_and_help_keep_their_own_exit_status(run: Run) -> None:
    assert run("locate", "here", "there").status == 2
    assert run("sites", "--moon").status == 2
    assert run("moon").status == 2
    assert run("--help").status == 0
    assert run("--version").status == 0


def test_every_option_says_what_it_is_for() -> None:
    commands: dict[str, Any] = get_command(app_of()).commands  # type: ignore[attr-defined]
    silent = [
        f"{name} {each.opts[0]}" for name, command in commands.items() for each in command.params if not each.help
    ]
    assert silent == []


def test_an_unknown_language_is_refused_where_it_is_spoken() -> None:
    with pytest.raises(InputError, match="choose one of zh-Hans, zh-Hant, en"):
        say("always", "fr")


def test_all_moments_of_a_site_are_by_its_own_clock(run: Run, tmp_path: Path) -> None:
    assert "from the beginning" in run("load", plan_of(tmp_path, code="CLOCK", timezone="America/New_York")).out
    again = plan_of(tmp_path, code="CLOCK")
    ran = run("load", again, "--valid-from", "2030-01-01", "--accept", "nobody-in-charge")
    assert "from 2030-01-01 00:00 EST" in ran.out
    assert "from 2030-02-01 00:00 EST" in run("load", again, "--valid-from", "2030-02-01").out
    assert "kept as draft: Edition 4" in run("load", again, "--valid-from", "2030-07-01", "--draft").out
    assert "from 2030-07-01 00:00 EDT" in run("publish", "4", "--site", "CLOCK").out
    listed = [line.split() for line in run("editions", "--site", "CLOCK").out.splitlines()]
    assert [[number, *rest] for number, _status, *rest in listed[2:]] == [
        ["2", "2030-01-01", "00:00", "EST", "2030-02-01", "00:00", "EST", "nobody-in-charge"],
        ["3", "2030-02-01", "00:00", "EST", "2030-07-01", "00:00", "EDT"],
        ["4", "2030-07-01", "00:00", "EDT"],
    ]


def test_a_time_without_a_zone_needs_a_site_where_sites_keep_several(run: Run, tmp_path: Path) -> None:
    lon, lat = spot(0.5, 0.5)
    assert run("locate", lon, lat, "--at", "2026-05-01").status == 0
    assert run("load", plan_of(tmp_path, code="EAST", timezone="Asia/Shanghai")).status == 0
    ran = run("locate", lon, lat, "--at", "2026-05-01")
    assert ran.status == 1
    assert "not one moment in America/New_York and Asia/Shanghai: add its zone (+08:00), or name the site" in ran.err
    assert run("locate", lon, lat, "--at", "2026-05-01", "--site", "EAST").status == 0
    assert run("locate", lon, lat, "--at", "2026-05-01T08:00+08:00").status == 0


def test_a_layer_of_several_is_named_and_so_is_an_encoding(run: Run, tmp_path: Path) -> None:
    estate = Estate()
    for tier, name in enumerate(("zones", "clusters", "cells"), 1):
        rows = estate.grids[estate.grids["tier"] == tier].drop(columns="tier")
        rows.to_file(tmp_path / "grids.gpkg", layer=name, driver="GPKG")
    (tmp_path / "people.csv").write_bytes("code,name\nP1,許蓋功\n".encode("big5"))
    files = ["--people", tmp_path / "people.csv", "--accept", "nobody-in-charge"]
    for tier in (1, 2, 3):
        files += [f"--tier{tier}", tmp_path / "grids.gpkg"]
    assert "say which with the layer's name" in run("load", "--site", "LAYERED", *files).err
    layers = ["--layer", "tier1=zones", "--layer", "tier2=clusters", "--layer", "tier3=cells"]
    ran = run("load", "--site", "LAYERED", *files, *layers, "--encoding", "people=big5")
    assert ran.status == 0, ran.err
    run("export", "people", tmp_path / "out.csv", "--site", "LAYERED")
    assert "許蓋功" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")


def test_the_store_says_where_it_is_and_what_it_holds_without_its_password(run: Run, store: Database) -> None:
    ran = run("store")
    assert ran.status == 0
    said = dict(line.split(maxsplit=1) for line in ran.out.splitlines() if len(line.split()) > 1)
    assert said["place"].startswith(f"database {store.engine.url.database} on ")
    assert said["version"].strip() == HEAD
    assert said["sites"].strip() == "4"
    assert said["issues"].strip() == "0"


def test_a_place_names_a_database_by_its_host_and_never_by_its_password() -> None:
    address = "postgresql+psycopg2://gridmap:secret@db.example:6543/estate"
    assert _place(Database(address)) == "database estate on db.example, port 6543"


def test_a_bar_knows_its_end_only_where_the_file_says_it(capfd: pytest.CaptureFixture[str]) -> None:
    for total in (None, 40):
        with progress_bar("storing", total) as advance:
            advance(20)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("module", COMMANDS)
def test_a_module_has_the_commands_that_it_is_imported_for(module: str) -> None:
    found: dict[str, Any] = get_command(app_of(COMMANDS[module][0])).commands  # type: ignore[attr-defined]
    assert tuple(found) == COMMANDS[module]
