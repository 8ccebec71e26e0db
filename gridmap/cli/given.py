"""What is given to commands besides data, tried before anything is worked out: where they write to, and encodings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from gridmap.errors import InputError

Output = tuple[Path, Sequence[str]]


def refuse_unfit(outputs: Sequence[Output], inputs: Iterable[Path] = ()) -> None:
    """Refuse outputs, each with the endings it may have, that cannot be written or would overwrite another file."""
    read, written = list(inputs), [path for path, _ in outputs]
    for path, suffixes in outputs:
        _refuse_unwritable(path, suffixes)
    for place, path in enumerate(written):
        if any(_same(path, other) for other in read):
            raise InputError(f"{path}: this file is read, and would be written over; name another")
        if any(_same(path, other) for other in written[:place]):
            raise InputError(f"{path}: two things would be written to this file; name another")


def _refuse_unwritable(path: Path, suffixes: Sequence[str]) -> None:
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: it can be written as {', '.join(suffixes)}; choose one of them")
    if path.is_dir():
        raise InputError(f"{path}: there is a folder of this name; choose another")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path}: nothing may be written to {path.parent}; choose another place")


def _same(one: Path, other: Path) -> bool:
    try:
        other = other.expanduser()
        return one.samefile(other)
    except (OSError, RuntimeError):  # at least one of them is not there
        return os.path.realpath(one) == os.path.realpath(other)


def check_encoding(name: str) -> str:
    """The name of an encoding of text, if there is one of that name."""
    try:
        "".encode(name)
    except (LookupError, ValueError):
        raise InputError(f"--encoding {name}: no encoding is called so; write it like big5 or gb18030") from None
    return name
