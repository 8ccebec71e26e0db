"""Residents report without an account: told whose it is and by when, held off when they flood, and known to nobody."""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from api import tickets
from api.pages.report import OF_GROUP, TILES
from api.sessions import Limits
from gridmap.domain.categories import CATEGORIES, GROUPS
from tests.api.conftest import OTHER, House, spot_beside
from tests.estate import spot
from tests.pictures import small_picture

LEAF, FAR = spot(0.5, 0.5), spot(40, 40)
# What stands in the store of people, and in no answer to residents but on a plate.
NAMES = re.compile(r"name of (?!P-Z1-C1-1\b)|1390000|name of TOM|P-Z1-C1-1-phone")


@pytest.fixture(autouse=True)
def _at_once(house: House) -> Iterator[None]:
    """Forms are filled in by a test faster than by anybody, and counted anew for each."""
    house.client.app.state.office.limits = Limits()  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tickets, "SOONEST_S", 0.0)
        yield


def ticket(house: House) -> str:
    return str(house.by("nobody").get("/report/ticket").json()["ticket"])


def written(house: House, at: tuple[float, float] = LEAF, **said: Any) -> dict[str, Any]:
    usual = {"uid": str(uuid.uuid4()), "ticket": ticket(house), "site": "WJ", "category": "lamp"}
    return {**usual, "lon": at[0], "lat": at[1], **said}


def send(house: House, said: dict[str, Any], *pictures: bytes) -> Any:
    if not pictures:
        return house.by("nobody").post("/report?lang=en", json=said)
    files = [("photo", ("a.jpg", picture, "image/jpeg")) for picture in pictures]
    return house.by("nobody").post("/report?lang=en", data={"report": json.dumps(said)}, files=files)


def look(house: House, at: tuple[float, float] = LEAF, **asked: Any) -> Any:
    return house.by("nobody").get("/report/here", params={"lang": "en", "lon": at[0], "lat": at[1], **asked})


# ---------------------------------------------------------------- told at once


def test_every_category_has_its_place_under_one_picture() -> None:
    placed = [code for _, codes in TILES.values() for code in codes]
    assert sorted(placed) == sorted(row.code for row in CATEGORIES)
    assert set(OF_GROUP) == set(GROUPS)
    assert set(OF_GROUP.values()) <= set(TILES)


def test_before_anything_is_sent_one_is_told_whose_it_is_and_by_when(house: House) -> None:
    found = look(house, category="lamp").json()
    assert found["ours"]
    assert found["grid"]["code"] == "Z1-C1-1"
    assert found["responsible"]["role"] == "grid owner"
    # It is a holiday: who answers in working hours does so when they begin, and repairs do not wait for them.
    assert found["due"]["resolved"] == "2026-05-02T08:00:00+00:00"
    assert found["due"]["first_answer"] == "2026-05-06T00:30:00+00:00"


def test_what_is_told_before_is_what_the_report_gets(house: House) -> None:
    before = look(house, category="water_leak").json()
    answer = send(house, written(house, category="water_leak"))
    assert answer.status_code == 201, answer.text
    after = answer.json()
    assert {name: after[name] for name in ("grid", "responsible", "due")} == {
        name: before[name] for name in ("grid", "responsible", "due")
    }
    stored = house.by("dispatcher").get(f"/issues/{after['code']}").json()
    assert (stored["status"], stored["grid"]) == ("reported", "Z1-C1-1")
    assert stored["source"] == "report page"
    assert house.by("auditor").get(f"/issues/{after['code']}").json()["source"] == "resident"


