"""What the surroundings decide, read once at an edge and passed down."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """Where things are kept and which database is used."""

    home: Path
    database_url: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read GRIDMAP_HOME and DATABASE_URL; an empty value counts as absent."""
        home = environ.get("GRIDMAP_HOME")
        return cls(
            home=Path(home).expanduser().absolute() if home else default_home(),
            database_url=environ.get("DATABASE_URL") or None,
        )


def default_home() -> Path:
    """`.gridmap` in the clone; for root one folder a clone under /var/lib, which the server's user can enter."""
    if os.geteuid() == 0:
        clone = hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]
        return Path("/var/lib/gridmap") / f"{PROJECT.name}-{clone}"
    return PROJECT / ".gridmap"
