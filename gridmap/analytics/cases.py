"""What is handed to a scan, checked: cases, population, kinds of periods; and what they make one expect."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InputError

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


def whole(cases: ArrayLike, grids: int, axes: int) -> Longs:
    """Cases by grid and period."""
    given = amounts(cases, grids, "cases")
    if given.ndim != axes:
        raise InputError("cases are a column by grid for circles, and a frame by grid and period for cylinders")
    if (given != np.floor(given)).any():
        raise InputError("cases are counted: give whole numbers, and weights as population")
    return given.astype(np.int64).reshape(grids, -1)


def amounts(values: ArrayLike, grids: int, what: str) -> Floats:
    """A row of amounts for each grid."""
    given = np.asarray(values, dtype=np.float64)
    if given.ndim not in (1, 2) or len(given) != grids or given.size == 0:
        raise InputError(f"{what} of shape {given.shape} for {grids} grids: give a row for each")
    if not (np.isfinite(given) & (given >= 0)).all():
        raise InputError(f"{what} are missing, infinite or below 0 in a grid: give 0 where there are none")
    return given


def by_period(population: ArrayLike, counted: Longs) -> Floats:
    """The population of each grid in each period."""
    people = amounts(population, len(counted), "population")
    if people.ndim == 2 and people.shape != counted.shape:
        raise InputError(f"population of {people.shape[1]} periods, cases of {counted.shape[1]}: give the same")
    return np.broadcast_to(people.reshape(len(people), -1), counted.shape)


def sorts(kinds: ArrayLike | None, periods: int) -> Longs:
    """Kinds of periods by number."""
    if kinds is None:
        return np.zeros(periods, np.int64)
    given = np.asarray(kinds)
    if given.shape != (periods,):
        raise InputError(f"{given.size} kinds for {periods} periods: give one for each")
    return np.asarray(pd.factorize(given, use_na_sentinel=False)[0], dtype=np.int64)


def of_population(counted: Longs, people: Floats, kinds: Longs) -> Floats:
    """What is expected if everybody is alike in the periods of a kind."""
    expected = np.zeros(counted.shape)
    for kind in range(int(kinds.max()) + 1):
        of = kinds == kind
        everybody = float(people[:, of].sum())
        expected[:, of] = people[:, of] * (counted[:, of].sum() / everybody if everybody > 0 else 0.0)
    return expected


def of_margins(counted: Longs, kinds: Longs) -> Floats:
    """What is expected if grids and periods of a kind have nothing to do with one another."""
    expected = np.zeros(counted.shape)
    for kind in range(int(kinds.max()) + 1):
        of = counted[:, kinds == kind]
        expected[:, kinds == kind] = np.outer(of.sum(axis=1), of.sum(axis=0)) / max(int(of.sum()), 1)
    return expected
