"""How kernels are compiled, and under which name they are kept.

numba looks at a kernel's own file to see whether what it kept is still true, not at the files of the parts
that went into it. So the name under which a kernel is kept carries a digest of all files of its package.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile at the first call and keep it on disk; where no folder can be written, only in memory."""
    function.__qualname__ += f"-{_digest(Path(function.__code__.co_filename).parent)}"
    try:
        return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # numba found no folder it may write to
        return cast("F", numba.njit(nogil=True, error_model="numpy")(function))


def part(function: F) -> F:
    """Part of a kernel, never called from Python."""
    return cast("F", numba.njit(nogil=True, error_model="numpy")(function))


def inline(function: F) -> F:
    """A part that is copied to where it is used: handing over arrays would cost more than the work itself."""
    return cast("F", numba.njit(nogil=True, error_model="numpy", inline="always")(function))


@cache
def _digest(folder: Path) -> str:
    """Of every source of a package of kernels."""
    return sha256(b"".join(source.read_bytes() for source in sorted(folder.glob("*.py")))).hexdigest()[:12]