def test_nobody_is_sent_before_somebody_has_looked_at_it_but_where_life_is_at_risk(house: House) -> None:
    house.sql("update site set dispatch_model = 'centre' where code = 'WJ'")
    for category, status in (("lamp", "reported"), ("water_leak", "reported"), ("fire", "dispatched")):
        answer = send(house, written(house, category=category)).json()
        found = house.by("dispatcher").get(f"/issues/{answer['code']}").json()
        assert (category, found["status"]) == (category, status)
        assert found["source"] == "report page"
    waiting = house.by("dispatcher").get("/queue").json()
    assert "report page" in {each["source"] for each in waiting}
    house.sql("update site set dispatch_model = 'coordinator' where code = 'WJ'")


def test_only_the_name_on_the_plate_is_told_and_none_where_plates_have_none(house: House) -> None:
    assert look(house, category="lamp").json()["responsible"]["name"] == "name of P-Z1-C1-1"
    house.sql("update site set plate_names = false where code = 'WJ'")
    assert look(house, category="lamp").json()["responsible"]["name"] is None
    house.sql("update site set plate_names = true where code = 'WJ'")


def test_the_datum_of_a_phone_is_converted_and_the_place_told_back(house: House) -> None:
    found = look(house, datum="gcj02").json()
    assert found["at"] != pytest.approx(LEAF, abs=1e-5)
    assert look(house, at=tuple(found["at"])).json()["grid"] == found["grid"]


@pytest.mark.parametrize(
    ("category", "body", "number"),
    [("illegal_building", "urban management", "12345"), ("public_utility", "utility company", "12345")],
)
def test_what_is_beyond_the_companys_power_names_the_right_channel(
    house: House, category: str, body: str, number: str
) -> None:
    assert look(house, category=category).json()["channel"] == {"body": body, "number": number}


def test_a_place_that_is_not_ours_has_the_city_hotline_and_is_not_stored(house: House) -> None:
    found = look(house, FAR, category="lamp").json()
    assert (found["ours"], found["channel"]["number"]) == (False, "12345")
    before = house.count()
    refused = send(house, written(house, FAR))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "lon")
    assert send(house, written(house, spot_beside(0.5, 0.5))).status_code == 422
    assert house.count() == before


def test_whose_life_is_at_risk_is_told_whom_to_call(house: House) -> None:
    assert look(house, category="fire").json()["call"]["number"] == "119"
    assert look(house, category="lift_trapped").json()["call"]["number"] == "96333"


# ---------------------------------------------------------------- plates


@pytest.mark.parametrize(("code", "leads"), [("Z1-C1-1", "g=Z1-C1-1"), ("LIFT", "f=LIFT"), ("a b<", "g=a+b%3C")])
def test_the_short_address_of_a_plate_leads_to_the_page(house: House, code: str, leads: str) -> None:
    answer = house.by("nobody").get(f"/r/{code}?site=WJ")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/report?{leads}&site=WJ")
    page = house.by("nobody").get(answer.headers["location"])
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert re.search(r"script-src 'self';", page.headers["content-security-policy"])


def test_a_plate_whose_code_several_sites_have_asks_which(house: House) -> None:
    page = house.by("nobody").get("/report?g=Z1-C1-1").text
    assert "site=WJ" in page
    assert f"site={OTHER}" in page


def test_a_page_knows_where_its_plate_hangs(house: House) -> None:
    page = house.by("nobody").get("/report?f=LIFT&site=WJ").text
    said = json.loads(re.findall(r'id="said">(.*?)</script>', page, re.DOTALL)[0])
    assert said["plate"]["code"] == "LIFT"
    assert (said["plate"]["lon"], said["plate"]["lat"]) == pytest.approx(spot(1.5, 0.5), abs=1e-6)
    assert said["guess"] == "lift"


