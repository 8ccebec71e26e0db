"""Coming in and going out over HTTP: by page, JSON, link, token and key, and whatever is refused on the way."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import text

from api import sessions
from api.app import create_app
from api.sessions import ATTEMPTS_A_MINUTE, COOKIE, KEPT_S, RESIDENT_WRITES_A_MINUTE, Limits, Recent
from gridmap.domain.rights import RIGHTS, Viewer
from gridmap.errors import TooManyError
from gridmap.operations import accounts
from gridmap.settings import Settings
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from tests.conftest import fresh_store

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
SECRET = "a secret of forty characters or somewhat more"
PASSWORD = "correct horse battery"
RIGHT = {"name": "chief", "password": PASSWORD}
A_FILE = b'--b\r\nContent-Disposition: form-data; name="name"; filename="f"\r\n\r\nx\r\n--b--\r\n'
WRONG = {"name": "chief", "password": "wrong"}


@dataclass
class Clock:
    """A clock that is put forward by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Desk:
    """The service on a store, as seen from several addresses and by several workers."""

    database: Database
    settings: Settings
    clock: Clock = field(default_factory=Clock)
    stack: ExitStack = field(default_factory=ExitStack)

    def worker(self, **said: Any) -> FastAPI:
        """One more process of the service, with a route that changes something."""
        app = create_app(replace(self.settings, **said), self.clock, lambda _: self.database)

        @app.post("/write")
        def write(viewer: Annotated[Viewer, Depends(sessions.viewer_of_request)]) -> str:
            return viewer.name

        @app.post("/write-quickly")
        async def write_quickly(request: Request) -> str:
            viewer = sessions.known_viewer(request)
            return viewer.name if viewer else "not known"

        return app

    def client(self, app: FastAPI | None = None, *, address: str = "203.0.113.9", scheme: str = "http") -> TestClient:
        """A browser at an address, which follows no redirection by itself."""
        made = TestClient(
            app or self.worker(), base_url=f"{scheme}://gridmap.example", client=(address, 50_000),
            follow_redirects=False,
        )  # fmt: skip
        return self.stack.enter_context(made)

    def account(self, name: str, role: str = "admin", **said: Any) -> None:
        words: dict[str, Any] = {"site": None, "grid": None, "person": None, "password": PASSWORD, **said}
        with self.database.session() as session:
            accounts.add(session, name, role, **words, at=NOW)

    def link(self, name: str = "chief") -> str:
        with self.database.session() as session:
            token = accounts.one_time_link_token(session, SECRET.encode(), accounts.known(session, name), NOW)
        return f"/sign-in/link/{token}"

    def key(self, name: str = "chief") -> str:
        with self.database.session() as session:
            return accounts.new_key(session, accounts.known(session, name), SECRET.encode(), NOW)


@pytest.fixture(scope="module")
def store(cluster: Cluster, template: str) -> Iterator[Database]:
    """One store for all tests here: to clone one takes longer than they do."""
    with fresh_store(cluster, template) as database:
        yield database


@pytest.fixture
def desk(store: Database, tmp_path: Path) -> Iterator[Desk]:
    """The service with one account, chief."""
    with store.session() as session:
        for table in ("receipt", "sign_in", "api_key", "account"):
            session.execute(text(f"delete from {table}"))
    desk = Desk(store, Settings(home=tmp_path, secret=SECRET))
    desk.account("chief")
    with desk.stack:
        yield desk


@pytest.fixture
def client(desk: Desk) -> TestClient:
    return desk.client()


