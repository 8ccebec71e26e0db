"""A density as a surface: a value for every cell, between cells, and against those among whom cases arise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal

import numpy as np
from scipy.ndimage import map_coordinates
from shapely.geometry.base import BaseGeometry

from gridmap.analytics.lattice import Frame
from gridmap.analytics.projection import Floats, Plane, Points, read
from gridmap.errors import InputError

KM2: Final = 1e6  # square metres


@dataclass(frozen=True, eq=False)
class Surface:
    """A density at the middle of every cell.

    Parameters
    ----------
    field : ndarray of float64, shape (rows, columns)
        Per km2, row 0 the southernmost, column 0 the westernmost; also where `values` says nothing.
    frame : Frame
        `west`, `south` and `cell` in metres of the plane, `rows`, `columns`.
    plane : projection.Plane
        `plane.crs` is the system of the metres.
    metres : float
        The bandwidth: the standard deviation of the kernel to each side.
    total : float
        What all points that count weigh together.
    left_out : float
        What those weigh that do not: outside of `within`, or beyond the reach of `bounds`.
    error : float
        A bound of how far any cell is off the exact sum, as a share of the highest cell.
    share : ndarray of float64, shape (rows, columns), or None
        Which share of each cell lies within; None where nothing bounds the field.
    within : shapely geometry or None
        The bounds themselves, in metres.
    """

    field: Floats
    frame: Frame
    plane: Plane
    metres: float
    total: float
    left_out: float
    error: float
    share: Floats | None = None
    within: BaseGeometry | None = None

    @cached_property
    def values(self) -> Floats:
        """The field, NaN in cells that lie outside altogether."""
        return self.field if self.share is None else np.where(self.share > 0, self.field, np.nan)

    @property
    def peak(self) -> float:
        """The highest value; 0 where there is none."""
        return float(np.nanmax(self.values, initial=0.0))

    @property
    def integral(self) -> float:
        """What all cells hold together."""
        held = self.field if self.share is None else self.field * self.share
        return float(np.nansum(held)) * self.frame.cell**2 / KM2

    @property
    def x(self) -> Floats:
        """The middles of the columns, in metres."""
        return np.asarray(self.frame.west + (np.arange(self.frame.columns) + 0.5) * self.frame.cell, dtype=np.float64)

    @property
    def y(self) -> Floats:
        """The middles of the rows, in metres."""
        return np.asarray(self.frame.south + (np.arange(self.frame.rows) + 0.5) * self.frame.cell, dtype=np.float64)

    def at(self, points: Points) -> Floats:
        """The density at places, between the middles of cells by a cubic spline.

        Parameters
        ----------
        points : GeoDataFrame, GeoSeries, DataFrame with lon and lat, or ndarray of shape (n, 2)
            In any system; bare numbers are metres of the plane.

        Returns
        -------
        ndarray of float64, shape (n,)
            Per km2; NaN beyond the frame and in cells outside.

        Raises
        ------
        InputError
            If a place is missing, or only one of places and surface has a coordinate system.

        Examples
        --------
        >>> from gridmap.analytics.density import density
        >>> found = density(np.zeros((100, 2)), metres=100.0)
        >>> found.at(np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 900.0]])).round(1).tolist()
        [1591.5, 965.3, nan]
        """
        places, crs = read(points)
        if crs is None:
            crs = self.plane.crs
        across, up = ((self.plane.lay(places, crs) - self.frame[:2]) / self.frame.cell).T
        rows, columns = self.field.shape
        inside = (across >= 0) & (across <= columns) & (up >= 0) & (up <= rows)
        across, up = across[inside], up[inside]
        # A spline would carry what is unknown everywhere.
        order: Literal[1, 3] = 1 if np.isnan(self.field).any() else 3
        middles = np.stack([up, across]) - 0.5
        near = np.maximum(map_coordinates(self.field, middles, order=order, mode="nearest"), 0.0)
        cell = np.minimum(up.astype(int), rows - 1), np.minimum(across.astype(int), columns - 1)
        found = np.full(len(places), np.nan)
        found[inside] = np.where(np.isnan(self.values[cell]), np.nan, near)
        return found


def relative_risk(cases: Surface, among: Surface, *, least: float = 0.01) -> Surface:
    r"""How much likelier a case is here than elsewhere, given those among whom cases arise: 1 is as everywhere.

    .. math:: \hat r(u) = \frac{\hat\lambda_c(u) / N_c}{\hat\lambda_a(u) / N_a}

    Parameters
    ----------
    cases, among : Surface
        Of one area or bounds, with one bandwidth: what bends the one at the edge bends the other alike. Cases, and
        households, say.
    least : float
        Where `among` is thinner than this share of its peak nothing is said: NaN.

    Returns
    -------
    Surface
        A ratio in place of a density; `total`, `left_out` and `error` are those of the cases.

    Raises
    ------
    InputError
        If the two have other cells or bandwidths, or one has nothing in it.

    References
    ----------
    Kelsall, J. E. and Diggle, P. J. (1995). Non-parametric estimation of spatial variation in relative risk. Stat. Med.
    14, 2335-2342.

    Examples
    --------
    >>> import shapely
    >>> from gridmap.analytics.density import density
    >>> homes = np.random.default_rng(1).uniform(0, 1000, (50_000, 2))
    >>> ill = np.vstack([homes[::50], homes[homes[:, 0] < 300][::50]])
    >>> both = [density(of, metres=100.0, within=shapely.box(0, 0, 1000, 1000)) for of in (ill, homes)]
    >>> relative_risk(*both).at(np.array([[100.0, 500.0], [900.0, 500.0]])).round(1).tolist()
    [1.5, 0.7]
    """
    if cases.frame != among.frame or cases.metres != among.metres:
        raise InputError(
            "cases and those among whom they arise need one frame and one bandwidth: give within and metres"
        )
    if not (cases.total > 0 and among.total > 0):
        raise InputError("there are no cases, or nobody among whom they could arise")
    enough = among.field > least * among.peak
    ratio = np.full_like(cases.field, np.nan)
    np.divide(cases.field * (among.total / cases.total), among.field, out=ratio, where=enough)
    return replace(cases, field=ratio)
