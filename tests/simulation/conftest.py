"""The imaginary estate, drawn once."""

from __future__ import annotations

import pytest

from gridmap.simulation import estate as estates
from gridmap.simulation.estate import Estate


@pytest.fixture(scope="session")
def imagined() -> Estate:
    return estates.estate()
