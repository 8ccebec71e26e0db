"""Robots of work chats, through apprise, against a web server on loopback."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from gridmap.channels import workchat
from gridmap.channels.sending import Address, Delivered, Failed, Outcome
from gridmap.domain.letters import Letter
from gridmap.errors import InputError
from tests.channels.conftest import AT
from tests.receiving import Receiver

KINDS = ("wecombot", "dingtalk", "feishu")
Chat = Callable[..., Outcome]


@pytest.fixture
def chat(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """The robots' own addresses, moved to loopback: all else is apprise's."""
    for kind in KINDS:
        there = workchat._class_of(kind)
        moved = receiver.url + "/" + there.notify_url.split("/", 3)[3]
        monkeypatch.setattr(there, "notify_url", moved)

    def say(kind: str, letter: Letter, url: str | None = None) -> Outcome:
        return workchat.send(Address(kind, url or f"{kind}://T0KEN"), letter, AT)

    return say


def words(receiver: Receiver, kind: str) -> str:
    said = json.loads(receiver.requests[-1].body)
    return str(said["content"]["text"] if kind == "feishu" else said["text"]["content"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_robot_says_the_letter(chat: Chat, receiver: Receiver, letter: Letter, kind: str) -> None:
    assert chat(kind, letter) == Delivered()
    assert words(receiver, kind) == letter.text
    assert "T0KEN" in receiver.requests[0].path


def test_a_secret_of_dingtalk_signs(chat: Chat, receiver: Receiver, letter: Letter) -> None:
    assert chat("dingtalk", letter, "dingtalk://SECabc@T0KEN") == Delivered()
    asked = parse_qs(urlsplit(receiver.requests[0].path).query)
    assert set(asked) == {"access_token", "timestamp", "sign"}


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("wecombot", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=T0KEN"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=T0KEN"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/T0KEN"),
    ],
)
def test_the_address_that_a_chat_shows_is_understood(
    chat: Chat, receiver: Receiver, letter: Letter, kind: str, url: str
) -> None:
    assert chat(kind, letter, url) == Delivered()
    assert "T0KEN" in receiver.requests[0].path


@pytest.mark.parametrize(
    ("kind", "answer", "final"),
    [
        ("wecombot", {"errcode": 93000, "errmsg": "invalid webhook url"}, True),
        ("wecombot", {"errcode": 45009, "errmsg": "api freq out of limit"}, False),
        ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, True),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, False),
        ("feishu", {"code": 19001, "msg": "param invalid"}, True),
        ("feishu", {"code": 11232, "msg": "frequency limited"}, False),
    ],
)
def test_a_robot_that_says_no_with_a_200_has_not_taken_it(
    chat: Chat, receiver: Receiver, letter: Letter, kind: str, answer: dict[str, object], final: bool
) -> None:
    receiver.answer(200, body=json.dumps(answer).encode())
    code = answer.get("errcode", answer.get("code"))
    assert chat(kind, letter) == Failed(final, f"the robot said {code}")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"[" * 60_000, b'{"errcode": "x"}', b"\xff"])
def test_what_is_no_answer_of_a_robot_may_pass(chat: Chat, receiver: Receiver, letter: Letter, body: bytes) -> None:
    receiver.answer(200, body=body)
    assert chat("wecombot", letter) == Failed(False, "the robot's answer is no answer of a robot")


@pytest.mark.parametrize(("status", "final"), [(404, True), (429, False), (502, False), (302, False)])
def test_http_says_no_as_well(chat: Chat, receiver: Receiver, letter: Letter, status: int, final: bool) -> None:
    receiver.answer(status, Location="/elsewhere")
    assert chat("feishu", letter) == Failed(final, f"HTTP {status}")
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_of_a_letter_calls_everybody_or_makes_a_link(
    chat: Chat, receiver: Receiver, letter: Letter, kind: str
) -> None:
    hostile = '<at user_id="all">所有人</at> @all @所有人 <@all> [click](http://evil.example) **b** `c` # d'
    chat(kind, replace(letter, text=hostile))
    said = words(receiver, kind)
    assert not set(said) & set("<>@[]*`#")
    assert "所有人" in said
    assert "isAtAll" not in receiver.requests[0].body.decode() or b'"isAtAll": false' in receiver.requests[0].body


def test_a_letter_is_cut_to_what_a_robot_takes(chat: Chat, receiver: Receiver, letter: Letter) -> None:
    assert chat("wecombot", replace(letter, text="字" * 5_000)) == Delivered()
    said = words(receiver, "wecombot")
    assert len(said.encode()) <= 2_048
    assert said.endswith("字…")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outcome", [200, 500])
def test_no_token_is_written_to_any_log(
    chat: Chat, receiver: Receiver, letter: Letter, caplog: pytest.LogCaptureFixture, kind: str, outcome: int
) -> None:
    receiver.answer(outcome)
    with caplog.at_level(logging.DEBUG):
        chat(kind, letter)
        for name in ("apprise", "urllib3.connectionpool"):
            assert logging.getLogger(name).disabled
    assert "T0KEN" not in caplog.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", ["", "TOKEN", "https://evil.example/hook?key=1", "{kind}://", "{kind}://a b", "x://T"])
def test_what_is_no_address_of_a_robot_is_refused(kind: str, url: str) -> None:
    with pytest.raises(InputError, match=f"a {kind} address is like"):
        workchat.check_as(kind)(url.format(kind=kind))


def test_where_nobody_listens_it_may_pass_and_no_token_is_told(
    receiver: Receiver, letter: Letter, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workchat._class_of("feishu"), "notify_url", "http://127.0.0.1:1/{token}")
    assert chat("feishu", letter) == Failed(False, "no answer: ConnectionError")
