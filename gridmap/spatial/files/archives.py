"""Zip files from outside: looked through before anything is unpacked, unpacked under names of our own."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from zlib import error as ZlibError  # noqa: N812  (an exception, named like one)

from gridmap.spatial.files.limits import MEGABYTE, Limits, reading, refused

PACKED = frozenset(
    {".zip", ".kmz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar", ".tgz", ".jar", ".cab", ".iso"}
)
_PIECE = 1 << 20


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """A zip file none of whose members could do harm."""
    try:
        with reading(path), zipfile.ZipFile(path) as archive:
            inspect(path, archive.infolist(), limits)
            yield archive
    except (zipfile.BadZipFile, ZlibError, NotImplementedError, RuntimeError) as error:
        raise refused(path, f"the zip file is broken or of an unknown kind ({error}); pack it again") from None


def inspect(path: Path, members: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Refuse the bomb, the escape and the disguise, by what the table of contents says."""
    if len(members) > limits.members:
        raise refused(path, f"{len(members):,} files in the zip are more than {limits.members}; pack one layer only")
    if sum(member.file_size for member in members) > limits.size:
        raise refused(path, f"unpacked it would be larger than {limits.size // MEGABYTE} MB; pack one layer only")
    for member in members:
        why = _harm(member, limits)
        if why:
            raise refused(path, f"the member {member.filename!r} {why}; pack the files of one layer plainly")


def _harm(member: zipfile.ZipInfo, limits: Limits) -> str | None:
    name = member.orig_filename.replace("\\", "/")
    if name.startswith("/") or ".." in PurePosixPath(name).parts or "\0" in name or name[1:2] == ":":
        return "would be written outside its folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & 0x1:
        return "is encrypted"
    if PurePosixPath(name).suffix.lower() in PACKED:
        return "is packed itself"
    if member.file_size > limits.ratio * max(member.compress_size, 1) and member.file_size > MEGABYTE:
        return f"is packed more than {limits.ratio} to 1"
    return None


def readable_name(member: zipfile.ZipInfo) -> str:
    """A member's name; Chinese Windows writes it in GBK without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename


def unpack(archive: zipfile.ZipFile, targets: Mapping[str, Path], path: Path, limits: Limits) -> None:
    """Write chosen members to paths of ours; no more than a member's header declared, whatever it holds."""
    for name, target in targets.items():
        declared, written = archive.getinfo(name).file_size, 0
        with archive.open(name) as source, target.open("xb") as file:
            while piece := source.read(_PIECE):
                written += len(piece)
                if written > min(declared, limits.size):
                    raise refused(path, f"the member {name!r} holds more than it says; pack it again")
                file.write(piece)
