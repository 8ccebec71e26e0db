"""Issues over HTTP: reported once and answered after the commit, found again by what one looks for, page by page."""

from __future__ import annotations

import json
import select
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridmap.domain.lifecycle import ENDED
from gridmap.spatial.coordinates import from_wgs84
from tests.api.conftest import NOW, OTHER, Body, House, spot_beside
from tests.estate import spot

Bodies = Callable[..., Body]


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert (said["status"], said["type"].startswith("urn:gridmap:problem:")) == (status, True)
    return said


def fields(answer: Any) -> list[str]:
    return [each["field"] for each in problem(answer, 422)["errors"]]


@contextmanager
def listening(house: House) -> Iterator[Any]:
    """A connection that hears what is said on the channel."""
    url = house.database.engine.url.render_as_string(hide_password=False).replace("+psycopg2", "")
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        connection.cursor().execute("listen gridmap")
        yield connection
    finally:
        connection.close()


def heard(connection: Any, least: int) -> list[dict[str, Any]]:
    """What has been said: at least so much, waited for."""
    found: list[Any] = []
    while len(found) < least and select.select([connection], [], [], 10)[0]:
        connection.poll()
        found += [json.loads(notice.payload) for notice in connection.notifies]
        connection.notifies.clear()
    return found


# ---------------------------------------------------------------- one report


def test_a_report_is_answered_with_who_must_act_and_by_when(house: House, body: Bodies) -> None:
    answer = house.by("dispatcher").post("/issues?lang=en", json=body())
    assert answer.status_code == 201
    said = answer.json()
    assert list(said) == ["code", "status", "route", "handler", "deadlines", "call"]
    assert (said["handler"], said["call"]) == (None, None)
    assert said["status"] == "reported"
    assert [(each["duty"], each["person"]["code"]) for each in said["route"]["answers"]] == [
        ("owns", "P-Z1-C1-1"),
        ("repairs", "TOM"),
    ]
    assert said["deadlines"] == {
        "first_answer": (NOW + timedelta(minutes=15)).isoformat(),
        "on_site": (NOW + timedelta(minutes=45)).isoformat(),
        "resolved": (NOW + timedelta(hours=24)).isoformat(),
    }
    assert house.by("dispatcher").get(f"/issues/{said['code']}").json()["text"] == "it stands still"


def test_the_route_of_a_report_is_what_locate_says(house: House, body: Bodies) -> None:
    said = body(accuracy_m=30, extent_m=60, level="B1", kind="complaint")
    asked = {name: value for name, value in said.items() if name != "text"}
    dispatcher = house.by("dispatcher")
    for language in ("en", "zh-Hans", "zh-Hant"):
        route = dispatcher.post(f"/issues?lang={language}", json=said).json()["route"]
        assert route == dispatcher.get("/locate", params={**asked, "lang": language}).json()


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_a_position_is_taken_in_the_datum_it_is_said_to_be_in(house: House, body: Bodies, datum: str) -> None:
    lons, lats = from_wgs84([spot(2.5, 2.5)[0]], [spot(2.5, 2.5)[1]], datum)
    answer = house.by("dispatcher").post("/issues", json=body(lon=float(lons[0]), lat=float(lats[0]), datum=datum))
    assert answer.json()["route"]["grid"]["code"] == "Z2-C2-1"
    stored = house.by("dispatcher").get(f"/issues/{answer.json()['code']}").json()
    assert (stored["lon"], stored["lat"]) == pytest.approx(spot(2.5, 2.5), abs=1e-7)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"category": "nothing"}, ["category"]),
        ({"facility": "nothing"}, ["facility"]),
        ({"about": "nobody"}, ["about"]),
        ({"reported_at": "2026-05-02T08:00:00Z"}, ["reported_at"]),
        ({"reported_at": "2026-05-01T08:00:00"}, ["reported_at"]),
        ({"datum": "cgcs2000"}, ["datum"]),
        ({"kind": "wish"}, ["kind"]),
        ({"urgency": "whenever"}, ["urgency"]),
        ({"lon": 181, "lat": -91}, ["lon", "lat"]),
        ({"reporter": {"phone": "call me"}}, ["reporter.phone"]),
        ({"text": ""}, ["text"]),
        ({"text": "   "}, ["text"]),
        ({"extent_m": -1}, ["extent_m"]),
    ],
)
def test_what_is_wrong_with_a_report_is_named_and_nothing_is_stored(
    house: House, body: Bodies, change: Body, named: list[str]
) -> None:
    before = house.count()
    assert fields(house.by("dispatcher").post("/issues", json=body(**change))) == named
    assert house.count() == before


