"""Fetches the distribution's own PostgreSQL and PostGIS packages into a private prefix, without root.

`python3 -m gridmap.storage.packages` does so where nothing usable is installed. It needs the
standard library only, so that the set-up can run it before anything else is there.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gridmap.errors import StoreError
from gridmap.settings import Settings
from gridmap.storage.binaries import available, library_path, prefix_to_fill, private_prefixes
from gridmap.storage.locks import Lock
from gridmap.storage.programs import make_folder, run

Progress = Callable[[str], None]

# What only raster, just-in-time compilation, the Perl wrappers or a booting system need, and
# what every installed system has anyway.
NOT_NEEDED = re.compile(
    r"(libgdal|gdal-|libllvm|perl|libperl|debconf|cdebconf|postgresql-common|postgresql-client-common|"
    r"ssl-cert|libc6$|libc-bin|libgcc|gcc-|init-system|adduser|passwd|ucf|locales|tzdata|netbase|lsb-|"
    r"sensible|libjson-perl|libcommon-sense|libtypes|python|systemd|libsystemd)"
)
DEPENDENCY = re.compile(r"^ [ |](?:Pre)?Depends: (<?)([^\s<>]+)>?((?:\n    +\S+)*)", re.MULTILINE)
PROGRAMS = ("postgres", "initdb", "psql", "pg_dump", "pg_restore")
MODULES = ("postgis-3.so", "plpgsql.so", "btree_gist.so", "pg_trgm.so")
BATCH_BYTES = 10_000_000


@dataclass(frozen=True)
class Apt:
    """apt in a folder of our own: it checks signatures as ever, and touches nothing of the system's."""

    folder: Path

    def __call__(self, program: str, *arguments: str, folder: Path = Path("/")) -> str:
        own = {
            "Dir::State": self.folder / "state",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::State::status": "/var/lib/dpkg/status",
            "Dir::Cache": self.folder / "cache",
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "",
            "Acquire::Retries": "3",
            "Acquire::Languages": "none",
        }
        options = [f"-o{key}={value}" for key, value in own.items()]
        return run([program, *options, *arguments], environ=_plain_environ(), folder=folder)

    def update(self) -> str | None:
        """Read the lists of packages; return what went wrong, which may concern another's source only."""
        for name in ("lists/partial", "cache/archives/partial", "state"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        try:
            self("apt-get", "update", "-qq")
        except StoreError as error:
            return str(error)
        return None


def fetch(prefix: Path, progress: Progress | None = None) -> Path:
    """Unpack PostgreSQL with PostGIS under a prefix, whole or not at all; one process fetches for all."""
    tell = progress or (lambda _: None)
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise StoreError(
            "no PostgreSQL with PostGIS here: install this system's postgresql and postgis packages, "
            "or set DATABASE_URL to a PostGIS database"
        )
    _make_writable(prefix.parent)
    with Lock(prefix.with_name(prefix.name + ".lock")).exclusive():
        if not available([prefix]):
            with tempfile.TemporaryDirectory(prefix="gridmap-apt-") as folder:
                _fetch(prefix, Path(folder), tell)
    return prefix


def _make_writable(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made ({error.strerror}): set GRIDMAP_HOME elsewhere") from None
    if not os.access(folder, os.W_OK):
        raise StoreError(f"{folder} cannot be written by this user: set GRIDMAP_HOME elsewhere")


def _fetch(prefix: Path, folder: Path, tell: Progress) -> None:
    apt = Apt(folder)
    tell("Reading the distribution's lists of packages")
    trouble = apt.update()
    major = _newest_major(apt, trouble)
    names = _needed(apt, major)
    files = _download(apt, major, names, tell)
    tell(f"Unpacking {len(files)} packages")
    new = prefix.with_name(f"{prefix.name}.new.{os.getpid()}")
    for leftover in prefix.parent.glob(f"{prefix.name}.new.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    _unpack(files, new, major)
    _check_libraries(new, major)
    shutil.rmtree(prefix, ignore_errors=True)
    new.rename(prefix)


def _newest_major(apt: Apt, trouble: str | None) -> int:
    names = apt("apt-cache", "pkgnames", "postgresql-")
    majors = [int(each) for each in re.findall(r"^postgresql-(\d+)-postgis-3$", names, re.MULTILINE)]
    if not majors:
        why = f" ({trouble})" if trouble else ""
        raise StoreError(
            f"this system's package sources offer no PostGIS{why}: check the network and "
            "/etc/apt/sources.list.d, or set DATABASE_URL to a PostGIS database"
        )
    return max(majors)


def _needed(apt: Apt, major: int) -> list[str]:
    """Follow the dependencies of the server and PostGIS down to what the system already has."""
    wanted = {f"postgresql-{major}", f"postgresql-client-{major}"}
    wanted |= {f"postgresql-{major}-postgis-3", f"postgresql-{major}-postgis-3-scripts"}
    installed = installed_packages()
    needed: set[str] = set()
    level = wanted
    while level:
        needed |= level
        found = set(dependencies_of(apt, sorted(level), installed))
        level = {name for name in found - needed - installed if not NOT_NEEDED.match(name)}
    return sorted(needed)


def installed_packages() -> set[str]:
    listing = run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"], environ=_plain_environ())
    return set(re.findall(r"^installed (\S+)$", listing, re.MULTILINE))


def dependencies_of(apt: Apt, names: list[str], installed: set[str]) -> Iterator[str]:
    without = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    listing = apt("apt-cache", "depends", *(f"--no-{each}" for each in without), *names)
    for virtual, name, providers in DEPENDENCY.findall(listing):
        if not virtual:
            yield name
        elif (offers := providers.split()) and installed.isdisjoint(offers):
            yield offers[0]


def _download(apt: Apt, major: int, names: list[str], tell: Progress) -> list[Path]:
    debs = apt.folder / "debs"
    debs.mkdir()
    listing = apt("apt-get", "download", "--print-uris", "-qq", *names, folder=debs)
    sizes = {file.split("_")[0]: int(size) for file, size in re.findall(r"^'\S+' (\S+) (\d+)", listing, re.MULTILINE)}
    total, done = sum(sizes.values()), 0
    tell(f"Fetching PostgreSQL {major} with PostGIS: {len(names)} packages, {total / 1e6:.0f} MB")
    for batch in in_batches(names, sizes):
        apt("apt-get", "download", "-qq", *batch, folder=debs)
        done += sum(sizes.get(name, 0) for name in batch)
        if done < total:
            tell(f"Fetched {done / 1e6:.0f} of {total / 1e6:.0f} MB")
    return sorted(debs.glob("*.deb"))


def in_batches(names: Iterable[str], sizes: dict[str, int]) -> Iterator[list[str]]:
    batch: list[str] = []
    for name in names:
        batch.append(name)
        if sum(sizes.get(each, 0) for each in batch) >= BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def _unpack(files: Iterable[Path], target: Path, major: int) -> None:
    target.mkdir()
    for file in files:
        run(["dpkg-deb", "-x", file, target])
    # An installed package links these by update-alternatives, which unpacking does not run.
    for control in (target / f"usr/share/postgresql/{major}/extension").glob("*-3.control"):
        link = control.with_name(control.name.replace("-3.control", ".control"))
        if not link.exists():
            link.symlink_to(control.name)
    for name in ("doc", "man", "locale"):
        shutil.rmtree(target / "usr/share" / name, ignore_errors=True)
    shutil.rmtree(target / f"usr/lib/postgresql/{major}/lib/bitcode", ignore_errors=True)


def _check_libraries(prefix: Path, major: int) -> None:
    server = prefix / f"usr/lib/postgresql/{major}"
    files = [server / "bin" / name for name in PROGRAMS] + [server / "lib" / name for name in MODULES]
    environ = _plain_environ() | {"LD_LIBRARY_PATH": library_path(prefix)}
    missing = set(re.findall(r"(\S+) => not found", run(["ldd", *files], environ=environ)))
    if missing:
        raise StoreError(
            f"the fetched PostgreSQL lacks {', '.join(sorted(missing))}: install "
            f"postgresql-{major}-postgis-3 on this system, or set DATABASE_URL to a PostGIS database"
        )


def _plain_environ() -> dict[str, str]:
    return dict(os.environ) | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def main() -> int:
    """Make sure that a PostgreSQL with PostGIS is here."""
    # Ended by the set-up, it leaves nothing behind in the temporary folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    home = Settings.from_environment().home
    try:
        if not available(private_prefixes(home)):
            fetch(prefix_to_fill(home), _say)
    except StoreError as error:
        _say(str(error))
        return 1
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
