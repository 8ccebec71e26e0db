"""The card of a grid: everything at once, and of that nothing beyond the rights of whoever opens it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from gridmap.domain.attention import attention
from gridmap.domain.lifecycle import OPEN, URGENCIES
from gridmap.domain.rights import Viewer
from gridmap.storage import cards
from gridmap.storage.cluster import Cluster
from gridmap.storage.plan_views import Plan
from tests.api.conftest import NOW, STAFF, House, opened
from tests.conftest import fresh_store
from tests.estate import spot

WORDS = "the words of a report"
PHONE = "13800000000"


@pytest.fixture(scope="module")
def estate(cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Issues in two cells of Z1-C1 and one in Z2, a broken lift, a round on Z1-C1-1, and its owner away."""
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path_factory.mktemp("home")) as house:
        for name, (role, of) in STAFF.items():
            house.add(name, role, site=None if role == "admin" else "WJ", **of)
        house.report("lift", spot(0.5, 0.5), category="lift", text=WORDS)
        house.report("noise", spot(1.5, 0.5), category="noise", text=WORDS)
        house.report("mine", spot(0.6, 0.6), by="resident", category="noise", text=WORDS)
        house.report("far", spot(0.5, 2.5), category="noise", text=WORDS)
        house.report("about him", spot(0.5, 0.5), by="neighbour", category="service", about="P-Z1-C1-1", text=WORDS)
        house.sql("update facility set state = 'out_of_order' where code = 'LIFT'")
        house.sql(
            "insert into leave (person_id, starts, ends) select p.id, :a, :b from person p join site s "
            "on s.id = p.site_id where p.code = 'P-Z1-C1-1' and s.code = 'WJ'",
            a=NOW - timedelta(days=1), b=NOW + timedelta(days=2),
        )  # fmt: skip
        _rounds(house)
        yield house


def _rounds(house: House) -> None:
    house.sql(
        "insert into patrol_plan (site_id, code, name, kind, frequency, since, role) "
        "select id, 'DAILY', 'daily round', 'patrol', '{}', '2026-04-01', 'grid_owner' from site where code = 'WJ'"
    )
    for key, hours, status, grid in (
        ("a", -26, "done", "Z1-C1-1"),
        ("b", -2, "missed", "Z1-C1-1"),
        ("c", 3, "planned", "Z1-C1-1"),
        ("d", 2, "planned", "Z2-C1-1"),
    ):
        starts = NOW + timedelta(hours=hours)
        house.sql(
            "insert into round (site_id, plan_id, key, grid_code, role, person_id, starts, ends, stops, due, visited, "
            "status, done_at) select s.id, p.id, :key, :grid, 'grid_owner', w.id, :starts, :ends, '{}', 1, :visited, "
            ":status, :done_at from site s join patrol_plan p on p.site_id = s.id "
            "join person w on w.site_id = s.id and w.code = 'P-' || :grid where s.code = 'WJ'",
            key=key, grid=grid, starts=starts, ends=starts + timedelta(hours=1), status=status,
            visited=int(status == "done"), done_at=starts if status == "done" else None,
        )  # fmt: skip


def card(house: House, who: str, code: str = "Z1-C1-1") -> dict[str, Any]:
    answer = house.by(who).get(f"/grids/{code}/card?site=WJ&lang=en")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_it_says_where_the_grid_lies_and_what_stands_on_it(estate: House) -> None:
    found = card(estate, "dispatcher")
    assert [each["code"] for each in found["chain"]] == ["Z1", "Z1-C1"]
    assert (found["tier"], found["buildings"], found["own"]) == (3, 1, True)
    assert card(estate, "dispatcher", "Z1")["buildings"] == 8


def test_it_names_the_owner_his_deputy_and_until_when_he_is_away(estate: House) -> None:
    owner = card(estate, "dispatcher")["owner"]
    assert (owner["code"], owner["role"], owner["phone"]) == ("P-Z1-C1-1", "grid_owner", PHONE)
    assert datetime.fromisoformat(owner["away_until"]) == NOW + timedelta(days=2)
    assert (owner["deputy"]["code"], owner["deputy"]["phone"], owner["deputy"]["away_until"]) == ("DEP", PHONE, None)
    above = card(estate, "dispatcher", "Z1-C1")["owner"]
    assert (above["role"], above["deputy"]) == ("supervisor", None)


def test_a_vacant_post_is_said_to_be_vacant(estate: House) -> None:
    estate.sql("update post set valid_to = :now where grid_code = 'Z2-C1-4'", now=NOW)
    assert card(estate, "dispatcher", "Z2-C1-4")["owner"] is None


def test_it_counts_what_is_open_in_it_and_below_it(estate: House) -> None:
    issues = card(estate, "dispatcher", "Z1")["issues"]
    assert issues["open"] == 4 == sum(issues["by_status"].values()) == sum(issues["by_attention"].values())
    listed = [each["code"] for each in issues["most_urgent"]]
    assert sorted(listed) == sorted(estate.issues[name] for name in ("lift", "noise", "mine", "about him"))
    assert card(estate, "dispatcher")["issues"]["open"] == 3


def test_what_is_late_comes_first(estate: House) -> None:
    estate.sql("update issue set due_at = :due where code = :code", due=NOW - timedelta(hours=1),
               code=estate.issues["noise"])  # fmt: skip
    issues = card(estate, "dispatcher", "Z1")["issues"]
    assert issues["most_urgent"][0]["code"] == estate.issues["noise"]
    assert (issues["overdue"], issues["most_urgent"][0]["attention"]) == (1, "overdue")


