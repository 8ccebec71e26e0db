"""The desk in a real browser: cards, what is done from them, several at once, files; and nothing that runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Route, expect
from playwright.sync_api import Page as Tab

from gridmap.domain.commands import BELONGS, NEEDS, Command
from gridmap.domain.lifecycle import ACTIONS
from gridmap.errors import FieldError
from gridmap.maps.assets import STATIC
from gridmap.maps.parts import FILES
from gridmap.maps.words.desk import DESK
from tests.api.conftest import NOW
from tests.estate import spot
from tests.pages.conftest import PHONE, Served
from tests.pictures import small_picture

SCRIPT = "".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in FILES["desk"])
HOSTILE = (
    '<img src=x onerror="window.__h=1">',
    "${window.__h=1}",
    "</script><script>window.__h=1</script>",
    "abc\\",
    "a\\`${1}\\",
    "&lt;img src=x onerror=window.__h=1&gt;",
    "javascript:window.__h=1",
    '" onmouseover="window.__h=1" x="',
    "{{7*7}}{% raw %}",
)
OpenScreen = Callable[..., Tab]


@pytest.fixture
def desk(house: Served, screens: OpenScreen) -> Tab:
    """A dispatcher's screen, in English."""
    return opened(house, screens(locale="en-GB"), "dispatcher")


# Nobody signs in for every screen he opens: who does that too often is made to wait.
SIGNED_IN: dict[tuple[str, str], Any] = {}


def opened(house: Served, tab: Tab, account: str) -> Tab:
    known = SIGNED_IN.get((house.address, account))
    if known is None:
        house.sign_in(tab, account)
        SIGNED_IN[house.address, account] = tab.context.cookies()
    else:
        tab.context.add_cookies(known)
        tab.goto(f"{house.address}/map")
    tab.wait_for_selector(".gm-ready", state="attached")
    return tab


def reported(house: Served, name: str, where: tuple[float, float] = (0.5, 0.5), **said: Any) -> str:
    return house.report(name, spot(*where), **{"category": "lamp", **said})


def row(tab: Tab, code: str) -> Locator:
    return tab.locator(f'#gm-list [data-code="{code}"]')


def opens(tab: Tab, code: str) -> Locator:
    """The card of an issue, opened from the list."""
    row(tab, code).get_by_role("button").click()
    card = tab.locator("#gm-card")
    expect(card.locator(".gm-card-title p")).to_contain_text(code)
    expect(card.locator(".gm-part-history")).to_be_visible()
    return card


def stands_at(tab: Tab, address: str) -> Locator:
    """The card that an address opens, the page loaded anew."""
    tab.goto("about:blank")
    tab.goto(address)
    return tab.locator("#gm-card")


def expected(complaints: list[str], status: int) -> None:
    """That the service refused something is what the test is about: the browser's word of it is no fault."""
    assert complaints
    assert all(str(status) in each for each in complaints)
    complaints.clear()


def status(house: Served, code: str) -> str:
    return str(house.by("dispatcher").get(f"/issues/{code}").json()["status"])


# ---------------------------------------------------------------- the card of an issue


def test_the_card_says_what_was_reported_where_whose_it_is_and_what_has_happened(house: Served, desk: Tab) -> None:
    code = reported(house, "dark lamp", text="the lamp is dark")
    desk.reload()
    card = opens(desk, code)
    for said in ("the lamp is dark", "name of P-Z1-C1-1", "13800000000", "it was reported", "grid owner"):
        expect(card).to_contain_text(said)
    card.locator("summary", has_text="Why it is theirs").click()
    expect(card).to_contain_text("lies in grid Z1-C1-1")


def test_the_clock_runs_and_turns_red_when_it_is_over(house: Served, desk: Tab) -> None:
    code = reported(house, "timed")
    desk.reload()
    clock = opens(desk, code).locator(".gm-next [data-due]")
    before = clock.inner_text()
    expect(clock).not_to_have_text(before)
    assert re.fullmatch(r"left (\d+ d )?\d\d:\d\d:\d\d", before)
    house.sql("update deadline set due_at = :past where issue_id = (select id from issue where code = :code)",
              past=NOW - timedelta(days=1, hours=2), code=code)  # fmt: skip
    desk.reload()
    clock = desk.locator("#gm-card .gm-next [data-due]")
    expect(clock).to_contain_text("late 1 d 02:")
    expect(desk.locator("#gm-card .gm-next")).to_have_class(re.compile("gm-late"))