def by_bearer(word: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {word}"}


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["detail"]


# ---------------------------------------------------------------- the page


def test_the_page_runs_and_loads_nothing_that_is_not_ours(client: TestClient) -> None:
    first, second = client.get("/sign-in"), client.get("/sign-in")
    policy = first.headers["content-security-policy"]
    nonces = set(re.findall(r'nonce="([^"]+)"', first.text))
    assert set(re.findall(r"nonce-([^']+)'", policy)) == nonces
    assert len(nonces) == 1
    assert policy.startswith("default-src 'none'")
    assert "'unsafe" not in policy
    assert first.headers["cache-control"] == "no-store"
    assert first.text != second.text
    assert re.findall(r"""(?:https?:)?//[\w.-]+""", first.text) == []
    assert " style=" not in first.text


@pytest.mark.parametrize(
    ("asked", "accepted", "said"),
    [
        ("?lang=zh-Hans", "en", "登录"),
        ("?lang=zh-Hant", "en", "登入"),
        ("?lang=en", "zh-CN", "Sign in"),
        ("", "zh-TW,zh;q=0.9,en;q=0.8", "登入"),
        ("", "en-GB,en;q=0.9", "Sign in"),
        ("?lang=tlh", "zh-CN", "登录"),
    ],
)
def test_the_page_speaks_the_language_that_is_asked_for(
    client: TestClient, asked: str, accepted: str, said: str
) -> None:
    page = client.get(f"/sign-in{asked}", headers={"Accept-Language": accepted}).text
    assert f"<button>{said}</button>" in page


def test_the_right_form_goes_on_to_the_map(client: TestClient) -> None:
    answer = client.post("/sign-in", data=RIGHT)
    assert (answer.status_code, answer.headers["location"]) == (303, "/map")
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"gridmap_session=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax", cookie), cookie
    assert client.get("/me").json()["name"] == "chief"


def test_over_https_the_cookie_is_for_https_alone(desk: Desk) -> None:
    answer = desk.client(scheme="https").post("/sign-in", data=RIGHT)
    assert answer.headers["set-cookie"].endswith("; SameSite=lax; Secure")


def test_a_wrong_form_is_the_page_again_with_a_sentence(client: TestClient) -> None:
    name = '"><script>alert(1)</script>'
    answer = client.post("/sign-in?lang=zh-Hant", data={"name": name, "password": "wrong"})
    assert answer.status_code == 401
    assert '<p role="alert">帳號或密碼不正確，或帳號已暫時鎖定。</p>' in answer.text
    assert "<script" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_form_of_another_address_signs_nobody_in(client: TestClient) -> None:
    answer = client.post("/sign-in?lang=en", data=RIGHT, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "This was sent from another address" in answer.text
    assert "set-cookie" not in answer.headers


# ---------------------------------------------------------------- by JSON


def test_json_signs_in_too(client: TestClient) -> None:
    answer = client.post("/sign-in", json=RIGHT)
    assert (answer.status_code, answer.json()) == (200, {"name": "chief", "role": "admin"})
    assert client.get("/me").status_code == 200


def test_wrong_unknown_and_locked_are_one_answer(client: TestClient, desk: Desk) -> None:
    desk.account("closed")
    with desk.database.session() as session:
        accounts.close(session, accounts.known(session, "closed"), NOW)
    wrong = client.post("/sign-in", json=WRONG)
    assert problem(wrong)[0] == 401
    unknown = client.post("/sign-in", json={"name": "nobody", "password": PASSWORD})
    closed = client.post("/sign-in", json={"name": "closed", "password": PASSWORD})
    for _ in range(4):
        client.post("/sign-in", json=WRONG)
    locked = client.post("/sign-in", json=RIGHT)
    plain = {(answer.status_code, answer.text, str(answer.headers)) for answer in (wrong, unknown, closed, locked)}
    assert len(plain) == 1


def test_a_lock_holds_for_all_workers_and_ends_in_time(desk: Desk) -> None:
    one, other = desk.client(), desk.client()
    for _ in range(5):
        assert one.post("/sign-in", json=WRONG).status_code == 401
    assert other.post("/sign-in", json=RIGHT).status_code == 401
    desk.clock.now += timedelta(minutes=1)
    assert other.post("/sign-in", json=RIGHT).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"name": "chief"}', b'{"name": 1, "password": "x"}', b'{"name":"\\ud800"}',
     b'{"name": "", "password": ""}', b'{"name": "x", "password": "y", "z": 1}', b"[" * 100_000, b"\xff\xfe",
     b'{"name": "' + b"x" * 65 + b'", "password": "x"}'],
)  # fmt: skip
def test_a_body_that_says_nothing_is_refused_by_field(client: TestClient, body: bytes) -> None:
    answer = client.post("/sign-in", content=body, headers={"Content-Type": "application/json"})
    assert problem(answer)[0] == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/x-www-form-urlencoded", b"name=%00&password=%00", 401),
        ("application/x-www-form-urlencoded", b"name=%ed%a0%80&password=%ff", 401),
        ("application/x-www-form-urlencoded", b"", 401),
        ("application/x-www-form-urlencoded", b"&".join([b"name=x"] * 1000), 400),
        ("application/x-www-form-urlencoded", b"name=" + b"x" * 500_000, 401),
        ("multipart/form-data; boundary=b", b"no boundary", 400),
        ("multipart/form-data", b"", 400),
        ("multipart/form-data; boundary=b", A_FILE, 400),
        ("text/plain", b"chief", 422),
    ],
)  # fmt: skip
def test_a_form_that_says_nothing_is_no_fault_of_ours(client: TestClient, kind: str, body: bytes, status: int) -> None:
    assert client.post("/sign-in", content=body, headers={"Content-Type": kind}).status_code == status


