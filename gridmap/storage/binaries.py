"""Finds PostgreSQL with PostGIS: the system's, else our private prefix."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gridmap.settings import PROJECT, default_home

SYSTEM = Path("/")
NOT_FOR_THE_SERVER = re.compile(r"PG[A-Z]+|LD_PRELOAD|LC_.*|LANG|LANGUAGE|TZ")


@dataclass(frozen=True)
class Binaries:
    """The programs of one PostgreSQL that has PostGIS."""

    programs: Path
    share: Path
    major: int
    prefix: Path = SYSTEM

    def environ(self) -> dict[str, str]:
        """Make the surroundings the server runs in: none of the caller's PG* or locale leaks in."""
        clean = {name: value for name, value in os.environ.items() if not NOT_FOR_THE_SERVER.fullmatch(name)}
        clean |= {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if self.prefix != SYSTEM:
            clean["LD_LIBRARY_PATH"] = library_path(self.prefix)
            clean["PROJ_DATA"] = clean["PROJ_LIB"] = str(self.prefix / "usr/share/proj")
        return clean


def library_path(prefix: Path) -> str:
    """List the folders of shared libraries in a private prefix."""
    folders = [*prefix.glob("usr/lib/*-linux-gnu*"), *prefix.glob("lib/*-linux-gnu*")]
    return ":".join(str(folder) for folder in sorted(folders))


def private_prefixes(home: Path) -> list[Path]:
    """List where packages may have been unpacked: the clone's own place, then this home's."""
    return list(dict.fromkeys([default_home() / "postgresql", home / "postgresql"]))


def prefix_to_fill(home: Path) -> Path:
    """Choose where packages are unpacked: once a clone if it may be written, else once a home."""
    shared, own = private_prefixes(home)[0], private_prefixes(home)[-1]
    return shared if os.geteuid() == 0 or os.access(PROJECT, os.W_OK) else own


def available(prefixes: Iterable[Path]) -> list[Binaries]:
    """List what can be used, best first: the system's, then private ones; newest first in each."""
    found = [*_debian(SYSTEM), *_on_path()]
    for prefix in prefixes:
        found += _debian(prefix)
    return found


def _debian(prefix: Path) -> list[Binaries]:
    found = []
    for programs in prefix.glob("usr/lib/postgresql/*/bin"):
        if programs.parent.name.isdigit():
            major = int(programs.parent.name)
            share = prefix / "usr/share/postgresql" / str(major)
            found.append(Binaries(programs, share, major, prefix))
    return sorted(filter(_complete, found), key=lambda each: -each.major)


def _on_path() -> Iterator[Binaries]:
    # Where a distribution keeps no versions side by side, the programs lie beside pg_config.
    where = shutil.which("postgres")
    if where is None:
        return
    programs = Path(where).resolve().parent
    for share in (programs.parent / "share/pgsql", programs.parent / "share/postgresql"):
        versions = sorted((share / "extension").glob("postgis--*.sql"))
        major = _major(share / "postgres.bki")
        if versions and major:
            found = Binaries(programs, share, major)
            if _complete(found):
                yield found


def _complete(binaries: Binaries) -> bool:
    programs = (binaries.programs / name for name in ("postgres", "initdb"))
    return all(os.access(program, os.X_OK) for program in programs) and all(
        (binaries.share / "extension" / f"{extension}.control").exists() for extension in ("postgis", "btree_gist")
    )


def _major(catalogue: Path) -> int | None:
    """Read the version from the first line of the file initdb itself checks."""
    try:
        with catalogue.open(encoding="utf-8") as lines:
            match = re.match(r"# PostgreSQL (\d+)", lines.readline())
    except OSError:
        return None
    return int(match.group(1)) if match else None
