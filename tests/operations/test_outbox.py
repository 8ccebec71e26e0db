"""Messages leave: planned, claimed, sent and settled, whatever breaks in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gridmap.channels import webhook
from gridmap.channels.kinds import SENDERS
from gridmap.channels.sending import Address, Delivered, Failed, Outcome
from gridmap.domain.letters import Letter
from gridmap.domain.model import Site
from gridmap.errors import ConflictError, FieldError
from gridmap.operations import channels, outbox
from gridmap.storage import deliveries as stored
from gridmap.storage import places
from gridmap.storage.database import Database
from gridmap.storage.deliveries import NewChannel
from tests.operations.issues import issue, limit, message, person, sql
from tests.receiving import receiving

NOW = datetime(2026, 5, 13, 2, tzinfo=UTC)


@dataclass
class Post:
    """A way out that notes what leaves by it, and does as it is told."""

    outcome: Outcome = field(default_factory=Delivered)
    letters: list[Letter] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def __call__(self, address: Address, letter: Letter, _: datetime) -> Outcome:
        self.letters.append(letter)
        self.addresses.append(address.url)
        return self.outcome


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store(database: Database) -> Database:
    """A store with a site, two people and a channel to each and to all."""
    with database.session() as session:
        sql(session, "insert into site (code, name, metric_epsg) values ('WJ', '望江花园', 32651)")
        person(session, "LI")
        person(session, "WU")
    return database


def add(database: Database, name: str, **said: Any) -> None:
    with database.session() as session:
        site = places.site(session, "WJ")
        who = said.pop("person", None)
        channels.add(
            session, site, NewChannel(name, **{"kind": "webhook", "address": f"http://{name}/", **said}), who, NOW
        )


def tell(database: Database, kind: str = "dispatched", to: str | None = "LI", **said: Any) -> str:
    with database.session() as session:
        return message(session, kind, to, NOW, **said)


def states(database: Database) -> list[tuple[str, str, int, str | None]]:
    with database.session() as session:
        rows = sql(
            session,
            "select c.name, d.state, d.attempts, d.error from delivery d join channel c on c.id = d.channel_id "
            "order by d.id",
        )
    return [tuple(row) for row in rows]


def run(database: Database, post: Post, clock: Callable[[], datetime] = Clock()) -> outbox.Sent:  # noqa: B008
    return outbox.send_due(database, clock, {"webhook": post})


# ---------------------------------------------------------------- planning


def test_a_message_leaves_by_every_channel_that_is_for_its_reader(store: Database) -> None:
    for name, whom in {
        "li": {"person": "LI"},
        "wu": {"person": "WU"},
        "desk": {"role": "dispatcher"},
        "all": {},
    }.items():
        add(store, name, **whom)
    tell(store, role="dispatcher")
    tell(store, to="WU", role="guard")
    post = Post()
    assert run(store, post).delivered == 5
    assert sorted(post.addresses) == ["http://all/", "http://all/", "http://desk/", "http://li/", "http://wu/"]


def test_what_is_not_yet_due_waits_and_is_planned_once(store: Database) -> None:
    add(store, "li", person="LI")
    tell(store, not_before=NOW + timedelta(hours=8))
    post, clock = Post(), Clock()
    run(store, post, clock)
    assert post.letters == []
    clock.now += timedelta(hours=8)
    for _ in range(3):
        run(store, post, clock)
    assert len(post.letters) == 1


def test_a_message_without_any_channel_is_planned_and_stays_readable(store: Database) -> None:
    tell(store)
    assert run(store, Post()) == outbox.Sent()
    with store.session() as session:
        assert sql(session, "select count(*) from message where planned_at is not null")[0][0] == 1


def test_a_channel_that_comes_later_is_not_flooded_with_what_was(store: Database) -> None:
    tell(store)
    run(store, Post())
    add(store, "li", person="LI")
    post = Post()
    run(store, post)
    assert post.letters == []


def test_a_letter_is_in_the_language_of_its_channel(store: Database) -> None:
    add(store, "li", person="LI", language="en")
    add(store, "all", language="zh-Hant")
    tell(store, "overdue_round")
    post = Post()
    run(store, post)
    assert {letter.language for letter in post.letters} == {"en", "zh-Hant"}
    assert any("巡查" in letter.text for letter in post.letters)


# ---------------------------------------------------------------- sending


def test_who_dies_between_sending_and_noting_is_followed_by_another_with_the_same_id(store: Database) -> None:
    add(store, "li", person="LI")
    uid = tell(store)
    with store.session() as session:
        outbox.plan(session, NOW)
    with store.session() as session:
        (claimed,) = outbox.claim(session, NOW)
    post = Post()
    outbox.send(claimed, {"webhook": post}, NOW)  # and dies here

    run(store, post, Clock(NOW + outbox.LEASE - timedelta(seconds=1)))
    assert len(post.letters) == 1
    run(store, post, Clock(NOW + outbox.LEASE))
    assert [str(letter.uid) for letter in post.letters] == [uid, uid]
    assert states(store) == [("li", "sent", 2, None)]


def test_who_comes_back_late_does_not_undo_what_another_has_noted(store: Database) -> None:
    add(store, "li", person="LI")
    tell(store)
    with store.session() as session:
        outbox.plan(session, NOW)
        (slow,) = outbox.claim(session, NOW)
    run(store, Post(), Clock(NOW + outbox.LEASE))
    with store.session() as session:
        outbox.settle(session, [(slow, Failed(True, "no"))], NOW + outbox.LEASE)
    assert states(store) == [("li", "sent", 2, None)]


def test_several_senders_at_once_send_each_letter_once(store: Database) -> None:
    add(store, "li", person="LI")
    uids = [tell(store) for _ in range(60)]
    post, gate = Post(), threading.Barrier(4)

    def sender() -> None:
        gate.wait()
        run(store, post)

    threads = [threading.Thread(target=sender) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(letter.uid) for letter in post.letters) == sorted(uids)
    assert {state for _, state, _, _ in states(store)} == {"sent"}


def test_what_fails_is_tried_again_less_and_less_often_and_given_up_in_the_end(store: Database) -> None:
    add(store, "li", person="LI")
    tell(store)
    post, clock, tries = Post(Failed(False, "HTTP 503")), Clock(), []
    while not tries or states(store)[0][1] == "waiting":
        run(store, post, clock)
        tries += [clock.now] if len(post.letters) > len(tries) else []
        clock.now += timedelta(seconds=15)
    waits = [(after - before).total_seconds() for before, after in pairwise(tries)]
    assert len(tries) == outbox.ATTEMPTS
    for number, wait in enumerate(waits):
        longest = min(30 * 2**number, outbox.LONGEST_WAIT.total_seconds())
        assert longest / 2 <= wait <= longest + 15
    assert states(store) == [("li", "dead", outbox.ATTEMPTS, "HTTP 503")]


def test_what_failed_together_does_not_come_back_together(store: Database) -> None:
    add(store, "li", person="LI")
    for _ in range(20):
        tell(store)
    run(store, Post(Failed(False, "HTTP 503")))
    with store.session() as session:
        assert sql(session, "select count(distinct next_at) from delivery")[0][0] == 20


def test_what_is_refused_for_good_is_not_tried_again(store: Database) -> None:
    add(store, "li", person="LI")
    tell(store)
    sent = run(store, Post(Failed(True, "HTTP 410")))
    assert (sent.dead, sent.reasons) == (1, ["webhook: HTTP 410"])
    assert states(store) == [("li", "dead", 1, "HTTP 410")]


def test_a_letter_that_cannot_be_sent_does_not_keep_the_others(store: Database) -> None:
    for name in ("li", "wu"):
        add(store, name, person=name.upper())
    tell(store)
    tell(store, to="WU")
    with store.session() as session:
        sql(
            session,
            """update message set data = '{"due_at": "soon", "stamp": 7, "round": {"a": []}}' where id % 2 = 0""",
        )
    good = Post()

    def breaking(address: Address, letter: Letter, at: datetime) -> Outcome:
        if "li" in address.url:
            raise RuntimeError("poison")
        return good(address, letter, at)

    sent = outbox.send_due(store, Clock(), {"webhook": breaking})
    assert (sent.delivered, sent.failed) == (1, 1)
    assert sorted(states(store)) == [("li", "waiting", 1, "the sender broke: RuntimeError"), ("wu", "sent", 1, None)]


def test_a_message_that_somebody_is_just_writing_is_not_sent_before_he_has_written_it(store: Database) -> None:
    add(store, "li", person="LI")
    post = Post()
    with Session(store.engine) as session:
        message(session, "dispatched", "LI", NOW)
        run(store, post)
        session.rollback()
    run(store, post)
    assert post.letters == []


def test_the_whole_way_to_a_web_server_and_back(store: Database) -> None:
    with receiving() as receiver:
        receiver.answer(503, 200)
        add(store, "hook", address=f"{receiver.url}/in", person="LI", secret=webhook.new_secret())
        uid, clock = tell(store), Clock()
        outbox.send_due(store, clock, SENDERS)
        clock.now += timedelta(minutes=1)
        outbox.send_due(store, clock, SENDERS)
    assert [json.loads(request.body)["id"] for request in receiver.requests] == [uid, uid]
    assert states(store) == [("hook", "sent", 2, None)]


# ---------------------------------------------------------------- channels


@pytest.fixture
def shared(session: Session, estate: Site) -> Session:
    """The small estate, and a chat that all read along in."""
    channels.add(session, estate, NewChannel("chat", "wecombot", "wecombot://TOKEN"), None, NOW)
    channels.add(session, estate, NewChannel("tom", "log"), "TOM", NOW)
    return session


def test_what_many_are_told_at_once_is_said_once_where_they_read_along(shared: Session) -> None:
    number = issue(shared, "I-1", NOW)
    for who in ("TOM", "GUS", "P-Z1"):
        message(shared, "emergency", who, NOW, issue=number)
    message(shared, "emergency", "DIS", NOW + timedelta(minutes=1), issue=number)
    outbox.plan(shared, NOW)
    message(shared, "emergency", "EVE", NOW, issue=number)
    outbox.plan(shared, NOW + timedelta(minutes=1))
    rows = sql(
        shared, "select c.name, count(*) from delivery d join channel c on c.id = d.channel_id group by 1 order by 1"
    )
    assert [tuple(row) for row in rows] == [("chat", 2), ("tom", 1)]


def test_a_complaint_about_somebody_is_not_said_where_he_may_read_along(shared: Session) -> None:
    number = issue(shared, "I-1", NOW, about="P-Z1-C1-1", category="service")
    message(shared, "dispatched", "TOM", NOW, issue=number)
    outbox.plan(shared, NOW)
    rows = sql(shared, "select c.name from delivery d join channel c on c.id = d.channel_id")
    assert [row.name for row in rows] == ["tom"]


def test_a_letter_names_the_next_limit_that_is_not_yet_met(shared: Session) -> None:
    number = issue(shared, "I-1", NOW)
    sql(shared, "update issue set accepted_at = :at where id = :id", at=NOW, id=number)
    for stamp, hours in {"accepted": 1, "resolved": 24, "on_site": 4}.items():
        limit(shared, number, stamp, NOW, NOW + timedelta(hours=hours))
    message(shared, "dispatched", "TOM", NOW, issue=number)
    outbox.plan(shared, NOW)
    claims = outbox.claim(shared, NOW)
    assert {(claim.occasion.stamp, claim.occasion.due_at) for claim in claims} == {
        ("on_site", NOW + timedelta(hours=4))
    }


def test_a_channel_that_is_closed_forgets_its_address_and_gives_up_what_waits(shared: Session, estate: Site) -> None:
    message(shared, "dispatched", "TOM", NOW)
    outbox.plan(shared, NOW)
    row = channels.named(shared, estate, "chat")
    assert stored.close_channel(shared, estate.id, row.id, NOW)
    assert not stored.close_channel(shared, estate.id, row.id, NOW)
    assert [tuple(each) for each in sql(shared, "select address, secret from channel where name = 'chat'")] == [
        ("", None)
    ]
    assert [claim.kind for claim in outbox.claim(shared, NOW)] == ["log"]
    channels.add(shared, estate, NewChannel("chat", "feishu", "feishu://TOKEN"), None, NOW)


def test_a_webhook_without_a_secret_gets_one_that_is_told_once(session: Session, estate: Site) -> None:
    added = channels.add(session, estate, NewChannel("hook", "webhook", "https://example.com/hooks/7"), None, NOW)
    assert added.secret is not None
    assert added.secret.startswith("whsec_")
    shown = json.dumps(channels.as_json(stored.channels(session, estate.id)), default=str)
    assert added.secret not in shown
    assert "hooks/7" not in shown


@pytest.mark.parametrize(
    ("said", "who", "field"),
    [
        ({"kind": "pigeon"}, None, "kind"),
        ({"kind": "log", "address": "x"}, None, "address"),
        ({"kind": "webhook", "address": "ftp://x"}, None, "address"),
        ({"kind": "dingtalk", "address": "dingtalk://"}, None, "address"),
        ({"kind": "log", "secret": "x"}, None, "secret"),
        ({"kind": "log", "role": "king"}, None, "role"),
        ({"kind": "log", "role": "guard"}, "TOM", "role"),
        ({"kind": "log"}, "NOBODY", "person"),
        ({"kind": "log", "language": "la"}, None, "language"),
    ],
)
def test_a_channel_that_could_never_send_is_refused(
    session: Session, estate: Site, said: dict[str, Any], who: str | None, field: str
) -> None:
    with pytest.raises(FieldError) as refused:
        channels.add(session, estate, NewChannel("new", **said), who, NOW)
    assert refused.value.field == field


def test_two_channels_of_a_site_have_two_names(shared: Session, estate: Site) -> None:
    with pytest.raises(ConflictError, match="has a channel chat"):
        channels.add(shared, estate, NewChannel("chat", "log"), None, NOW)
