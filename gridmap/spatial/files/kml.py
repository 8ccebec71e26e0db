"""KML's placemarks, read with a parser that knows no document types, no links and no other file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.errors import FileRefusedError
from gridmap.spatial.files.limits import Limits, check_features, check_ring, reading, refused

_DECLARED_CHINESE = re.compile(rb"<\?xml[^>]{0,100}encoding=[\"']gb", re.IGNORECASE)
_KEPT_TEXT = frozenset({"name", "description", "value", "SimpleData", "coordinates"})
_DEEPEST = 64


def read_placemarks(path: Path, limits: Limits) -> list[tuple[dict[str, Any], BaseGeometry | None]]:
    """Each placemark's values (name, description, folder and the extended data) and shape."""
    with reading(path):
        content = path.read_bytes()
        if _DECLARED_CHINESE.match(content.removeprefix(b"\xef\xbb\xbf")):
            content = content.decode("gb18030").encode()
            return _Placemarks(path, limits, "utf-8").parse(content)
        return _Placemarks(path, limits, None).parse(content)


class _Placemarks:
    """The state of one pass over a KML file."""

    def __init__(self, path: Path, limits: Limits, encoding: str | None) -> None:
        self._path, self._limits = path, limits
        self._parser = expat.ParserCreate(encoding, namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._keep
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._stack: list[str] = []
        self._text: list[str] = []
        self._folders: list[str | None] = []
        self._values: dict[str, Any] | None = None
        self._key: str | None = None
        self._rings: list[shapely.LinearRing] = []
        self._shapes: list[BaseGeometry] = []
        self.found: list[tuple[dict[str, Any], BaseGeometry | None]] = []

    def parse(self, content: bytes) -> list[tuple[dict[str, Any], BaseGeometry | None]]:
        try:
            self._parser.Parse(content, True)
        except FileRefusedError:
            raise
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise refused(self._path, f"the KML is broken ({error}); export the file again") from None
        return self.found

    def _refuse_doctype(self, *_: object) -> None:
        raise refused(self._path, "the KML declares a document type or entities; export it plainly")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if not self._stack and name != "kml":
            raise refused(self._path, f"this is no KML: its outermost element is {name[:40]!r}; give it its own suffix")
        if name in ("NetworkLink", "NetworkLinkControl"):
            raise refused(self._path, "the KML fetches another file (NetworkLink); export the places themselves")
        self._stack.append(name)
        if len(self._stack) > _DEEPEST:
            raise refused(self._path, "the KML is nested deeper than any map needs; export the file again")
        self._text = []
        if name in ("Folder", "Document"):
            self._folders.append(None)
        elif name == "Placemark":
            check_features(self._path, len(self.found) + 1, self._limits)
            self._values = {"name": None, "description": None, "folder": next(filter(None, self._folders[::-1]), None)}
            self._rings, self._shapes = [], []
        elif name in ("Data", "SimpleData"):
            self._key = attributes.get("name")

    def _keep(self, text: str) -> None:
        if self._stack and self._stack[-1] in _KEPT_TEXT:
            self._text.append(text)

    def _end(self, _tag: str) -> None:
        name = self._stack.pop()
        above = self._stack[-1] if self._stack else ""
        text = "".join(self._text).strip()
        if name == "Placemark" and self._values is not None:
            self.found.append((self._values, self._shape()))
            self._values = None
        elif name in ("Folder", "Document"):
            self._folders.pop()
        elif name == "name" and above in ("Folder", "Document"):
            self._folders[-1] = text or None
        elif self._values is not None:
            self._fill(self._values, name, above, text)
        self._text = []

    def _fill(self, values: dict[str, Any], name: str, above: str, text: str) -> None:
        """What an element inside a placemark adds to it."""
        if name in ("name", "description") and above == "Placemark":
            values[name] = text or None
        elif name in ("value", "SimpleData") and self._key:
            values[self._key] = text or None
            if len(values) > self._limits.columns:
                raise refused(self._path, f"placemark {len(self.found) + 1} has too many values; leave some out")
        elif name == "coordinates":
            self._draw(above, text)
        elif name == "outerBoundaryIs" and self._rings:
            self._rings.insert(0, self._rings.pop())
        elif name == "LinearRing" and above not in ("outerBoundaryIs", "innerBoundaryIs") and self._rings:
            self._shapes.append(shapely.Polygon(self._rings.pop()))
        elif name == "Polygon" and self._rings:
            self._shapes.append(shapely.Polygon(self._rings[0], self._rings[1:]))
            self._rings = []

    def _draw(self, kind: str, text: str) -> None:
        row = len(self.found) + 1
        positions = re.sub(r"\s*,\s*", ",", text).split()
        check_ring(self._path, row, len(positions), self._limits)
        try:
            points = np.array([[float(number) for number in place.split(",")[:2]] for place in positions])
            if kind == "LinearRing":
                self._rings.append(shapely.LinearRing(points))
            elif kind in ("Point", "LineString") and len(points):
                self._shapes.append(shapely.Point(points[0]) if kind == "Point" else shapely.LineString(points))
        except (ValueError, IndexError, shapely.errors.ShapelyError):
            raise refused(self._path, f"placemark {row}: the coordinates are not those of a {kind}") from None

    def _shape(self) -> BaseGeometry | None:
        if len(self._shapes) < 2:
            return self._shapes[0] if self._shapes else None
        kinds = {shape.geom_type for shape in self._shapes}
        gather = _GATHERERS[kinds.pop()] if len(kinds) == 1 else shapely.GeometryCollection
        return gather(self._shapes)


_GATHERERS: dict[str, Callable[[Any], BaseGeometry]] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}
