"""Every benchmark, one after the other: `make bench`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
NAMES = (
    "locator", "routing", "posting", "reporting", "watching", "sliding", "hotspots", "density", "clusters", "scan",
    "tiles", "panning", "simulating",
)  # fmt: skip
for name in NAMES:
    print(f"\n== {name}", flush=True)
    sys.argv = [name]
    runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")
