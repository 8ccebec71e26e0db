"""The map of a site from the store: as far as somebody may see it, and without a viewer no contacts."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.frames import BUILDINGS, FACILITIES, GRIDS, HEAT, ISSUES, OVERLAYS
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import InputError, NotFoundError
from gridmap.maps.grid import SHAPES
from gridmap.maps.style import LAYERS
from gridmap.operations.atlas import covered_numbers, frames, grid_map, service_map, tiled
from gridmap.operations.issues import Desk
from tests.estate import spot
from tests.operations.conftest import NOW, Publisher

PHONE = "13800000000"


@pytest.fixture
def reported(session: Session, estate: Site) -> Site:
    """The estate with an issue that is open, one of long ago, and one that is done with."""
    places = [(0.1, 0.1), (1.1, 0.1), (2.1, 2.1)]
    rows = pd.DataFrame(
        {
            "lon": [spot(*place)[0] for place in places],
            "lat": [spot(*place)[1] for place in places],
            "category": "lift",
            "text": ["电话13912345678，身份证11010519491231002X", "long ago", "done"],
            "status": [None, None, "closed"],
            "reported_at": [NOW - timedelta(hours=1), NOW - timedelta(days=200), NOW - timedelta(days=3)],
        }
    )
    Desk(session, estate).report(rows, NOW, "desk")
    return estate


def viewer_of(site: Site, role: str, *grids: str) -> Viewer:
    return Viewer(1, "wang", role, site.id, site.code, grids or None)


def test_every_frame_has_the_columns_that_maps_expect(session: Session, reported: Site) -> None:
    read = frames(session, None, NOW)
    assert set(read) == set(LAYERS) == set(SHAPES)
    for name, shape in zip(LAYERS, (GRIDS, BUILDINGS, FACILITIES, OVERLAYS, ISSUES, HEAT), strict=True):
        shape.check(read[name])
    assert [len(read[name]) for name in LAYERS] == [22, 15, 2, 2, 2, 2]


def test_without_a_viewer_there_is_everything_but_contacts(session: Session, reported: Site) -> None:
    read = frames(session, None, NOW)
    assert "phone" not in read["grids"]
    assert read["grids"]["owner_name"].notna().all()
    assert read["issues"]["text"].tolist() == ["电话139****5678，身份证1101****002X", "long ago"]
    assert PHONE not in grid_map(session, at=NOW).get_root().render()


def test_contacts_come_when_they_are_asked_for(session: Session, reported: Site) -> None:
    assert set(frames(session, None, NOW, contacts=True)["grids"]["phone"]) == {PHONE}
    assert frames(session, None, NOW, contacts=True)["issues"]["text"][0].startswith("电话13912345678")
    assert PHONE in grid_map(session, at=NOW, contacts=True).get_root().render()


@pytest.mark.parametrize(
    ("role", "phones", "owners", "words"),
    [("supervisor", True, True, True), ("resident", False, False, False), ("analyst", False, False, False)],
)
def test_a_viewer_sees_on_the_map_what_he_has_a_right_to(
    role: str, phones: bool, owners: bool, words: bool, session: Session, reported: Site
) -> None:
    page = grid_map(session, viewer=viewer_of(reported, role), at=NOW, assets="linked").get_root().render()
    assert (PHONE in page) is phones
    assert ("name of P-Z1-C1-1" in page) is owners
    assert ("13912345678" in page) is words


def test_a_viewer_sees_his_part_of_the_estate(session: Session, reported: Site) -> None:
    read = frames(session, viewer_of(reported, "supervisor", "Z2-C2"), NOW)
    assert set(read["grids"]["code"]) == {"Z2", "Z2-C2", "Z2-C2-1", "Z2-C2-2", "Z2-C2-3", "Z2-C2-4"}
    assert (len(read["buildings"]), len(read["issues"]), len(read["heat"])) == (3, 0, 1)


def test_heat_reaches_back_as_far_as_it_is_asked_to(session: Session, reported: Site) -> None:
    counts = {days: len(frames(session, None, NOW, heat_days=days)["heat"]) for days in (1, 30, 90, 365)}
    assert counts == {1: 1, 30: 2, 90: 2, 365: 3}


def test_only_the_layers_that_are_wanted_are_read(session: Session, reported: Site) -> None:
    assert set(frames(session, None, NOW, layers=["grids"])) == {"grids", "heat"}
    with pytest.raises(InputError, match="'weather': there are grids"):
        frames(session, None, NOW, layers=["weather"])


def service_page(session: Session, site: Site, role: str, *grids: str) -> str:
    page = service_map(session, viewer_of(site, role, *grids), at=NOW, site=site.code, language="en", nonce="n")
    return str(page.get_root().render())


def test_the_page_of_the_service_names_the_site_and_its_reader(session: Session, reported: Site) -> None:
    html = service_page(session, reported, "dispatcher")
    assert "<span>望江花园</span>" in html
    assert "<p>wang</p>" in html
    assert 'href="?lang=en&amp;site=WJ"' in html
    assert 'action="/sign-out"' in html


@pytest.mark.parametrize("role", ["dispatcher", "resident", "supervisor"])
def test_the_page_of_the_service_holds_no_data(role: str, session: Session, reported: Site) -> None:
    html = service_page(session, reported, role, *(["Z2-C2"] if role == "supervisor" else []))
    assert [word for word in (PHONE, "name of P-", "13912345678", "Z1-C1-1", "long ago") if word in html] == []


def test_a_part_of_the_page_is_there_for_those_who_have_its_right(session: Session, reported: Site) -> None:
    assert "/static/live.js" in service_page(session, reported, "dispatcher")
    assert "/static/drawing.js" not in service_page(session, reported, "resident")


@pytest.mark.parametrize(
    ("counts", "name", "is_tiled"),
    [
        ({"tier3": 900, "tier2": 90}, "grids", False),
        ({"tier3": 990, "tier2": 90}, "grids", True),
        ({"buildings": 100_000}, "buildings", True),
        ({"issues": 2_000}, "issues", False),
        ({"issues": 2_001}, "issues", True),
    ],
)
def test_what_is_too_much_to_be_sent_whole_comes_as_tiles(counts: dict[str, int], name: str, is_tiled: bool) -> None:
    assert tiled(counts)[name] is is_tiled


def test_in_a_notebook_the_map_is_the_map_alone(session: Session, reported: Site) -> None:
    html = grid_map(session).get_root().render()
    assert "gm-legend" in html
    assert "<form method=" not in html
    assert '<main class="gm-side' not in html


def test_a_site_that_is_not_there_or_has_no_plan_is_named(
    session: Session, published: Publisher, reported: Site
) -> None:
    with pytest.raises(NotFoundError, match="there is no site ELSEWHERE"):
        grid_map(session, site="ELSEWHERE")
    session.execute(text("update edition set status = 'draft'"))
    with pytest.raises(NotFoundError, match="gridmap editions --site WJ"):
        grid_map(session)


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        (None, None),
        ("", ""),
        ("三号楼2单元1801", "三号楼2单元1801"),
        ("13912345678", "139****5678"),
        ("找我：139 1234 5678。", "找我：139****5678。"),
        ("139-1234-5678/13800000000", "139****5678/138****0000"),
        ("11010519491231002X", "1101****002X"),
        ("6222021234567890123", "6222****0123"),
        ("工单20260501", "工单20260501"),
    ],
)
def test_numbers_of_people_are_covered(text: str | None, covered: str | None) -> None:
    assert covered_numbers(text) == covered
