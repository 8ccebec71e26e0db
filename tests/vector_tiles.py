"""Reads Mapbox vector tiles (version 2), as far as tests need them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

POINT, LINE, POLYGON = 1, 2, 3


@dataclass
class Feature:
    """What is drawn, in units of its tile from the upper left corner."""

    kind: int
    parts: list[list[tuple[int, int]]]
    properties: dict[str, Any]

    @property
    def code(self) -> Any:
        return self.properties.get("code")

    def polygon(self) -> Any:
        """A polygon: rings that run clockwise on the screen are outer ones."""
        outer: list[list[list[tuple[int, int]]]] = []
        for ring in self.parts:
            if _area(ring) > 0:
                outer.append([ring])
            else:
                outer[-1].append(ring)
        return shapely.MultiPolygon([(rings[0], rings[1:]) for rings in outer])


@dataclass
class Layer:
    name: str = ""
    extent: int = 4096
    features: list[Feature] = field(default_factory=list)

    def codes(self) -> set[str]:
        return {feature.code for feature in self.features}

    def __getitem__(self, code: str) -> Feature:
        return next(feature for feature in self.features if feature.code == code)


def read(tile: bytes) -> dict[str, Layer]:
    """The layers of a tile by their names."""
    layers = [_layer(body) for number, body in _fields(tile) if number == 3]
    return {layer.name: layer for layer in layers}


def _layer(body: bytes) -> Layer:
    layer, keys, values, raw = Layer(), [], [], []
    for number, said in _fields(body):
        if number == 1:
            layer.name = said.decode()
        elif number == 2:
            raw.append(said)
        elif number == 3:
            keys.append(said.decode())
        elif number == 4:
            values.append(_value(said))
        elif number == 5:
            layer.extent = said
    layer.features = [_feature(each, keys, values) for each in raw]
    return layer


def _feature(body: bytes, keys: list[str], values: list[Any]) -> Feature:
    kind, tags, commands = 0, [], []
    for number, said in _fields(body):
        if number == 2:
            tags = list(_varints(said))
        elif number == 3:
            kind = said
        elif number == 4:
            commands = list(_varints(said))
    properties = {keys[key]: values[value] for key, value in zip(tags[::2], tags[1::2], strict=True)}
    return Feature(kind, list(_parts(commands)), properties)


def _parts(commands: list[int]) -> Iterator[list[tuple[int, int]]]:
    x = y = at = 0
    part: list[tuple[int, int]] = []
    while at < len(commands):
        command, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if command == 7:
            part.append(part[0])
            continue
        for _ in range(count):
            if command == 1 and part:
                yield part
                part = []
            x, y = x + _signed(commands[at]), y + _signed(commands[at + 1])
            part.append((x, y))
            at += 2
    if part:
        yield part


def _value(body: bytes) -> Any:
    number, said = next(_fields(body))
    if number == 1:
        return said.decode()
    if number in (2, 3):
        return struct.unpack("<f" if number == 2 else "<d", said)[0]
    return _signed(said) if number == 6 else bool(said) if number == 7 else said


def _fields(body: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(body):
        tag, at = _varint(body, at)
        if tag & 7 == 0:
            said, at = _varint(body, at)
            yield tag >> 3, said
            continue
        length, at = _varint(body, at) if tag & 7 == 2 else ({1: 8, 5: 4}[tag & 7], at)
        yield tag >> 3, body[at : at + length]
        at += length


def _varints(body: bytes) -> Iterator[int]:
    at = 0
    while at < len(body):
        number, at = _varint(body, at)
        yield number


def _varint(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (body[at] & 127) << shift
        shift += 7
        at += 1
        if body[at - 1] < 128:
            return number, at


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


def _area(ring: list[tuple[int, int]]) -> float:
    corners: NDArray[np.float64] = np.array(ring, dtype=float)
    x, y = corners.T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)
