"""What any file from outside must be before a reader sees it, and how one is refused."""

from __future__ import annotations

import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gridmap.errors import FileRefusedError

MEGABYTE = 1_000_000

# GDAL's virtual file systems, and the connection strings of its drivers (PG:, WFS:, https://).
_VIRTUAL = re.compile(r"(^|/)/*vsi[a-z0-9_]+([/?]|$)", re.IGNORECASE)
_CONNECTION = re.compile(r"^[a-z][a-z0-9_+.-]+:", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """How much one file may hold; what is larger is refused before it costs memory or time."""

    size: int = 200 * MEGABYTE
    features: int = 50_000
    ring: int = 100_000
    columns: int = 1_000
    depth: int = 64
    members: int = 20
    ratio: int = 100


PLAN = Limits()
# Points to be routed come by the million and are read in pieces.
POINTS = Limits(size=20_000 * MEGABYTE, features=2**62)


def refused(path: Path | str, why: str) -> FileRefusedError:
    """The one sentence a refused file gets; control characters of its name are not repeated to a terminal."""
    name = "".join(letter if letter.isprintable() else "?" for letter in str(path))
    return FileRefusedError(f"{name}: {why}")


def local_file(path: Path | str, limits: Limits = PLAN) -> Path:
    """The absolute path of an ordinary file of bearable size on this machine, or FileRefusedError."""
    text = str(path)
    if "\0" in text or _VIRTUAL.search(text) or _CONNECTION.match(text):
        raise refused(path, "only files on this machine are read; give the path of a file")
    with reading(path):
        try:
            file = Path(text).expanduser().resolve(strict=True)
        except RuntimeError as error:  # a loop of links, and a home that is not known
            raise refused(path, "the path leads nowhere; check it") from error
        status = file.stat()
    if _VIRTUAL.match(str(file)):
        raise refused(path, "only files on this machine are read; give the path of a file")
    if stat.S_ISDIR(status.st_mode):
        raise refused(path, "this is a folder; name a file in it")
    if not stat.S_ISREG(status.st_mode):
        raise refused(path, "this is no ordinary file; copy its content to one")
    if status.st_size == 0:
        raise refused(path, "the file is empty; export it again")
    if status.st_size > limits.size:
        raise refused(path, f"the file is larger than {limits.size // MEGABYTE} MB; split it")
    return file


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Whatever the system says while a file is read becomes a sentence that names it."""
    try:
        yield
    except FileNotFoundError:
        raise refused(path, "there is no such file; check the path") from None
    except PermissionError:
        raise refused(path, "the file may not be read; change its permissions") from None
    except EOFError:
        raise refused(path, "the file ends too early; copy or export it again") from None
    except zlib.error:
        raise refused(path, "the packed file is broken; pack it again") from None
    except OSError as error:
        raise refused(path, f"the file cannot be read ({error.strerror or error})") from None
    except UnicodeError:
        raise refused(path, "the text is in another encoding; save it as UTF-8, or say which one it is") from None
    except MemoryError:
        raise refused(path, "the file needs more memory than there is; split it") from None


def check_columns(path: Path | str, count: int, limits: Limits) -> None:
    """Refuse a table that is wider than any plan."""
    if count > limits.columns:
        raise refused(path, f"{count:,} columns are more than the {limits.columns:,} allowed; leave out what is unused")


def check_features(path: Path | str, count: int, limits: Limits) -> None:
    """Refuse a layer that is longer than any plan's."""
    if count > limits.features:
        raise refused(path, f"more than the {limits.features:,} features allowed in a layer; split the file")


def check_ring(path: Path | str, row: int, count: int, limits: Limits) -> None:
    """Refuse a ring no drawing needs and no check could bear."""
    if count > limits.ring:
        raise refused(
            path, f"feature {row}: a ring of {count:,} points is over the {limits.ring:,} allowed; simplify it"
        )
