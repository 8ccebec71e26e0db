"""Compile every kernel into numba's cache, so that nobody waits for it later: `python -m gridmap.analytics.kernels`."""

from __future__ import annotations

import importlib
import pkgutil

from gridmap.analytics import kernels


def warm_up() -> None:
    for room in pkgutil.iter_modules(kernels.__path__):
        if not room.name.startswith("_"):
            importlib.import_module(f"{kernels.__name__}.{room.name}").warm()


if __name__ == "__main__":
    warm_up()
