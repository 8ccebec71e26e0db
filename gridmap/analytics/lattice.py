"""Square cells on a plane, the share of each that lies in an area, and kernels summed by one Fourier transform."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import fft
from shapely.geometry.base import BaseGeometry

from gridmap.analytics.kernels.density import INSIDE, OUTSIDE, TOUCHED, coverage, sort_out
from gridmap.errors import InputError

Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]
Box = tuple[float, float, float, float]
REACH: Final = 6.0  # bandwidths: beyond lies 2e-8 of a kernel
ROUNDING: Final = 1e-9  # of a cell: less of it than this is rounding
STEPS: Final = 4  # towards even ground: 0.7 % is left along an edge, 2 % in a corner
DEEP: Final = 0.01  # of a kernel: where less of it lies inside it is far outside, and lifted no higher


class Frame(NamedTuple):
    """Where cells lie: square, in metres, row 0 the southernmost."""

    west: float
    south: float
    cell: float
    rows: int
    columns: int


class Nodes(NamedTuple):
    """The middles of cells, and of cells beyond the frame: as many as kernels need so as not to meet round the back.

    Node [0, 0] lies at `west`, `south`; the frame begins at [`below`, `left`]; nothing is put beyond `rows`, `columns`
    of all `height`, `width`.
    """

    west: float
    south: float
    below: int
    left: int
    rows: int
    columns: int
    height: int
    width: int

    def frame(self, shape: tuple[int, int]) -> tuple[slice, slice]:
        """Which of the nodes are the frame's."""
        return slice(self.below, self.below + shape[0]), slice(self.left, self.left + shape[1])


def framed(box: Box, shape: tuple[int, int]) -> Frame:
    """As many square cells about the middle of a box, which they cover.

    Parameters
    ----------
    box : (west, south, east, north)
        Metres.
    shape : (rows, columns)
        How many cells.

    Returns
    -------
    Frame

    Raises
    ------
    InputError
        If the box or the shape is empty.

    Examples
    --------
    >>> framed((0.0, 0.0, 200.0, 100.0), (10, 10))
    Frame(west=0.0, south=-50.0, cell=20.0, rows=10, columns=10)
    """
    rows, columns = shape
    if rows < 1 or columns < 1:
        raise InputError(f"a lattice of {rows} by {columns} has no cells: give rows and columns")
    west, south, east, north = box
    cell = max((east - west) / columns, (north - south) / rows)
    if not (np.isfinite(cell) and cell > 0):
        raise InputError(f"from {west:g}, {south:g} to {east:g}, {north:g} lies nothing: give west, south, east, north")
    return Frame((west + east - columns * cell) / 2, (south + north - rows * cell) / 2, cell, rows, columns)


def nodes(frame: Frame, box: Box, bandwidth: float) -> Nodes:
    """The nodes for places of a box: those within reach of the frame, and as much room again between the ends.

    Parameters
    ----------
    frame : Frame
        What is to be known.
    box : (west, south, east, north)
        Where places lie, in metres; infinite the wrong way round where there are none.
    bandwidth : float
        Metres.

    Returns
    -------
    Nodes

    Examples
    --------
    >>> found = nodes(Frame(0.0, 0.0, 10.0, 100, 100), (-1e6, 300.0, 500.0, 400.0), 20.0)
    >>> found.left, found.below, found.west, found.columns, found.width
    (14, 0, -135.0, 67, 135)
    """
    reach = int(np.ceil(REACH * bandwidth / frame.cell)) + 2
    left, columns, width = _axis(
        (box[0] - frame.west) / frame.cell, (box[2] - frame.west) / frame.cell, frame.columns, reach
    )
    below, rows, height = _axis(
        (box[1] - frame.south) / frame.cell, (box[3] - frame.south) / frame.cell, frame.rows, reach
    )
    west, south = frame.west + (0.5 - left) * frame.cell, frame.south + (0.5 - below) * frame.cell
    return Nodes(west, south, below, left, rows, columns, height, width)


def shares(area: BaseGeometry, frame: Frame) -> tuple[Floats, Flags]:
    """Which share of each cell lies in an area, exactly, and whether it is outside, inside, or touched by the outline.

    Parameters
    ----------
    area : shapely Polygon or MultiPolygon
        Valid, in metres.
    frame : Frame
        The cells.

    Returns
    -------
    share : ndarray of float64, shape (rows, columns)
        0 to 1, to 1e-9.
    cells : ndarray of uint8, shape (rows, columns)
        0 outside, 1 inside, 2 touched.

    Notes
    -----
    Every edge adds the area between itself and the end of the row, with a sign, to the cells it crosses; running sums
    along rows are the shares. That is how outlines of letters are filled.

    Examples
    --------
    >>> share, cells = shares(shapely.box(5, 0, 25, 10), Frame(0.0, 0.0, 10.0, 1, 3))
    >>> share.tolist(), cells.tolist()
    ([[0.5, 1.0, 0.5]], [[2, 2, 2]])
    """
    rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(area)))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    corners = (corners - frame[:2]) / frame.cell
    along = ring[1:] == ring[:-1]
    edges = np.ascontiguousarray(np.hstack([corners[:-1][along], corners[1:][along]]))
    cover, touched = np.zeros((frame.rows, frame.columns + 1)), np.zeros((frame.rows, frame.columns), np.uint8)
    coverage(edges, cover, touched)
    share = np.clip(np.cumsum(cover[:, :-1], axis=1), 0.0, 1.0)
    share[share < ROUNDING] = 0.0
    share[share > 1 - ROUNDING] = 1.0
    return share, np.where(touched > 0, TOUCHED, np.where(share > 0.5, INSIDE, OUTSIDE)).astype(np.uint8)