@pytest.mark.parametrize("json", [{"name": "a\0", "password": PASSWORD}, {"name": "chief", "password": "\0" * 20}])
def test_what_no_account_can_be_called_is_wrong_like_the_rest(client: TestClient, json: dict[str, str]) -> None:
    assert problem(client.post("/sign-in", json=json))[0] == 401


# ---------------------------------------------------------------- how often


def test_an_address_tries_ten_times_a_minute_by_whatever_way(desk: Desk) -> None:
    app = desk.worker()
    client = desk.client(app)
    ways: list[Callable[[], Any]] = [
        lambda: client.post("/sign-in", json={"name": "nobody", "password": "wrong"}),
        lambda: client.post("/sign-in?lang=en", data={"name": "nobody", "password": "wrong"}),
        lambda: client.post("/token", data={"username": "nobody", "password": "wrong"}),
        lambda: client.post("/sign-in/link/nothing"),
    ]
    for number in range(ATTEMPTS_A_MINUTE):
        assert ways[number % len(ways)]().status_code == 401
    for way in ways:
        answer = way()
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "Too many attempts" in ways[1]().text
    assert client.post("/sign-in", json=RIGHT).status_code == 429
    other = TestClient(app, base_url="http://gridmap.example", client=("203.0.113.10", 1))
    assert other.post("/sign-in", json=RIGHT).status_code == 200


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.9", "203.0.113.9", True),
        ("203.0.113.9", "203.0.113.10", False),
        ("::1", "::2", True),
        ("somewhere", "elsewhere", False),
    ],
)
def test_a_household_is_one_address(one: str, other: str, same: bool) -> None:
    requests = [Request({"type": "http", "client": (each, 1)}) for each in (one, other)]
    assert (sessions.address_of(requests[0]) == sessions.address_of(requests[1])) == same
    assert sessions.address_of(Request({"type": "http", "client": None})) == "unknown"


def test_residents_write_thirty_times_a_minute_and_others_as_often_as_is_said() -> None:
    resident, desk = Viewer(1, "a", "resident"), Viewer(2, "b", "dispatcher")

    def heard(viewer: Viewer, allowed: int | None) -> int:
        limits, written = Limits(), 0
        with contextlib.suppress(TooManyError):
            while written < 100:
                limits.write(viewer, allowed)
                written += 1
        return written

    assert [heard(resident, each) for each in (None, 50, 5)] == [RESIDENT_WRITES_A_MINUTE, RESIDENT_WRITES_A_MINUTE, 5]
    assert [heard(desk, each) for each in (None, 50)] == [100, 50]


def test_a_request_is_counted_once_and_reading_is_not_counted(desk: Desk) -> None:
    client = desk.client(desk.worker(writes_a_minute=3))
    headers = by_bearer(desk.key())
    for _ in range(10):
        assert client.get("/me", headers=headers).status_code == 200
    said = [client.post(path, headers=headers).status_code for path in ("/write", "/write-quickly", "/write", "/write")]
    assert said == [200, 200, 200, 429]


# ---------------------------------------------------------------- links


