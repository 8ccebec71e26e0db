"""Finds a font with Chinese signs for what is printed; where there is none, fetches one into a folder of our own.

    python -m setup.fonts       says what it did; without a font pages cannot be printed, and all else works

It asks for no root and installs nothing in the system. `gridmap.maps.fonts` looks where it is put.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from gridmap.errors import StoreError
from gridmap.settings import default_home
from gridmap.storage.locks import Lock
from gridmap.storage.packages import Apt
from gridmap.storage.programs import make_folder, run
from setup.browser import FONT_FOLDERS, has_chinese_font, private_prefix
from setup.crew import stop_when_told

# The first that the system's package sources offer; the second is small, and has no bold.
PACKAGES = ("fonts-noto-cjk", "fonts-wqy-microhei")
WITHIN = "usr/share/fonts"
LEFT_OUT = "plates and reports cannot be printed before there is one: apt install fonts-noto-cjk"


def private_fonts() -> Path:
    """Where they are unpacked."""
    return default_home() / "fonts"


def ensure(system: Iterable[str | Path] = FONT_FOLDERS, prefix: Path | None = None) -> str | None:
    """Find a font, or fetch one: None, or why there is none."""
    prefix = prefix or private_fonts()
    if has_chinese_font([*system, prefix / WITHIN, private_prefix() / WITHIN]):
        return None
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return f"no font with Chinese signs is here: {LEFT_OUT}"
    try:
        make_folder(prefix.parent)
        with (
            Lock(prefix.with_name(prefix.name + ".lock")).exclusive(),
            tempfile.TemporaryDirectory(prefix="gridmap-apt-") as folder,
        ):
            if not has_chinese_font([prefix / WITHIN]):
                _fetch(prefix, Apt(Path(folder)))
    except (StoreError, OSError) as error:
        return f"no font with Chinese signs can be fetched ({error}): {LEFT_OUT}"
    return None


def _fetch(prefix: Path, apt: Apt) -> None:
    trouble = apt.update()
    known = set(apt("apt-cache", "pkgnames").split())
    package = next((name for name in PACKAGES if name in known), None)
    if package is None:
        raise StoreError(trouble or f"this system's package sources offer no {' and no '.join(PACKAGES)}")
    _say(f"Fetching {package}")
    debs = apt.folder / "debs"
    debs.mkdir()
    apt("apt-get", "download", "-qq", package, folder=debs)
    new = prefix.with_name(f"{prefix.name}.new.{os.getpid()}")
    for leftover in prefix.parent.glob(f"{prefix.name}.new.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for deb in sorted(debs.glob("*.deb")):
        run(["dpkg-deb", "-x", deb, new])
    shutil.rmtree(prefix, ignore_errors=True)
    new.rename(prefix)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Say what is missing; that is no reason to stop."""
    trouble = ensure()
    if trouble:
        _say(trouble)


if __name__ == "__main__":
    stop_when_told()
    main()
