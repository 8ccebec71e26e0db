"""What every indicator is made of: for each row of a frame, whether it is due and whether it counts."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.domain.periods import Window

Flags = NDArray[np.bool_]

# What ended without anything to be done is nobody's merit and nobody's fault.
VOID: Final = ("void", "merged")


def moments(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """A column of moments; a frame without it has none."""
    if name not in frame:
        return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    return pd.to_datetime(frame[name], utc=True).dt.as_unit("us")


def flags(frame: pd.DataFrame, name: str) -> Flags:
    """A column of yes and no; what is not said is no."""
    if name not in frame:
        return np.zeros(len(frame), dtype=bool)
    return frame[name].astype("boolean").fillna(value=False).to_numpy(dtype=bool)


def numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column of numbers; what is not said is NaN."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[name]).to_numpy(dtype=np.float64, na_value=np.nan)


def within(when: pd.Series[Any], window: Window) -> Flags:
    """What happened in the window, as far as it is over."""
    return ((when >= window.start) & (when < window.over)).to_numpy(dtype=bool)


def valid(facts: pd.DataFrame) -> Flags:
    """Issues that there was something to do about."""
    return ~facts["status"].isin(VOID).to_numpy(dtype=bool)


def charged(facts: pd.DataFrame) -> Flags:
    """Issues that others found and we have to solve: nothing that waits, or was referred out, is late."""
    apart = flags(facts, "self_made") | flags(facts, "waiting") | flags(facts, "referred")
    return valid(facts) & ~apart


def parted(frame: pd.DataFrame, due: Flags, counts: Flags) -> pd.DataFrame:
    """The two columns of an indicator, on the frame's own index: only what is due can count."""
    return pd.DataFrame(
        {"numerator": (due & counts).astype(np.float64), "denominator": due.astype(np.float64)}, index=frame.index
    )


def closed_within(facts: pd.DataFrame, window: Window) -> Flags:
    """What was closed in the window."""
    return is_word(facts, "status", "closed") & within(moments(facts, "closed_at"), window)


def is_word(facts: pd.DataFrame, name: str, word: str) -> Flags:
    """Where a column says a word."""
    if name not in facts:
        return np.zeros(len(facts), dtype=bool)
    return (facts[name] == word).fillna(value=False).to_numpy(dtype=bool)
