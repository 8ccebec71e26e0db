"""The robots of work chats (WeCom, DingTalk, Feishu) through apprise, which knows how each is spoken to."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from gridmap.channels.sending import WAIT_S, Address, Delivered, Failed, Outcome, by_status
from gridmap.domain.letters import Letter
from gridmap.errors import InputError

if TYPE_CHECKING:
    import requests

# No answer of a robot is longer.
LONGEST_ANSWER: Final = 64 * 1024
# Characters by which chats make links, mentions or markup of text, and what stands for them.
HARMLESS: Final = str.maketrans({
    "<": "＜", ">": "＞", "@": "＠", "[": "［", "]": "］", "`": "｀", "*": "＊", "#": "＃", "\\": "＼", "~": "～",
})  # fmt: skip


@dataclass(frozen=True)
class Robot:
    """A sort of robot: apprise's class for it, how its own address looks, and which answers are worth another try."""

    module: str
    name: str
    native: str  # how the address begins that the chat itself shows
    token: Callable[[str], str]  # where the token stands in it
    bytes: int  # what a message may weigh
    # A robot says no with HTTP 200 and a code: so many of them mean "not now".
    busy: tuple[int, ...]


def _last_part(url: str) -> str:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]


def _asked(name: str) -> Callable[[str], str]:
    return lambda url: parse_qs(urlsplit(url).query).get(name, [""])[0]


ROBOTS: Final[dict[str, Robot]] = {
    "wecombot": Robot(
        "apprise.plugins.wecombot", "NotifyWeComBot", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
        _asked("key"), 2_048, (-1, 45009, 45033),
    ),
    "dingtalk": Robot(
        "apprise.plugins.dingtalk", "NotifyDingTalk", "https://oapi.dingtalk.com/robot/send",
        _asked("access_token"), 19_000, (-1, 130101, 410100, 660026),
    ),
    "feishu": Robot(
        "apprise.plugins.feishu", "NotifyFeishu", "https://open.feishu.cn/open-apis/bot/v2/hook/",
        _last_part, 19_000, (9499, 11232, 11233),
    ),
}  # fmt: skip


def send(address: Address, letter: Letter, at: datetime) -> Outcome:  # noqa: ARG001 (apprise signs by the time it is)
    """Let a robot say a letter to its chat; no word of it mentions, links or formats anything."""
    robot = ROBOTS[address.kind]
    try:
        told = notifier(address.kind, address.url)
    except InputError as error:
        return Failed(True, str(error))
    with _listening(robot) as heard:
        sent = told.send(body=_cut(harmless(letter.text), robot.bytes), title="")
    if sent:
        return Delivered()
    return heard.outcome or Failed(False, "the robot was not reached")


def harmless(text: str) -> str:
    """Text that no chat takes for a mention of all, a link or markup."""
    return text.translate(HARMLESS)


def _cut(text: str, most: int) -> str:
    """So much of a text as fits in so many bytes of UTF-8."""
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "…"


# ---------------------------------------------------------------- apprise


def notifier(kind: str, url: str) -> Any:
    """Apprise's own object for an address, which follows no redirect and keeps nothing on disk."""
    robot = ROBOTS[kind]
    said = _parsed(kind, url)
    made = _class_of(kind)
    try:
        told = made(**said, asset=_asset(), cto=WAIT_S, rto=WAIT_S, redirect="no")
    except _improper() as error:
        raise InputError(f"a {kind} address is like {kind}://TOKEN, or begins with {robot.native}") from error
    told.redirects = False
    return told


def _parsed(kind: str, url: str) -> dict[str, str]:
    """The token and secret of an address, be it apprise's or the one that the chat shows."""
    robot = ROBOTS[kind]
    try:
        parts = urlsplit(url)
        user = parts.username
    except ValueError:
        parts, user = urlsplit(""), None
    token = parts.netloc.rpartition("@")[2] if parts.scheme == kind else ""
    if url.startswith(robot.native):
        token, user = robot.token(url), None
    if not token or not url.isascii() or not url.isprintable():
        raise InputError(f"a {kind} address is like {kind}://TOKEN, or begins with {robot.native}")
    name = "key" if kind == "wecombot" else "token"
    return {name: token, **({"secret": user} if user and kind == "dingtalk" else {})}


@cache
def _class_of(kind: str) -> Any:
    """Apprise's class, speaking through our `requests`: it reads the status alone, but robots say no in the body."""
    import requests

    # Their logs show addresses with their tokens, to whoever sets the level of all logs.
    logging.getLogger("apprise").disabled = True
    logging.getLogger("urllib3.connectionpool").disabled = True
    robot = ROBOTS[kind]
    module = import_module(robot.module)
    vars(module)["requests"] = SimpleNamespace(
        post=_post, codes=requests.codes, RequestException=requests.RequestException
    )
    return getattr(module, robot.name)


@cache
def _asset() -> Any:
    from apprise import AppriseAsset

    return AppriseAsset(storage_mode="memory", http_redirects=False, app_id="gridmap", app_desc="gridmap")


def _improper() -> type[Exception]:
    found: type[Exception] = import_module("apprise.exception").AppriseImproperlyConfigured
    return found


# ---------------------------------------------------------------- what a robot answers


@dataclass
class _Heard:
    robot: Robot
    outcome: Outcome | None = None


_HEARD: ContextVar[_Heard] = ContextVar("heard")


@contextmanager
def _listening(robot: Robot) -> Iterator[_Heard]:
    heard = _Heard(robot)
    mark = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(mark)


def _post(url: str, **said: Any) -> requests.Response:
    """What apprise calls to post: the answer is read to a bound, and a no in it is a failure."""
    import requests

    heard = _HEARD.get()
    try:
        with requests.post(url, stream=True, **said) as answer:  # noqa: S113 (apprise says the timeout)
            body = answer.raw.read(LONGEST_ANSWER, decode_content=True)
            heard.outcome = _meant(heard.robot, answer.status_code, body)
    except requests.Timeout:
        heard.outcome = Failed(False, "no answer: timed out")
        raise
    except (requests.RequestException, OSError, ValueError) as error:
        heard.outcome = Failed(False, f"no answer: {type(error).__name__}")
        raise requests.RequestException from None
    if isinstance(heard.outcome, Failed):
        raise requests.RequestException
    return answer


def _meant(robot: Robot, status: int, body: bytes) -> Outcome:
    """What an answer means: of HTTP, and of the code that stands in it."""
    outcome = by_status(status)
    if isinstance(outcome, Failed):
        return outcome
    try:
        said = json.loads(body)
        code = int(said.get("errcode", said.get("code", said.get("StatusCode", 0))))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Failed(False, "the robot's answer is no answer of a robot")
    return Delivered() if code == 0 else Failed(code not in robot.busy, f"the robot said {code}")


def check_as(kind: str) -> Callable[[str], None]:
    """The check of addresses of one sort of robot."""

    def check(url: str) -> None:
        notifier(kind, url)

    return check


def shown(_: str) -> str:
    """A robot's address is its secret."""
    return "…"
