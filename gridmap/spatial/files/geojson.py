"""GeoJSON read feature by feature: a file is never in memory as a whole, and never nested deeper than it may be."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gridmap.spatial.files.limits import MEGABYTE, Limits, reading, refused

_PIECE = 1 << 20
_LARGEST_VALUE = 64 * MEGABYTE
_SYSTEM = re.compile(r"(?:urn:ogc:def:crs:)?(EPSG|OGC|ESRI):[0-9.]*:?(\w+)", re.IGNORECASE)
_OPENING, _CLOSING, _QUOTE = b"[{", b"]}", 0x22


class FeatureStream:
    """Iterating gives the features as dicts; `crs` is known once the iteration is over."""

    def __init__(self, path: Path, limits: Limits, encoding: str | None = None) -> None:
        self._path, self._limits, self._encoding = path, limits, encoding or "utf-8"
        self.crs: str = "OGC:CRS84"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with reading(self._path), self._path.open("rb") as file:
            text = _Text(file, self._path, self._limits, self._encoding)
            if text.peek() != "{":
                raise refused(self._path, "this is no GeoJSON: it does not begin with {; give it its own suffix")
            yield from self._members(text)

    def _members(self, text: _Text) -> Iterator[dict[str, Any]]:
        """The features of the outermost object, whose other members are few and small."""
        members: dict[str, Any] = {}
        streamed = False
        for _ in text.items("{", "}"):
            name = text.value()
            text.expect(":")
            if name == "features" and text.peek() == "[":
                streamed = True
                for _ in text.items("[", "]"):
                    yield self._feature(text.value())
            else:
                members[name] = text.value()
        if text.peek():
            raise refused(self._path, "something follows the end of the GeoJSON; export the file again")
        self.crs = self._named_system(members.get("crs"))
        yield from self._single(members, streamed)

    def _single(self, members: dict[str, Any], streamed: bool) -> Iterator[dict[str, Any]]:
        """A file may be one feature, or one bare geometry."""
        kind = members.get("type")
        if kind == "Feature":
            yield self._feature(members)
        elif "coordinates" in members or kind == "GeometryCollection":
            yield {"type": "Feature", "properties": {}, "geometry": members}
        elif kind != "FeatureCollection" or not streamed:
            raise refused(self._path, f"this is no GeoJSON of features but {str(kind)[:40]!r}; export it as GeoJSON")

    def _feature(self, value: object) -> dict[str, Any]:
        if not isinstance(value, dict) or not isinstance(value.get("properties") or {}, dict):
            raise refused(self._path, "one of the features is no GeoJSON feature; export the file again")
        return value

    def _named_system(self, crs: object) -> str:
        """The system an old GeoJSON names; only by authority and number, never by a link or a definition."""
        if crs is None:
            return "OGC:CRS84"
        name = (crs.get("properties") or {}).get("name") if isinstance(crs, dict) else None
        match = _SYSTEM.fullmatch(name) if isinstance(name, str) else None
        if not match:
            raise refused(self._path, "its crs is not named like EPSG:4490; export it in EPSG:4326, or use --crs")
        return f"{match[1].upper()}:{match[2].upper()}"


class _Text:
    """The text of a JSON file, read piece by piece and given out value by value."""

    def __init__(self, file: BinaryIO, path: Path, limits: Limits, encoding: str) -> None:
        self._file, self._path = file, path
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._json = json.JSONDecoder(parse_constant=self._refuse_constant)
        self._depth = _Depth(limits.depth)
        self._text, self._at, self._first, self._ended = "", 0, True, False

    def _more(self, size: int = _PIECE) -> bool:
        if self._ended:
            return False
        piece = self._file.read(size)
        self._ended = not piece
        if self._depth.exceeded_by(piece):
            raise refused(self._path, "the JSON is nested deeper than any map needs; export the file again")
        fresh = self._decoder.decode(piece, final=self._ended)
        if self._first:
            fresh, self._first = fresh.removeprefix("\ufeff"), False
        self._text, self._at = self._text[self._at :] + fresh, 0
        return not self._ended

    def peek(self) -> str:
        """The next character that is no white space; empty at the end of the file."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in " \t\r\n":
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def expect(self, character: str) -> None:
        if self.peek() != character:
            why = "the JSON breaks off" if self._ended and not self.peek() else f"the JSON lacks a {character!r}"
            raise refused(self._path, f"{why}; export the file again")
        self._at += 1

    def items(self, opening: str, closing: str) -> Iterator[None]:
        """Stop before each item of an object or array, and step over its brackets and commas."""
        self.expect(opening)
        if self.peek() == closing:
            self._at += 1
            return
        while True:
            yield
            if self.peek() == closing:
                self._at += 1
                return
            self.expect(",")

    def value(self) -> Any:
        """The next JSON value; the file is read on until it is whole."""
        self.peek()
        size = _PIECE
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                self._check_unfinished(error)
                if self._more(size):
                    size *= 2
                    continue
                raise refused(self._path, f"the JSON is broken or breaks off ({error.msg}); export it again") from None
            except RecursionError:
                raise refused(self._path, "the JSON is nested too deep; export the file again") from None
            except ValueError:
                raise refused(self._path, "a number of the JSON has thousands of digits; repair it") from None
            if end == len(self._text) and self._more(size):
                continue
            self._at = end
            return value

    def _check_unfinished(self, error: json.JSONDecodeError) -> None:
        """A fault far from the end of what was read is a fault, and not a value that goes on."""
        length = len(self._text)
        if length - self._at > _LARGEST_VALUE:
            raise refused(self._path, "one feature is larger than 64 MB; simplify it")
        if error.pos < length - 64 and not error.msg.startswith("Unterminated"):
            raise refused(self._path, f"the JSON is broken ({error.msg}); export the file again")

    def _refuse_constant(self, name: str) -> float:
        raise refused(self._path, f"{name} is no JSON number; repair the coordinate or leave the value out")


class _Depth:
    """How deep the brackets of a stream of JSON bytes go, strings left aside."""

    def __init__(self, limit: int) -> None:
        self._limit, self._depth, self._in_string, self._rest = limit, 0, False, b""

    def exceeded_by(self, piece: bytes) -> bool:
        piece = (self._rest + piece).replace(b"\\\\", b"")
        self._rest = b"\\" if piece.endswith(b"\\") else b""
        codes = np.frombuffer(piece.removesuffix(b"\\").replace(b'\\"', b""), dtype=np.uint8)
        codes = codes[_SIGNS[codes] != 0]
        inside = np.logical_xor.accumulate(codes == _QUOTE) ^ self._in_string
        steps = np.where(inside, 0, _STEPS[codes])
        depths = self._depth + np.cumsum(steps)
        if codes.size:
            self._in_string, self._depth = bool(inside[-1]), int(depths[-1])
        return bool(codes.size) and int(depths.max()) > self._limit


_STEPS = np.zeros(256, dtype=np.int64)
_STEPS[list(_OPENING)] = 1
_STEPS[list(_CLOSING)] = -1
_SIGNS = _STEPS.copy()
_SIGNS[_QUOTE] = 1
