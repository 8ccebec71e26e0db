"""Which area holds most of a shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from gridmap.spatial.topology.pieces import names, sound

if TYPE_CHECKING:
    import geopandas as gpd

    from gridmap.spatial.topology.pieces import Shapes

_EVEN = 1e-9  # shares that differ by less than this part are a tie


def held(inner: Shapes, outer: Shapes) -> pd.DataFrame:
    """For each pair that shares ground: the positions `inner` and `outer`, and `share` of the inner area.

    Shares are of areas in degrees: within one shape a square degree is of one size everywhere.
    """
    fit, whole = np.flatnonzero(sound(outer)), np.flatnonzero(sound(inner))
    shapely.prepare(outer[fit])
    found = shapely.STRtree(outer[fit]).query(inner[whole], predicate="intersects")
    first, second = whole[found[0]], fit[found[1]]
    ground = shapely.area(inner[first])
    within = shapely.covers(outer[second], inner[first])
    common = ground.copy()
    common[~within] = shapely.area(shapely.intersection(inner[first[~within]], outer[second[~within]]))
    pairs = pd.DataFrame({"inner": first, "outer": second, "share": common / ground})
    return pairs[pairs["share"] > _EVEN]


def largest_share(inner: gpd.GeoSeries, outer: gpd.GeoDataFrame) -> pd.Series[str]:
    """The code of the area that holds most of each shape; None for a shape in none of them.

    Parameters
    ----------
    inner : GeoSeries, shape (n,)
        Shapes; what is not a valid area lies nowhere.
    outer : GeoDataFrame
        Areas with a `code`, in the same system.

    Returns
    -------
    Series of str or None, shape (n,)
        On the index of `inner`. Of equal shares the lowest code wins, bytewise.

    Examples
    --------
    >>> import geopandas as gpd
    >>> halves = [shapely.box(1, 0, 2, 1), shapely.box(0, 0, 1, 1)]
    >>> outer = gpd.GeoDataFrame({"code": ["B", "A"]}, geometry=halves, crs=4326)
    >>> shapes = gpd.GeoSeries([shapely.box(0.5, 0, 1.5, 1), shapely.box(5, 5, 6, 6)], crs=4326)
    >>> largest_share(shapes, outer).tolist()
    ['A', None]
    """
    pairs = held(inner.to_numpy(), outer.geometry.to_numpy())
    pairs["code"] = names(outer)[pairs["outer"]]
    most = pairs.groupby("inner")["share"].transform("max")
    best = pairs[pairs["share"] >= most - _EVEN].groupby("inner")["code"].min()
    result = np.full(len(inner), None, dtype=object)
    result[best.index] = best.to_numpy(dtype=object)
    return pd.Series(result, index=inner.index, dtype=object, name="code")