def test_residents_do_not_say_who_they_speak_for(house: House, body: Bodies) -> None:
    assert fields(house.by("resident").post("/issues", json=body(source="hotline"))) == ["source"]
    answer = house.by("dispatcher").post("/issues", json=body(source="hotline"))
    assert house.by("dispatcher").get(f"/issues/{answer.json()['code']}").json()["source"] == "hotline"


def test_a_reference_that_comes_twice_is_a_conflict_that_names_the_issue(house: House, body: Bodies) -> None:
    code = house.by("dispatcher").post("/issues", json=body(reference="R-1")).json()["code"]
    before = house.count()
    refused = house.by("dispatcher").post("/issues", json=body(reference="R-1"))
    assert code in problem(refused, 409)["detail"]
    assert house.count() == before


def test_a_resident_is_told_which_post_must_act_and_not_who_holds_it(house: House, body: Bodies) -> None:
    answer = house.by("resident").post("/issues", json=body())
    assert [each["role"] for each in answer.json()["route"]["answers"]] == ["grid_owner", "technician"]
    assert "name of" not in answer.text


# ---------------------------------------------------------------- once


def test_the_same_key_and_body_has_the_same_answer_and_one_issue(house: House, body: Bodies) -> None:
    before, headers = house.count(), {"Idempotency-Key": "once"}
    first, second = (house.by("dispatcher").post("/issues", json=body(), headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert house.count() == before + 1


def test_the_same_key_with_another_body_is_refused(house: House, body: Bodies) -> None:
    headers = {"Idempotency-Key": "other body"}
    assert house.by("dispatcher").post("/issues", json=body(), headers=headers).status_code == 201
    before = house.count()
    refused = house.by("dispatcher").post("/issues", json=body(text="another"), headers=headers)
    assert fields(refused) == ["Idempotency-Key"]
    assert house.count() == before


def test_the_same_key_of_somebody_else_is_another_key(house: House, body: Bodies) -> None:
    before, headers = house.count(), {"Idempotency-Key": "shared"}
    codes = {
        house.by(who).post("/issues", json=body(), headers=headers).json()["code"] for who in ("dispatcher", "admin")
    }
    assert len(codes) == 2
    assert house.count() == before + 2


def test_a_refused_report_does_not_use_its_key_up(house: House, body: Bodies) -> None:
    headers = {"Idempotency-Key": "second try"}
    assert house.by("dispatcher").post("/issues", json=body(category="nothing"), headers=headers).status_code == 422
    assert house.by("dispatcher").post("/issues", json=body(), headers=headers).status_code == 201


def test_the_same_key_from_many_at_the_same_moment_is_one_issue(house: House, body: Bodies) -> None:
    before, dispatcher, started = house.count(), house.by("dispatcher"), threading.Barrier(8)

    def post(_: int) -> Any:
        started.wait()
        return dispatcher.post("/issues", json=body(), headers={"Idempotency-Key": "at once"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert house.count() == before + 1
    assert (
        house.by("dispatcher").post("/issues", json=body(), headers={"Idempotency-Key": "at once"}).status_code == 201
    )


# ---------------------------------------------------------------- committed, then answered


@pytest.fixture
def failing_commit(house: House) -> Iterator[None]:
    """The store refuses at the commit, and not before, whatever says so."""
    house.sql("""
        create or replace function refuse_at_the_end() returns trigger language plpgsql as
        $$ begin raise exception 'not today'; end $$
    """)
    house.sql("""
        create constraint trigger at_the_end after insert on issue deferrable initially deferred
        for each row when (new.text = 'fail at the end') execute function refuse_at_the_end()
    """)
    yield
    house.sql("drop trigger at_the_end on issue")


@pytest.mark.usefixtures("failing_commit")
def test_a_commit_that_fails_is_not_answered_as_done(house: House, body: Bodies) -> None:
    before, headers = house.count(), {"Idempotency-Key": "fails"}
    with listening(house) as ear:
        answer = house.by("dispatcher").post("/issues", json=body(text="fail at the end"), headers=headers)
        assert problem(answer, 503)["type"] == "urn:gridmap:problem:store"
        assert answer.headers["retry-after"] == "2"
        assert house.count() == before
        house.report("heard", spot(0.5, 0.5))
        assert [said["code"] for said in heard(ear, 1)] == [house.issues["heard"]]
    assert house.count("receipt where key = 'fails'") == 0


@pytest.mark.usefixtures("failing_commit")
def test_those_who_came_with_a_report_that_fails_are_not_undone_with_it(house: House, body: Bodies) -> None:
    before, dispatcher = house.count(), house.by("dispatcher")
    texts = ["fail at the end" if number % 5 == 0 else f"number {number}" for number in range(40)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda said: dispatcher.post("/issues", json=body(text=said)), texts))
    assert [answer.status_code for answer in answers] == [503 if said == "fail at the end" else 201 for said in texts]
    assert house.count() == before + 32


def test_who_listens_is_told_the_kind_and_the_code_after_the_commit(house: House) -> None:
    with listening(house) as ear:
        code = house.report("told", spot(0.5, 0.5))
        assert heard(ear, 1) == [{"kind": "issue", "code": code}]
        cursor = ear.cursor()
        cursor.execute("select status from issue where code = %s", [code])
        assert cursor.fetchall() == [("reported",)]


def test_many_at_once_each_have_their_own_answer(house: House, body: Bodies) -> None:
    before, dispatcher = (
        {table: house.count(table) for table in ("issue", "issue_event", "reporter")},
        house.by("dispatcher"),
    )
    # Some of them are wrong: each is told so, and none of the others is held up.
    places = [(number % 4 + 0.5, number // 4 % 4 + 0.5) for number in range(64)]

    def post(number: int) -> Any:
        lon, lat = spot(*places[number])
        wrong = {"category": "nothing"} if number % 8 == 7 else {}
        return dispatcher.post("/issues", json=body(lon=lon, lat=lat, text=f"number {number}", **wrong))

    with listening(house) as ear, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(post, range(64)))
        told = heard(ear, 56)
    assert [answer.status_code for answer in answers] == [422 if number % 8 == 7 else 201 for number in range(64)]
    codes = [answer.json().get("code") for answer in answers]
    for number in (0, 1, 13, 50):
        stored = dispatcher.get(f"/issues/{codes[number]}").json()
        assert stored["text"] == f"number {number}"
        assert stored["grid"] == answers[number].json()["route"]["grid"]["code"]
    assert len(set(codes) - {None}) == 56
    assert sorted(said["code"] for said in told) == sorted(code for code in codes if code)
    assert {table: house.count(table) - before[table] for table in before} == dict.fromkeys(before, 56)


# ---------------------------------------------------------------- the list


@pytest.fixture(scope="module")
def many(house: House) -> House:
    """Issues of several places, kinds and statuses, many of which were reported at the same moment."""
    for number in range(60):
        column, row = number % 4 + 0.5, number // 4 % 4 + 0.5
        moment = NOW - timedelta(hours=number // 20)
        house.report(
            f"many {number}", spot(column, row), category=("lift", "noise", "litter")[number % 3],
            reported_at=moment.isoformat(), source="many",
        )  # fmt: skip
    house.report("beside", spot_beside(0.5, 0.5), by="stranger", category="lift")
    house.sql("update issue set status = 'closed', closed_at = reported_at where source = 'many' and id % 4 = 0")
    house.sql("update issue set status = 'accepted' where source = 'many' and id % 4 = 1")
    return house


def all_pages(house: House, by: str, limit: int, query: str = "") -> list[dict[str, Any]]:
    """All issues that are found, page by page."""
    found: list[dict[str, Any]] = []
    path = f"/issues?limit={limit}{query}"
    while True:
        answer = house.by(by).get(path)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        rows = said["issues"]
        assert len(rows) == limit or said["next"] is None
        found += rows
        if said["next"] is None:
            assert "link" not in answer.headers
            return found
        link, _, rel = answer.headers["link"].partition("; ")
        assert rel == 'rel="next"'
        following = urlsplit(link.strip("<>"))
        path = f"{following.path}?{following.query}"


@settings(max_examples=10)
@given(limit=st.integers(min_value=2, max_value=70))
@example(limit=1)
def test_pages_of_any_size_hold_every_issue_once_and_the_newest_first(many: House, limit: int) -> None:
    whole = many.by("dispatcher").get("/issues?limit=1000").json()
    assert whole["next"] is None
    codes = [row["code"] for row in all_pages(many, "dispatcher", limit)]
    assert codes == [row["code"] for row in whole["issues"]]
    assert len(set(codes)) == len(codes)
    moments = [(row["reported_at"], int(row["code"].rpartition("-")[2])) for row in whole["issues"]]
    assert moments == sorted(moments, reverse=True)


def test_what_comes_in_between_two_pages_neither_shifts_nor_repeats_them(many: House) -> None:
    first = many.by("dispatcher").get("/issues?limit=10").json()
    many.report("in between", spot(0.5, 0.5))
    second = many.by("dispatcher").get(f"/issues?limit=10&after={first['next']}").json()
    codes = [row["code"] for page in (first, second) for row in page["issues"]]
    assert len(set(codes)) == 20
    assert many.issues["in between"] not in codes


EARLY = (NOW - timedelta(hours=1)).isoformat().replace("+", "%2B")
WEST, SOUTH = spot(0, 0)
EAST, NORTH = spot(2, 1)


def within(row: dict[str, Any]) -> bool:
    return bool(WEST <= row["lon"] <= EAST and SOUTH <= row["lat"] <= NORTH)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("grid=Z1-C1-1", lambda row: row["grid"] == "Z1-C1-1"),
        ("grid=Z1-C1", lambda row: row["grid"] == "Z1-C1"),
        ("under=Z1-C1", lambda row: (row["grid"] or "").startswith("Z1-C1")),
        ("under=Z2", lambda row: (row["grid"] or "").startswith("Z2")),
        ("under=nothing", lambda row: row["grid"] == "nothing"),
        ("status=closed", lambda row: row["status"] == "closed"),
        ("status=closed&status=accepted", lambda row: row["status"] in ("closed", "accepted")),
        ("category=noise", lambda row: row["category"] == "noise"),
        ("owner=P-Z1-C1-1", lambda row: (row["owner"]["person"] or {}).get("code") == "P-Z1-C1-1"),
        (f"since={EARLY}", lambda row: datetime.fromisoformat(row["reported_at"]) >= NOW - timedelta(hours=1)),
        (f"until={EARLY}", lambda row: datetime.fromisoformat(row["reported_at"]) < NOW - timedelta(hours=1)),
        (f"bbox={WEST},{SOUTH},{EAST},{NORTH}", within),
        ("open=true", lambda row: row["status"] not in ENDED),
        (f"open=true&category=lift&under=Z1&since={EARLY}&limit=1000&bbox={WEST},{SOUTH},{EAST},{NORTH}",
         lambda row: row["status"] not in ENDED and row["category"] == "lift" and within(row)
         and row["reported_at"] >= "2026-05-01T07"),
    ],
)  # fmt: skip
def test_a_filter_finds_what_it_says_and_all_of_it(many: House, query: str, wanted: Callable[[Any], bool]) -> None:
    rows = many.by("dispatcher").get("/issues?limit=1000").json()["issues"]
    expected = [row["code"] for row in rows if wanted(row)]
    found = many.by("dispatcher").get(f"/issues?limit=1000&{query}").json()["issues"]
    assert [row["code"] for row in found] == expected
    assert [row["code"] for row in all_pages(many, "dispatcher", 7, f"&{query.replace('limit=1000&', '')}")] == expected


def test_geojson_is_the_same_issues_as_features(many: House) -> None:
    plain = many.by("dispatcher").get("/issues?limit=30").json()
    answer = many.by("dispatcher").get("/issues?limit=30&format=geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    said = answer.json()
    assert (said["type"], said["next"]) == ("FeatureCollection", plain["next"])
    for feature, row in zip(said["features"], plain["issues"], strict=True):
        lon, lat = row.pop("lon"), row.pop("lat")
        assert (feature["type"], feature["id"], feature["geometry"]["type"]) == ("Feature", row["code"], "Point")
        assert feature["geometry"]["coordinates"] == pytest.approx([lon, lat], abs=1e-8)
        assert feature["properties"] == row


def test_an_empty_list_is_a_list(many: House) -> None:
    assert many.by("strange_resident").get("/issues").json() == {"issues": [], "next": None}
    said = many.by("strange_resident").get("/issues?format=geojson").json()
    assert said == {"type": "FeatureCollection", "features": [], "next": None}


def test_what_is_late_is_told_by_the_clock(many: House) -> None:
    code = many.issues["many 3"]
    assert many.by("dispatcher").get(f"/issues/{code}").json()["overdue"] is False
    many.clock.now = NOW + timedelta(days=2)
    try:
        rows = many.by("dispatcher").get("/issues?limit=1000").json()["issues"]
        for row in rows:
            due = row["due_at"] and datetime.fromisoformat(row["due_at"]) < many.clock.now
            assert bool(row["overdue"]) == bool(due and row["status"] not in ENDED)
        assert {row["overdue"] for row in rows} >= {True, False}
    finally:
        many.clock.now = NOW


# ---------------------------------------------------------------- two sites


def test_an_administrator_of_all_sees_both_sites_or_the_one_he_names(many: House) -> None:
    admin = many.by("admin")
    both = {row["site"] for row in admin.get("/issues?limit=1000").json()["issues"]}
    assert both == {"WJ", OTHER}
    for site in both:
        rows = admin.get(f"/issues?limit=1000&site={site}").json()["issues"]
        assert {row["site"] for row in rows} == {site}
    # The codes of grids are the same in both.
    assert {row["site"] for row in admin.get("/issues?grid=Z1-C1-1&limit=1000").json()["issues"]} == both
    assert [row["site"] for row in admin.get(f"/issues?grid=Z1-C1-1&site={OTHER}").json()["issues"]] == [OTHER]
    problem(admin.get("/issues?site=NOWHERE"), 404)


def test_pages_of_both_sites_hold_every_issue_once(many: House) -> None:
    whole = [row["code"] for row in many.by("admin").get("/issues?limit=1000").json()["issues"]]
    assert [row["code"] for row in all_pages(many, "admin", 7)] == whole
    assert many.issues["beside"] in whole


def test_an_administrators_report_is_taken_by_the_site_it_lies_in(house: House, body: Bodies) -> None:
    lon, lat = spot_beside(0.5, 0.5)
    answer = house.by("admin").post("/issues", json=body(lon=lon, lat=lat))
    assert answer.json()["route"]["site"] == OTHER
    named = house.by("admin").post("/issues", json=body(site="WJ"))
    assert named.json()["route"]["site"] == "WJ"


def test_a_site_that_is_not_there_is_named(house: House, body: Bodies) -> None:
    before = house.count()
    assert fields(house.by("admin").post("/issues", json=body(site="NOWHERE"))) == ["site"]
    problem(house.by("dispatcher").post("/issues", json=body(site=OTHER)), 404)
    assert house.count() == before


def test_a_report_beside_a_site_is_not_taken_to_the_other(house: House, body: Bodies) -> None:
    """Whoever is of a site reports to it, wherever he stands."""
    lon, lat = spot_beside(0.5, 0.5)
    route = house.by("dispatcher").post("/issues", json=body(lon=lon, lat=lat)).json()["route"]
    assert (route["site"], route["position"]) == ("WJ", "outside")


@pytest.mark.parametrize(
    "after",
    ["x", "eA", "MjAyNi0wNS0wMVQwODowMDowMCswMDowMHwx=", "MjAyNi0wNS0wMVQwODowMDowMHwx",
     "MjAyNi0wNS0wMVQwODowMDowMCswMDowMDozMC41MDAwMDB8MQ", "MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OXwx",
     "OTk5OS0xMi0zMVQyMzo1OTo1OS0yMzo1OXwx", "é", "%20", "a" * 201],
)  # fmt: skip
def test_a_mark_that_is_none_of_ours_is_named(house: House, after: str) -> None:
    assert fields(house.by("dispatcher").get(f"/issues?after={after}")) == ["after"]
