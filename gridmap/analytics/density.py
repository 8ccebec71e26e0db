"""How dense things lie everywhere: a kernel on each, summed on a lattice, with the metres right and the error known."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from gridmap.analytics.kernels.density import INSIDE, LEAST_SHARE, spread
from gridmap.analytics.lattice import REACH, Flags, Frame, framed, inside, levelled, nodes, shares, smoothed
from gridmap.analytics.projection import FARTHEST, Box, Floats, Plane, Points, box_of, read, weights_of
from gridmap.analytics.surface import KM2, Surface
from gridmap.errors import InputError

SHAPE: Final = (512, 512)
MARGIN: Final = 4.0  # bandwidths about the outermost points, where nobody says what to show
FINEST: Final = 1.5  # cells: a kernel that is narrower falls through the lattice
# No cell is off by more than OFF (cell / bandwidth)^3 of the highest one, and by ROUNDING for all else: see `density`.
OFF: Final = 0.052
ROUNDING: Final = 2e-5
ALL: Final = np.empty(0, np.uint8)  # nothing is said of any place: all are kept


def density(
    points: Points,
    *,
    metres: float | None = None,
    weights: ArrayLike | None = None,
    within: BaseGeometry | gpd.GeoSeries | gpd.GeoDataFrame | None = None,
    bounds: Box | None = None,
    shape: tuple[int, int] = SHAPE,
) -> Surface:
    r"""How many there are per square kilometre, by a Gaussian kernel on each point.

    .. math:: \hat\lambda(u) = a(u) \sum_i \frac{w_i}{b(x_i)}\,k(u - x_i), \qquad
        k(d) = \frac{1}{2\pi h^2} e^{-|d|^2 / 2h^2}, \qquad b(x) = \int_W a(v)\,k(v - x)\,dv

    Within an area W what falls outside of a kernel is given back to the inside. With a = 1 that is Jones's and Diggle's
    correction: every point is divided by the share of its kernel inside, and the integral over W is the total, exactly;
    but evenly spread things seem to thin out towards the edge, to 0.69 there and 0.55 in corners. Dividing by the share
    about u instead keeps them even, but the integral is the total only on average. Both are had where a = 1 / b (a
    kernel that is doubly stochastic, Sinkhorn 1967): four steps towards it leave even ground even to 0.7 % along an
    edge and 2 % in a corner, while the integral is exact at any step. Integrals are sums over cells, each with the
    share of its area that lies in W.

    Elsewhere a = b = 1: within bounds, points outside of them count as far as their kernels reach in; where neither is
    given, the frame reaches 4 bandwidths beyond the outermost points.

    Parameters
    ----------
    points : GeoDataFrame, GeoSeries, DataFrame with lon and lat, or ndarray of shape (n, 2)
        In degrees, in a system of metres, or bare numbers in metres. Degrees, and systems whose metres are not those
        of the ground (Web Mercator), are laid out about the middle (azimuthal equidistant).
    metres : float, optional
        The bandwidth h; what `bandwidth` says if not given. `Surface.metres` has it.
    weights : array_like, shape (n,), optional
        None below 0. The density is of weight then.
    within : shapely geometry, GeoSeries or GeoDataFrame, optional
        The area that is looked after, of one or more polygons; a bare geometry is in the system of the points. Points
        outside do not count; cells outside are NaN in `Surface.values`.
    bounds : (west, south, east, north), optional
        What is to be shown, in the system of the points.
    shape : (rows, columns)
        Cells are square: the frame grows to either side where it has another shape.

    Returns
    -------
    Surface
        Per km2.

    Raises
    ------
    InputError
        If there are no points and no bounds, a place or a weight is missing, the bandwidth is under 1.5 cells, or the
        area is no polygon, or both it and bounds are given.

    Notes
    -----
    Points are put into the nine nodes about them by the quadratic spline; one Fourier transform turns these into sums
    of kernels and takes back, exactly, what the spline smoothed. What is left of cells c wide is, for any points and
    weights, at most :math:`0.052 (c/h)^3` of the highest value, be it beyond the frame (4e-4 at five cells a
    bandwidth): along each axis a kernel is off by at most 0.026 of one that is 1.4 times as wide, and a sum of such,
    being a mixture of kernels, is nowhere higher than their highest sum. 2e-5 more are for kernels cut at six
    bandwidths, for the spectrum cut at the cells, and for rounding. Within an area a and b are known no better, and the
    bound grows by how far they reach from least to most: `Surface.error` has it. Degrees are laid out to a millionth of
    the box. Where many lie, the errors of single kernels cancel, and what is measured is far smaller.

    References
    ----------
    Silverman, B. W. (1982). Kernel density estimation using the fast Fourier transform. Appl. Stat. 31, 93-99.
    Diggle, P. (1985). A kernel method for smoothing point process data. Appl. Stat. 34, 138-147.
    Jones, M. C. (1993). Simple boundary correction for kernel density estimation. Stat. Comput. 3, 135-146.
    Sinkhorn, R. and Knopp, P. (1967). Concerning nonnegative matrices and doubly stochastic matrices. Pac. J. Math. 21,
    343-348.

    Examples
    --------
    >>> import shapely
    >>> random = np.random.default_rng(1)
    >>> estate = shapely.box(0, 0, 2000, 1000)
    >>> found = density(random.uniform((0, 0), (2000, 1000), (4000, 2)), metres=150.0, within=estate)
    >>> round(found.integral, 6), round(float(np.nanmean(found.values)))
    (4000.0, 2000)
    >>> reports = gpd.GeoSeries.from_xy([121.50, 121.51], [31.25, 31.25], crs=4326)
    >>> found = density(reports, metres=200.0, weights=[1, 3])
    >>> found.at(reports).round(1).tolist(), found.frame.rows
    ([4.0, 11.9], 512)
    """
    if within is not None and bounds is not None:
        raise InputError("an area has bounds of its own: give within or bounds, not both")
    places, crs = read(points)
    weight = weights_of(weights, len(places))
    h = None if metres is None else _checked(metres)
    area = None if within is None else _area(within, crs)
    if area is None and bounds is None and not len(places):
        raise InputError("there is nothing to show: give points, bounds or an area")
    asked = area.bounds if area is not None else bounds if bounds is not None else box_of(places)
    plane = Plane.about(asked, crs)
    box = _near(plane.box(asked))
    if area is not None:
        return _inside(places, weight, plane, plane.shape(area), h, shape)
    if bounds is not None:
        return _shown(places, weight, plane, box, h, shape)
    laid = plane.lay(places, crs)
    h = h or _normal(laid, weight)
    return _summed(laid, weight, framed(_wider(box_of(laid), MARGIN * h), shape), plane, h, ALL)


def bandwidth(points: Points, weights: ArrayLike | None = None) -> float:
    r"""A bandwidth for points of which nothing is known: that of a normal distribution, made robust.

    .. math:: h = \min\left(s, \frac{m}{\sqrt{2 \ln 2}}\right) n^{-1/6}, \qquad n = \frac{(\sum w)^2}{\sum w^2}

    with s the root of the mean of the variances east and north, and m the median distance from the medians: both are
    the standard deviation of a normal cloud, and the second hardly minds what lies far out. It smooths a town of
    several centres too much rather than too little: take it for a first look, and half of it for a second.

    Parameters
    ----------
    points : GeoDataFrame, GeoSeries, DataFrame with lon and lat, or ndarray of shape (n, 2)
        As for `density`.
    weights : array_like, shape (n,), optional
        None below 0.

    Returns
    -------
    float
        Metres.

    Raises
    ------
    InputError
        If all points lie in one place, or weigh nothing.

    References
    ----------
    Scott, D. W. (1992). Multivariate Density Estimation. Wiley, 6.42. Silverman, B. W. (1986). Density Estimation for
    Statistics and Data Analysis. Chapman and Hall, 4.3.

    Examples
    --------
    >>> cloud = np.random.default_rng(1).normal(0, 1000, (64_000, 2))
    >>> round(bandwidth(cloud)), round(1000 * 64_000 ** (-1 / 6))
    (158, 158)
    """
    places, crs = read(points)
    if not len(places):
        raise InputError("no points have no bandwidth: give metres")
    plane = Plane.about(box_of(places), crs)
    _near(plane.box(box_of(places)))
    return _normal(plane.lay(places, crs), weights_of(weights, len(places)))


def _inside(
    places: Floats, weight: Floats, plane: Plane, area: BaseGeometry, h: float | None, shape: tuple[int, int]
) -> Surface:
    """The density of what lies in an area, which is in metres."""
    frame = framed(area.bounds, shape)
    laid = plane.lay(places, plane.source, plane.box(_wider(area.bounds, frame.cell), back=True))
    share, cells = shares(area, frame)
    keep = inside(laid, area, cells, frame)
    h = h or _normal(laid, weight, np.flatnonzero(keep == INSIDE))
    return _summed(laid, weight, frame, plane, h, keep, share, area)


def _shown(places: Floats, weight: Floats, plane: Plane, box: Box, h: float | None, shape: tuple[int, int]) -> Surface:
    """The density in a box of metres, of what lies there and about it."""
    near = None if h is None else plane.box(_wider(box, REACH * h), back=True)
    laid = plane.lay(places, plane.source, near)
    h = h or _normal(laid, weight, np.flatnonzero(((laid >= box[:2]) & (laid <= box[2:])).all(axis=1)))
    return _summed(laid, weight, framed(box, shape), plane, h, ALL)


def _summed(
    laid: Floats, weight: Floats, frame: Frame, plane: Plane, h: float, keep: Flags, share: Floats | None = None,
    area: BaseGeometry | None = None,
) -> Surface:  # fmt: skip
    """The sum of the kernels of places in metres."""
    cells = _fine_enough(h, frame) / frame.cell
    of = nodes(frame, box_of(laid), h)
    here, bins = of.frame(frame[3:]), np.zeros((of.height, of.width))
    lift: Floats | float = 1.0
    inner, error = np.empty((0, 0)), OFF / cells**3 + ROUNDING
    if share is not None:
        lift, inner, worse = _edged(share, here, bins.shape, cells)
        error *= worse
    total = spread(laid, weight, keep, of.west, of.south, frame.cell, of.rows, of.columns, inner, bins)
    field = np.maximum(smoothed(bins, cells)[here], 0.0) * (lift * KM2 / frame.cell**2)
    given = float(weight.sum()) if len(weight) else float(len(laid))
    return Surface(field, frame, plane, h, total, max(given - total, 0.0), error, share, area)


def _edged(
    share: Floats, here: tuple[slice, slice], shape: tuple[int, int], cells: float
) -> tuple[Floats, Floats, float]:
    """What cells are lifted by, what of each kernel lies inside, and how much worse both make the error."""
    room = np.zeros(shape)
    room[here] = share
    lift, inner = levelled(room, cells)
    lift, inside = lift[here], share > 0
    heights, depths = lift[inside], inner[here][inside]
    worse = heights.max() / heights.min() * (2.0 + depths.max() / max(depths.min(), LEAST_SHARE))
    return lift, inner, float(worse)


def _fine_enough(h: float, frame: Frame) -> float:
    if h < FINEST * frame.cell:
        needed = int(np.ceil(FINEST * frame.cell / h * max(frame.rows, frame.columns)))
        raise InputError(
            f"a bandwidth of {h:.4g} m is under {FINEST} cells of {frame.cell:.4g} m: "
            f"ask for {needed} rows and columns, or for a part"
        )
    return h


def _normal(laid: Floats, weight: Floats, some: NDArray[np.int64] | None = None) -> float:
    """The bandwidth of `bandwidth`, of some of the places or of all."""
    if some is not None:
        laid, weight = laid[some], weight[some] if len(weight) else weight
    w = weight if len(weight) else np.ones(len(laid))
    total = float(w.sum())
    if not total > 0:
        raise InputError("nothing lies here that a bandwidth could be taken from: give metres")
    mean, middle = w @ laid / total, [_median(axis, weight) for axis in laid.T]
    variance = float((w @ (laid - mean) ** 2).mean()) / total
    half = _median(np.hypot(*(laid - middle).T), weight) / np.sqrt(2 * np.log(2))
    found = min((spread for spread in (np.sqrt(variance), half) if spread > 0), default=0.0)
    if not found > 0:
        raise InputError("all points lie in one place, which says nothing of a bandwidth: give metres")
    return float(found * (total**2 / float(w @ w)) ** (-1 / 6))


def _median(values: Floats, weight: Floats) -> float:
    if not len(weight):
        return float(np.median(values))
    order = np.argsort(values)
    held = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(held, held[-1] / 2)]])


def _area(within: BaseGeometry | gpd.GeoSeries | gpd.GeoDataFrame, crs: CRS | None) -> BaseGeometry:
    """An area in the system of the points."""
    if isinstance(within, gpd.GeoSeries | gpd.GeoDataFrame):
        if (within.crs is None) != (crs is None):
            raise InputError("of points and area only one has a coordinate system: set it")
        shapes = within.geometry if crs is None else within.geometry.to_crs(crs)
        within = shapes.union_all()
    if within.geom_type not in ("Polygon", "MultiPolygon") or within.is_empty or not within.is_valid:
        raise InputError("an area to stay within is one or more valid polygons: give its outline")
    return within


def _checked(metres: float) -> float:
    if not (np.isfinite(metres) and metres > 0):
        raise InputError(f"a bandwidth of {metres} m smooths nothing: give metres above 0")
    return float(metres)


def _near(box: Box) -> Box:
    far = max(box[2] - box[0], box[3] - box[1])
    if not far <= FARTHEST:
        raise InputError(
            f"this is {far / 1000:,.0f} km wide: is a point at 0, 0? Give bounds, or an area to stay within"
        )
    return box


def _wider(box: Box, by: float) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by
