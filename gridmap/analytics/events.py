"""What happened where and when, as numbers to measure with: metres on a plane, microseconds in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.analytics.projection import FARTHEST, WGS84, Floats, Plane, Points, box_of, read
from gridmap.errors import InputError

Ints = NDArray[np.int64]
SECOND: Final = 1_000_000  # microseconds, in which moments are told apart


@dataclass(frozen=True, eq=False)
class Places:
    """Points laid out in metres: `metres` (n, 2), x east and y north, the index they came with, and their plane."""

    metres: Floats
    index: pd.Index[Any]
    plane: Plane


def laid_out(points: Points) -> Places:
    """Points in metres.

    Degrees, and systems whose metres are none on the ground (Web Mercator, feet), are laid out about the middle of them
    all (azimuthal equidistant); a system of metres is taken as it is, and so are bare numbers.

    Parameters
    ----------
    points : GeoDataFrame, GeoSeries, DataFrame with lon and lat, or ndarray of float64, shape (n, 2)
        Each with a place.

    Returns
    -------
    Places
        In the order of the points.

    Raises
    ------
    InputError
        If one is no point or has no place, or two lie farther apart than a plane can show (2,000 km).

    Examples
    --------
    >>> two = laid_out(pd.DataFrame({"lon": [121.5, 121.5], "lat": [31.25, 31.251]})).metres
    >>> round(float(np.hypot(*(two[1] - two[0]))), 1)
    110.9
    """
    index = points.index if isinstance(points, pd.DataFrame | pd.Series) else pd.RangeIndex(len(points))
    if isinstance(points, gpd.GeoDataFrame | gpd.GeoSeries) and (empty := int(points.is_empty.sum())):
        raise InputError(f"{empty} of {len(points)} points have no place: leave them out first")
    places, crs = read(points)
    box = box_of(places) if len(places) else (0.0, 0.0, 0.0, 0.0)
    plane = Plane.about(box, crs) if len(places) else Plane(crs, crs and WGS84)
    metres = plane.lay(places, crs) if len(places) else places
    far = float(np.ptp(metres, axis=0).max()) if len(metres) else 0.0
    if not far <= FARTHEST:
        raise InputError("points lie more than 2,000 km apart: is one at 0, 0? Give those of one region")
    return Places(metres, index, plane)


def ticks(moments: pd.Series[Any], count: int) -> Ints:
    """Moments as microseconds since the first of them.

    Parameters
    ----------
    moments : pandas.Series of aware datetimes
        None missing.
    count : int
        How many there have to be.

    Returns
    -------
    ndarray of int64, shape (count,)
        0 and up.

    Raises
    ------
    InputError
        If one is missing or says no time zone, or there are not so many.

    Examples
    --------
    >>> ticks(pd.Series(pd.to_datetime(["2026-05-01 00:00:01", "2026-05-01 00:00:00"], utc=True)), 2).tolist()
    [1000000, 0]
    """
    if len(moments) != count:
        raise InputError(f"{len(moments)} moments for {count} points: give one for each")
    if not isinstance(moments.dtype, pd.DatetimeTZDtype):
        raise InputError("moments are to say their time zone: localise them, or read them as UTC")
    missing = int(moments.isna().sum())
    if missing:
        raise InputError(f"{missing} of {count} have no moment: leave them out first")
    found: Ints = moments.dt.as_unit("us").astype(np.int64).to_numpy()
    first = int(found.min()) if count else 0
    return found - np.int64(first)
