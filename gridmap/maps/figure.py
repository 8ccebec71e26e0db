"""A Figure that loads nothing from elsewhere: every link becomes a local file, or the map is refused."""

from __future__ import annotations

import re
from typing import Any, Literal

from branca.element import CssLink, Figure, Link

from gridmap.errors import RefusedError
from gridmap.maps.assets import Asset, asset
from gridmap.maps.escape import safe

Assets = Literal["embedded", "linked"]

# Folium's Map forbids to pinch, which people with weak sight need.
_VIEWPORT = re.compile(r'<meta name="viewport"[^>]*>', re.DOTALL)
# Without one, every browser asks for /favicon.ico.
ICON = '<link rel="icon" href="data:,">'
VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">'

# A tag that loads something by itself; a link to follow is no such thing.
_LOADS = re.compile(
    r"<(?:script|link|img|iframe|source|video|audio|track|object|embed|use|image|input|form)\b[^>]*?"
    r"\b(?:src|href|srcset|data|poster|action)\s*=\s*[\"']?\s*((?:[a-z]+:)?//[^\"'\s>]+)",
    re.IGNORECASE,
)


class LocalFigure(Figure):
    """The page around a map.

    "linked" names the files under /static, "embedded" puts them into the page; a nonce stands on every script and
    style, for a Content-Security-Policy that asks for it.
    """

    def __init__(
        self, *, title: str, language: str, assets: Assets = "embedded", nonce: str | None = None, **size: Any
    ) -> None:
        super().__init__(**size)
        self._name = "LocalFigure"
        self.title, self.language, self.assets, self.nonce = title, language, assets, nonce

    def render(self, **kwargs: Any) -> str:
        """The page as HTML."""
        assets = kwargs.pop("assets", self.assets)
        for child in self._children.values():
            child.render(**kwargs)
        head = "\n".join(self._head(name, child, assets, kwargs) for name, child in self.header._children.items())
        body = self.html.render(**kwargs)
        refuse_foreign(body)
        return (
            f'<!DOCTYPE html>\n<html lang="{safe(self.language)}">\n<head>\n<title>{safe(self.title)}</title>\n'
            f"{ICON}\n{head}\n"
            f"</head>\n<body>\n{body}\n<script{self._nonce()}>\n{self.script.render(**kwargs)}\n</script>\n</body>\n"
            "</html>\n"
        )

    def _repr_html_(self, **kwargs: Any) -> str:
        """In a notebook no server of ours answers for files."""
        return str(super()._repr_html_(assets="embedded", **kwargs))

    def _head(self, name: str, child: Any, assets: Assets, kwargs: dict[str, Any]) -> str:
        if isinstance(child, Link):
            found = asset(name, child.url)
            return "" if found is None else self._tag(found, isinstance(child, CssLink), assets)
        text = _VIEWPORT.sub(VIEWPORT, child.render(**kwargs))
        refuse_foreign(text)
        return re.sub(r"<(script|style)\b", rf"<\1{self._nonce()}", text)

    def _tag(self, found: Asset, is_style: bool, assets: Assets) -> str:
        nonce = self._nonce()
        if assets == "linked":
            if is_style:
                return f'<link rel="stylesheet" href="{found.url}"{nonce}>'
            return f'<script src="{found.url}"{nonce}></script>'
        tag = "style" if is_style else "script"
        return f"<{tag}{nonce}>{found.text()}</{tag}>"

    def _nonce(self) -> str:
        return f' nonce="{safe(self.nonce)}"' if self.nonce else ""


def refuse_foreign(markup: str) -> None:
    """Refuse markup that would load something from another machine."""
    found = _LOADS.search(markup)
    if found:
        raise RefusedError(f"the map would load {found[1]}: maps load nothing from elsewhere; leave it out")
