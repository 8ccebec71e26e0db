"""Unpacks pip's own wheel into a folder, from the package Debian and Ubuntu split it off into, without root."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from gridmap.errors import StoreError
from gridmap.storage.packages import Apt
from gridmap.storage.programs import run

PACKAGE = "python3-pip-whl"


def unpack(target: Path) -> Path:
    """Return pip's wheel, which Python can import from as it is."""
    with tempfile.TemporaryDirectory(prefix="gridmap-apt-") as folder:
        apt = Apt(Path(folder))
        trouble = apt.update()
        try:
            apt("apt-get", "download", "-qq", PACKAGE, folder=apt.folder)
        except StoreError as error:
            raise StoreError(
                f"this Python has no pip and {PACKAGE} cannot be fetched ({trouble or error}): "
                "check the network, or install python3-venv"
            ) from None
        run(["dpkg-deb", "-x", *apt.folder.glob(f"{PACKAGE}_*.deb"), target])
    [wheel] = target.glob("usr/share/python-wheels/pip-*.whl")
    return wheel


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{unpack(Path(sys.argv[1]).absolute())}\n")
    except StoreError as error:
        sys.exit(f"{error}")
