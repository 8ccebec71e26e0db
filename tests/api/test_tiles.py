"""Vector tiles over HTTP: packed, with an ETag, each viewer's own; and wrong addresses are said to be wrong."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from api import shelf
from gridmap.domain.zooms import Tile, tile_at
from gridmap.storage import tiles as stored
from tests.api.conftest import Caller, House
from tests.estate import spot
from tests.vector_tiles import Layer, read

WHOLE = "14/13721/6693"


@pytest.fixture(autouse=True)
def _asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a viewer sees is looked up at every request, but where a test is about its not being so."""
    monkeypatch.setattr(shelf, "KNOWN_S", {})
    monkeypatch.setattr(shelf, "KNOWN_ELSE_S", 0.0)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a viewer was found to see holds for the whole test."""
    monkeypatch.setattr(shelf, "KNOWN_S", {"issues": 60.0})
    monkeypatch.setattr(shelf, "KNOWN_ELSE_S", 60.0)


@pytest.fixture
def statements(house: House) -> Iterator[list[str]]:
    """What the database is asked."""
    from sqlalchemy import event

    asked: list[str] = []

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    event.listen(house.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(house.database.engine, "before_cursor_execute", note)


def address(layer: str, lon: float, lat: float, zoom: int) -> str:
    at = tile_at(lon, lat, zoom)
    return f"/tiles/{layer}/{at.z}/{at.x}/{at.y}"


def layer_of(caller: Caller, path: str, name: str) -> Layer:
    answer = caller.get(path)
    assert answer.status_code in (200, 204), answer.text
    return read(answer.content)[name] if answer.content else Layer(name)


def test_a_tile_is_packed_and_known_by_its_etag(house: House) -> None:
    caller = house.by("dispatcher")
    answer = caller.get(f"/tiles/grids/{WHOLE}")
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert len(read(answer.content)["grids"].features) == 22
    again = caller.get(f"/tiles/grids/{WHOLE}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert not answer.headers["etag"].startswith("W/")


def test_who_cannot_unpack_gets_the_tile_as_it_is_under_another_etag(house: House) -> None:
    caller = house.by("dispatcher")
    packed = caller.get(f"/tiles/grids/{WHOLE}")
    plain = caller.get(f"/tiles/grids/{WHOLE}", headers={"Accept-Encoding": "identity"})
    assert plain.content == packed.content
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] != packed.headers["etag"]


def test_where_nothing_is_the_answer_is_empty(house: House) -> None:
    answer = house.by("dispatcher").get("/tiles/grids/14/0/0")
    assert (answer.status_code, answer.content) == (204, b"")


def test_the_layers_are_listed_with_their_zooms_counts_and_bounds(house: House) -> None:
    told = house.by("dispatcher").get("/tiles").json()
    assert [layer["name"] for layer in told["layers"]] == ["grids", "labels", "buildings", "facilities", "issues"]
    grids, _, buildings, *_ = told["layers"]
    assert grids == {
        "name": "grids", "from_zoom": 0, "to_zoom": 18, "count": 22, "tiles": "/tiles/grids/{z}/{x}/{y}?site=WJ",
    }  # fmt: skip
    assert (buildings["from_zoom"], buildings["count"]) == (15, 15)
    assert told["bounds"] == [*spot(0, 0), *spot(4, 4)]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/tiles/rivers/14/0/0", 422, "grids"),
        ("/tiles/grids/19/0/0", 422, "zooms 0 to 18"),
        ("/tiles/grids/-1/0/0", 422, "zooms 0 to 18"),
        ("/tiles/grids/3/8/0", 422, "x is from 0 to 7"),
        ("/tiles/grids/3/0/-1", 422, "y is from 0 to 7"),
        ("/tiles/grids/x/0/0", 422, "integer"),
        ("/tiles/grids/3/1e9/0", 422, "integer"),
        (f"/tiles/grids/3/{'9' * 5000}/0", 422, ""),
        ("/tiles/buildings/14/0/0", 404, "from zoom 15"),
        (f"/tiles/grids/{WHOLE}?site=NONE", 404, "NONE"),
        (f"/tiles/grids/{WHOLE}?colour=red", 422, "no such parameter"),
    ],
)
def test_a_wrong_address_is_said_to_be_wrong(house: House, path: str, status: int, said: str) -> None:
    answer = house.by("dispatcher").get(path)
    assert answer.status_code == status
    assert said in answer.text


def test_each_viewer_gets_his_part_though_tiles_are_kept(house: House, kept: None) -> None:
    for _ in range(2):
        assert len(layer_of(house.by("dispatcher"), f"/tiles/grids/{WHOLE}", "grids").features) == 22
        owner = layer_of(house.by("grid_owner"), f"/tiles/grids/{WHOLE}", "grids")
        assert owner.codes() == {"Z1", "Z1-C1", "Z1-C1-1"}
    assert house.by("nobody").get(f"/tiles/grids/{WHOLE}").status_code == 401
    assert house.by("stranger").get(f"/tiles/grids/{WHOLE}?site=WJ").status_code == 404


def test_what_was_just_asked_is_answered_without_a_word_to_the_database(
    house: House, kept: None, statements: list[str]
) -> None:
    caller = house.by("dispatcher")
    first = caller.get(f"/tiles/grids/{WHOLE}")
    statements.clear()
    again = caller.get(f"/tiles/grids/{WHOLE}")
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["x-content-type-options"] == "nosniff"
    assert statements == []


def test_who_is_no_longer_known_gets_nothing_from_what_is_kept(house: House, kept: None) -> None:
    guest = house.add("guest", "dispatcher")
    assert guest.get(f"/tiles/grids/{WHOLE}").status_code == 200
    house.sql("update api_key set revoked_at = now() where account_id = (select id from account where name = 'guest')")
    house.client.app.state.office.limits.recent.forget()  # type: ignore[attr-defined]
    assert guest.get(f"/tiles/grids/{WHOLE}").status_code == 401


def test_a_change_of_the_plan_is_seen_at_the_next_look(house: House) -> None:
    caller, path = house.by("dispatcher"), address("facilities", *spot(0.2, 0.2), 16)
    before = caller.get(path)
    assert layer_of(caller, path, "facilities")["PUMP"].properties["state"] == "in_order"
    house.sql("update facility set state = 'out_of_order' where code = 'PUMP'")
    after = caller.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert read(after.content)["facilities"]["PUMP"].properties["state"] == "out_of_order"
    house.sql("update facility set state = 'in_order' where code = 'PUMP'")
    assert caller.get(path).headers["etag"] == before.headers["etag"]


def test_a_new_issue_is_on_the_tile_at_the_next_look_for_those_who_may_see_it(house: House) -> None:
    path = address("issues", *spot(3.5, 3.5), 17)
    assert not layer_of(house.by("dispatcher"), path, "issues").features
    code = house.report("new", spot(3.5, 3.5), category="lift")
    found = layer_of(house.by("dispatcher"), path, "issues")
    assert found.codes() == {code}
    assert found[code].properties["category"] == "lift"
    assert not layer_of(house.by("grid_owner"), path, "issues").features
    assert not layer_of(house.by("resident"), path, "issues").features
    loads = house.by("dispatcher").get("/tiles/loads")
    assert loads.json()["Z2"] >= 1
    again = house.by("dispatcher").get("/tiles/loads", headers={"If-None-Match": loads.headers["etag"]})
    assert again.status_code == 304


def test_only_tiles_on_which_something_was_written_are_made_anew(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Tile] = []
    make = stored.issue_tile

    def noted(session: Any, viewer: Any, plan: Any, at: Tile) -> bytes:
        made.append(at)
        return make(session, viewer, plan, at)

    monkeypatch.setattr(stored, "issue_tile", noted)
    caller = house.by("dispatcher")
    here, there = address("issues", *spot(1.5, 2.5), 18), address("issues", *spot(3.5, 0.5), 18)
    for path in (here, there, here, there):
        caller.get(path)
    assert len(made) == 2
    code = house.report("here", spot(1.5, 2.5), category="lift")
    assert layer_of(caller, here, "issues").codes() == {code}
    assert not layer_of(caller, there, "issues").features
    assert made[2:] == [tile_at(*spot(1.5, 2.5), 18)]
    # A line that is committed after later ones: nobody can say where.
    house.sql("insert into issue_event (id, issue_id, at, action, status) overriding system value "
              "select min(e.id) - 1, min(e.issue_id), now(), 'report', 'reported' from issue_event e")  # fmt: skip
    caller.get(there)
    assert len(made) == 4


def test_the_shelf_lets_go_of_what_was_not_asked_for_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_BYTES", 3 * (shelf.BESIDE + 100))
    kept = shelf.Shelf()
    for x in range(3):
        kept.put(("grids", x), bytes(100))
    assert kept.get(("grids", 0)) is not None
    kept.put(("grids", 3), bytes(100))
    assert [kept.get(("grids", x)) is not None for x in range(4)] == [True, False, True, True]


def test_an_etag_is_of_the_bytes_that_are_sent(house: House) -> None:
    body = gzip.compress(b"tile", mtime=0)
    assert shelf.Made.of(body).etag == shelf.Made.of(bytes(body)).etag != shelf.Made.of(b"").etag
