"""Photos over HTTP: put to issues, listed and shown to those alone who may."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import pytest
from PIL import Image

from tests.api.conftest import House
from tests.estate import spot
from tests.pictures import small_picture

LON, LAT = spot(0.5, 0.5)


@pytest.fixture(scope="module")
def issues(house: House) -> House:
    house.report("leaf", spot(0.5, 0.5), category="lift")
    house.report("mine", spot(0.5, 2.5), by="resident", category="noise")
    house.report("complaint", spot(0.5, 0.5), by="neighbour", category="service", about="P-Z1-C1-1")
    return house


def put(house: House, name: str, content: bytes | None = None, by: str = "dispatcher", **form: str) -> Any:
    files = {"file": ("../../etc/passwd", small_picture() if content is None else content, "text/html")}
    return house.by(by).post(f"/issues/{house.issues[name]}/photos", files=files, data=form)


def test_a_photo_is_put_listed_and_shown(issues: House) -> None:
    answer = put(issues, "leaf", small_picture("JPEG", "red", (3200, 800)), sort="before")
    assert answer.status_code == 201, answer.text
    number = answer.json()["id"]
    listed = issues.by("supervisor").get(f"/issues/{issues.issues['leaf']}/photos").json()
    (row,) = [each for each in listed if each["id"] == number]
    assert (row["sort"], row["width"], row["height"], row["href"]) == ("before", 1600, 400, f"/photos/{number}")
    shown = issues.by("technician").get(f"/photos/{number}")
    assert Image.open(io.BytesIO(shown.content)).size == (1600, 400)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"].startswith("private")
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")
    again = issues.by("technician").get(f"/photos/{number}", headers={"If-None-Match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_where_and_when_it_was_taken_is_told_beside_it_and_no_longer_in_it(issues: House) -> None:
    said = Image.Exif()
    north, east = (value % 1 * 60 for value in (LAT + 0.001, LON))
    said.get_ifd(0x8825).update({1: "N", 2: (float(int(LAT)), north, 0.0), 3: "E", 4: (float(int(LON)), east, 0.0)})
    said.get_ifd(0x8769).update({0x9003: "2026:05:01 15:59:00"})
    out = io.BytesIO()
    Image.new("RGB", (30, 30), "teal").save(out, "JPEG", exif=said)
    number = put(issues, "leaf", out.getvalue()).json()["id"]
    listed = issues.by("dispatcher").get(f"/issues/{issues.issues['leaf']}/photos").json()
    (row,) = [each for each in listed if each["id"] == number]
    assert (row["lon"], row["lat"]) == pytest.approx((LON, LAT + 0.001), abs=1e-6)
    assert row["from_issue_m"] == pytest.approx(110.9, abs=0.5)
    assert datetime.fromisoformat(row["taken_at"]) == datetime.fromisoformat("2026-05-01T15:59:00+08:00")
    assert b"Exif" not in issues.by("dispatcher").get(f"/photos/{number}").content


def test_the_same_photo_is_kept_once_and_told_where_it_is_used_again(issues: House) -> None:
    picture = small_picture(color="navy")
    first, second = (put(issues, "leaf", picture).json()["id"] for _ in range(2))
    assert first == second
    other = put(issues, "mine", picture, by="resident").json()["id"]
    assert other != first
    (row,) = issues.by("resident").get(f"/issues/{issues.issues['mine']}/photos").json()
    assert row["elsewhere"] == 1


@pytest.mark.parametrize(
    ("account", "leaf", "mine", "complaint"),
    [
        ("resident", 404, 200, 404), ("neighbour", 404, 404, 200), ("grid_owner", 200, 404, 404),
        ("in_person", 200, 404, 404), ("supervisor", 200, 404, 200), ("technician", 200, 404, 404),
        ("contractor", 404, 404, 404), ("auditor", 200, 200, 200), ("analyst", 403, 403, 403),
        ("nobody", 401, 401, 401), ("stranger", 404, 404, 404), ("strange_resident", 404, 404, 404),
    ],
)  # fmt: skip
def test_who_sees_an_issue_sees_its_photos_and_nobody_else(
    issues: House, account: str, leaf: int, mine: int, complaint: int
) -> None:
    wanted = {"leaf": leaf, "mine": mine, "complaint": complaint}
    who = {"leaf": "dispatcher", "mine": "resident", "complaint": "neighbour"}
    found, listed = {}, {}
    for name, by in who.items():
        number = put(issues, name, small_picture(color="maroon"), by=by).json()["id"]
        found[name] = issues.by(account).get(f"/photos/{number}").status_code
        listed[name] = issues.by(account).get(f"/issues/{issues.issues[name]}/photos").status_code
    assert found == listed == wanted


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "this is no photo"),
        (b"<script>alert(1)</script>", "this is no photo"),
        (b"GIF89a" + bytes(50), "is a GIF"),
        (small_picture("JPEG")[:300], "damaged"),
    ],
)
def test_what_is_no_photo_is_refused_by_name(issues: House, content: bytes, sentence: str) -> None:
    before = issues.count("photo")
    answer = put(issues, "leaf", content)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "file"
    assert sentence in answer.json()["detail"]
    assert issues.count("photo") == before


def test_a_form_that_is_not_whole_names_what_is_missing(issues: House) -> None:
    path = f"/issues/{issues.issues['leaf']}/photos"
    for said, field in (
        ({"data": {"sort": "near"}}, "file"),
        ({"files": {"file": ("a", small_picture())}, "data": {"sort": "upside down"}}, "sort"),
        ({"json": {"file": "x"}}, "file"),
        ({"data": {"file": "words"}}, "file"),
    ):
        answer = issues.by("dispatcher").post(path, **said)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text


def test_a_photo_that_is_too_heavy_is_refused_before_it_is_read(issues: House) -> None:
    assert put(issues, "leaf", b"\xff\xd8\xff" + bytes(10_500_000)).status_code == 422
    assert put(issues, "leaf", bytes(11_100_000)).status_code == 413


def test_an_issue_has_room_for_so_many_photos(issues: House) -> None:
    code = issues.report("full", spot(0.5, 0.5), category="lift")
    issues.sql(
        "insert into photo (site_id, issue_id, at, width, height, digest, content) "
        "select site_id, id, reported_at, 1, 1, decode(md5(n::text), 'hex'), '' from issue, generate_series(1, 100) n "
        "where code = :code",
        code=code,
    )
    answer = put(issues, "full")
    assert answer.status_code == 409
    assert "that is all an issue can have" in answer.json()["detail"]
