"""Accounts from the command line: secrets alone on stdout, everything else in a line beside it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sqlalchemy import text

from gridmap.cli.screen import now
from gridmap.operations import accounts
from gridmap.settings import Settings
from gridmap.storage.database import Database
from tests.cli.conftest import Run
from tests.estate import Estate

SECRET = "a secret of forty characters or somewhat more"
COMMANDS = ("add", "key", "list", "link", "password", "close", "revoke")


@pytest.fixture(autouse=True)
def _with_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_SECRET", SECRET)


def comes_in(store: Database, name: str, password: str) -> bool:
    """Whether somebody can sign in by now."""
    with store.session() as session:
        return accounts.sign_in(session, SECRET.encode(), name, password, now()) is not None


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    ran = run("accounts", command, "--help")
    assert ran.status == 0
    assert f"\n  gridmap accounts {command}" in ran.out


def test_0_a_store_without_a_site_has_an_administrator_first(run: Run, store: Database) -> None:
    ran = run("accounts", "add", "li", "--role", "dispatcher")
    assert (ran.status, ran.out, ran.err) == (1, "", "gridmap: the store holds no site yet: gridmap load\n")
    ran = run("accounts", "add", "chief", "--role", "admin")
    assert ran.status == 0, ran.err
    assert ran.err == "chief may sign in as administrator; the password is shown this once:\n"
    assert comes_in(store, "chief", ran.out.removesuffix("\n"))


def test_1_somebody_of_a_grid_is_added_with_a_password_of_his_own(run: Run, store: Database, tmp_path: Path) -> None:
    assert run("load", Estate().write(tmp_path / "plan")).status == 0
    file = tmp_path / "li.txt"
    file.write_text("correct horse battery\r\nand more\n", encoding="utf-8-sig")
    ran = run("accounts", "add", "li", "--role", "grid_owner", "--grid", "Z1-C1-1", "--password-file", file)
    assert (ran.status, ran.out, ran.err) == (0, "", "li may sign in as grid owner\n")
    assert comes_in(store, "li", "correct horse battery")


def test_2_a_password_comes_from_stdin(run: Run, store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("another horse battery\n"))
    ran = run("accounts", "password", "li", "--password-file", "-")
    assert (ran.status, ran.out, ran.err) == (0, "", "li has another password\n")
    assert comes_in(store, "li", "another horse battery")
    made = run("accounts", "password", "li").out.strip()
    assert comes_in(store, "li", made)


def test_3_a_key_stands_alone_on_stdout_and_is_revoked_by_its_first_letters(run: Run, store: Database) -> None:
    ran = run("accounts", "key", "li", "--days", "30")
    key = ran.out.removesuffix("\n")
    assert accounts.TOKEN.fullmatch(key.removeprefix("gm_"))
    assert ran.err.startswith("a key of li, good for 30 days, shown this once; ")
    assert key not in ran.err
    with store.session() as session:
        assert accounts.viewer_of_key(session, SECRET.encode(), key, now()) is not None
    assert key[:8] in run("accounts", "list").out
    ran = run("accounts", "revoke", "li", key)
    assert ran.err == f"the key of li that begins with {key[:8]} has ended\n"
    assert key[:8] not in run("accounts", "list").out
    assert run("accounts", "revoke", "li", key).err.startswith("gridmap: li has no key that begins with gm_")


def test_4_a_link_signs_in_once(run: Run, store: Database) -> None:
    ran = run("accounts", "link", "li", "--minutes", "5")
    assert ran.err.startswith("signs li in once, within 5 minutes")
    token = ran.out.removesuffix("\n").removeprefix("/sign-in/link/")
    with store.session() as session:
        assert accounts.use_link(session, SECRET.encode(), token, now()) is not None


def test_5_a_list_shows_who_is_locked_and_who_is_closed_and_no_secret(run: Run, store: Database) -> None:
    for _ in range(5):
        assert not comes_in(store, "li", "wrong")
    assert run("accounts", "close", "chief").err == "chief is closed; its keys and sign-ins have ended\n"
    listed = run("accounts", "list")
    chief, li = listed.out.splitlines()[1:]
    assert chief.split()[:5] == ["chief", "admin", "yes", "closed", chief.split()[4]]
    assert li.split()[:7] == ["li", "grid_owner", "WJ", "Z1-C1-1", "yes", "locked", "until"]
    assert "argon2" not in listed.out


def test_6_a_name_that_is_taken_closed_or_unknown_is_a_line(run: Run) -> None:
    assert run("accounts", "add", "li", "--role", "admin").err == (
        "gridmap: there is an account li already: choose another name\n"
    )
    assert run("accounts", "key", "chief").err == "gridmap: account chief is closed: add one of another name\n"
    assert run("accounts", "link", "nobody").err == (
        "gridmap: there is no account nobody: gridmap accounts list lists them\n"
    )
    assert run("accounts", "add", "-x").status == 2
    assert run("accounts", "key", "li", "--days", "0").status == 2


def test_7_a_refused_account_leaves_nothing_behind(run: Run, store: Database, tmp_path: Path) -> None:
    file = tmp_path / "empty.txt"
    file.touch()
    ran = run("accounts", "add", "new", "--role", "admin", "--password-file", file)
    assert ran.err == f"gridmap: {file}: its first line is empty: write the password there\n"
    file.write_text("password1234")
    assert (
        "a word that everybody tries" in run("accounts", "add", "new", "--role", "admin", "--password-file", file).err
    )
    assert "king" in run("accounts", "add", "new", "--role", "king").err
    ran = run("accounts", "add", "new", "--role", "admin", "--password-file", tmp_path / "none")
    assert ran.err == f"gridmap: {tmp_path / 'none'}: No such file or directory\n"
    with store.engine.connect() as connection:
        assert connection.scalar(text("select count(*) from account where name = 'new'")) == 0


def test_8_a_database_of_ones_own_needs_a_secret_for_keys_and_links(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRIDMAP_SECRET")
    for command in ("key", "link"):
        ran = run("accounts", command, "li")
        assert (ran.status, ran.out) == (1, "")
        assert ran.err.startswith("gridmap: GRIDMAP_SECRET is not set, and with DATABASE_URL all processes must share")
    assert Settings.from_environment().secret is None
