"""Where Chinese map services shift positions: the mainland, without Hong Kong, Macau and Taiwan.

The outlines are as coarse as their use allows. The mainland's lies outside its coast and its land borders
everywhere, by at most about 100 km (and more at sea): nobody beyond the border has positions in a Chinese datum. Those
of Hong Kong and Macau follow the Shenzhen River and the Gongbei border within some 300 m and run midway through the
bays and channels; the campus of the University of Macau on Hengqin counts as Hengqin. Taiwan's has Kinmen and Matsu
as areas of their own.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Ring = tuple[tuple[float, float], ...]

# Natural Earth's country (public domain), grown by 0.45 degree and simplified by 0.4.
MAINLAND: Ring = (
    (73.2, 39.4), (74.6, 40.9), (76.2, 40.9), (79.7, 42.4), (80.2, 43.5), (79.5, 45.2), (81.9, 45.8), (82.8, 47.6),
    (85.1, 47.5), (85.4, 48.6), (86.8, 49.6), (88.0, 49.6), (90.6, 48.0), (91.4, 46.8), (91.3, 45.6), (95.6, 44.7),
    (96.7, 43.2), (101.6, 43.0), (104.9, 42.1), (110.1, 43.2), (111.2, 43.9), (111.0, 44.6), (111.8, 45.5),
    (113.5, 45.2), (118.8, 47.2), (115.8, 47.2), (115.1, 48.3), (116.4, 50.2), (118.7, 50.4), (120.1, 52.1),
    (119.7, 53.0), (120.8, 53.7), (123.6, 54.0), (125.8, 53.5), (128.0, 50.0), (130.9, 49.3), (131.3, 48.2),
    (134.4, 48.8), (135.2, 48.3), (133.4, 44.8), (131.6, 44.5), (131.4, 42.5), (128.3, 40.9), (126.9, 41.1),
    (123.6, 39.3), (124.0, 32.0), (123.4, 27.8), (117.9, 22.2), (113.5, 15.1), (110.2, 15.2), (108.1, 17.9),
    (108.2, 19.5), (109.3, 20.6), (106.5, 21.6), (106.0, 22.5), (102.6, 22.2), (101.8, 20.7), (98.9, 21.8),
    (98.2, 23.7), (97.1, 23.9), (98.3, 26.5), (97.9, 27.4), (97.5, 26.4), (91.4, 26.4), (91.0, 27.5), (90.1, 27.9),
    (89.0, 26.9), (88.3, 27.4), (85.9, 27.5), (81.7, 29.9), (81.0, 29.6), (78.5, 30.9), (77.9, 32.6), (78.6, 33.1),
    (77.6, 33.8), (77.6, 35.0), (74.1, 36.8), (74.3, 38.2), (73.5, 38.3),
)  # fmt: skip

HONG_KONG: Ring = (
    (113.845, 22.15), (114.5, 22.14), (114.5, 22.4), (114.452, 22.45), (114.452, 22.565), (114.4, 22.575),
    (114.33, 22.558), (114.262, 22.5545), (114.245, 22.551), (114.233, 22.549), (114.2262, 22.5475), (114.221, 22.551),
    (114.205, 22.5535), (114.186, 22.5555), (114.173, 22.5625), (114.163, 22.5595), (114.1555, 22.5565),
    (114.148, 22.549), (114.139, 22.5425), (114.13, 22.5385), (114.121, 22.5315), (114.1135, 22.5298),
    (114.107, 22.532), (114.1, 22.533), (114.09, 22.5275), (114.084, 22.5215), (114.076, 22.519), (114.066, 22.516),
    (114.053, 22.51), (114.03, 22.5075), (113.995, 22.503), (113.96, 22.482), (113.915, 22.455), (113.868, 22.43),
    (113.868, 22.33), (113.833, 22.28), (113.833, 22.185),
)  # fmt: skip

MACAU: Ring = (
    (113.534, 22.2135), (113.541, 22.2145), (113.5495, 22.2155), (113.556, 22.2165), (113.563, 22.214),
    (113.575, 22.2085), (113.61, 22.205), (113.61, 22.1), (113.552, 22.098), (113.5495, 22.115), (113.5505, 22.14),
    (113.548, 22.146), (113.541, 22.154), (113.536, 22.163), (113.528, 22.178), (113.5275, 22.186), (113.531, 22.194),
    (113.5335, 22.2),
)  # fmt: skip

TAIWAN: tuple[Ring, ...] = (
    (
        (119.25, 23.1), (119.25, 23.85), (120.0, 24.6), (120.9, 25.35), (121.6, 25.75), (122.3, 25.75), (122.3, 24.6),
        (121.8, 23.0), (121.8, 21.8), (120.6, 21.7), (119.9, 22.4),
    ),
    ((118.195, 24.375), (118.51, 24.375), (118.51, 24.53), (118.3, 24.53), (118.195, 24.46)),  # Kinmen
    ((119.9, 25.93), (120.1, 25.93), (120.55, 26.3), (120.55, 26.42), (120.4, 26.42), (119.9, 26.29)),  # Matsu
)  # fmt: skip


@cache
def _shifted_ground() -> BaseGeometry:
    """The mainland without the places that are not shifted, prepared for many questions."""
    apart = shapely.union_all([shapely.Polygon(ring) for ring in (HONG_KONG, MACAU, *TAIWAN)])
    ground = shapely.difference(shapely.Polygon(MAINLAND), apart)
    shapely.prepare(ground)
    return ground


def in_mainland(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which WGS 84 positions lie where Chinese map services shift them; broadcast like numpy's functions.

    Examples
    --------
    >>> in_mainland(np.array([114.0579, 114.1694, 121.5654]), np.array([22.5431, 22.3193, 25.033]))
    array([ True, False, False])
    """
    return np.asarray(shapely.contains_xy(_shifted_ground(), lon, lat))
