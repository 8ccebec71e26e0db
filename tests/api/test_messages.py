"""Messages over HTTP, their page, and the channels they leave by."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from gridmap.language import LANGUAGES
from tests.api.conftest import NOW, OTHER, House
from tests.estate import spot


def tell(house: House, to: str, kind: str = "dispatched", issue: str | None = None, **said: Any) -> str:
    """Something that somebody of the site is told."""
    values = {"role": None, "urgent": False, "not_before": NOW, "site": "WJ", "data": "{}", **said}
    (row,) = house.sql(
        "insert into message (site_id, issue_id, kind, person_id, role, urgent, data, created_at, not_before) "
        "select s.id, (select id from issue where code = :issue), :kind, p.id, :role, :urgent, cast(:data as jsonb), "
        "       :at, :not_before "
        "from site s join person p on p.site_id = s.id and p.code = :to where s.code = :site returning uid",
        kind=kind, to=to, issue=issue, at=NOW, **values,
    )  # fmt: skip
    return str(row.uid)


@pytest.fixture
def quiet(house: House) -> House:
    house.sql("delete from delivery")
    house.sql("delete from message")
    house.clock.now = NOW
    return house


def uids(house: House, account: str, asked: str = "") -> list[str]:
    return [each["uid"] for each in house.by(account).get(f"/messages{asked}").json()["messages"]]


def test_everybody_reads_his_own_messages_and_nobody_elses(quiet: House) -> None:
    code = quiet.report("leaf", spot(0.5, 0.5), category="lift")
    quiet.sql("delete from message")
    toms, owners = tell(quiet, "TOM", issue=code), tell(quiet, "P-Z1-C1-1", role="grid_owner", issue=code)
    tell(quiet, "TOM", site=OTHER)
    seen = {
        account: uids(quiet, account)
        for account in ("technician", "in_person", "grid_owner", "supervisor", "dispatcher", "admin", "stranger")
    }
    # Who signs in by the account of a grid reads what its owner is told.
    assert seen == {
        "technician": [toms], "in_person": [owners], "grid_owner": [owners], "supervisor": [], "dispatcher": [],
        "admin": [], "stranger": [],
    }  # fmt: skip


def test_a_message_says_what_it_is_about_in_the_language_of_its_reader(quiet: House) -> None:
    code = quiet.report("leaf", spot(0.5, 0.5), category="lift")
    quiet.sql("delete from message")
    tell(
        quiet, "TOM", "over_limit", code, urgent=True, data=json.dumps({"stamp": "on_site", "due_at": NOW.isoformat()})
    )
    (said,) = quiet.by("technician").get("/messages?lang=en").json()["messages"]
    assert said["text"].splitlines()[0] == f"{code}: arrival on site was due by 2026-05-01 16:00 (lift)"
    assert (said["kind"], said["urgent"], said["issue"], said["read_at"]) == ("over_limit", True, code, None)
    for language in LANGUAGES:
        assert code in quiet.by("technician").get(f"/messages?lang={language}").json()["messages"][0]["subject"]


def test_unread_messages_come_first_and_pages_lead_on(quiet: House) -> None:
    told = [tell(quiet, "TOM") for _ in range(7)]
    tom = quiet.by("technician")
    for uid in (told[6], told[2]):
        assert tom.post(f"/messages/{uid}/read").status_code == 204
    wanted = [told[n] for n in (5, 4, 3, 1, 0, 6, 2)]
    assert uids(quiet, "technician") == wanted
    found, after = [], ""
    while after is not None:
        page = tom.get("/messages?limit=3" + (f"&after={after}" if after else "")).json()
        found += [each["uid"] for each in page["messages"]]
        assert page["unread"] == 5
        after = page["next"]
    assert found == wanted
    assert tom.get("/messages?after=nonsense").status_code == 422


def test_reading_twice_keeps_the_first_moment(quiet: House) -> None:
    uid, tom = tell(quiet, "TOM"), quiet.by("technician")
    for _ in range(2):
        assert tom.post(f"/messages/{uid}/read").status_code == 204
        quiet.clock.now += timedelta(hours=1)
    (said,) = tom.get("/messages").json()["messages"]
    assert said["read_at"].startswith("2026-05-01T08:00:00")


def test_nobody_reads_away_what_is_told_to_others(quiet: House) -> None:
    uid = tell(quiet, "TOM")
    for account in ("in_person", "dispatcher", "admin", "stranger", "resident"):
        assert quiet.by(account).post(f"/messages/{uid}/read").status_code == 404
    assert quiet.sql("select read_at from message")[0].read_at is None


def test_what_waits_for_somebodys_hours_is_not_there_before(quiet: House) -> None:
    uid = tell(quiet, "TOM", not_before=NOW + timedelta(hours=8))
    assert uids(quiet, "technician") == []
    quiet.clock.now += timedelta(hours=8)
    assert uids(quiet, "technician") == [uid]


def test_a_complaint_is_in_no_message_to_whom_it_is_about(quiet: House) -> None:
    code = quiet.report("complaint", spot(0.5, 0.5), by="neighbour", category="service", about="P-Z1-C1-1")
    quiet.sql("delete from message")
    tell(quiet, "P-Z1-C1-1", role="grid_owner", issue=code)
    for account in ("in_person", "grid_owner"):
        assert quiet.by(account).get("/messages").json() == {"messages": [], "unread": 0, "next": None}
        assert code not in quiet.by(account).get("/messages/page").text


def test_the_page_shows_what_there_is_as_text(quiet: House) -> None:
    quiet.sql("update site set name = :name where code = 'WJ'", name="<script>alert(1)</script>")
    code = quiet.report("leaf", spot(0.5, 0.5), category="lift")
    quiet.sql("delete from message")
    tell(quiet, "TOM", "emergency", code, urgent=True)
    page = quiet.by("technician").get("/messages/page?lang=en")
    assert page.status_code == 200
    assert f"Emergency {code}: lift" in page.text
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "script-src 'nonce-" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert "There is nothing to read." in quiet.by("supervisor").get("/messages/page?lang=en").text


def test_a_message_is_read_away_on_the_page(quiet: House) -> None:
    tom, uid = quiet.by("technician"), tell(quiet, "TOM", "overdue_round")
    (action,) = re.findall(r'<form method="post" action="([^"]+)">', tom.get("/messages/page").text)
    assert action == f"/messages/{uid}/read"
    answer = tom.post(action, headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/messages/page")
    assert "<form" not in tom.get("/messages/page").text


def test_who_is_not_signed_in_is_led_to_where_he_can(quiet: House) -> None:
    answer = quiet.by("nobody").get("/messages/page")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


# ---------------------------------------------------------------- channels


def test_channels_are_added_listed_without_secrets_and_closed(quiet: House) -> None:
    admin = quiet.by("admin")
    body = {
        "name": "hook",
        "kind": "webhook",
        "address": "https://example.com/in/s3cret",
        "site": "WJ",
        "person": "TOM",
    }
    made = admin.post("/channels", json=body)
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    listed = admin.get("/channels")
    assert secret not in listed.text
    assert "s3cret" not in listed.text
    (row,) = listed.json()
    assert (row["name"], row["address"], row["person"], row["waiting"]) == ("hook", "https://example.com/…", "TOM", 0)
    assert admin.post("/channels", json=body).status_code == 409
    assert admin("DELETE", f"/channels/{row['id']}").status_code == 204
    assert admin("DELETE", f"/channels/{row['id']}").status_code == 404
    assert admin.get("/channels").json() == []
    assert quiet.sql("select address, secret from channel") == [("", None)]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "pigeon"}, "kind"), ({"kind": "webhook", "address": "file:///etc/passwd"}, "address"),
        ({"kind": "mail", "address": "smtp://x"}, "address"), ({"kind": "log", "person": "NOBODY"}, "person"),
        ({"kind": "log", "role": "king"}, "role"), ({"kind": "log", "language": "la"}, "language"),
        ({"kind": "log", "name": "a\nb"}, "name"), ({"kind": "wecombot", "address": "wecombot://"}, "address"),
    ],
)  # fmt: skip
def test_a_channel_that_could_never_send_is_refused_by_name(quiet: House, said: dict[str, Any], field: str) -> None:
    answer = quiet.by("admin").post("/channels", json={"name": "new", "site": "WJ", **said})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert "smtp://x" not in answer.text


def test_an_administrator_of_one_site_sees_and_closes_no_channels_of_another(quiet: House) -> None:
    local = quiet.add("local", "admin", site="WJ")
    made = quiet.by("admin").post("/channels", json={"name": "theirs", "kind": "log", "site": OTHER}).json()
    assert local.get("/channels").json() == []
    assert local("DELETE", f"/channels/{made['id']}").status_code == 404
    assert local.post("/channels", json={"name": "mine", "kind": "log", "site": OTHER}).status_code == 404
    assert quiet.by("admin")("DELETE", f"/channels/{made['id']}").status_code == 204