def test_looking_at_a_link_uses_nothing_up_and_sending_its_form_does(desk: Desk, client: TestClient) -> None:
    link = desk.link()
    for _ in range(3):
        page = client.get(f"{link}?lang=zh-Hans")
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
    assert re.search(r'<form method="post" action="\?lang=zh-Hans">\s*<button>登录</button>', page.text)
    assert re.search(r'<script nonce="[\w-]+">document.forms\[0\].submit\(\);</script>', page.text)
    answer = client.post(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/map")
    assert client.get("/me").json()["name"] == "chief"
    again = desk.client().post(f"{link}?lang=en")
    assert again.status_code == 401
    assert "This link has been used, or has ended" in again.text


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "%ed%a0%80", "a" * 5000, "'"])
def test_a_link_that_was_never_given_is_refused(client: TestClient, token: str) -> None:
    assert client.post(f"/sign-in/link/{token}").status_code in (401, 404, 422)


# ---------------------------------------------------------------- tokens and keys


def test_a_token_is_got_as_oauth_has_it_and_lasts_a_quarter_of_an_hour(desk: Desk, client: TestClient) -> None:
    answer = client.post("/token", data={"username": "chief", "password": PASSWORD, "grant_type": "password"})
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    said = answer.json()
    assert (said["token_type"], said["expires_in"]) == ("bearer", 900)
    headers = by_bearer(said["access_token"])
    assert client.post("/write", headers=headers).json() == "chief"
    desk.clock.now += timedelta(minutes=15)
    assert desk.client().get("/me", headers=headers).status_code == 401
    assert problem(client.post("/token", data={"username": "chief", "password": "wrong"}))[0] == 401
    assert problem(client.post("/token", data={"username": "chief"}))[0] == 422


def test_a_token_is_no_cookie_and_a_cookie_no_token(client: TestClient) -> None:
    token = client.post("/token", data={"username": "chief", "password": PASSWORD}).json()["access_token"]
    client.post("/sign-in", json=RIGHT)
    cookie = client.cookies[COOKIE]
    client.cookies.clear()
    assert client.get("/me", headers={"Cookie": f"{COOKIE}={token}"}).status_code == 401
    assert client.get("/me", headers=by_bearer(cookie)).status_code == 401


def test_a_key_is_asked_for_nothing_else(desk: Desk, client: TestClient) -> None:
    key = desk.key()
    answer = client.post("/write", headers={"authorization": f"bearer  {key} "})
    assert (answer.status_code, answer.json()) == (200, "chief")
    assert client.post("/write", headers={**by_bearer(key), "Origin": "https://evil.example"}).status_code == 200


def test_a_key_that_was_just_good_is_looked_up_again_after_a_second() -> None:
    moment = 100.0
    recent, chief = Recent(lambda: moment), Viewer(1, "chief", "admin")
    recent.keep(("key", b"digest"), chief)
    assert recent.get(("token", b"digest")) is None
    moment += KEPT_S * 0.99
    assert recent.get(("key", b"digest")) == chief
    moment += KEPT_S * 0.01
    assert recent.get(("key", b"digest")) is None
    recent.keep(("key", b"digest"), chief)
    recent.forget()
    assert recent.get(("key", b"digest")) is None


def test_a_revoked_key_is_refused_as_soon_as_it_is_looked_up(desk: Desk, client: TestClient) -> None:
    key = desk.key()
    assert client.get("/me", headers=by_bearer(key)).status_code == 200
    with desk.database.session() as session:
        accounts.revoke(session, accounts.known(session, "chief"), key, NOW)
    client.app.state.office.limits.recent.forget()  # type: ignore[attr-defined]
    assert problem(client.get("/me", headers=by_bearer(key)))[0] == 401


def test_who_was_just_looked_up_is_known_without_waiting(desk: Desk, client: TestClient) -> None:
    headers = by_bearer(desk.key())
    assert client.post("/write-quickly", headers=headers).json() == "not known"
    assert client.post("/write", headers=headers).json() == "chief"
    assert client.post("/write-quickly", headers=headers).json() == "chief"
    assert client.post("/write-quickly").json() == "not known"