def test_while_it_is_on_hold_the_clock_stands(house: Served, desk: Tab) -> None:
    code = reported(house, "held")
    for action, said in (("dispatch", {"to": "TOM"}), ("accept", {}), ("hold", {"note": "a part is ordered"})):
        done = house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": action, **said})
        assert done.status_code == 200, done.text
    desk.reload()
    card = opens(desk, code)
    expect(card).to_contain_text("the clock stands since")
    expect(card.locator("[data-due]")).to_have_count(0)
    expect(card).to_contain_text("a part is ordered")


def test_a_grid_owner_accepts_and_resolves_from_the_card(house: Served, screens: OpenScreen) -> None:
    code = reported(house, "his own")
    house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "dispatch", "to": "P-Z1-C1-1"})
    tab = opened(house, screens(locale="en-GB"), "in_person")
    card = opens(tab, code)
    card.get_by_role("button", name="Accept").click()
    expect(card.locator(".gm-card-title p")).to_contain_text("accepted")
    card.get_by_role("button", name="Start").click()
    expect(card.locator(".gm-card-title p")).to_contain_text("in progress")
    card.get_by_role("button", name="Resolved").click()
    card.get_by_label("Note").fill("a new bulb")
    card.get_by_label(re.compile("^Photos")).set_input_files(
        [{"name": "after.png", "mimeType": "image/png", "buffer": small_picture()}]
    )
    card.get_by_role("button", name="Do it").click()
    expect(card.locator(".gm-card-title p")).to_contain_text("resolved")
    expect(card.locator(".gm-photos img")).to_have_count(1)
    expect(card.locator(".gm-story li").first).to_contain_text("a new bulb")
    assert status(house, code) == "resolved"
    card.locator(".gm-photos button").click()
    expect(tab.locator("dialog img")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.locator("dialog")).to_be_hidden()
    expect(card).to_be_visible()


def test_what_has_to_be_said_is_asked_for_beside_the_field(house: Served, desk: Tab) -> None:
    code = reported(house, "to be struck off")
    desk.reload()
    card = opens(desk, code)
    card.locator(".gm-more-acts summary").click()
    card.get_by_role("button", name="Strike off").click()
    card.get_by_role("button", name="Do it").click()
    expect(card.locator(".gm-field-note .gm-wrong")).to_have_text("This has to be said.")
    assert status(house, code) == "reported"
    card.get_by_label("Note").fill("a duplicate by mistake")
    card.get_by_role("button", name="Do it").click()
    expect(card.locator(".gm-card-title p")).to_contain_text("void")


def test_what_the_service_refuses_stands_beside_the_field(house: Served, desk: Tab, complaints: list[str]) -> None:
    code = reported(house, "to nobody")
    desk.reload()
    card = opens(desk, code)
    card.get_by_role("button", name="Hand out").click()
    card.get_by_text("Somebody else").click()
    card.get_by_label("name or code").fill("NOBODY")
    card.get_by_role("button", name="Do it").click()
    expect(card.locator(".gm-field-to .gm-wrong")).to_contain_text("nobody is known as")
    expect(card.get_by_label("name or code")).to_have_value("NOBODY")
    expected(complaints, 422)


def test_what_was_chosen_stays_chosen_when_the_candidates_come_late(house: Served, desk: Tab) -> None:
    code = reported(house, "by a slow line")
    desk.reload()
    asked: list[Route] = []
    desk.route(re.compile("/candidates"), lambda route: asked.append(route))
    card = opens(desk, code)
    card.get_by_role("button", name="Hand out").click()
    card.get_by_text("Somebody else").click()
    card.get_by_label("name or code").fill("TOM")
    while not asked:
        desk.wait_for_timeout(20)
    asked[0].continue_()
    expect(card.locator(".gm-choices label", has_text="in hand").first).to_be_visible()
    expect(card.get_by_label("Somebody else")).to_be_checked()
    expect(card.get_by_label("name or code")).to_have_value("TOM")
    card.get_by_role("button", name="Do it").click()
    expect(card.locator(".gm-card-title p")).to_contain_text("dispatched")
    assert house.by("dispatcher").get(f"/issues/{code}").json()["handler"]["person"]["code"] == "TOM"