def test_the_outline_is_kept_by_browsers_and_names_nobody(house: House) -> None:
    answer = house.by("nobody").get("/report/outline?site=WJ")
    found = answer.json()
    assert {grid["code"] for grid in found["grids"]} >= {"Z1", "Z1-C1", "Z1-C1-1"}
    assert len(found["buildings"]) == 15
    assert "name" not in answer.text
    assert "H-Z1" not in answer.text
    assert answer.headers["cache-control"].startswith("public")
    again = house.by("nobody").get("/report/outline?site=WJ", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


# ---------------------------------------------------------------- once, however often it is sent


def test_what_is_sent_twice_is_one_issue_with_one_link(house: House) -> None:
    said = written(house)
    picture = small_picture("JPEG")
    first = send(house, said, picture)
    before = house.count()
    second = send(house, {**said, "ticket": ticket(house)}, picture)
    assert (first.status_code, second.status_code) == (201, 201)
    assert (first.json()["code"], first.json()["follow"]) == (second.json()["code"], second.json()["follow"])
    assert house.count() == before
    listed = house.by("dispatcher").get(f"/issues/{first.json()['code']}/photos").json()
    assert len(listed) == 1


def test_the_same_number_with_other_words_is_refused(house: House) -> None:
    said = written(house)
    assert send(house, said).status_code == 201
    assert send(house, {**said, "text": "something else"}).status_code == 422


def test_the_link_follows_and_rates(house: House) -> None:
    answer = send(house, written(house, text="dark", name="Li", phone="13900000099")).json()
    page = house.by("nobody").get(f"{answer['follow']}?lang=en")
    assert answer["code"] in page.text
    assert "13900000099" not in page.text
    house.by("dispatcher").post(f"/issues/{answer['code']}/actions", json={"action": "resolve"})
    assert house.by("nobody").post(answer["follow"], data={"satisfaction": "5"}).status_code == 303
    found = house.by("dispatcher").get(f"/issues/{answer['code']}").json()
    assert (found["satisfaction"], found["reporter"]) == (5, {"name": "Li", "phone": "13900000099"})


# ---------------------------------------------------------------- the same that others saw


def test_likely_twins_are_offered_and_joined_without_a_word_of_who_reported_them(house: House) -> None:
    at = spot(2.5, 0.5)
    first = send(house, written(house, at, category="manhole", text="secret words", name="Wang", phone="13811112222"))
    (twin,) = (seen := look(house, at, category="manhole")).json()["twins"]
    for private in ("secret words", "Wang", "13811112222", first.json()["code"], first.json()["follow"]):
        assert private not in seen.text
    assert set(twin) == {"mark", "status", "since", "metres", "people"}
    before, said = house.count(), written(house, at, category="manhole", same_as=twin["mark"], name="Chen")
    joined = send(house, said, small_picture("JPEG", "red"))
    assert (joined.status_code, joined.json()["code"]) == (201, None)
    assert send(house, {**said, "ticket": ticket(house)}, small_picture("JPEG", "red")).status_code == 201
    assert house.count() == before
    assert look(house, at, category="manhole").json()["twins"][0]["people"] == 2
    shown = house.by("dispatcher").get(f"/issues/{first.json()['code']}").json()
    assert [each["name"] for each in shown["supporters"]] == ["Chen"]
    assert len(shown["photos"]) == 1
    assert "Chen" not in house.by("nobody").get(first.json()["follow"]).text


def test_who_joined_follows_and_does_not_judge_for_whoever_reported_it(house: House) -> None:
    at = spot(2.5, 1.5)
    first = send(house, written(house, at, category="road")).json()
    mark = look(house, at, category="road").json()["twins"][0]["mark"]
    follow = send(house, written(house, at, category="road", same_as=mark)).json()["follow"]
    dispatcher = house.by("dispatcher")
    dispatcher.post(f"/issues/{first['code']}/actions", json={"action": "answer", "note": "Dear Mr Wang"})
    dispatcher.post(f"/issues/{first['code']}/actions", json={"action": "resolve"})
    page = house.by("nobody").get(f"{follow}?lang=en").text
    assert "It was put right." in page
    assert "Dear Mr Wang" not in page
    assert "Is it solved?" not in page
    assert house.by("nobody").post(follow, data={"satisfaction": "1"}).status_code == 409
    assert "Dear Mr Wang" in house.by("nobody").get(f"{first['follow']}?lang=en").text


def test_a_mark_that_leads_to_nothing_open_is_a_conflict(house: House) -> None:
    assert send(house, written(house, same_as="0" * 24)).status_code == 409


@pytest.mark.parametrize("category", ["noise", "neighbours", "service", "fire", "other"])
def test_what_lies_between_people_or_cannot_wait_has_no_twins(house: House, category: str) -> None:
    assert send(house, written(house, category=category, text="words")).status_code == 201
    assert look(house, category=category).json()["twins"] == []


# ---------------------------------------------------------------- photos


def with_exif() -> bytes:
    said = Image.Exif()
    said[0x010F] = "SECRET CAMERA"
    said.get_ifd(0x8825).update({1: "N", 2: (31.0, 15.0, 3.0), 3: "E", 4: (121.0, 30.0, 3.0)})
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "JPEG", exif=said)
    return out.getvalue()


