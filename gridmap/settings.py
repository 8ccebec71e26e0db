"""What the surroundings decide, read once at an edge and passed down."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gridmap.errors import InputError

PROJECT = Path(__file__).resolve().parent.parent
SHORTEST_SECRET: Final = 32
LAST_PORT: Final = 65_535
MOST_WRITES: Final = 1_000_000


@dataclass(frozen=True)
class Settings:
    """Where things are kept, which database is used, and how the service is reached.

    `writes_a_minute` is how often one account may change something; residents have a limit of their own. `basemap` is
    the address of tiles that lie under the map.
    """

    home: Path
    database_url: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    port: int = 8000
    writes_a_minute: int | None = None
    basemap: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read DATABASE_URL and the variables that begin with GRIDMAP_; an empty value counts as absent."""
        home = environ.get("GRIDMAP_HOME")
        return cls(
            home=Path(home).expanduser().absolute() if home else default_home(),
            database_url=environ.get("DATABASE_URL") or None,
            secret=_secret(environ.get("GRIDMAP_SECRET") or None),
            port=_number(environ, "GRIDMAP_PORT", LAST_PORT) or cls.port,
            writes_a_minute=_number(environ, "GRIDMAP_WRITES_A_MINUTE", MOST_WRITES),
            basemap=environ.get("GRIDMAP_BASEMAP") or None,
        )

    def secret_key(self) -> bytes:
        """What keys and sign-ins are digested with: GRIDMAP_SECRET, or a file made once beside the private cluster."""
        if self.secret:
            return self.secret.encode("utf-8", "surrogateescape")
        if self.database_url:
            raise InputError(
                "GRIDMAP_SECRET is not set, and with DATABASE_URL all processes must share one: set it to "
                f"{SHORTEST_SECRET} random characters or more (openssl rand -base64 32)"
            )
        file = self.home / "secret"
        if not file.exists():
            _make_secret(file)
        kept = file.read_bytes().strip()
        if len(kept) < SHORTEST_SECRET:
            raise InputError(f"{file} holds no secret: remove it, and a new one is made; keys and sign-ins then end")
        return kept


def _secret(said: str | None) -> str | None:
    if said is not None and len(said) < SHORTEST_SECRET:
        raise InputError(
            f"GRIDMAP_SECRET has {len(said)} characters: give it {SHORTEST_SECRET} or more (openssl rand -base64 32)"
        )
    return said


def _make_secret(file: Path) -> None:
    """Write a new secret, then link it to its name: of several processes one wins, and none reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=".secret-", dir=file.parent)  # mkstemp gives mode 0600
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_urlsafe(48) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(draft)
    finally:
        Path(draft).unlink()


def _number(environ: Mapping[str, str], name: str, largest: int) -> int | None:
    """A whole number from 1 on; None where nothing is said."""
    said = environ.get(name)
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) <= len(str(largest)) and 1 <= int(said) <= largest):
        raise InputError(f"{name} is {said!r}: it must be a whole number from 1 to {largest}")
    return int(said)


def default_home() -> Path:
    """`.gridmap` in the clone; for root one folder a clone under /var/lib, which the server's user can enter."""
    if os.geteuid() == 0:
        clone = hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]
        return Path("/var/lib/gridmap") / f"{PROJECT.name}-{clone}"
    return PROJECT / ".gridmap"