def test_who_was_too_late_sees_what_has_changed_and_keeps_what_he_wrote(
    house: Served, screens: OpenScreen, complaints: list[str]
) -> None:
    code = reported(house, "contested")
    tab = screens(locale="en-GB")
    # Nothing tells this screen: what has changed it learns from the refusal.
    tab.route(re.compile("/(live|events)"), lambda route: route.abort())
    opened(house, tab, "dispatcher")
    card = opens(tab, code)
    card.locator(".gm-more-acts summary").click()
    card.get_by_role("button", name="Answer the reporter").click()
    card.get_by_label("Note").fill("we are on our way")
    house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "dispatch", "to": "TOM"})
    card.get_by_role("button", name="Do it").click()
    expect(card.locator(".gm-form")).to_contain_text("has changed meanwhile: it is dispatched now")
    expect(card.get_by_label("Note")).to_have_value("we are on our way")
    expect(card).to_contain_text("name of TOM")
    card.get_by_role("button", name="Do it").click()
    expect(card.locator(".gm-story")).to_contain_text("we are on our way")
    complaints[:] = [each for each in complaints if "ERR_FAILED" not in each]
    expected(complaints, 409)


def test_a_card_follows_what_others_do_and_keeps_what_is_typed(house: Served, desk: Tab) -> None:
    code = reported(house, "followed")
    desk.reload()
    card = opens(desk, code)
    card.locator(".gm-more-acts summary").click()
    card.get_by_role("button", name="Answer the reporter").click()
    card.get_by_label("Note").fill("half a sen")
    house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "dispatch", "to": "TOM"})
    expect(card).to_contain_text("name of TOM")
    expect(card.get_by_label("Note")).to_have_value("half a sen")
    expect(card.get_by_label("Note")).to_be_focused()


# ---------------------------------------------------------------- several at once


def test_two_are_handed_out_from_the_list_and_another_screen_sees_it(
    house: Served, desk: Tab, screens: OpenScreen
) -> None:
    one, two = reported(house, "one"), reported(house, "two", (0.6, 0.5))
    other = opened(house, screens(locale="en-GB"), "head")
    desk.reload()
    for code in (one, two):
        row(desk, code).get_by_role("checkbox").check()
    card = desk.locator("#gm-card")
    expect(card).to_contain_text("2 issues to hand out")
    person = card.locator(".gm-choices label", has_text="name of TOM")
    expect(person).to_contain_text("in hand")
    expect(person).to_contain_text("the work of all of them")
    person.click()
    card.get_by_label("A note to all").fill("before noon")
    card.get_by_role("button", name="Hand out 2").click()
    expect(card).to_contain_text("2 handed out, 0 refused")
    assert [status(house, code) for code in (one, two)] == ["dispatched", "dispatched"]
    for code in (one, two):
        expect(row(other, code)).to_contain_text("name of TOM")
        expect(row(desk, code).get_by_role("checkbox")).not_to_be_checked()


def test_what_is_refused_says_why_and_stays_chosen(house: Served, desk: Tab) -> None:
    good, gone = reported(house, "good"), reported(house, "gone", (0.6, 0.5))
    desk.reload()
    for code in (good, gone):
        row(desk, code).get_by_role("checkbox").check()
    card = desk.locator("#gm-card")
    expect(card.locator(".gm-choices label", has_text="name of TOM")).to_be_visible()
    card.get_by_text("Somebody else").click()
    card.get_by_label("name or code").fill("P-Z1-C1-2")
    card.locator("#gm-many").get_by_label("Wanted by").fill("2026-05-03T12:00")
    house.sql("update issue set about_id = (select id from person p where p.code = 'P-Z1-C1-2' "
        "and p.site_id = issue.site_id) "
              "where code = :code", code=gone)  # fmt: skip
    card.get_by_role("button", name="Hand out 2").click()
    expect(card).to_contain_text("1 handed out, 1 refused")
    expect(card.locator(".gm-refused")).to_contain_text("does not go to him")
    expect(row(desk, gone).get_by_role("checkbox")).to_be_checked()
    expect(row(desk, good).get_by_role("checkbox")).not_to_be_checked()
    done = house.by("dispatcher").get(f"/issues/{good}").json()
    assert (done["handler"]["person"]["code"], done["due_at"][:16]) == ("P-Z1-C1-2", "2026-05-03T04:00")