def inside(places: Floats, area: BaseGeometry, cells: Flags, frame: Frame) -> Flags:
    """Whether each place lies in an area or on its outline: only those in touched cells are asked of GEOS.

    Parameters
    ----------
    places : ndarray of float64, shape (n, 2)
        Metres; NaN is nowhere.
    area : shapely Polygon or MultiPolygon
        In metres.
    cells : ndarray of uint8, shape (rows, columns)
        As `shares` has them.
    frame : Frame
        Of the cells.

    Returns
    -------
    ndarray of uint8, shape (n,)
        0 or 1.

    Examples
    --------
    >>> frame, area = Frame(0.0, 0.0, 10.0, 1, 3), shapely.box(5, 0, 25, 10)
    >>> inside(np.array([[4.0, 5.0], [5.0, 5.0], [15.0, 5.0]]), area, shares(area, frame)[1], frame).tolist()
    [0, 1, 1]
    """
    found = np.empty(len(places), np.uint8)
    sort_out(places, cells, frame.west, frame.south, frame.cell, found)
    asked = np.flatnonzero(found == TOUCHED)
    shapely.prepare(area)
    found[asked] = np.where(shapely.intersects_xy(area, places[asked, 0], places[asked, 1]), INSIDE, OUTSIDE)
    return found


def smoothed(bins: Floats, cells: float) -> Floats:
    """What lies in nodes as a sum of Gaussian kernels so many cells wide, without the spline that put it there.

    The nodes are taken as a ring. The transform of a kernel of standard deviation s is exp(-2 (pi s f)^2), that of the
    quadratic spline sinc(f)^3.

    Parameters
    ----------
    bins : ndarray of float64, shape (height, width)
        What the spline put into each node.
    cells : float
        The bandwidth.

    Returns
    -------
    ndarray of float64, shape (height, width)
        Per cell.

    Examples
    --------
    >>> bins = np.zeros((64, 64))
    >>> bins[31:34, 31:34] = np.outer([1, 6, 1], [1, 6, 1]) / 64
    >>> bool(np.isclose(smoothed(bins, 4.0)[32, 32], 1 / (2 * np.pi * 4.0**2), rtol=1e-3))
    True
    """
    waves = fft.rfft2(bins)
    for often in (fft.fftfreq(bins.shape[0])[:, None], fft.rfftfreq(bins.shape[1])[None, :]):
        waves *= np.exp(-2 * (np.pi * cells * often) ** 2) / np.sinc(often) ** 3
    return np.asarray(fft.irfft2(waves, bins.shape, overwrite_x=True), dtype=np.float64)


def levelled(share: Floats, cells: float) -> tuple[Floats, Floats]:
    """How much each node is to be lifted so that even ground stays even up to the edge, and a kernel's share of that.

    With a the lift and b its sum under a kernel, a(u) k(u - v) / b(v) adds up to 1 over all u inside, for any a; it
    adds up to 1 over all v, too, where a = 1 / b. Towards that each step takes the mean, geometrically, of a and 1 / b.

    Parameters
    ----------
    share : ndarray of float64, shape (height, width)
        Of each node, how much lies inside.
    cells : float
        The bandwidth.

    Returns
    -------
    lift, inner : ndarray of float64, shape (height, width)
        a, and b at the nodes, between which the spline reads it.

    Examples
    --------
    >>> share = np.zeros((1, 64))
    >>> share[0, :32] = 1.0
    >>> lift, inner = levelled(share, 3.0)
    >>> (lift * inner)[0, [16, 31]].round(2).tolist(), (1 / inner)[0, [16, 31]].round(2).tolist()
    ([1.0, 0.99], [1.0, 1.48])
    """
    lift = np.ones_like(share)
    for _ in range(STEPS):
        lift = np.sqrt(lift / np.maximum(smoothed(lift * share, cells), DEEP))
    return lift, smoothed(lift * share, cells)


def _axis(first: float, last: float, count: int, reach: int) -> tuple[int, int, int]:
    """Nodes before the frame, nodes up to the last that holds something, and all, for places from first to last."""
    if not first <= last:
        first, last = 0.0, 0.0
    low = int(np.clip(np.floor(first) - 2, -reach, count + reach))
    high = int(np.clip(np.floor(last) + 2, -reach, count + reach))
    before = max(-low, 0)
    end = before + max(high, count - 1) + 1
    return (
        before,
        before + high + 1,
        int(fft.next_fast_len(max(end, max(high, count - 1 - low) + reach + 2), real=True)),
    )
