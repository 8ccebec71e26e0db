"""What nobody should send: refused in words that name the field, never a fault of ours, and nothing is stored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.engine import from_schema

from api.gate import LARGER, MEGABYTE
from api.sessions import Limits
from tests.api.conftest import ROLES, House
from tests.estate import spot

TABLES = ("issue", "issue_event", "reporter", "receipt", "decision")
LON, LAT = spot(0.5, 0.5)
SOUND = {"lon": LON, "lat": LAT}
BOTH = ("/issues", "/issues/batch")


@pytest.fixture
def untouched(house: House) -> Iterator[House]:
    """The service, which must hold as much at the end as at the beginning."""
    app_of(house).state.office.limits = Limits()
    before = {table: house.count(table) for table in TABLES}
    yield house
    assert {table: house.count(table) for table in TABLES} == before


def app_of(house: House) -> FastAPI:
    app = house.client.app
    assert isinstance(app, FastAPI)
    return app


def refused(answer: Any, *statuses: int) -> list[str]:
    """The fields a refusal names."""
    assert answer.status_code in (statuses or (422,)), f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == answer.status_code
    assert said["detail"]
    return [each["field"] for each in said.get("errors", ())]


def post(house: House, body: bytes, path: str = "/issues", **headers: str) -> Any:
    return house.by("dispatcher").post(path, content=body, headers={"Content-Type": "application/json", **headers})


def with_field(name: str, raw: str) -> bytes:
    """A sound report but for one field, which is written as it is."""
    rest = "".join(f', "{key}": {value}' for key, value in SOUND.items() if key != name)
    return f'{{"{name}": {raw}{rest}}}'.encode()


# ---------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("lon", "NaN"), ("lat", "Infinity"), ("lon", "-Infinity"), ("lon", "1e400"), ("lat", "-1e400"),
        ("lon", "1" + "0" * 400), ("lon", "180.0000001"), ("lat", "-91"), ("lon", "true"), ("lat", "null"),
        ("lon", f'"{LON}"'), ("lon", "[121.5]"), ("lon", "{}"), ("accuracy_m", "NaN"), ("accuracy_m", "-0.1"),
        ("accuracy_m", "true"), ("extent_m", '"5"'), ("extent_m", "1e308"),
        ("text", r'"a\u0000b"'), ("text", "5"), ("text", '"' + "x" * 2_001 + '"'), ("text", "[]"), ("text", "false"),
        ("category", r'"\u0000"'), ("category", '""'), ("category", '"' + "x" * 65 + '"'), ("category", r'"a\nb"'),
        ("category", "null"), ("level", r'"\u202e"'), ("facility", r'"\u0085"'), ("about", "0"),
        ("source", r'"\u001b[31m"'), ("source", '""'), ("reference", '"' + "x" * 201 + '"'),
        ("reported_at", "1777622400"), ("reported_at", '"1777622400"'), ("reported_at", '"yesterday"'),
        ("reported_at", '"2026-05-01T08:00:00"'), ("reported_at", '"0001-01-01T00:00:00+23:59"'),
        ("reported_at", '"9999-12-31T23:59:59-23:59"'), ("reported_at", '"2026-02-30T00:00:00Z"'),
        ("kind", '"REPAIR"'), ("kind", "[]"), ("urgency", '"' + "x" * 100_000 + '"'), ("datum", "4326"),
        ("datum", '"GCJ02"'), ("site", '"' + "x" * 65 + '"'), ("reporter", '"Li"'), ("reporter", "[]"),
        ("role", '"admin"'), ("account_id", "1"), ("status", '"closed"'), ("code", '"WJ-000001"'), ("", "1"),
        ("__class__", "{}"), ("lon ", "1"),
    ],
)  # fmt: skip
def test_a_field_that_is_not_what_it_must_be_is_named(untouched: House, name: str, raw: str) -> None:
    assert refused(post(untouched, with_field(name, raw))) == [name or "body"]
    told = post(untouched, b'{"issues": [' + with_field(name, raw) + b"]}", "/issues/batch").json()
    if "results" in told:
        assert [each["field"] for each in told["results"][0]["errors"]] == [name or "body"]
        assert (told["stored"], told["rejected"]) == (0, 1)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ('{"name": 5}', "reporter.name"), ('{"name": "a\\u0007"}', "reporter.name"),
        ('{"phone": "+"}', "reporter.phone"),
        ('{"phone": "138\\n00000000"}', "reporter.phone"), ('{"phone": "' + "1" * 40 + '"}', "reporter.phone"),
        ('{"mail": "a@b"}', "reporter.mail"), ('{"name": "a", "name": "b"}', "name"),
    ],
)  # fmt: skip
def test_a_field_within_a_field_is_named_by_both(untouched: House, raw: str, named: str) -> None:
    assert refused(post(untouched, with_field("reporter", raw))) == [named]


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"null", b"true", b"5", b'"text"', b"[]", b"[{}]", b"{", b"}", b"{]", b"{'lon': 1}", b'{"lon": 1,}',
        b'{"lon" 1}', b"\xff\xfe", b'{"text": "\xff"}', b'{"text": "\xed\xa0\x80"}', b'{"text": "\\ud800"}',
        b'{"text": "\\udc00\\ud800"}', b"\xef\xbb\xbf{}", '{"lon": 1}'.encode("utf-16"), b"\x00", b'{"a": "\x00"}',
        b"[" * 100_000, b'{"lon":' * 100_000, b'{"lon":' + b"[" * 5_000 + b"]" * 5_000 + b"}", b"lon=1&lat=2",
        b'{"lon": 01}', b'{"lon": .5}', b'{"lon": +1}', b'{"lon": 0x10}', b"/* */{}", b'{"lon": 1}{"lon": 2}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_such_object_is_refused(untouched: House, path: str, body: bytes) -> None:
    assert refused(post(untouched, body, path))


@pytest.mark.parametrize("said", ["lon", "text", "reporter"])
def test_a_field_that_is_said_twice_is_named(untouched: House, said: str) -> None:
    values = {"lon": "121.5", "text": '"a"', "reporter": '{"name": "a"}'}
    twice = f'{{"lat": {LAT}, "lon": {LON}, "{said}": {values[said]}, "{said}": {values[said]}}}'
    assert refused(post(untouched, twice.encode())) == [said]
    assert refused(post(untouched, f'{{"issues": [{twice}]}}'.encode(), "/issues/batch")) == [said]
    assert refused(post(untouched, b'{"issues": [], "issues": [{}]}', "/issues/batch")) == ["issues"]


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    "kind", ["text/plain", "", "application/xml", "multipart/form-data; boundary=x", "application/jsonp", "json",
             "application/x-www-form-urlencoded", "application/json-seq"],
)  # fmt: skip
def test_a_body_of_another_type_is_refused_by_the_header_that_says_so(untouched: House, path: str, kind: str) -> None:
    answer = untouched.by("dispatcher").post(path, content=json.dumps(SOUND), headers={"Content-Type": kind})
    assert refused(answer) == ["Content-Type"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/geo+json"])
def test_json_is_json_under_whatever_name_it_has(house: House, kind: str) -> None:
    answer = house.by("dispatcher").post("/issues", content=json.dumps(SOUND), headers={"Content-Type": kind})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("issues", "named"),
    [("[]", "issues"), ("{}", "issues"), ("null", "issues"), ("[" + "{}," * 5_000 + "{}]", "issues")],
)
def test_a_batch_of_none_or_too_many_is_refused(untouched: House, issues: str, named: str) -> None:
    assert refused(post(untouched, f'{{"issues": {issues}}}'.encode(), "/issues/batch")) == [named]


# ---------------------------------------------------------------- size


def chunks(size: int) -> Iterator[bytes]:
    yield b'{"text": "'
    for _ in range(size // 50_000):
        yield b"x" * 50_000
    yield b'"}'


@pytest.mark.parametrize("path", ["/issues", "/sign-in", "/token", "/sign-in/link/x", "/sign-out", "/issues/batch"])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(untouched: House, path: str) -> None:
    limit = LARGER.get(path, MEGABYTE)
    for size in (limit + 1, 10**15, 10**4_999):
        headers = {"Content-Type": "application/json", "Content-Length": str(size) if size < 10**20 else "9" * 5_000}
        refused(untouched.by("dispatcher").post(path, content=b"{}", headers=headers), 413)


@pytest.mark.parametrize("length", ["-1", "abc", "1e9", "", " ", "٣", "0x10"])
def test_a_length_that_is_no_number_is_refused(untouched: House, length: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", length.encode())]
    answer = untouched.by("dispatcher").client.post("/issues", content=b"{}", headers=headers)  # type: ignore[arg-type]
    refused(answer, 400, 413)


@pytest.mark.parametrize(("path", "kind"), [
    ("/issues", "application/json"), ("/sign-in", "application/json"),
    ("/sign-in", "application/x-www-form-urlencoded"), ("/token", "application/x-www-form-urlencoded"),
])  # fmt: skip
def test_a_body_that_goes_on_for_too_long_is_not_read_to_its_end(untouched: House, path: str, kind: str) -> None:
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for chunk in chunks(40 * MEGABYTE):
            taken += len(chunk)
            yield chunk

    refused(untouched.by("dispatcher").post(path, content=counted(), headers={"Content-Type": kind}), 413, 400)


# ---------------------------------------------------------------- queries, paths and headers


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"), ("limit=-1", "limit"), ("limit=1001", "limit"), ("limit=1e3", "limit"),
        ("limit=1.5", "limit"), ("limit=true", "limit"), ("limit=", "limit"), ("limit=" + "9" * 5_000, "limit"),
        ("limit=NaN", "limit"), ("limit=0x10", "limit"), ("after=" + "9" * 150, "after"), ("after=", "after"),
        ("after=" + "9" * 5_000, "after"), ("after=%F0%9F%98%80", "after"), ("after=%0A", "after"),
        ("open=maybe", "open"), ("open=", "open"), ("open=2", "open"), ("format=xml", "format"), ("format=", "format"),
        ("status=unknown", "status.0"), ("status=closed&status=x", "status.1"), ("status=", "status.0"),
        ("grid=", "grid"), ("grid=" + "x" * 65, "grid"), ("grid=%07", "grid"), ("grid=%E2%80%AE", "grid"),
        ("under=%0D%0A", "under"), ("category=%7F", "category"), ("owner=%C2%85", "owner"), ("site=%1b", "site"),
        ("since=2026-05-01", "since"), ("since=2026-05-01T00:00:00", "since"), ("since=0", "since"),
        ("since=1777622400", "since"), ("since=9999-12-31T23:59:59-23:59", "since"), ("since=now", "since"),
        ("until=0001-01-01T00:00:00%2B23:59", "until"), ("until=1e400", "until"), ("until=infinity", "until"),
        ("bbox=", "bbox"), ("bbox=1,2,3", "bbox"), ("bbox=1,2,3,4,5", "bbox"), ("bbox=a,b,c,d", "bbox"),
        ("bbox=nan,0,1,1", "bbox"), ("bbox=0,0,inf,1", "bbox"), ("bbox=0,0,1e400,1", "bbox"),
        ("bbox=170,-10,-170,10", "bbox"), ("bbox=-181,0,0,1", "bbox"), ("bbox=0,0,1,90.1", "bbox"),
        ("bbox=0,1,1,0", "bbox"), ("bbox=0,0,1,1%00", "address"), ("grid=a%00b", "address"), ("%00=1", "address"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_meant_is_refused_by_its_field(untouched: House, query: str, named: str) -> None:
    assert refused(untouched.by("dispatcher").get(f"/issues?{query}")) == [named]


@pytest.mark.parametrize(
    "box", ["-180,-90,180,90", "0,0,0,0", "180,90,180,90", "121.4, 31.2, 121.6, 31.3", "1e-400,0,1,1", "-0,-0,0,0"]
)
def test_a_box_may_be_the_whole_earth_or_a_point(house: House, box: str) -> None:
    assert house.by("dispatcher").get("/issues", params={"bbox": box}).status_code == 200


@pytest.mark.parametrize("code", ["x" * 65, "%07", "%E2%80%AE", "%ed%a0%80", "%ff", "..%2F..%2Fetc", "%00", "'", "%25",
                                  "a%0Ab", "%F0%9F%98%80", "WJ-000001;--", "-1", "0", "NaN"])  # fmt: skip
@pytest.mark.parametrize("path", ["/issues", "/grids", "/buildings", "/facilities", "/people", "/nothing"])
def test_a_code_that_nothing_can_have_is_refused(untouched: House, path: str, code: str) -> None:
    refused(untouched.by("dispatcher").get(f"{path}/{code}"), 404, 422)


@pytest.mark.parametrize("path", ["/layers/tier1.geojson.geojson", "/layers/issues", "/layers/%00.geojson",
                                  "/layers/..%2Ftier1.geojson", "/static/..%2F..%2F..%2Fpyproject.toml", "/static/%00",
                                  "/static/" + "x" * 5_000, "/static/%ed%a0%80", "/issues/", "/ISSUES",
                                  "/.env"])  # fmt: skip
def test_an_address_that_is_none_is_refused(untouched: House, path: str) -> None:
    answer = untouched.by("dispatcher").get(path)
    if path != "/issues/":  # which leads to /issues
        refused(answer, 404, 422)


@pytest.mark.parametrize("tier", ["0", "4", "1.0", "", "NaN", "1,2", "one"])
def test_a_tier_that_is_none_is_named(untouched: House, tier: str) -> None:
    assert refused(untouched.by("dispatcher").get("/grids", params={"tier": tier})) == ["tier"]


@pytest.mark.parametrize("key", [b"", b"x" * 201, b"a\x07", b"\x7f", b"a\tb", b"\x85", b"\xad"])
def test_an_odd_idempotency_key_is_named(untouched: House, key: bytes) -> None:
    headers = {"Authorization": f"Bearer {untouched.keys['dispatcher']}".encode(), "Idempotency-Key": key}
    for path, body in zip(BOTH, (SOUND, {"issues": [SOUND]}), strict=True):
        answer = untouched.client.post(path, json=body, headers=headers)  # type: ignore[arg-type]
        assert refused(answer) == ["Idempotency-Key"]


@settings(max_examples=40)
@given(st.binary(max_size=60).filter(lambda said: not set(said) & set(b"\r\n\0")))
def test_whatever_languages_are_accepted_an_answer_is_given(house: House, said: bytes) -> None:
    headers = {"Authorization": f"Bearer {house.keys['resident']}".encode(), "Accept-Language": said}
    assert house.client.get("/grids/Z1", headers=headers).status_code == 200  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said", ["*", ";;;", ",", "zh;q=nan", "en" * 5_000, "zh-" * 1_000, "q=1", "é", "x-", "-", "en-"]
)
def test_odd_languages_are_no_fault(house: House, said: str) -> None:
    for path, asked in (("/locate", {"lon": LON, "lat": LAT}), ("/sign-in", {}), ("/categories", {})):
        answer = house.by("dispatcher").get(path, params=asked, headers={"Accept-Language": said.encode("latin-1")})
        assert answer.status_code == 200
        assert house.by("dispatcher").get(path, params={"lang": said, **asked}).status_code == 200


@settings(max_examples=40)
@given(st.binary(max_size=60).filter(lambda said: not set(said) & set(b"\r\n\0")))
def test_whatever_is_said_to_be_known_a_layer_is_given(house: House, said: bytes) -> None:
    headers = {"Authorization": f"Bearer {house.keys['resident']}".encode(), "If-None-Match": said}
    assert house.client.get("/layers/tier1.geojson", headers=headers).status_code == 200  # type: ignore[arg-type]


# ---------------------------------------------------------------- methods


def methods_of(house: House) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in iter_route_contexts(app_of(house).routes):
        if route.path is not None and route.methods:
            found.setdefault(route.path, set()).update(route.methods)
    return found


def test_an_address_tells_what_it_is_for(untouched: House) -> None:
    for path, methods in methods_of(untouched).items():
        address = re.sub(r"{\w+}", "tier1", path)
        for method in {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - methods:
            if method == "GET" and path in ("/issues/batch", "/issues/actions"):  # an issue that is not there
                continue
            answer = untouched.by("dispatcher")(method, address)
            assert answer.status_code == 405, f"{method} {path}"
            assert set(answer.headers["allow"].split(", ")) >= methods
            if method != "HEAD":
                refused(answer, 405)


# ---------------------------------------------------------------- anything at all


NAMES = st.sampled_from([
    "lon", "lat", "datum", "category", "kind", "urgency", "text", "level", "facility", "about", "accuracy_m",
    "extent_m", "reported_at", "reporter", "source", "reference", "site", "more",
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3), max_leaves=8,
)  # fmt: skip


@settings(max_examples=150)
@given(said=st.dictionaries(NAMES, VALUES, max_size=4))
def test_whatever_is_said_a_report_is_taken_or_refused_by_what_was_said(house: House, said: dict[str, Any]) -> None:
    answer = post(house, json.dumps({**SOUND, **said}).encode())
    if answer.status_code == 201:
        return
    named = {field.partition(".")[0] for field in refused(answer, 422, 404, 409)}
    assert named <= {*said, "body"}


@settings(max_examples=50)
@given(lon=st.floats(90, 150), lat=st.floats(10, 55))
def test_every_place_about_has_an_answer(house: House, lon: float, lat: float) -> None:
    for datum in ("wgs84", "gcj02", "bd09"):
        answer = house.by("dispatcher").get("/locate", params={"lon": lon, "lat": lat, "datum": datum})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_datum_of_china_is_harmless_on_the_far_side_of_the_earth(house: House, datum: str) -> None:
    statuses = [
        house.by("dispatcher").get("/locate", params={"lon": lon, "lat": lat, "datum": datum}).status_code
        for lon in range(-180, 181, 60)
        for lat in range(-90, 91, 30)
    ]
    assert set(statuses) == {200}


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (31.5, 0),
        (-139.6, 0),
        (-58.5, -31.25), (-180, 0), (180, 0), (0, 90), (121.5, -90), (-0.0, -0.0), (5e-324, 0),
    ],
)  # fmt: skip
def test_the_far_side_of_the_earth_lies_outside(house: House, lon: float, lat: float) -> None:
    """A quarter of the way round, the projection of the site has no place for it."""
    answer = house.by("dispatcher").get("/locate", params={"lon": lon, "lat": lat})
    assert (answer.status_code, answer.json()["position"]) == (200, "outside")


# ---------------------------------------------------------------- by the description


def test_the_description_refers_to_nothing_that_is_not_in_it(house: House) -> None:
    described = app_of(house).openapi()
    parts = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    named = set()

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            named.add(part.get("$ref"))
            part = list(part.values())
        if isinstance(part, list):
            for each in part:
                walk(each)

    walk(described)
    assert named - {None} <= parts


# What a code means is not in its description, so that what fits the description may still be unknown here; and an
# address that could be an issue's says that it can be read.
LEFT_OUT = ("positive_data_acceptance", "allow_header_conformance")
REFUSALS = (400, 401, 403, 404, 405, 406, 409, 415, 422, 428, 429)
# What is wrong with one report of a batch is told within the answer to all; too many links are told by a page; and
# where a program posts a report, people get a page, which is no part of the description.
LEFT_OUT_OF = {
    "/report": "unsupported_method",
    "/issues/batch": "negative_data_rejection",
    "/sign-in/link/{token}": "content_type_conformance",
}


def failures(
    house: House, role: str, phases: tuple[str, ...], examples: int, asks: Callable[[int], bool] = lambda _: True
) -> list[str]:
    """What is wrong with the answers to what the description allows, and to what it does not."""
    said: dict[str, Any] = {
        "seed": 20260501,
        "generation": {"max-examples": examples, "database": "none"},
        "checks": {
            **{name: {"enabled": False} for name in LEFT_OUT},
            # What is too large is refused before it is looked at.
            "negative_data_rejection": {"expected-statuses": [*REFUSALS, 413]},
        },
        "operations": [
            {"include-path": path, "checks": {name: {"enabled": False}}} for path, name in LEFT_OUT_OF.items()
        ],
        "phases": {name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")},
    }
    if role != "nobody":
        said["headers"] = {"Authorization": f"Bearer {house.keys[role]}"}
    app = app_of(house)
    app.state.office.limits = Limits()
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=schemathesis.Config.from_dict(said))
    paths = enumerate(sorted(schema.raw_schema["paths"]))
    left_out = {path for number, path in paths if not asks(number)}
    schema = schema.exclude(path=sorted(left_out | {"/live"}))  # which does not end
    found, asked = [], 0
    for event in from_schema(schema).execute():
        recorder = getattr(event, "recorder", None)
        for name, checks in recorder.checks.items() if recorder else ():
            asked += 1
            for check in checks:
                if check.failure_info is not None:
                    request = recorder.cases[name].value.as_curl_command()
                    found.append(f"{check.name}: {check.failure_info.failure} {request}"[:1_000])
        assert not hasattr(event, "info"), event
    assert asked > 20
    return found


@pytest.mark.parametrize("role", ROLES)
def test_what_is_made_up_by_the_description_is_answered_as_it_says(house: House, role: str) -> None:
    """Every address is asked by three roles, and every role asks a quarter: who may what is proven of all by all."""
    assert failures(house, role, ("fuzzing",), 2, lambda number: number % 4 == ROLES.index(role) % 4) == []


@pytest.mark.prove
@pytest.mark.parametrize("role", ROLES)
def test_whatever_is_made_up_is_answered_to_everybody_as_the_description_says(house: House, role: str) -> None:
    assert failures(house, role, ("fuzzing",), 10) == []


def test_every_corner_of_the_description_is_answered_as_it_says(house: House) -> None:
    assert failures(house, "dispatcher", ("coverage",), 1) == []
