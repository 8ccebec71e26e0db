"""Channels from the command line, and what the clock sends by them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from gridmap.channels.webhook import MARK
from gridmap.storage.database import Database
from tests.cli.conftest import Run
from tests.estate import Estate
from tests.receiving import receiving


@pytest.mark.parametrize("command", ["add", "list", "test", "close"])
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    ran = run("channels", command, "--help")
    assert ran.status == 0
    assert f"\n  gridmap channels {command}" in ran.out


def test_0_a_channel_is_of_a_site(run: Run, tmp_path: Path) -> None:
    ran = run("channels", "add", "desk", "--kind", "log")
    assert (ran.status, ran.out, ran.err) == (1, "", "gridmap: the store holds no site yet: gridmap load\n")
    assert run("load", Estate().write(tmp_path / "plan")).status == 0


def test_1_a_webhook_is_added_and_its_secret_alone_is_written_to_stdout(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hook.txt").write_text("https://example.com/in/t0ken\n")
    ran = run(
        "channels", "add", "hook", "--kind", "webhook", "--person", "TOM", "--address-file", tmp_path / "hook.txt"
    )
    assert ran.status == 0, ran.err
    assert ran.out.startswith(MARK)
    assert len(ran.out.splitlines()) == 1
    assert ran.err == (
        "messages of WJ leave by hook from now on: gridmap channels test hook tries it; "
        "what it is signed by is shown this once:\n"
    )


def test_2_an_address_may_come_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("wecombot://T0KEN\n"))
    ran = run("channels", "add", "chat", "--kind", "wecombot", "--role", "dispatcher", "--address-file", "-")
    assert (ran.status, ran.out) == (0, "")


def test_3_the_list_says_for_whom_and_what_became_of_it_but_no_secret(run: Run) -> None:
    said = run("channels", "list").out
    assert [line.split()[:6] for line in said.splitlines()[1:]] == [
        ["chat", "wecombot", "WJ", "dispatcher", "zh-Hans", "…"],
        ["hook", "webhook", "WJ", "TOM", "zh-Hans", "https://example.com/…"],
    ]
    assert "0KEN" not in said
    assert "t0ken" not in said


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("add", "chat", "--kind", "log"), "WJ has a channel chat: close it first, or name this one differently"),
        (("add", "x", "--kind", "webhook"), "a webhook's address is like https://example.com/hooks/7, in ASCII"),
        (("add", "x", "--kind", "log", "--person", "NOBODY"), "WJ has no person NOBODY: gridmap load brings people"),
        (("test", "x"), "WJ has no channel x: gridmap channels list shows them"),
        (("close", "x"), "WJ has no channel x: gridmap channels list shows them"),
    ],
)
def test_4_what_cannot_be_is_one_line(run: Run, words: tuple[str, ...], complaint: str) -> None:
    ran = run("channels", *words)
    assert (ran.status, ran.out, ran.err) == (1, "", f"gridmap: {complaint}\n")


def test_5_the_clock_sends_what_is_due_and_says_so(run: Run, store: Database, tmp_path: Path) -> None:
    assert run("channels", "close", "hook").status == 0
    with receiving() as receiver:
        (tmp_path / "hook.txt").write_text(f"{receiver.url}/in\n")
        run("channels", "add", "hook", "--kind", "webhook", "--person", "TOM", "--address-file", tmp_path / "hook.txt")
        assert run("channels", "test", "hook").out == "hook has taken it\n"
        with store.session() as session:
            session.execute(
                text(
                    "insert into message (site_id, kind, person_id, created_at, not_before) "
                    "select site_id, 'overdue_round', id, '2026-05-01Z', '2026-05-01Z' from person where code = 'TOM'"
                )
            )
        assert "messages: 1 sent, 0 to be tried again, 0 given up" in run("tick").out
        assert "messages" not in run("tick").out
    assert [json.loads(request.body)["type"] for request in receiver.requests] == ["test", "overdue_round"]


def test_5_what_goes_to_the_log_is_seen(run: Run) -> None:
    assert run("channels", "add", "log", "--kind", "log", "--language", "en").status == 0
    ran = run("channels", "test", "log")
    assert ran.out == "log has taken it\n"
    assert ran.err == "- This is a test of the channel log: messages of 望江花园 will come this way.\n"


def test_6_a_channel_that_does_not_take_the_test_says_why(run: Run, store: Database) -> None:
    ran = run("channels", "test", "hook")
    assert (ran.status, ran.err) == (1, "gridmap: hook did not take it: no answer: ConnectionRefusedError\n")
    assert run("channels", "close", "hook").status == 0
    assert run("channels", "list").out.count("hook") == 0
