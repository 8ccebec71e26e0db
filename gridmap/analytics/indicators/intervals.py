"""How sure a figure is: intervals for shares and for counts, and what they allow to be said."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, norm

Floats = NDArray[np.float64]
CONFIDENCE: Final = 0.95


def wilson(counted: ArrayLike, of: ArrayLike, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    r"""The Wilson score interval of shares.

    With :math:`p = k/n` and :math:`z` the two-sided normal quantile,

    .. math:: \frac{p + z^2/2n \pm z \sqrt{p(1-p)/n + z^2/4n^2}}{1 + z^2/n}

    Parameters
    ----------
    counted : array_like, shape (n,)
        How many were counted (:math:`k`), 0 to `of`.
    of : array_like, shape (n,)
        Out of how many (:math:`n`).
    confidence : float
        Two-sided, between 0 and 1.

    Returns
    -------
    low, high : ndarray of float64, shape (n,)
        Within 0 to 1; NaN where there is nothing to count out of.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.

    Examples
    --------
    >>> low, high = wilson([9], [16])
    >>> low.round(4).item(), high.round(4).item()
    (0.3318, 0.769)
    """
    k, n = np.broadcast_arrays(np.asarray(counted, dtype=np.float64), np.asarray(of, dtype=np.float64))
    z = float(norm.ppf((1 + confidence) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / n
        middle = share + z**2 / (2 * n)
        reach = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        low, high = ((middle + side * reach) / (1 + z**2 / n) for side in (-1, 1))
    # Rounding must not leave the share out of its own interval.
    return np.minimum(np.clip(low, 0, 1), share), np.maximum(np.clip(high, 0, 1), share)


def garwood(counted: ArrayLike, exposure: ArrayLike, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    r"""The exact (Garwood) interval of counts that come singly, per unit of exposure.

    .. math:: \left[ \tfrac12 \chi^2_{\alpha/2,\,2k} / e, \; \tfrac12 \chi^2_{1-\alpha/2,\,2k+2} / e \right]

    Parameters
    ----------
    counted : array_like, shape (n,)
        Whole numbers (:math:`k`), 0 or more.
    exposure : array_like, shape (n,)
        What they are counted per (:math:`e`): hundreds of households, owners.
    confidence : float
        Two-sided, between 0 and 1.

    Returns
    -------
    low, high : ndarray of float64, shape (n,)
        In counts per unit of exposure; NaN where there is no exposure.

    References
    ----------
    Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28, 437-442.

    Examples
    --------
    >>> low, high = garwood([10, 0], [2.0, 2.0])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([2.398, 0.0], [9.195, 1.844])
    """
    k, e = np.broadcast_arrays(np.asarray(counted, dtype=np.float64), np.asarray(exposure, dtype=np.float64))
    tail = (1 - confidence) / 2
    units = np.where(e > 0, e, np.nan)
    low = np.where(k > 0, chi2.ppf(tail, 2 * np.maximum(k, 1)) / 2, 0.0) / units
    high = chi2.ppf(1 - tail, 2 * k + 2) / 2 / units
    return low, high


def difference(
    now: tuple[ArrayLike, ArrayLike, ArrayLike], then: tuple[ArrayLike, ArrayLike, ArrayLike]
) -> tuple[Floats, Floats, Floats]:
    """A change with its interval, from two values and theirs (MOVER; for shares, Newcombe's method 10).

    Parameters
    ----------
    now, then : (value, low, high), each array_like of shape (n,)
        The two values with their intervals, of the same confidence and counted apart.

    Returns
    -------
    change, low, high : ndarray of float64, shape (n,)
        `now` less `then`; where the interval leaves out 0, it changed by more than chance.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions. Stat. Med. 17,
    873-890. Donner, A., Zou, G. Y. (2012), for other rates.

    Examples
    --------
    >>> change, low, high = difference(([56 / 70], *wilson([56], [70])), ([48 / 80], *wilson([48], [80])))
    >>> change.round(4).item(), low.round(4).item(), high.round(4).item()
    (0.2, 0.0524, 0.3339)
    """
    value, low, high = (np.asarray(part, dtype=np.float64) for part in now)
    past, past_low, past_high = (np.asarray(part, dtype=np.float64) for part in then)
    change = value - past
    below = np.hypot(value - low, past_high - past)
    above = np.hypot(high - value, past - past_low)
    return change, change - below, change + above
