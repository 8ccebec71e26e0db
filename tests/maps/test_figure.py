"""A figure loads nothing from elsewhere: what it knows it takes from here, what it does not know it refuses."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import folium
import pytest
from branca.element import Element, JavascriptLink
from folium import plugins

from gridmap.errors import RefusedError
from gridmap.maps.assets import LOCAL, STATIC, asset
from gridmap.maps.figure import LocalFigure


def figure(**said: Any) -> tuple[LocalFigure, folium.Map]:
    made = LocalFigure(**{"title": "a <title>", "language": "zh-Hant", **said})
    drawn = folium.Map([31, 121], tiles=None)
    made.add_child(drawn)
    return made, drawn


class Tags(HTMLParser):
    """The tags of a page with what they say."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def loaded(html: str) -> list[str]:
    """Every address a page loads something from."""
    found = [said[name] or "" for _, said in Tags(html).found for name in ("src", "href", "srcset") if name in said]
    return [address for address in found if not address.startswith("data:")]


def test_links_of_folium_become_files_of_ours_whose_address_names_their_version() -> None:
    addresses = loaded(figure(assets="linked")[0].render())
    assert addresses == [
        "/static/vendor/leaflet@1.9.4/dist/leaflet.js", "/static/vendor/jquery@3.7.1/dist/jquery.min.js",
        "/static/vendor/leaflet@1.9.4/dist/leaflet.css",
    ]  # fmt: skip


def test_an_embedded_page_loads_nothing() -> None:
    html = figure()[0].render()
    assert loaded(html) == []
    assert "Leaflet 1.9.4" in html
    assert not [url for url in re.findall(r"url\(([^)]*)\)", html) if not url.startswith(("data:", "#"))]


@pytest.mark.parametrize(
    "plugin",
    [
        lambda: plugins.Draw(),
        lambda: plugins.Fullscreen(),
        lambda: plugins.MeasureControl(),
        lambda: plugins.ScrollZoomToggler(),
        lambda: plugins.VectorGridProtobuf("https://tiles.example/{z}/{x}/{y}.pbf"),
    ],
)
def test_a_plugin_that_loads_from_elsewhere_is_refused_by_name(plugin: Any) -> None:
    made, drawn = figure()
    plugin().add_to(drawn)
    with pytest.raises(RefusedError, match="maps load nothing from elsewhere"):
        made.render()


@pytest.mark.parametrize(
    "markup",
    [
        '<script src="https://cdn.example/a.js"></script>',
        "<img alt='' src=//cdn.example/a.png>",
        '<LINK rel="stylesheet" href="http://cdn.example/a.css">',
        '<iframe title="x" src="https://example.org"></iframe>',
        '<form method="post" action="https://example.org"></form>',
    ],
)
@pytest.mark.parametrize("part", ["header", "html"])
def test_markup_that_loads_from_elsewhere_is_refused(markup: str, part: str) -> None:
    made, _ = figure()
    getattr(made, part).add_child(Element(markup))
    with pytest.raises(RefusedError, match=r"example"):
        made.render()


def test_a_link_that_is_not_known_is_refused_even_if_its_address_looks_like_ours() -> None:
    made, _ = figure()
    made.header.add_child(JavascriptLink("/static/vendor/other.js"), name="other")
    with pytest.raises(RefusedError, match="other would be fetched from /static/vendor/other"):
        made.render()


def test_every_script_and_style_carries_the_nonce_and_no_text_of_others_does() -> None:
    for assets in ("linked", "embedded"):
        made, drawn = figure(assets=assets, nonce="n0nce")
        folium.Marker([31, 121], popup="<script>alert(1)</script>").add_to(drawn)
        html = made.render()
        tags = [
            (tag, said)
            for tag, said in Tags(html).found
            if tag in ("script", "style") or said.get("rel") == "stylesheet"
        ]
        assert len(tags) >= 7
        assert all(said.get("nonce") == "n0nce" for tag, said in tags)
        assert "<script>alert(1)" in html


def test_without_a_nonce_there_is_none() -> None:
    assert "nonce" not in "".join(str(said) for _, said in Tags(figure(assets="linked")[0].render()).found)


def test_a_page_says_its_language_and_title_and_may_be_pinched() -> None:
    html = figure()[0].render()
    assert '<html lang="zh-Hant">' in html
    assert "<title>a &lt;title&gt;</title>" in html
    assert html.count('name="viewport"') == 1
    assert "user-scalable=no" not in html
    assert "maximum-scale" not in html


def test_in_a_notebook_everything_is_in_the_cell_whatever_the_figure_is_for() -> None:
    _, drawn = figure(assets="linked", nonce="n")
    cell = drawn._repr_html_()
    assert cell.startswith("<div")
    assert "/static/" not in cell
    assert len(cell) > 200_000


def test_a_figure_can_be_rendered_twice() -> None:
    made, _ = figure()
    assert made.render() == made.render()


def test_folium_itself_is_left_as_it_was() -> None:
    before = (list(folium.Map.default_js), list(folium.Map.default_css), folium.Figure._template)
    figure()[0].render()
    assert (list(folium.Map.default_js), list(folium.Map.default_css), folium.Figure._template) == before
    assert "https://" in folium.Map([0, 0], tiles=None).get_root().render()


@pytest.mark.parametrize("name", sorted(LOCAL))
def test_every_file_that_stands_for_a_link_is_there(name: str) -> None:
    found = asset(name, "")
    assert found is not None
    assert found.path.is_file()
    assert found.path == STATIC / found.url.removeprefix("/static/").partition("?")[0]
    assert "</script" not in found.text().lower() or found.path.suffix == ".css"
