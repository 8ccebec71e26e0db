"""What a running service does by itself: in threads of their own, again and again, whatever fails."""

from __future__ import annotations

import logging
import threading

import pytest

from api.ticking import Ticking, clock_of, post_of
from gridmap.operations import channels
from gridmap.storage import places
from gridmap.storage.deliveries import NewChannel
from tests.api.conftest import NOW, House
from tests.receiving import receiving


def test_a_beat_that_fails_is_written_down_and_the_next_one_comes(caplog: pytest.LogCaptureFixture) -> None:
    beats, enough = [], threading.Event()

    def beat() -> None:
        beats.append(1)
        if len(beats) == 3:
            enough.set()
        raise RuntimeError("out of step")

    ticking = Ticking("clock", 0.001, beat)
    with caplog.at_level(logging.ERROR):
        ticking.open()
        assert enough.wait(30)
        ticking.close()
    assert "clock missed a beat" in caplog.text


def test_the_clock_and_the_post_of_a_service_do_what_is_due(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with receiving() as receiver:
        with house.database.session() as session:
            address = f"{receiver.url}/in/t0ken"
            channels.add(session, places.site(session, "WJ"), NewChannel("hook", "webhook", address), None, NOW)
        house.sql(
            "insert into message (site_id, kind, person_id, created_at, not_before) "
            "select p.site_id, 'alarm', p.id, :at, :at from person p join site s on s.id = p.site_id "
            "where p.code = 'TOM' and s.code = 'WJ'",
            at=NOW,
        )
        receiver.answer(500, 200)
        with caplog.at_level(logging.INFO):
            clock_of(house.database, house.clock).beat()
            post_of(house.database, house.clock).beat()
        assert len(receiver.requests) == 1
    assert "a message was not taken: webhook: HTTP 500" in caplog.text
    assert "t0ken" not in caplog.text
    assert "could not do its work" not in caplog.text