@pytest.mark.parametrize(
    "said",
    ["Bearer", "Bearer ", "Bearer gm_", "Bearer gm_" + "x" * 43, "Bearer " + "x" * 43, "Bearer é", "Basic Y2hpZWY6eA==",
     "gm_" + "x" * 43, "", "Bearer gm_" + "x" * 5000],
)  # fmt: skip
def test_a_header_that_is_no_key_lets_nobody_in_though_there_is_a_cookie(client: TestClient, said: str) -> None:
    client.post("/sign-in", json=RIGHT)
    assert client.get("/me").status_code == 200
    for path in ("/write", "/write-quickly"):
        answer = client.post(path, headers=[(b"authorization", said.encode("latin-1"))])
        assert answer.status_code == 401 or answer.json() == "not known"
    answer = client.get("/me", headers=[(b"authorization", said.encode("latin-1"))])
    assert problem(answer)[0] == 401
    assert answer.headers["www-authenticate"] == "Bearer"


# ---------------------------------------------------------------- where a change comes from


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"Origin": "http://gridmap.example"}, True),
        ({"Origin": "http://GRIDMAP.example:80"}, True),
        ({"Referer": "http://gridmap.example/map?x=1"}, True),
        ({}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "null", "Referer": "http://gridmap.example/"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://gridmap.example.evil.example"}, False),
        ({"Origin": "http://gridmap.example:8001"}, False),
        ({"Origin": "http://gridmap.example@evil.example"}, False),
        ({"Origin": "http://["}, False),
        ({"Referer": "https://evil.example/?http://gridmap.example"}, False),
    ],
)
def test_by_cookie_changes_come_from_pages_of_ours_alone(
    client: TestClient, headers: dict[str, str], taken: bool
) -> None:
    client.post("/sign-in", json=RIGHT)
    client.get("/me")
    for path in ("/write", "/write-quickly", "/sign-out"):
        answer = client.post(path, headers=headers)
        assert (answer.status_code < 300) == taken
        assert taken or answer.status_code == 403
    assert client.get("/me", headers=headers).status_code == (401 if taken else 200)


def test_a_change_from_elsewhere_is_refused_before_anybody_is_looked_up(client: TestClient) -> None:
    client.cookies.set(COOKIE, "x" * 43)
    assert client.post("/write").status_code == 403


# ---------------------------------------------------------------- going out, and who one is


def test_whoever_signs_out_is_out_though_the_cookie_is_kept(client: TestClient) -> None:
    client.post("/sign-in", json=RIGHT)
    cookie = client.cookies[COOKIE]
    assert client.get("/me").status_code == 200
    answer = client.post("/sign-out", headers={"Origin": "http://gridmap.example", "Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert COOKIE not in client.cookies
    assert client.get("/me", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 401


def test_a_token_is_ended_a_key_stays_and_nobody_is_out_already(desk: Desk, client: TestClient) -> None:
    token = client.post("/token", data={"username": "chief", "password": PASSWORD}).json()["access_token"]
    key = desk.key()
    for word, after in ((token, 401), (key, 200)):
        assert client.post("/sign-out", headers=by_bearer(word)).status_code == 204
        assert client.get("/me", headers=by_bearer(word)).status_code == after
    assert client.post("/sign-out").status_code == 204


def test_nobody_is_told_how_to_come_in(client: TestClient) -> None:
    assert problem(client.get("/me")) == (
        401, "nobody is signed in: sign in at /sign-in, or send Authorization: Bearer gm_…",
    )  # fmt: skip


def test_one_is_told_who_one_is_and_how_far_one_reaches(desk: Desk, client: TestClient) -> None:
    answer = client.get("/me", headers=by_bearer(desk.key()))
    assert answer.json() == {
        "name": "chief", "role": "admin", "site": None, "grids": None, "person": None,
        "rights": {right: reaches["admin"] for right, reaches in RIGHTS.items() if "admin" in reaches},
    }  # fmt: skip


def test_the_description_of_the_api_says_how_to_come_in(client: TestClient) -> None:
    described = client.app.openapi()  # type: ignore[attr-defined]
    schemes = described["components"]["securitySchemes"]
    assert schemes["password"]["flows"]["password"]["tokenUrl"] == "token"
    assert {name for way in described["paths"]["/me"]["get"]["security"] for name in way} == set(schemes)
    assert set(schemes) == {"key", "password", "cookie"}
