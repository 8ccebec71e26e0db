"""Webhooks against a web server on loopback."""

import base64
import hashlib
import hmac
import json
import socket
from datetime import timedelta

import pytest

from gridmap.channels import webhook
from gridmap.channels.sending import Address, Delivered, Failed
from gridmap.domain.letters import Letter
from gridmap.errors import InputError
from tests.channels.conftest import AT, UID
from tests.receiving import Receiver


def sent(receiver: Receiver, letter: Letter, secret: str | None = None) -> object:
    return webhook.send(Address("webhook", f"{receiver.url}/hooks/7", secret), letter, AT)


def test_a_letter_arrives_as_json_with_its_id(receiver: Receiver, letter: Letter) -> None:
    assert sent(receiver, letter) == Delivered()
    came = receiver.requests[0]
    said = json.loads(came.body)
    assert came.path == "/hooks/7"
    assert came.headers["Content-Type"] == "application/json; charset=utf-8"
    assert came.headers["Webhook-Id"] == said["id"] == str(UID)
    assert said["data"] == {
        "site": "WJ", "issue": "WJ-7", "category": "lift", "grid": "Z1-C1-1", "stamp": "on_site", "person": "LI",
        "due_at": AT.isoformat(),
    }  # fmt: skip
    assert said["subject"] == "望江花园 · WJ-7：到场已超时，时限为 2026-05-01 16:00（电梯）"


@pytest.mark.parametrize("secret", ["whsec_" + base64.b64encode(b"k" * 32).decode(), "a plain secret"])
def test_who_knows_the_secret_can_tell_that_nobody_else_wrote_it(
    receiver: Receiver, letter: Letter, secret: str
) -> None:
    sent(receiver, letter, secret)
    came = receiver.requests[0]
    key = b"k" * 32 if secret.startswith("whsec_") else secret.encode()
    signed = f"{UID}.{int(AT.timestamp())}.".encode() + came.body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert came.headers["Webhook-Signature"] == f"v1,{wanted}"
    assert came.headers["Webhook-Timestamp"] == str(int(AT.timestamp()))


def test_the_second_attempt_has_the_same_id_and_another_moment(receiver: Receiver, letter: Letter) -> None:
    address = Address("webhook", receiver.url, webhook.new_secret())
    for later in (timedelta(0), timedelta(hours=1)):
        webhook.send(address, letter, AT + later)
    first, second = receiver.requests
    assert first.headers["Webhook-Id"] == second.headers["Webhook-Id"]
    assert first.body == second.body
    assert int(second.headers["Webhook-Timestamp"]) - int(first.headers["Webhook-Timestamp"]) == 3600


@pytest.mark.parametrize(
    ("status", "final"),
    [(400, True), (401, True), (404, True), (410, True), (408, False), (429, False), (500, False), (503, False)],
)
def test_what_is_refused_for_good_is_told_from_what_may_pass(
    receiver: Receiver, letter: Letter, status: int, final: bool
) -> None:
    receiver.answer(status)
    assert sent(receiver, letter) == Failed(final, f"HTTP {status}")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_answer_of_success_is_delivered(receiver: Receiver, letter: Letter, status: int) -> None:
    receiver.answer(status, body=b"")
    assert sent(receiver, letter) == Delivered()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_letter_does_not_follow_to_another_address(receiver: Receiver, letter: Letter, status: int) -> None:
    receiver.answer(status, Location=f"{receiver.url}/elsewhere")
    assert sent(receiver, letter) == Failed(False, f"HTTP {status}")
    assert [request.path for request in receiver.requests] == ["/hooks/7"]


def test_an_answer_without_end_is_not_read(receiver: Receiver, letter: Letter) -> None:
    receiver.answer(200, body=b"x" * 5_000_000)
    assert sent(receiver, letter) == Delivered()


def test_where_nobody_listens_it_may_pass_and_no_address_is_told(letter: Letter) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/token-7"
        outcome = webhook.send(Address("webhook", url), letter, AT)
    assert outcome == Failed(False, "no answer: ConnectionRefusedError")


def test_who_does_not_answer_in_time_may_answer_later(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "WAIT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert webhook.send(Address("webhook", url), letter, AT) == Failed(False, "no answer: timed out")


def test_who_answers_nonsense_is_a_failure_like_any_other(letter: Letter) -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as strange:

        def answer() -> None:
            taken, _ = strange.accept()
            taken.recv(65536)
            taken.sendall(b"\x00\xff\r\n\r\n")
            taken.close()

        thread = threading.Thread(target=answer)
        thread.start()
        outcome = webhook.send(Address("webhook", f"http://127.0.0.1:{strange.getsockname()[1]}"), letter, AT)
        thread.join()
    assert isinstance(outcome, Failed)
    assert not outcome.final


@pytest.mark.parametrize(
    "url",
    ["", "ftp://example.com", "file:///etc/passwd", "http://", "https://user:word@example.com/", "http://exa mple.com",
     "https://例.com", "http://example.com:99999", "http://example.com/\r\nX: y", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="webhook's address"):
        webhook.check(url)


def test_an_address_shows_neither_itself_nor_its_token() -> None:
    address = Address("webhook", "https://example.com/hooks/s3cret", "whsec_s3cret")
    assert "s3cret" not in repr(address)
    assert webhook.shown(address.url) == "https://example.com/…"