def test_photos_come_with_the_report_and_hold_nothing_of_the_camera(house: House) -> None:
    assert b"SECRET CAMERA" in with_exif()
    answer = send(house, written(house), with_exif(), small_picture("PNG", "navy"))
    assert answer.status_code == 201, answer.text
    numbers = [each["id"] for each in house.by("dispatcher").get(f"/issues/{answer.json()['code']}/photos").json()]
    assert len(numbers) == 2
    for number in numbers:
        content = house.by("dispatcher").get(f"/photos/{number}").content
        assert b"SECRET CAMERA" not in content
        assert not Image.open(io.BytesIO(content)).getexif()


def test_what_is_no_picture_is_refused_and_nothing_stored(house: House) -> None:
    before = house.count()
    refused = send(house, written(house), b"%PDF-1.7 not a picture")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "file")
    assert house.count() == before


def test_more_photos_come_by_the_link_as_long_as_it_is_open(house: House) -> None:
    answer = send(house, written(house)).json()
    path = f"{answer['follow']}/photos"
    files = {"file": ("a.jpg", with_exif(), "image/jpeg")}
    assert house.by("nobody").post(path, files=files).status_code == 201
    assert len(house.by("dispatcher").get(f"/issues/{answer['code']}/photos").json()) == 1
    house.by("dispatcher").post(f"/issues/{answer['code']}/actions", json={"action": "void", "note": "nothing there"})
    assert house.by("nobody").post(path, files=files).status_code == 404
    assert house.by("nobody").post("/follow/aaaaaaaaaaaaaaaaaaaaaaaa/photos", files=files).status_code == 404


# ---------------------------------------------------------------- held off


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"website": "https://spam.example"}, "website"),
        ({"ticket": "1.2.3"}, "ticket"),
        ({"ticket": ""}, "ticket"),
        ({"category": "nothing"}, "category"),
        ({"category": "other"}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"uid": "1"}, "uid"),
        ({"level": "x" * 21}, "level"),
        ({"about": "P-Z1"}, "about"),
        ({"urgency": "life"}, "urgency"),
        ({"lon": 181.0}, "lon"),
        ({"facility": "NOTHING"}, "facility"),
    ],
)
def test_what_is_wrong_is_named_and_not_stored(house: House, said: dict[str, Any], field: str) -> None:
    before = house.count()
    refused = send(house, written(house, **said))
    assert refused.status_code == 422, refused.text
    assert field in [each["field"] for each in refused.json()["errors"]]
    assert house.count() == before


def test_a_form_is_good_for_a_while_and_not_before_anybody_could_have_filled_it_in() -> None:
    secret = b"x" * 40
    given = tickets.issued(secret, 1_000.0)
    tickets.check(secret, given, 1_001.0)
    for late, why in ((1_000.0 + tickets.LASTS_S + 1, "too long"), (999.0, "quicker")):
        with pytest.raises(Exception, match=why):
            tickets.check(secret, given, late)
    with pytest.raises(Exception, match="not ours"):
        tickets.check(b"y" * 40, given, 1_001.0)


