"""Shapefiles, plain or zipped: three to five files that are copied aside under plain names and read there."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import geopandas as gpd
import pandas as pd

from gridmap.spatial.files import ogr
from gridmap.spatial.files.archives import opened, readable_name, unpack
from gridmap.spatial.files.limits import Limits, local_file, reading, refused

_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_NEEDED = (".shp", ".shx", ".dbf")
_MAGIC = bytes.fromhex("0000270a")
_PLAIN = "layer"
# Bytes as they are: what encoding the text is in is found out afterwards.
_BYTES = "ISO-8859-1"

# The dBase language drivers that Chinese software writes.
_LANGUAGES = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5hkscs", 0x78: "big5hkscs"}


def read_shapefile(path: Path, limits: Limits, layer: str | None, encoding: str | None) -> gpd.GeoDataFrame:
    """The frame of a plain or zipped shapefile, its text decoded."""
    with tempfile.TemporaryDirectory(prefix="gridmap-") as name:
        folder = Path(name)
        if path.suffix.lower() == ".zip":
            _unpack(path, folder, limits, layer)
        else:
            _copy(path, folder, limits)
        with reading(path):
            if (folder / f"{_PLAIN}.shp").read_bytes()[:4] != _MAGIC:
                raise refused(path, "this is no shapefile; give the file its own suffix")
            known = encoding or _encoding_of(folder)
        (folder / f"{_PLAIN}.cpg").unlink(missing_ok=True)
        frame = ogr.read(folder / f"{_PLAIN}.shp", path, limits, encoding=_BYTES)
    return _decoded(frame, known, path)


def _copy(path: Path, folder: Path, limits: Limits) -> None:
    """The parts beside a .shp, whatever the case of their suffixes."""
    with reading(path):
        beside = {
            part.suffix.lower(): part
            for part in path.parent.iterdir()
            if part.stem == path.stem and part.suffix.lower() in _PARTS
        }
    beside[".shp"] = path
    _check_complete(path, beside)
    for suffix, part in beside.items():
        # An empty .cpg or .prj says nothing; the other parts may not be empty.
        if part.stat().st_size or suffix in _NEEDED:
            source = local_file(part, limits)
            with reading(part):
                shutil.copyfile(source, folder / f"{_PLAIN}{suffix}")


def _unpack(path: Path, folder: Path, limits: Limits, layer: str | None) -> None:
    with opened(path, limits) as archive:
        parts = _chosen(path, archive, layer)
        unpack(archive, {name: folder / f"{_PLAIN}{suffix}" for suffix, name in parts.items()}, path, limits)


def _chosen(path: Path, archive: zipfile.ZipFile, layer: str | None) -> dict[str, str]:
    """The member for each suffix of the one shapefile in the zip, or of the one that is asked for."""
    layers: dict[PurePosixPath, dict[str, str]] = {}
    for member in archive.infolist():
        name = PurePosixPath(readable_name(member).replace("\\", "/"))
        if name.suffix.lower() in _PARTS and "__MACOSX" not in name.parts:
            layers.setdefault(name.with_suffix(""), {})[name.suffix.lower()] = member.filename
    whole = {stem: parts for stem, parts in layers.items() if ".shp" in parts}
    if layer is not None:
        whole = {stem: parts for stem, parts in whole.items() if stem.name == layer}
    names = ", ".join(sorted(stem.name for stem in layers)) or "none"
    if not whole:
        raise refused(path, f"the zip has no shapefile {layer or ''}".rstrip() + f" (there is {names}); pack a .shp")
    if len(whole) > 1:
        raise refused(path, f"the zip holds several shapefiles ({names}); say which with the layer's name")
    parts = whole.popitem()[1]
    _check_complete(path, parts)
    return parts


def _check_complete(path: Path, parts: Mapping[str, object]) -> None:
    missing = [suffix for suffix in _NEEDED if suffix not in parts]
    if missing:
        raise refused(path, f"its {' and '.join(missing)} is missing; a shapefile is .shp, .shx and .dbf together")


def _encoding_of(folder: Path) -> str:
    """What the .cpg says, else the .dbf, else whichever of UTF-8 and GB18030 the text turns out to be."""
    named = folder / f"{_PLAIN}.cpg"
    if named.exists() and (codec := _codec(named.read_bytes()[:40].decode("ascii", "ignore").strip())):
        return codec
    content = (folder / f"{_PLAIN}.dbf").read_bytes()
    if content[29:30] and content[29] in _LANGUAGES:
        return _LANGUAGES[content[29]]
    return "utf-8" if _mostly(content[32:], "utf-8") else "gb18030"


def _codec(name: str) -> str | None:
    """Python's name for what a .cpg calls an encoding."""
    if name.upper() in ("936", "CP936", "GBK", "GB2312", "GB18030", "ANSI 936", "OEM 936"):
        return "gb18030"
    if name.isdigit():
        return {"65001": "utf-8", "950": "big5hkscs"}.get(name, f"cp{name}")
    try:
        "".encode(name.replace("ANSI ", "cp") if name else "?")
    except LookupError:
        return None
    return name.replace("ANSI ", "cp")


def _mostly(content: bytes, encoding: str) -> bool:
    """A field cut off in the middle of a character does not make the rest another encoding."""
    beyond_ascii = sum(1 for byte in content if byte > 0x7F) if not content.isascii() else 0
    return content.decode(encoding, "replace").count("�") * 10 <= beyond_ascii


def _decoded(frame: gpd.GeoDataFrame, encoding: str, path: Path) -> gpd.GeoDataFrame:
    with reading(path):
        try:
            names = {name: _text(name, encoding) for name in frame.columns}
            for name in frame.columns:
                column = frame[name]
                if name != frame.geometry.name and pd.api.types.is_string_dtype(column.dtype):
                    values = [_text(value, encoding) if isinstance(value, str) else None for value in column]
                    frame[name] = pd.Series(values, index=frame.index, dtype=object)
        except LookupError:
            raise refused(path, f"the encoding {encoding!r} is not known; name another, such as GB18030") from None
    return frame.rename(columns=names)


def _text(raw: str, encoding: str) -> str:
    """The text behind bytes read as Latin 1; a character cut off by the field's end is left out."""
    content = raw.encode("latin-1")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if error.end >= len(content) - 3:
            return content[: error.start].decode(encoding)
        raise
