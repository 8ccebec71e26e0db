"""The figures that stand over the map."""

from __future__ import annotations

from datetime import timedelta

from gridmap.domain.attention import ATTENTIONS, attention
from tests.api.conftest import House
from tests.estate import spot


def test_the_day_is_told_by_what_was_due_and_what_is_settled(house: House) -> None:
    before = house.by("dispatcher").get("/pulse?site=WJ").json()
    code = house.report("due today", spot(0.5, 0.5), category="lift")
    house.sql("update issue set due_at = :at where code = :code", at=house.clock.now + timedelta(minutes=5), code=code)
    told = house.by("dispatcher").get("/pulse?site=WJ").json()
    assert (told["due"], told["settled"]) == (before["due"] + 1, before["settled"])
    house.sql("update issue set resolved_at = :at where code = :code", at=house.clock.now, code=code)
    assert house.by("dispatcher").get("/pulse?site=WJ").json()["settled"] == before["settled"] + 1


def test_the_first_answer_is_the_median_of_a_week_beside_the_week_before(house: House) -> None:
    for days, minutes in ((1, 10), (2, 30), (3, 20), (9, 50)):
        code = house.report(f"{days} days ago", spot(1.5, 0.5), category="lamp")
        reported = house.clock.now - timedelta(days=days)
        house.sql(
            "update issue set reported_at = :at, first_answer_at = :answered where code = :code",
            at=reported, answered=reported + timedelta(minutes=minutes), code=code,
        )  # fmt: skip
    told = house.by("head").get("/pulse?site=WJ").json()
    assert (told["answer_minutes"], told["before_minutes"]) == (20, 50)


def test_somebody_hears_of_his_own_ground_alone(house: House) -> None:
    assert house.by("stranger").get("/pulse").json() == {
        "open": dict.fromkeys(ATTENTIONS, 0), "settled": 0, "due": 0, "answer_minutes": None, "before_minutes": None,
    }  # fmt: skip


def test_what_is_open_is_counted_by_the_rule_of_the_map(house: House) -> None:
    told = house.by("dispatcher").get("/pulse?site=WJ").json()["open"]
    rows = house.sql(
        "select i.status, i.urgency, i.due_at, i.held_at from issue i join site s on s.id = i.site_id "
        "where s.code = 'WJ' and i.status not in ('closed', 'void', 'merged')"
    )
    asked = [attention(row._asdict(), house.clock.now) for row in rows]
    assert told == {name: asked.count(name) for name in ATTENTIONS}
    assert sum(told.values()) > 0
