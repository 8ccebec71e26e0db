"""Draws from a generator that was handed in; they use nothing of it that other machines would round otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def between(draw: np.random.Generator, least: float, most: float) -> float:
    return least + (most - least) * float(draw.random())


def whole(draw: np.random.Generator, least: int, most: int) -> int:
    """A whole number, both ends among them."""
    return least + int(draw.random() * (most - least + 1))


def one_of(draw: np.random.Generator, choices: Sequence[T]) -> T:
    return choices[int(draw.random() * len(choices))]


def shuffled(draw: np.random.Generator, things: Sequence[T]) -> list[T]:
    keys = [float(draw.random()) for _ in things]
    return [
        thing for _, _, thing in sorted(zip(keys, range(len(things)), things, strict=True), key=lambda row: row[:2])
    ]


def jittered(draw: np.random.Generator, weights: Sequence[float], share: float = 0.12) -> list[float]:
    return [weight * between(draw, 1 - share, 1 + share) for weight in weights]
