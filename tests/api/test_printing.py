"""What the service prints: pictures, plates and reports, each within what its reader may see."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.api.conftest import OTHER, House
from tests.estate import spot
from tests.maps.printed import pages, text

PHONE = "13800000000"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def busy(house: House) -> House:
    """The house with an issue in the first cell, one in the last, and one in the other site."""
    house.report("near", spot(0.5, 0.5), category="lift", text="13712345678 <script>")
    house.report("far", spot(3.5, 3.5), category="water_leak")
    return house


def got(house: House, by: str, path: str) -> Any:
    answer = house.by(by).get(path)
    assert answer.status_code == 200, answer.text
    return answer


def words(content: bytes) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(content).iter(f"{SVG}text")]


def symbols(content: bytes) -> int:
    """How many issues are drawn, besides the one the legend shows of each sort."""
    tree = ElementTree.fromstring(content)
    return sum(1 for node in tree.iter(f"{SVG}svg") if node.get("width") == "21")


def test_a_picture_is_what_was_asked_for(busy: House) -> None:
    for kind, media in (("svg", "image/svg+xml"), ("png", "image/png"), ("pdf", "application/pdf")):
        answer = got(busy, "dispatcher", f"/picture.{kind}?width=640&height=480")
        assert answer.headers["content-type"] == media
        assert answer.headers["content-disposition"] == f'inline; filename="map.{kind}"'
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
    picture = Image.open(io.BytesIO(got(busy, "dispatcher", "/picture.png?width=640&height=480").content))
    assert picture.size == (640, 480)


def test_a_picture_shows_its_viewers_part(busy: House) -> None:
    everything = got(busy, "dispatcher", "/picture.svg").content
    his = got(busy, "grid_owner", "/picture.svg").content
    assert symbols(everything) == 2
    assert symbols(his) == 1
    assert "Z2-C2" in words(everything)
    assert "Z2-C2" not in words(his)
    for content in (everything, his):
        assert OTHER.encode() not in content
        assert PHONE.encode() not in content


def test_who_may_not_know_the_people_gets_no_names(busy: House) -> None:
    assert "name of P-Z1-C1" in words(got(busy, "dispatcher", "/picture.svg").content)
    assert b"name of" not in got(busy, "analyst", "/picture.svg").content


def test_a_picture_is_filtered_as_the_page_is(busy: House) -> None:
    def count(query: str) -> int:
        return symbols(got(busy, "dispatcher", f"/picture.svg?{query}").content)

    assert count("category=lift") == 1
    assert count("category=lift&category=water_leak") == 2
    assert count("grid=Z1-C1-1") == 1
    assert count("under=Z1") == 1
    assert count("attention=urgent&attention=new") == 2
    assert count("attention=verify") == 0
    assert count(f"codes={busy.issues['near']},WJ-999999") == 1
    assert count("status=on_hold") == 0
    assert count("since=2030-01-01T00:00:00Z") == 0
    assert count("until=2030-01-01T00:00:00Z&owner=P-Z1-C1-1") == 1
    assert count("layers=grids,buildings") == 0
    west, south = spot(-0.2, -0.2)
    east, north = spot(1.2, 1.2)
    assert count(f"bbox={west},{south},{east},{north}") == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("bbox=1,2,3", "bbox"), ("bbox=nan,0,1,1", "bbox"), ("bbox=2,0,1,1", "bbox"), ("bbox=0,0,999,1", "bbox"),
        ("width=100", "width"), ("height=5000", "height"), ("layers=weather", "layers"), ("theme=pink", "theme"),
        ("width=4000&height=4000", "width"), ("since=2026-01-01T00:00:00", "since"), ("colour=red", "colour"),
    ],
)  # fmt: skip
def test_a_picture_that_cannot_be_is_refused_with_the_field(busy: House, query: str, field: str) -> None:
    answer = busy.by("dispatcher").get(f"/picture.png?{query}")
    assert answer.status_code == 422
    assert field in answer.text


def test_a_plate_leads_back_to_the_service_it_was_printed_by(busy: House) -> None:
    answer = got(busy, "dispatcher", "/plates.pdf?grid=Z1-C1-1&lang=en")
    assert answer.headers["content-type"] == "application/pdf"
    # Two sites are in this store: the plate names its own.
    assert "http://gridmap.example/r/Z1-C1-1?site=WJ" in text(answer.content)
    assert "Scantoreport" in text(answer.content)


def test_phones_are_on_plates_by_consent_and_by_right(busy: House) -> None:
    assert PHONE not in text(got(busy, "dispatcher", "/plates.pdf?grid=Z1-C1-1").content)
    assert PHONE in text(got(busy, "dispatcher", "/plates.pdf?grid=Z1-C1-1&phones=true").content)
    assert busy.by("auditor").get("/plates.pdf?grid=Z1-C1-1&phones=true").status_code == 403
    assert PHONE not in text(got(busy, "auditor", "/plates.pdf?grid=Z1-C1-1").content)


def test_plates_are_of_ones_own_ground(busy: House) -> None:
    assert len(pages(got(busy, "supervisor", "/plates.pdf?size=A5").content)) == 5
    assert len(pages(got(busy, "grid_owner", "/plates.pdf").content)) == 1
    assert busy.by("supervisor").get("/plates.pdf?grid=Z2-C2-4").status_code == 404
    assert busy.by("stranger").get("/plates.pdf?site=WJ").status_code == 404
    assert OTHER not in text(got(busy, "dispatcher", "/plates.pdf?grid=Z1&grid=Z2").content)
    assert busy.by("dispatcher").get("/plates.pdf?size=A3").status_code == 422


def test_the_report_of_a_month_is_of_ones_own_ground(busy: House) -> None:
    busy.clock.now += timedelta(hours=1)
    every = text(got(busy, "head", "/monthly.pdf?month=2026-05&lang=en").content)
    his = text(got(busy, "supervisor", "/monthly.pdf?month=2026-05&lang=en").content)
    assert "Monthlyreportofthegrids" in every
    assert "reported2" in every
    assert "reported1" in his
    assert OTHER not in every
    for query in ("month=2027-01", "month=May", "month=2026-Q1"):
        assert busy.by("head").get(f"/monthly.pdf?{query}").status_code == 422


def test_what_is_printed_says_nothing_of_reports_themselves(busy: House) -> None:
    for path in ("/picture.svg", "/picture.pdf", "/monthly.pdf?month=2026-05", "/plates.pdf?grid=Z1-C1-1"):
        content = got(busy, "dispatcher", path).content
        said = text(content) if content.startswith(b"%PDF") else content.decode()
        assert "13712345678" not in said
