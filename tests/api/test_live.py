"""The live feed: what is told to whom, and how it comes back."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import pytest
from sqlalchemy import event, text

from api.routes import live as routes
from gridmap.operations import accounts
from gridmap.storage import changes
from gridmap.storage import watching as stored
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from tests.api.conftest import NOW, OTHER, SECRET, STAFF, estate, load
from tests.conftest import fresh_store
from tests.estate import spot
from tests.pages.conftest import Served, house, served
from tests.streams import Stream, watching

__all__ = ["house"]
WORDS = "the words of a neighbour"


def watched(house: Served, account: str, **said: Any) -> Any:
    """Somebody who watches the site."""
    site = {"site": "WJ"} if account == "admin" else {}
    return watching(house.address, house.keys[account], params={**site, **said})


def act(house: Served, name: str, action: str, by: str = "dispatcher", **said: Any) -> None:
    answer = house.by(by).post(f"/issues/{house.issues[name]}/actions", json={"action": action, **said})
    assert answer.status_code == 200, answer.text


def end_backends(house: Served) -> int:
    """Every connection that listens is cut off by the server."""
    return len(
        house.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'gridmap live' and datname = current_database()"
        )
    )


# ---------------------------------------------------------------- what is told


def test_a_stream_begins_with_what_is_open_as_the_layer_has_it(house: Served) -> None:
    house.report("first", spot(0.5, 0.5), category="lift", text=WORDS)
    with watched(house, "dispatcher") as stream:
        said = stream.told("snapshot")
        layer = house.by("dispatcher").get("/layers/issues.geojson").json()["features"]
        assert {each["id"]: each for each in said["features"]} == {each["id"]: each for each in layer}
        assert (said["total"], said["more"]) == (len(layer), False)
        assert sum(said["counts"].values()) == len(layer)
        assert said["at"].startswith("2026-05-01T08:00:00")


def test_a_report_is_told_and_what_became_of_it_too_until_it_has_ended(house: Served) -> None:
    with watched(house, "dispatcher") as stream:
        code = house.report("lived", spot(1.5, 0.5), category="lamp")
        assert [each["id"] for each in stream.told("upsert")["features"]] == [code]
        act(house, "lived", "void", note="it was nothing")
        assert stream.told("remove")["codes"] == [code]


def test_the_most_urgent_are_shown_where_there_are_very_many(house: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    urgent = house.report("urgent", spot(2.5, 2.5), category="fire")
    house.report("later", spot(2.5, 2.5), category="lamp")
    monkeypatch.setattr(stored, "MOST", 1)
    said = house.by("dispatcher").get("/live/snapshot").json()
    assert (said["more"], [each["id"] for each in said["features"]]) == (True, [urgent])
    assert said["total"] > 1


def test_many_changes_at_once_are_told_by_a_new_snapshot(house: Served) -> None:
    with watched(house, "dispatcher") as stream:
        house.sql("select pg_notify('gridmap', '{\"kind\": \"resync\"}')")
        assert stream.told("snapshot", 2)["total"] == stream.told("snapshot")["total"]


def test_a_statement_about_very_many_says_so_once_and_one_about_few_names_each(house: Served) -> None:
    told: list[str] = []
    with house.database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("listen gridmap"))
        first = house.report("named", spot(0.5, 0.5))
        house.sql("update issue set version = version where code = :code", code=first)
        stored_columns = house.sql(
            "select string_agg(quote_ident(column_name), ', ') from information_schema.columns "
            "where table_name = 'issue' and column_name not in ('id', 'code', 'reference')"
        )[0][0]
        house.sql(
            f"insert into issue (code, {stored_columns}) select 'WJ-X' || n, {stored_columns} "
            "from issue, generate_series(1, 1001) n where code = :code",
            code=first,
        )
        house.sql("delete from issue where code like 'WJ-X%'")
        connection.execute(text("select 1"))
        told += [notice.payload for notice in driver.notifies]
    assert [changes.changes_of([each]) for each in told] == [
        changes.Changes(frozenset({first})),
        changes.Changes(frozenset({first})),
        changes.Changes(resync=True),
        changes.Changes(resync=True),
    ]


@pytest.mark.parametrize("said", ["no JSON", "[]", "1", '{"kind": "weather"}', '{"kind": "issue"}'])
def test_a_word_of_somebody_else_on_the_channel_is_passed_over(said: str) -> None:
    assert not changes.changes_of([said])


# ---------------------------------------------------------------- to whom


@pytest.fixture
def streams(house: Served) -> Iterator[dict[str, Stream]]:
    """Everybody watches."""
    with ExitStack() as open_streams:
        yield {account: open_streams.enter_context(watched(house, account)) for account in STAFF}


def test_whatever_happens_every_screen_shows_what_its_viewer_may_see(house: Served, streams: dict[str, Stream]) -> None:
    chance = random.Random(20260501)
    reported = []
    for number in range(40):
        name = f"random {number}"
        by = chance.choice(["resident", "neighbour", "dispatcher", "technician", "contractor", "grid_owner"])
        place = spot(chance.randrange(0, 16) / 4 + 0.125, chance.randrange(0, 16) / 4 + 0.125)
        category = chance.choice(["lift", "lamp", "litter", "noise"])
        house.report(name, place, by=by, category=category, text=f"said {number}")
        reported.append(name)
        if number % 3 == 0:
            act(house, chance.choice(reported), "dispatch", to=chance.choice(["TOM", "CON", "P-Z1-C1-4"]))
        if number % 7 == 6:
            act(house, reported.pop(0), "void", note="nothing")
    last = house.report("last of all", spot(0.5, 0.5), by="dispatcher", category="lift")
    for account, stream in streams.items():
        site = "?site=WJ" if account == "admin" else ""
        layer = house.by(account).get(f"/layers/issues.geojson{site}").json()["features"]
        wanted = {each["id"]: each for each in layer}
        stream.until(lambda stream, wanted=wanted: stream.shown() == wanted)  # type: ignore[misc]
    assert last in streams["dispatcher"].shown()


def test_the_bytes_of_a_stream_hold_nothing_that_its_viewer_may_not_see(
    house: Served, streams: dict[str, Stream]
) -> None:
    mine = house.report("mine", spot(0.5, 0.5), by="resident", category="lift", text="my own words")
    theirs = house.report("theirs", spot(0.5, 0.5), by="neighbour", category="noise", text=WORDS)
    far = house.report("far", spot(3.5, 3.5), by="dispatcher", category="litter", text=WORDS)
    foreign = house.report("foreign", spot(8.5, 0.5), by="stranger", category="lamp", text=OTHER)
    streams["dispatcher"].until(lambda stream: {theirs, far} <= stream.shown().keys())
    streams["grid_owner"].until(lambda stream: theirs in stream.shown())
    for name in ("theirs", "far"):
        act(house, name, "void", note="nothing")
    act(house, "mine", "dispatch", to="TOM")
    house.report("end", spot(0.5, 0.5), by="resident", category="lift")
    for account in ("resident", "grid_owner", "technician", "analyst"):
        streams[account].until(lambda stream: stream.shown()[mine]["properties"]["status"] == "dispatched")
    sent = {account: stream.received.decode() for account, stream in streams.items()}
    assert all(foreign not in said and OTHER not in said for said in sent.values())
    assert theirs not in sent["resident"]
    assert far not in sent["resident"]
    assert "name of" not in sent["resident"]
    assert WORDS not in sent["resident"]
    assert far not in sent["grid_owner"]
    assert far not in sent["technician"]
    assert "words" not in sent["analyst"]
    assert "name of" not in sent["analyst"]
    assert theirs in sent["grid_owner"]
    assert far in sent["dispatcher"]


def test_an_issue_that_goes_out_of_sight_is_taken_away(house: Served) -> None:
    with watched(house, "technician") as stream:
        code = house.report("handed on", spot(1.5, 1.5), category="litter")
        act(house, "handed on", "dispatch", to="TOM")
        stream.until(lambda stream: code in stream.shown())
        act(house, "handed on", "dispatch", to="CON")
        stream.until(lambda stream: code not in stream.shown())


def test_those_who_see_the_same_are_read_for_once(house: Served) -> None:
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    with ExitStack() as open_streams:
        several = [open_streams.enter_context(watched(house, "dispatcher")) for _ in range(8)]
        event.listen(house.database.engine, "before_cursor_execute", note)
        try:
            code = house.report("for all", spot(0.5, 0.5))
            for stream in several:
                stream.until(lambda stream: code in stream.shown())
        finally:
            event.remove(house.database.engine, "before_cursor_execute", note)
    assert sum("st_asgeojson" in statement for statement in asked) == 1


# ---------------------------------------------------------------- for how long


def test_a_stream_ends_when_whoever_watches_may_no_longer(house: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "CHECK_S", 0.2)
    house.add("leaver", "dispatcher")
    with watched(house, "leaver") as stream:
        house.sql("update account set closed_at = :at where name = 'leaver'", at=house.clock())
        stream.until(lambda stream: stream.ended == "ended")


def test_whoever_gets_another_part_of_the_site_is_shown_that_one(
    house: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "CHECK_S", 0.2)
    here, there = (house.report(name, at) for name, at in (("here", spot(2.5, 0.5)), ("there", spot(3.5, 1.5))))
    house.add("mover", "grid_owner", person="P-Z1-C2-1")
    with watched(house, "mover") as stream:
        assert here in stream.shown()
        assert there not in stream.shown()
        house.sql(
            "update post set person_id = (select id from person where code = 'P-Z1-C2-1' and site_id = post.site_id) "
            "where grid_code = 'Z1-C2-4' and site_id = (select id from site where code = 'WJ')"
        )
        stream.until(lambda stream: there in stream.shown())


def test_a_beat_says_that_the_line_is_open(house: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "BEAT_S", 0.2)
    with watched(house, "analyst") as stream:
        assert stream.told("beat", 2)["listening"] is True


def test_one_account_cannot_take_every_seat(house: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.live.MOST_OF_AN_ACCOUNT", 2)
    with watched(house, "auditor"), watched(house, "auditor"):
        answer = house.by("auditor").get("/live")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
        with watched(house, "analyst"):
            pass


# ---------------------------------------------------------------- how it comes back


def test_when_the_listener_is_cut_off_what_comes_then_is_still_told(house: Served) -> None:
    with watched(house, "dispatcher") as stream, watched(house, "resident") as own:
        assert end_backends(house) >= 1
        code = house.report("after the cut", spot(0.5, 0.5), by="resident")
        stream.until(lambda stream: code in stream.shown())
        own.until(lambda stream: code in stream.shown())


def test_whoever_does_not_keep_up_is_given_a_new_snapshot(house: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.live.MOST_WAITING", 0)
    with watched(house, "dispatcher") as stream:
        code = house.report("too quick", spot(0.5, 0.5))
        assert code in {each["id"] for each in stream.told("snapshot", 2)["features"]}
        assert stream.named("upsert") == []


# ---------------------------------------------------------------- without a stream


def test_the_snapshot_can_be_asked_for_and_is_sent_again_only_when_it_has_changed(house: Served) -> None:
    caller = house.by("resident")
    first = caller.get("/live/snapshot")
    again = {"If-None-Match": first.headers["etag"]}
    assert caller.get("/live/snapshot", headers=again).status_code == 304
    code = house.report("news", spot(0.5, 0.5), by="resident")
    changed = caller.get("/live/snapshot", headers=again)
    assert code in {each["id"] for each in changed.json()["features"]}
    assert house.by("neighbour").get("/live/snapshot").headers["etag"] != changed.headers["etag"]


# ---------------------------------------------------------------- what it stands on


def test_a_database_that_is_restarted_is_caught_up_with(tmp_path_factory: pytest.TempPathFactory) -> None:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # for the server's user
        cluster = Cluster(Path(folder) / "home", durable=False).start()
        database = Database(cluster.database("gridmap"))
        database.prepare()
        load(database, estate(), tmp_path_factory.mktemp("estate"))
        try:
            with served(database, tmp_path_factory.mktemp("home")) as house:
                house.add("dispatcher", "dispatcher")
                with watched(house, "dispatcher") as stream:
                    cluster.stop()
                    cluster.start()
                    code = house.report("after the restart", spot(0.5, 0.5))
                    stream.until(lambda stream: code in stream.shown())
        finally:
            database.close()
            cluster.stop()


def test_streams_end_when_the_service_is_told_to_stop(cluster: Cluster, estates_template: str) -> None:
    with fresh_store(cluster, estates_template) as database, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with database.session() as session:
            account = accounts.add(session, "watcher", "dispatcher", "WJ", None, None, None, NOW)
            key = accounts.new_key(session, account, SECRET.encode(), NOW)
        probe.close()
        said = {"DATABASE_URL": database.engine.url.render_as_string(hide_password=False), "GRIDMAP_SECRET": SECRET}
        command = [sys.executable, "-m", "gridmap.cli", "serve", "--quiet", "--port", str(port)]
        with subprocess.Popen(command, env={**os.environ, **said}) as process:
            until_answered(port)
            with watching(f"http://127.0.0.1:{port}", key, params={"site": "WJ"}) as stream:
                process.send_signal(signal.SIGTERM)
                stream.until(lambda stream: stream.ended == "ended")
            assert process.wait(timeout=60) in (0, -signal.SIGTERM)


def until_answered(port: int) -> None:
    for _ in range(600):
        try:
            httpx2.get(f"http://127.0.0.1:{port}/health")
        except httpx2.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the service did not start")
