"""Ours and a peer in turns, a line for both: the medians of the rounds, and how many times as long theirs takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

# What is over sooner is done as often as fits into this, as timeit does: once says more of the caches than of the work.
SHORT_S = 0.02


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    taken = time.perf_counter() - start
    if taken > SHORT_S:
        return taken
    times = int(SHORT_S / taken) + 1
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


def against(name: str, ours: Callable[[], Any], theirs: Callable[[], Any] | None, rounds: int) -> None:
    mine, others = [], []
    for _ in range(rounds):
        mine.append(seconds(ours))
        if theirs is not None:
            others.append(seconds(theirs))
    said = f"{name:58} {median(mine) * 1000:>9.1f} ms"
    if others:
        said += f" {median(others) * 1000:>10.1f} ms {median(others) / median(mine):>7.1f} x"
    print(said, flush=True)
