"""The plan over HTTP: whose a place is, the layers of the map and when they are sent anew, and several sites."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.cli import main
from gridmap.domain.categories import CATEGORIES
from gridmap.spatial.coordinates import DATUMS, from_wgs84
from tests.api.conftest import NOW, OTHER, House, spot_beside
from tests.estate import PARK, STEP, WEST, spot


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    return said


def asked(column: float, row: float, **more: Any) -> dict[str, Any]:
    lon, lat = spot(column, row)
    return {"lon": lon, "lat": lat, **more}


# ---------------------------------------------------------------- whose a place is


def located(house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *words: object) -> Any:
    """What `gridmap locate` says."""
    url = house.database.engine.url.render_as_string(hide_password=False)
    for name, value in {"DATABASE_URL": url, "GRIDMAP_LANGUAGE": "en"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["gridmap", "locate", *map(str, words)])
    capfd.readouterr()
    with pytest.raises(SystemExit):
        main()
    return json.loads(capfd.readouterr().out)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ((0.5, 0.5), {}),
        ((1, 1), {"category": "lift", "extent_m": 20, "accuracy_m": 30}),
        ((0.5, 0.5), {"category": "service", "about": "P-Z1-C1-1", "kind": "complaint"}),
        ((0.5, 0.5), {"category": "dirty_car_park", "level": "B1"}),
        ((0.2, 0.2), {"facility": "PUMP", "category": "water_leak"}),
        ((3.65, 3.65), {"category": "noise"}),
        ((-0.5, 0.5), {}),
        ((40, 40), {}),
        ((0.5, 0.5), {"at": "2020-01-01T00:00:00+08:00"}),
    ],
)
def test_a_place_is_told_as_the_command_tells_it(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    place: tuple[float, float],
    said: dict[str, Any],
) -> None:
    at = {"at": NOW.isoformat(), **said}
    answer = house.by("dispatcher").get("/locate", params={**asked(*place), **at, "lang": "en"})
    options = [(f"--{name.removesuffix('_m')}", value) for name, value in at.items()]
    words = [word for option in options for word in option]
    assert answer.json() == located(house, monkeypatch, capfd, *spot(*place), "--site", "WJ", *words)


@settings(max_examples=25)
@given(
    column=st.floats(min_value=-0.2, max_value=4.2), row=st.floats(min_value=-0.2, max_value=4.2),
    category=st.sampled_from([each.code for each in CATEGORIES]), accuracy=st.none() | st.floats(0, 200),
)  # fmt: skip
def test_reporting_goes_where_asking_said(
    house: House, column: float, row: float, category: str, accuracy: float | None
) -> None:
    said = asked(column, row, category=category, **({} if accuracy is None else {"accuracy_m": accuracy}))
    dispatcher = house.by("dispatcher")
    assert dispatcher.post("/issues", json=said).json()["route"] == dispatcher.get("/locate", params=said).json()


@pytest.mark.parametrize("datum", DATUMS)
def test_a_place_is_asked_for_in_the_datum_it_is_said_to_be_in(house: House, datum: str) -> None:
    lons, lats = from_wgs84([spot(2.5, 2.5)[0]], [spot(2.5, 2.5)[1]], datum)
    answer = house.by("dispatcher").get(f"/locate?lon={lons[0]}&lat={lats[0]}&datum={datum}")
    assert answer.json()["grid"]["code"] == "Z2-C2-1"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"category": "nothing"}, "category"),
        ({"facility": "nothing"}, "facility"),
        ({"about": "nobody"}, "about"),
        ({"kind": "wish"}, "kind"),
        ({"datum": "EPSG:4326"}, "datum"),
        ({"at": "2026-05-01T08:00:00"}, "at"),
        ({"at": "1812-05-01T08:00:00Z"}, "at"),
        ({"accuracy_m": -1}, "accuracy_m"),
        ({"accuracy_m": -5e-324}, "accuracy_m"),
        ({"extent_m": 1e6}, "extent_m"),
        ({"lon": "nan"}, "lon"),
        ({"lat": "1e400"}, "lat"),
        ({"lon": ""}, "lon"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(house: House, change: dict[str, Any], named: str) -> None:
    answer = house.by("dispatcher").get("/locate", params={**asked(0.5, 0.5), **change})
    assert [each["field"] for each in problem(answer, 422)["errors"]] == [named]


@pytest.mark.parametrize("metres", [5e-324, 1e-300, 1e-9, 0.0004, 0.001, 100_000])
def test_a_distance_may_be_next_to_nothing(house: House, metres: float) -> None:
    for place in ((0.5, 0.5), (1, 1)):
        said = asked(*place, accuracy_m=metres, extent_m=metres)
        assert house.by("dispatcher").get("/locate", params=said).status_code == 200
        assert house.by("dispatcher").post("/issues", json=said).status_code == 201


def test_who_may_not_see_people_is_told_the_posts_alone(house: House) -> None:
    said = house.by("analyst").get("/locate", params=asked(0.5, 0.5, category="lift")).json()
    assert [(each["role"], each["person"]) for each in said["answers"]] == [("grid_owner", None), ("technician", None)]


def test_who_is_away_is_not_named_to_those_who_may_not_see_people(house: House) -> None:
    house.sql(
        "insert into leave (person_id, starts, ends) select p.id, :starts, :ends from person p "
        "join site s on s.id = p.site_id where p.code = 'P-Z1-C2-4' and s.code = 'WJ'",
        starts=NOW - timedelta(days=1), ends=NOW + timedelta(days=1),
    )  # fmt: skip
    there = asked(3.5, 1.5, category="lift")
    assert "name of P-Z1-C2-4" in house.by("dispatcher").get("/locate", params=there).text
    code = house.report("deputised", spot(3.5, 1.5), category="lift")
    for path in ("/locate", f"/issues/{code}"):
        assert "name of" not in house.by("analyst").get(path, params=there).text


# ---------------------------------------------------------------- the plan


def test_one_object_is_what_the_list_has_with_its_shape(house: House) -> None:
    dispatcher = house.by("dispatcher")
    for kind in ("grids", "buildings", "facilities"):
        for feature in dispatcher.get(f"/{kind}").json()["features"]:
            one = dispatcher.get(f"/{kind}/{feature['id']}").json()
            assert one == {**feature["properties"], "geometry": feature["geometry"]}


def test_a_grid_names_its_parent_and_its_owner(house: House) -> None:
    said = house.by("supervisor").get("/grids/Z1-C1-2").json()
    assert (said["tier"], said["parent"], said["name"]) == (3, "Z1-C1", "grid Z1-C1-2")
    assert said["owner"] == {"code": "P-Z1-C1-2", "name": "name of P-Z1-C1-2", "phone": "13800000000"}
    assert said["geometry"]["type"] == "MultiPolygon"


@pytest.mark.parametrize("path", ["/grids/nothing", "/buildings/nothing", "/facilities/nothing", "/people/nothing"])
def test_what_is_not_there_is_named(house: House, path: str) -> None:
    assert "nothing" in problem(house.by("dispatcher").get(path), 404)["detail"]


def test_categories_are_named_in_the_language_that_is_asked_for(house: House) -> None:
    said = {
        language: {row["code"]: row["name"] for row in house.by("resident").get(f"/categories?lang={language}").json()}
        for language in ("en", "zh-Hans", "zh-Hant")
    }
    assert said["en"]["lift"] == "lift"
    assert said["zh-Hans"]["lamp"] != said["zh-Hant"]["lamp"] != said["en"]["lamp"]
    assert {len(names) for names in said.values()} == {len(CATEGORIES)}


def test_a_sites_own_category_is_known_there_alone(house: House) -> None:
    house.sql(
        'insert into category (code, site_id, "group", name) '
        "select 'pond', id, 'other', :name from site where code = :site",
        name=f"{OTHER} pond", site=OTHER,
    )  # fmt: skip
    assert "pond" not in house.by("dispatcher").get("/categories").text
    assert "pond" in house.by("stranger").get("/categories").text
    assert "pond" not in house.by("admin").get("/categories?site=WJ").text
    assert "pond" in house.by("admin").get(f"/categories?site={OTHER}").text
    problem(house.by("dispatcher").get("/locate", params=asked(0.5, 0.5, category="pond")), 422)
    lon, lat = spot_beside(0.5, 0.5)
    there = {"lon": lon, "lat": lat, "category": "pond"}
    assert house.by("stranger").get("/locate", params=there).status_code == 200


# ---------------------------------------------------------------- several sites


def test_an_administrator_of_all_names_the_site_whose_plan_he_asks_for(house: House) -> None:
    admin = house.by("admin")
    assert [site["code"] for site in admin.get("/sites").json()] == [OTHER, "WJ"]
    for path in ("/grids", "/buildings/H-Z1-C1-1", "/facilities", "/people", "/people/TOM", "/layers/tier1.geojson"):
        assert [each["field"] for each in problem(admin.get(path), 422)["errors"]] == ["site"]
        assert "NOWHERE" in problem(admin.get(f"{path}?site=NOWHERE"), 404)["detail"]
        texts = {site: admin.get(f"{path}?site={site}").text for site in ("WJ", OTHER)}
        assert OTHER not in texts["WJ"]
        assert texts[OTHER] != texts["WJ"]


def test_a_place_of_any_site_is_found_for_an_administrator_of_all(house: House) -> None:
    lon, lat = spot_beside(0.5, 0.5)
    for site in ({}, {"site": OTHER}):
        said = house.by("admin").get("/locate", params={"lon": lon, "lat": lat, **site}).json()
        assert (said["site"], said["position"], said["grid"]["code"]) == (OTHER, "inside", "Z1-C1-1")
    said = house.by("admin").get("/locate", params={"lon": lon, "lat": lat, "site": "WJ"}).json()
    assert (said["site"], said["position"]) == ("WJ", "outside")
    assert house.by("dispatcher").get("/locate", params={"lon": lon, "lat": lat}).json()["site"] == "WJ"
    problem(house.by("admin").get("/locate", params=asked(0.5, 0.5, site="NOWHERE")), 404)


def test_an_administrator_of_one_site_has_that_one(house: House) -> None:
    own = house.add("caretaker", "admin", site="WJ", person="DIS")
    assert [site["code"] for site in own.get("/sites").json()] == ["WJ"]
    assert OTHER not in own.get("/grids").text
    problem(own.get(f"/grids?site={OTHER}"), 404)


def test_a_site_without_a_plan_in_force_says_so(house: House) -> None:
    house.clock.now = NOW.replace(year=1950)
    try:
        answer = house.by("dispatcher").get("/layers/tier1.geojson")
    finally:
        house.clock.now = NOW
    assert answer.status_code in (401, 404)


# ---------------------------------------------------------------- what has not changed is not sent again

ACCEPTED = "insert into issue_event (issue_id, at, action, status)"
LAYERS = ("tier1", "tier2", "tier3", "buildings", "facilities", "overlays", "issues")


def etag(house: House, layer: str, by: str = "dispatcher") -> str:
    answer = house.by(by).get(f"/layers/{layer}.geojson?site=WJ")
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"].startswith("Authorization, Cookie")
    return str(answer.headers["etag"])


def again(house: House, layer: str, known: str, by: str = "dispatcher") -> Any:
    return house.by(by).get(f"/layers/{layer}.geojson?site=WJ", headers={"If-None-Match": known})


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_that_has_not_changed_is_not_sent_again(house: House, layer: str) -> None:
    known = etag(house, layer)
    for said in (known, f"W/{known}", f'"other", {known}'):
        answer = again(house, layer, said)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", known)
    for said in ('"other"', known.strip('"'), "*", "", ",,,", '"'):
        assert again(house, layer, said).status_code == 200


@pytest.mark.parametrize("layer", LAYERS)
def test_what_one_viewer_has_is_not_what_another_would_be_sent(house: House, layer: str) -> None:
    roles = ("dispatcher", "supervisor", "coordinator", "resident", "analyst", "technician", "admin")
    assert len({etag(house, layer, role) for role in roles}) == len(roles)
    assert again(house, layer, etag(house, layer, "dispatcher"), "resident").status_code == 200


def changed(house: House) -> Iterator[tuple[str, str]]:
    """What changes what is shown, and the layer that it changes."""
    house.report("new", spot(0.5, 0.5))
    yield "a report", "issues"
    house.sql(f"{ACCEPTED} select max(id), now(), 'accept', 'accepted' from issue")
    yield "a line of history", "issues"
    house.sql("update issue set status = 'closed', closed_at = :at where id = (select max(id) from issue)", at=NOW)
    house.sql(f"{ACCEPTED} select max(id), now(), 'close', 'closed' from issue")
    yield "an issue that has ended", "issues"
    house.clock.now += timedelta(minutes=1)
    yield "a minute, for what is late", "issues"
    house.sql("update person set phone = '13900000001' where code = 'P-Z1'")
    yield "a phone", "tier1"
    house.sql("update facility set state = 'out_of_order' where code = 'PUMP'")
    yield "the state of a facility", "facilities"
    house.sql("update overlay set name = 'club' where code = 'CLUB'")
    yield "a name", "overlays"


def test_a_layer_is_sent_anew_when_it_has_changed(house: House) -> None:
    changes = changed(house)
    try:
        while True:
            before = {layer: house.by("dispatcher").get(f"/layers/{layer}.geojson") for layer in LAYERS}
            what, layer = next(changes, ("", ""))
            if not what:
                break
            answer = again(house, layer, before[layer].headers["etag"])
            assert answer.status_code == 200, what
            assert again(house, layer, answer.headers["etag"]).status_code == 304, what
    finally:
        house.clock.now = NOW


def test_a_layer_is_sent_anew_when_a_post_passes_to_somebody_else_with_time(house: House) -> None:
    """Nothing is written at that moment."""
    house.sql(
        "update post set valid_to = :at where role = 'coordinator' and grid_code = 'Z2' "
        "and site_id = (select id from site where code = 'WJ')",
        at=NOW + timedelta(hours=1),
    )
    known = etag(house, "tier1")
    assert "name of P-Z2" in house.by("dispatcher").get("/layers/tier1.geojson").text
    house.clock.now = NOW + timedelta(hours=1)
    try:
        answer = again(house, "tier1", known)
    finally:
        house.clock.now = NOW
    assert answer.status_code == 200
    assert "name of P-Z2" not in answer.text


def test_an_issue_that_is_committed_after_a_later_one_is_not_missed(house: House) -> None:
    """The line that was written first is committed last: its number is lower than one that is known."""
    house.report("first", spot(0.5, 0.5))
    url = house.database.engine.url.render_as_string(hide_password=False).replace("+psycopg2", "")
    slow = psycopg2.connect(url)
    try:
        slow.cursor().execute(f"{ACCEPTED} select max(id), now(), 'accept', 'accepted' from issue")
        slow.cursor().execute("update issue set status = 'accepted' where code = %s", [house.issues["first"]])
        house.report("second", spot(1.5, 0.5))
        known = etag(house, "issues")
        slow.commit()
    finally:
        slow.close()
    answer = again(house, "issues", known)
    assert answer.status_code == 200
    assert {f["properties"]["status"] for f in answer.json()["features"]} >= {"accepted"}


def test_a_layer_that_is_none_is_named(house: House) -> None:
    for name in ("tier4", "TIER1", "", "..%2Ftier1", "issues.geojson"):
        assert house.by("dispatcher").get(f"/layers/{name}.geojson").status_code in (404, 422)


def test_ground_without_a_house_is_a_grid_like_any_other(house: House) -> None:
    shapes = house.by("contractor").get("/layers/tier3.geojson").json()["features"]
    park = next(each for each in shapes if each["id"] == PARK)
    ring = park["geometry"]["coordinates"][0][0]
    assert min(lon for lon, _ in ring) == pytest.approx(WEST + 3 * STEP)


@pytest.mark.parametrize(
    "path", ["/issues?statuss=closed", "/locate?lon=121.5&lat=31.25&categry=lift", "/grids?teir=1"]
)
def test_a_parameter_that_is_misspelt_is_refused_by_its_name(house: House, path: str) -> None:
    refused = house.by("dispatcher").get(path)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] in ("statuss", "categry", "teir")


def test_a_plus_that_an_address_turned_into_a_space_is_understood(house: House) -> None:
    plain = house.by("dispatcher").get("/issues?since=2026-01-01T00:00:00+08:00")
    assert plain.status_code == 200, plain.text
