"""How fast neighbours, Moran and Getis-Ord are, beside libpysal and esda on the same grids and counts in the same run.

    python benchmarks/hotspots.py [--grids 10000] [--rounds 5]

Each figure is the median of the rounds; both take turns within a round, on one thread. Weights keep what was worked out
with them, so each analytic Moran of esda gets fresh ones, which are made before. The statistics are compared, too: Gi*
is to be the same to rounding, local Moran but for its scale, which esda takes as (n - 1) / n.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import esda
import numpy as np
from city import city
from libpysal import weights as peers
from turns import against

from gridmap.analytics.autocorrelation import local_moran, moran
from gridmap.analytics.hotspots import local_g
from gridmap.analytics.weights import contiguity


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--grids", type=int, default=10_000)
    asked.add_argument("--rounds", type=int, default=5)
    options = asked.parse_args()
    warnings.simplefilter("ignore")
    grids, rounds = city(options.grids), options.rounds
    of = contiguity(grids)
    rows = of.row_standardised()
    counts = np.random.default_rng(1).poisson(5.0, len(grids)).astype(np.float64)
    peer = peers.Queen.from_dataframe(grids, use_index=False, silence_warnings=True)
    print(f"{len(grids)} grids, {of.counts.mean():.2f} neighbours each; ours, theirs, ratio")

    def draws(times: int) -> dict[str, Any]:
        return {"permutations": times, "random": np.random.default_rng(7)}

    against("queen contiguity (libpysal)", lambda: contiguity(grids),
            lambda: peers.Queen.from_dataframe(grids, use_index=False, silence_warnings=True), rounds)  # fmt: skip
    against("Gi*, analytic (esda)", lambda: local_g(counts, of),
            lambda: esda.G_Local(counts, peer, transform="B", star=True, permutations=0), rounds)  # fmt: skip
    against("Gi*, 999 permutations", lambda: local_g(counts, of, **draws(999)),
            lambda: esda.G_Local(counts, peer, transform="B", star=True, permutations=999, n_jobs=1, seed=7,
                                 keep_simulations=False), rounds)  # fmt: skip
    against("Gi*, 99,999 permutations", lambda: local_g(counts, of, **draws(99_999)), None, rounds)
    fresh = iter([peers.W(peer.neighbors, silence_warnings=True) for _ in range(2 * rounds)])
    against("Moran's I, analytic", lambda: moran(counts, of), lambda: esda.Moran(counts, next(fresh), permutations=0),
            rounds)  # fmt: skip
    against("local Moran, analytic", lambda: local_moran(counts, rows),
            lambda: esda.Moran_Local(counts, next(fresh), permutations=0), rounds)  # fmt: skip
    against("local Moran, 999 permutations", lambda: local_moran(counts, rows, **draws(999)),
            lambda: esda.Moran_Local(counts, peer, permutations=999, n_jobs=1, seed=7, keep_simulations=False),
            rounds)  # fmt: skip
    differences(counts, of, rows, peer)


def differences(counts: np.ndarray, of: Any, rows: Any, peer: Any) -> None:
    """How far the statistics are apart."""
    theirs = esda.G_Local(counts, peer, transform="B", star=True, permutations=0).Zs
    gap = np.abs(local_g(counts, of)["GiZScore"] - theirs).max()
    scale = (len(counts) - 1) / len(counts)
    local = esda.Moran_Local(counts, peer, permutations=0).Is
    other = np.abs(local_moran(counts, rows)["LMiIndex"] * scale - local).max()
    print(f"largest difference: Gi* {gap:.1e}, local Moran {other:.1e}")


if __name__ == "__main__":
    main()