def test_a_flood_from_one_address_is_held_off(house: House) -> None:
    answers = [send(house, written(house)).status_code for _ in range(8)]
    assert answers == [201] * 6 + [429] * 2
    held = send(house, written(house))
    assert int(held.headers["retry-after"]) > 0


def test_one_form_is_good_for_a_few_reports_alone(house: House) -> None:
    office = house.client.app.state.office  # type: ignore[attr-defined]
    one, answers = ticket(house), []
    for number in range(12):
        if number % 5 == 0:  # another address would be counted anew
            office.limits._window.storage.clear("LIMITER/report/testclient/6/1/minute")
        answers.append(send(house, written(house, ticket=one)).status_code)
    assert answers.count(201) <= 10
    assert answers[-1] == 429


def test_too_many_questions_are_held_off_too(house: House) -> None:
    answers = {look(house).status_code for _ in range(61)}
    assert answers == {200, 429}


def test_a_body_that_is_too_large_is_refused_before_it_is_read(house: House) -> None:
    assert house.by("nobody").post("/report", content=b"x" * 17_000_000).status_code == 413
    assert send(house, written(house), *[small_picture()] * 4).status_code in (400, 422)


def test_a_code_is_asked_for_where_the_site_wants_one(house: House) -> None:
    assert 'id="code"' not in house.by("nobody").get("/report?site=WJ").text
    house.sql("update site set report_code = 'Plum 7' where code = 'WJ'")
    assert 'id="code"' in house.by("nobody").get("/report?site=WJ").text
    assert "Plum 7" not in house.by("nobody").get("/report?site=WJ").text
    for wrong in (None, "plum"):
        refused = send(house, written(house, code=wrong))
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "code")
    assert send(house, written(house, code=" plum 7 ")).status_code == 201
    house.sql("update site set report_code = null where code = 'WJ'")


def test_a_site_that_takes_no_reports_says_so(house: House) -> None:
    house.sql("update site set report_open = false where code = 'WJ'")
    assert send(house, written(house)).status_code == 403
    assert house.by("nobody").get("/report/outline?site=WJ").status_code == 403
    assert not look(house).json()["ours"]
    assert house.by("nobody").get("/report?site=WJ").status_code == 200
    house.sql("update site set report_open = true where code = 'WJ'")


# ---------------------------------------------------------------- what is not told


def test_no_answer_to_residents_holds_anybody_but_who_hangs_on_the_plate(house: House) -> None:
    sent = send(house, written(house, category="lift", text="words of mine"))
    pages = (
        [look(house, category=row.code).text for row in CATEGORIES]
        + [
            house.by("nobody").get(path).text
            for path in (
                "/report?site=WJ",
                "/report?g=Z1-C1-1&site=WJ",
                "/report/outline?site=WJ",
                sent.json()["follow"],
            )
        ]
        + [sent.text]
    )
    for page in pages:
        assert not NAMES.search(page), page
        assert OTHER not in page
        assert "words of mine" not in page


def test_what_was_said_of_others_reports_can_be_erased(house: House) -> None:
    from gridmap.storage.follow_ups import erase_words

    at = spot(3.5, 0.5)
    first = send(house, written(house, at, category="bin_full")).json()
    mark = look(house, at, category="bin_full").json()["twins"][0]["mark"]
    follow = send(house, written(house, at, category="bin_full", same_as=mark, name="Chen", text="full")).json()[
        "follow"
    ]
    with house.database.session() as session:
        erase_words(session, first["code"])
    shown = house.by("dispatcher").get(f"/issues/{first['code']}").json()["supporters"]
    assert [(each["name"], each["phone"], each["text"]) for each in shown] == [(None, None, None)]
    assert house.by("nobody").get(follow).status_code == 404