def test_several_are_chosen_on_the_map_by_a_box(house: Served, desk: Tab) -> None:
    codes = {reported(house, f"boxed {n}", (2.4 + n / 10, 0.5)) for n in range(3)}
    desk.reload()
    desk.wait_for_selector(".gm-ready", state="attached")
    desk.get_by_role("button", name="Choose several").click()
    boxes = [desk.locator('.gm-issue[title*="Z1-C2-1"]').nth(n).bounding_box() for n in range(3)]
    xs = [box["x"] + 22 for box in boxes if box]
    ys = [box["y"] + 22 for box in boxes if box]
    desk.mouse.move(min(xs) - 20, min(ys) - 30)
    desk.mouse.down()
    desk.mouse.move(max(xs) + 20, max(ys) + 30, steps=4)
    desk.mouse.up()
    for code in codes:
        expect(row(desk, code).get_by_role("checkbox")).to_be_checked()
    expect(desk.locator("#gm-marked")).to_contain_text("3 issues to hand out")


# ---------------------------------------------------------------- other cards, the keyboard, a phone


def test_a_grid_its_building_and_its_broken_lift_have_cards(house: Served, desk: Tab) -> None:
    house.sql("update facility set state = 'out_of_order' where code = 'LIFT'")
    card = stands_at(desk, f"{house.address}/map#card=grid:Z1-C1-2")
    expect(card).to_contain_text("name of P-Z1-C1-2")
    expect(card.locator(".gm-broken")).to_contain_text("lift")
    card.locator(".gm-broken .gm-link").click()
    expect(card).to_contain_text("out of order")
    card.get_by_role("button", name="Back").click()
    expect(card).to_contain_text("In charge")
    expect(stands_at(desk, f"{house.address}/map#card=building:H-Z1-C1-2")).to_contain_text("answered for by")


def test_it_all_goes_by_the_keyboard(house: Served, desk: Tab) -> None:
    code = reported(house, "by keys")
    desk.reload()
    button = row(desk, code).get_by_role("button")
    expect(button).to_be_visible()
    button.focus()
    desk.keyboard.press("Enter")
    card = desk.locator("#gm-card")
    expect(card.get_by_role("heading", level=2)).to_be_focused()
    expect(card.locator(".gm-part-history")).to_be_visible()
    act = card.get_by_role("button", name="Hand out")
    for _ in range(60):
        desk.keyboard.press("Tab")
        if act.evaluate("one => one === document.activeElement"):
            break
    desk.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Do it")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(row(desk, code).get_by_role("button")).to_be_focused()


def test_on_a_phone_the_card_is_a_sheet_with_room_for_fingers(house: Served, screens: OpenScreen) -> None:
    code = reported(house, "on a phone")
    tab = opened(house, screens(locale="en-GB", **PHONE), "dispatcher")
    card = stands_at(tab, f"{house.address}/map#card=issue:{code}")
    expect(card.locator(".gm-part-history")).to_be_visible()
    tab.wait_for_timeout(500)  # it comes up from below
    box = card.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert box["y"] + box["height"] == pytest.approx(844, abs=1)
    for each in card.locator(".gm-card-top button, .gm-card-foot .gm-act:visible").all():
        found = each.bounding_box()
        assert found is not None
        assert min(found["width"], found["height"]) >= 43.9  # rounded by the screen


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_cards_and_their_forms_can_be_read_by_everybody(house: Served, screens: OpenScreen, theme: str) -> None:
    code = reported(house, f"read in {theme}", text="the lamp is dark")
    tab = opened(house, screens(locale="en-GB", color_scheme=theme, bypass_csp=True), "dispatcher")
    card = stands_at(tab, f"{house.address}/map#card=issue:{code}")
    card.get_by_role("button", name="Hand out").click()
    expect(card.locator(".gm-choices label", has_text="in hand")).to_be_visible()
    assert faults(tab) == []
    expect(stands_at(tab, f"{house.address}/map#card=grid:Z1-C1-1").locator(".gm-part-figures")).to_be_visible()
    assert faults(tab) == []


def faults(tab: Tab) -> list[str]:
    """What stands in the way of some readers, on the card and whatever else is in the page."""
    found = Axe().run(tab).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found]