def test_the_store_and_the_map_say_alike_what_an_issue_asks_for(estate: House) -> None:
    code, now = estate.issues["far"], NOW
    site, edition = estate.sql("select s.id, e.id from site s join edition e on e.site_id = s.id where s.code = 'WJ'")[
        0
    ]
    plan, viewer = Plan(site, edition, 3, now), Viewer(0, "", "admin")
    for status in OPEN:
        for urgency in URGENCIES:
            for due in (None, now - timedelta(1), now + timedelta(1)):
                for held in (None, now):
                    said = {"status": status, "urgency": urgency, "due_at": due, "held_at": held}
                    with estate.database.session() as session:
                        session.connection().exec_driver_sql("set local session_replication_role = replica")
                        found = _asks(session, plan, viewer, code, said)
                        session.rollback()
                    assert found == attention(said, now), said


def _asks(session: Any, plan: Plan, viewer: Viewer, code: str, said: dict[str, Any]) -> str:
    columns = ", ".join(f"{name} = :{name}" for name in said)
    session.execute(text(f"update issue set {columns} where code = :code"), {**said, "code": code})
    return cards.issue_counts(session, viewer, plan, "Z2-C1-1")[0][0]


def test_a_facility_that_does_not_work_is_named_first(estate: House) -> None:
    rows = card(estate, "dispatcher", "Z1-C1")["facilities"]
    assert [(row["kind"], row["state"], row["count"]) for row in rows] == [
        ("lift", "out_of_order", 1), ("pump", "in_order", 1),
    ]  # fmt: skip
    assert rows[0]["which"] == [{"code": "LIFT", "name": "lift"}]
    assert [row["kind"] for row in card(estate, "dispatcher")["facilities"]] == ["pump"]


def test_it_says_which_round_is_next_and_what_became_of_the_last(estate: House) -> None:
    rounds = card(estate, "dispatcher")["rounds"]
    assert [datetime.fromisoformat(each["starts"]) for each in rounds["next"]] == [NOW + timedelta(hours=3)]
    assert (rounds["last"]["status"], rounds["last"]["person"]["code"]) == ("missed", "P-Z1-C1-1")
    assert card(estate, "dispatcher", "Z2")["rounds"]["last"] is None


def test_the_figures_of_the_month_are_those_of_the_indicators(estate: House) -> None:
    estate.clock.now = datetime(2026, 5, 20, tzinfo=UTC)
    figures = card(estate, "dispatcher")["figures"]
    told = estate.by("dispatcher").get("/kpis?period=2026-05&by=tier3&site=WJ&lang=en").json()["figures"]
    rows = {row["indicator"]: row for row in told if row["subject"] == "Z1-C1-1"}
    assert (figures["period"], figures["reported"]) == ("2026-05", 3)
    assert figures["indicators"]
    for each in figures["indicators"]:
        row = rows[each["code"]]
        assert (each["counted"], each["n"], each["value"]) == (row["numerator"], row["denominator"], row["value"])
        assert each["few"] is True
    estate.clock.now = NOW


def test_whoever_cannot_wait_is_answered_without_figures(estate: House) -> None:
    found = estate.by("dispatcher").get("/grids/Z1/card?site=WJ&figures=false").json()
    assert "figures" not in found
    assert found["issues"]["open"] == 4


@pytest.mark.parametrize("role", ["resident", "neighbour"])
def test_a_resident_reads_no_name_no_phone_and_nothing_of_his_neighbours(estate: House, role: str) -> None:
    answer = estate.by(role).get("/grids/Z1-C1-1/card?site=WJ")
    found = answer.json()
    assert not {"owner", "figures", "rounds"} & set(found)
    for hidden in ("name of", PHONE, "P-Z1", "DEP"):
        assert hidden not in answer.text
    own = {"resident": "mine", "neighbour": "about him"}[role]
    assert [each["code"] for each in found["issues"]["most_urgent"]] == [estate.issues[own]]
    assert found["issues"]["open"] == 1


def test_an_analyst_reads_figures_and_no_words_or_people(estate: House) -> None:
    found = card(estate, "analyst")
    assert "owner" not in found
    assert "figures" in found
    assert WORDS not in json.dumps(found)
    assert "name of" not in json.dumps(found)


def test_an_auditor_reads_names_and_no_phones(estate: House) -> None:
    owner = card(estate, "auditor")["owner"]
    assert "phone" not in owner
    assert "phone" not in owner["deputy"]
    assert PHONE not in json.dumps(card(estate, "auditor"))


@pytest.mark.parametrize("who", ["in_person", "grid_owner"])
def test_a_grid_owner_reads_his_own_and_of_the_grids_above_only_his_part(estate: House, who: str) -> None:
    own, above = card(estate, who), card(estate, who, "Z1")
    assert own["issues"]["open"] == above["issues"]["open"] == 2
    assert estate.issues["about him"] not in json.dumps([own, above])
    assert (above["own"], above["buildings"]) == (False, 1)
    assert "figures" not in above
    assert estate.by(who).get("/grids/Z1-C1-2/card?site=WJ").status_code == 404


def test_what_is_no_grid_here_has_no_card(estate: House) -> None:
    assert estate.by("dispatcher").get("/grids/NONE/card?site=WJ").status_code == 404
    assert estate.by("dispatcher").get("/grids/%27%3Bdrop/card?site=WJ").status_code == 404
