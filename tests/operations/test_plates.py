"""A plate names who answers as far as it may, leads to its grid, and prints what people wrote as it stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, NotFoundError
from gridmap.maps.plates import QUIET, link_of, qr_svg
from gridmap.operations.plates import plates
from tests.maps.printed import codes, pages, raster, size_mm, text
from tests.operations.conftest import NOW, Publisher

ADDRESS = "https://grid.example"
PHONE = "13800000000"
HOSTILE = "#panic() *a* _b_ $x$ <script>alert(1)</script> \\ [@q] \"'`"


def viewer(site: Site, role: str = "admin", *grids: str) -> Viewer:
    return Viewer(1, role, role, site.id, site.code, grids or None)


def printed(session: Session, site: Site, *grids: str, by: Viewer | None = None, **said: Any) -> bytes:
    said.setdefault("address", ADDRESS)
    [content] = plates(session, site, by or viewer(site), NOW, grids or None, **said)
    return content


@pytest.mark.parametrize("size", ["A4", "A5"])
def test_the_code_on_a_plate_leads_to_its_grid_and_nothing_else(session: Session, estate: Site, size: Any) -> None:
    chosen = ["Z1-C1-1", "Z1-C1", "Z1"]
    shots = plates(session, estate, viewer(estate), NOW, chosen, address=ADDRESS, size=size, form="png", ppi=90)
    assert [[found.text for found in codes(raster(shot))] for shot in shots] == [
        [f"{ADDRESS}/r/{code}"] for code in chosen
    ]


def test_the_code_is_large_enough_for_a_wall(session: Session, estate: Site) -> None:
    [shot] = plates(session, estate, viewer(estate), NOW, ["Z1-C1-1"], address=ADDRESS, form="png", ppi=90)
    [found] = codes(raster(shot))
    corners = found.position
    assert (corners.top_right.x - corners.top_left.x) / 90 * 25.4 >= 70
    assert QUIET == 4
    assert found.ec_level == "H"


def test_the_pages_are_of_the_size_that_was_asked_for(session: Session, estate: Site) -> None:
    assert size_mm(printed(session, estate, "Z1")) == (297, 210)
    assert size_mm(printed(session, estate, "Z1", size="A5")) == (210, 148)


@pytest.mark.parametrize(
    ("language", "scan", "role"),
    [("zh-Hans", "扫码上报", "网格责任人"), ("zh-Hant", "掃碼上報", "網格責任人"), ("en", "Scantoreport", "gridowner")],
)
def test_a_plate_speaks_the_language_that_was_chosen(
    session: Session, estate: Site, language: str, scan: str, role: str
) -> None:
    page = text(printed(session, estate, "Z1-C1-1", language=language))
    for said in (scan, role, "nameofP-Z1-C1-1", "nameofDEP", "gridZ1-C1-1", "望江花园", "H-Z1-C1-1"):
        assert said in page


def test_all_plates_are_one_file_with_a_page_for_each_grid(session: Session, estate: Site) -> None:
    found = pages(printed(session, estate))
    assert len(found) == 22
    assert f"{ADDRESS}/r/Z1·" in found[0]
    assert f"{ADDRESS}/r/Z2-C2-4·" in found[-1]


def test_phones_stand_on_plates_only_where_asked_for_by_who_may_see_them(session: Session, estate: Site) -> None:
    assert PHONE not in text(printed(session, estate, "Z1-C1-1"))
    assert PHONE in text(printed(session, estate, "Z1-C1-1", phones=True))
    assert PHONE not in text(printed(session, estate, "Z1-C1-1", phones=True, by=viewer(estate, "auditor")))


def test_the_sites_own_phone_stands_on_every_plate_and_names_only_if_it_says_so(session: Session, estate: Site) -> None:
    session.execute(sql("update site set plate_phone = '028-8888 0000', plate_names = false"))
    session.expire_all()
    page = text(printed(session, estate, "Z1-C1-1"))
    assert "028-88880000" in page
    assert "nameof" not in page


def test_nobody_prints_a_plate_of_ground_that_is_not_his(session: Session, estate: Site) -> None:
    his = viewer(estate, "supervisor", "Z1-C1")
    assert len(pages(printed(session, estate, by=his))) == 5
    for code in ("Z1-C2", "Z1", "NOWHERE"):
        with pytest.raises(NotFoundError, match=f"there is no grid {code} here"):
            printed(session, estate, code, by=his)


def test_what_people_wrote_is_printed_as_it_stands(session: Session, estate: Site) -> None:
    session.execute(sql("update grid set name = :name where code = 'Z1-C1-1'"), {"name": HOSTILE})
    session.execute(sql("update person set name = :name, phone = :name"), {"name": HOSTILE})
    session.execute(sql("update building set name = :name"), {"name": HOSTILE})
    page = text(printed(session, estate, "Z1-C1-1", phones=True))
    assert page.count("#panic()*a*_b_$x$<script>alert(1)</script>\\[@q]") >= 2


def test_the_site_is_named_in_the_code_only_where_there_are_several(session: Session, published: Publisher) -> None:
    published()
    published(code="WK", name="other")
    site = session.query(Site).filter_by(code="WK").one()
    [shot] = plates(session, site, viewer(site), NOW, ["Z1"], address=ADDRESS, form="png", ppi=90)
    assert [found.text for found in codes(raster(shot))] == [f"{ADDRESS}/r/Z1?site=WK"]


@pytest.mark.parametrize("address", ["grid.example", "ftp://grid.example", "https://a b", "javascript:alert(1)", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(FieldError, match="an address begins with http"):
        link_of(address, "Z1")


@settings(max_examples=20)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_any_code_can_be_scanned(code: str) -> None:
    link = link_of(f"{ADDRESS}/", code)
    assert link.isascii()
    assert qr_svg(link).startswith("<svg")