def test_what_a_residents_browser_receives_names_nobody(house: Served, screens: OpenScreen) -> None:
    code = house.report("his own lamp", spot(0.5, 0.5), by="resident", category="lamp", text="the lamp is dark")
    reported(house, "a neighbour's", text="words of somebody else")
    tab = screens(locale="en-GB")
    received: dict[str, str] = {}

    def read(route: Route) -> None:
        answer = route.fetch()
        received[route.request.url] = answer.text()
        route.fulfill(response=answer)

    tab.route(re.compile("/(map|issues|grids|layers|people|live/snapshot|buildings|facilities|categories)"), read)
    opened(house, tab, "resident")
    expect(stands_at(tab, f"{house.address}/map#card=issue:{code}")).to_contain_text("the lamp is dark")
    expect(stands_at(tab, f"{house.address}/map#card=grid:Z1-C1-1")).to_contain_text("Most pressing")
    assert [each for each in received if "/card" in each]
    assert [each for each in received if f"/issues/{code}" in each]
    for address, said in received.items():
        for hidden in ("name of", "13800000000", "words of somebody else"):
            assert hidden not in said, address


# ---------------------------------------------------------------- taken along


def test_what_is_seen_is_taken_along_as_a_file(house: Served, desk: Tab) -> None:
    reported(house, "here", text="in view")
    desk.reload()
    desk.wait_for_selector(".gm-ready", state="attached")
    tool = desk.get_by_role("button", name="Take along what is seen")
    tool.click()
    with desk.expect_download() as taken:
        desk.get_by_role("button", name="GeoJSON").click()
    found = json.loads(Path(taken.value.path()).read_text(encoding="utf-8"))
    assert "in view" in {each["properties"]["text"] for each in found["features"]}
    assert taken.value.suggested_filename.startswith("issues-WJ-")
    tool.click()
    desk.keyboard.press("Escape")
    expect(tool).to_be_focused()


# ---------------------------------------------------------------- hostile words


def test_nothing_that_somebody_writes_runs(house: Served, screens: OpenScreen) -> None:
    names = {each: f"P-Z2-C1-{n}" for n, each in enumerate(HOSTILE[:4], 1)}
    for name, code in names.items():
        house.sql("update person set name = :name where code = :code", name=name, code=code)
    house.sql("update grid set name = :name where code like 'Z2-C1%'", name=HOSTILE[0])
    house.sql("insert into category (site_id, code, name, \"group\", kind, urgency) select id, 'odd', :name, 'other', "
              "'repair', 'normal' from site where code = 'WJ'", name=HOSTILE[0])  # fmt: skip
    codes = [
        reported(house, f"hostile {n}", (0.2 + n / 14, 2.5), text=text, category="odd", level=text[:30])
        for n, text in enumerate(HOSTILE)
    ]
    for code, text in zip(codes, HOSTILE, strict=True):
        house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "answer", "note": text})
        house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "refer", "body": text})
    tab = opened(house, screens(locale="en-GB"), "dispatcher")
    for code, text in zip(codes, HOSTILE, strict=True):
        card = stands_at(tab, f"{house.address}/map#card=issue:{code}")
        expect(card.locator(".gm-words")).to_have_text(text)
        expect(card.locator(".gm-story")).to_contain_text(text)
        assert card.locator("img").count() == 0
    for grid in ("Z2-C1", "Z2-C1-1"):
        expect(stands_at(tab, f"{house.address}/map#card=grid:{grid}").locator("h2")).to_have_text(HOSTILE[0])
        expect(tab.locator("#gm-card .gm-issues li").first).to_be_visible()
    assert tab.evaluate("() => window.__h") is None


# ---------------------------------------------------------------- the script and the rules say the same


def forms() -> dict[str, list[str]]:
    """What the script asks for with each action."""
    table = re.search(r"const FORMS = \{(.*?)\n  \};", SCRIPT, re.DOTALL)
    assert table is not None
    return {name: said.split() for name, said in re.findall(r"^    (\w+): '([^']*)',$", table[1], re.MULTILINE)}


def test_every_action_has_a_form_that_asks_for_what_it_cannot_do_without() -> None:
    found = forms()
    assert set(found) == set(ACTIONS)
    for action, checks in NEEDS.items():
        for check in checks:
            with pytest.raises(FieldError) as refused:
                check(Command("X", action))
            assert refused.value.field in found[action]


def test_no_form_asks_for_what_its_action_has_no_place_for() -> None:
    for action, fields in forms().items():
        for field in (each.rstrip("?") for each in fields):
            assert action in BELONGS.get(field, (action,)), (action, field)


def test_the_script_says_nothing_that_has_no_words() -> None:
    said = re.findall(r"\bsay\('(\w+)'", SCRIPT)
    assert set(said) <= set(DESK)
