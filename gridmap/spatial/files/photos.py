"""Photos as people send them: checked by what they hold, drawn anew, and told where and when they were taken."""

from __future__ import annotations

import hashlib
import io
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

from PIL import Image

from gridmap.errors import FileRefusedError
from gridmap.spatial.coordinates import snap, to_wgs84

# What a camera said and nobody can read is no news for the log of a service.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")

MOST_BYTES: Final = 10_000_000
# JPEG is read smaller at once; of the others every pixel is drawn, which takes up to 16 bytes each for a moment.
MOST_PIXELS: Final = {"JPEG": 50_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
LONGEST_SIDE: Final = 1_600
QUALITY: Final = 82
# How files begin, and what they are then; a phone's pictures with a second one behind are JPEG too.
BEGINNINGS: Final[tuple[tuple[bytes, int, str], ...]] = (
    (b"\xff\xd8\xff", 0, "JPEG"),
    (b"\x89PNG\r\n\x1a\n", 0, "PNG"),
    (b"WEBP", 8, "WEBP"),
)
# What other things begin with, so that they can be named.
OTHERS: Final[tuple[tuple[bytes, int, str], ...]] = (
    (b"GIF8", 0, "a GIF"),
    (b"ftyphei", 4, "HEIC"),
    (b"ftyphev", 4, "HEIC"),
    (b"ftypmif1", 4, "HEIC"),
    (b"ftypavif", 4, "AVIF"),
    (b"ftyp", 4, "a video"),
    (b"%PDF", 0, "a PDF"),
    (b"PK\x03\x04", 0, "an archive"),
    (b"BM", 0, "a BMP"),
    (b"II*\x00", 0, "a TIFF"),
    (b"MM\x00*", 0, "a TIFF"),
)
# To another reader a picture may be a page, a script or an archive: such begin early, or end late.
SOMETHING_ELSE: Final = (b"%pdf-", b"<script", b"<?php", b"<html", b"<!doctype")
END_OF_ARCHIVE: Final = b"PK\x05\x06"
EARLY, LATE, ARCHIVE_END_BYTES = 1_024, 66_000, 22
GPS, EXIF = 0x8825, 0x8769
ORIENTATION, TAKEN, TAKEN_OFFSET, CHANGED = 0x0112, 0x9003, 0x9011, 0x0132
TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Photo:
    """A picture as it is kept: JPEG without any word in it, and what the camera had said beside it.

    `width` and `height` are in pixels, `lon` and `lat` in degrees (EPSG:4326, on the lattice) or both None,
    `taken_at` is aware or None.
    """

    content: bytes = field(repr=False)
    width: int
    height: int
    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None

    @property
    def digest(self) -> bytes:
        """16 bytes by which the same picture is known when it comes again."""
        return hashlib.blake2b(self.content, digest_size=16).digest()


def read_photo(content: bytes, zone: tzinfo | None = None) -> Photo:
    """Read a picture that somebody sent, and draw it anew.

    It is turned as the camera says, made small enough, and written as JPEG without EXIF, colour profile, comments or
    whatever followed it in the file; the place and the moment it was taken at are read from its EXIF before. What
    cannot be true there (no such place, a date yet to be invented) counts as not said.

    Parameters
    ----------
    content : bytes
        The file: JPEG of at most 50,000,000 pixels, PNG or WebP of at most 25,000,000, and 10,000,000 bytes. Its name
        does not matter.
    zone : tzinfo, optional
        The clock of the place. A camera's time often names no zone; without this, it is then not known.

    Returns
    -------
    Photo
        The picture, its longer side at most 1,600 pixels, and where and when it was taken, as far as it says so.
        Places that say they are GCJ-02 are converted.

    Raises
    ------
    FileRefusedError
        If it is of another kind, too large, damaged, animated, or something else besides a picture.

    Notes
    -----
    EXIF 2.32 (CIPA DC-008-2019) names the tags that are read.

    Examples
    --------
    >>> from io import BytesIO
    >>> from PIL import Image
    >>> file = BytesIO()
    >>> Image.new("RGB", (3200, 1200), "olive").save(file, "PNG")
    >>> photo = read_photo(file.getvalue())
    >>> photo.width, photo.height, photo.content[:3] == b"\\xff\\xd8\\xff"
    (1600, 600, True)
    >>> read_photo(b"GIF89a")
    Traceback (most recent call last):
    ...
    gridmap.errors.FileRefusedError: the photo is a GIF: send JPEG, PNG or WebP
    """
    kind = _kind(content)
    _refuse_disguise(content)
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as picture:
            _refuse_unfit(picture, kind)
            said = _said(picture)
            gps, exif = _part(said, GPS), _part(said, EXIF)
            lon, lat = _place(gps)
            taken_at = _moment(gps, {**said, **exif}, zone)
            drawn, size = _drawn(picture, said)
    except FileRefusedError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(kind) from None
    except MemoryError:
        raise
    except Exception:  # a decoder given damaged bytes fails in any way it likes
        raise FileRefusedError("the photo is damaged, or not whole: take or send it again") from None
    return Photo(drawn, *size, taken_at=taken_at, lon=lon, lat=lat)


# ---------------------------------------------------------------- what it is


def _kind(content: bytes) -> str:
    """Which of the kinds that are taken a file is, by how it begins."""
    if len(content) > MOST_BYTES:
        raise FileRefusedError(f"the photo has {len(content):,} bytes: send at most {MOST_BYTES:,}")
    for mark, place, kind in BEGINNINGS:
        if content[place : place + len(mark)] == mark:
            return kind
    other = next((name for mark, place, name in OTHERS if content[place : place + len(mark)] == mark), None)
    raise FileRefusedError(
        f"the photo is {other}: send JPEG, PNG or WebP" if other else "this is no photo: send JPEG, PNG or WebP"
    )


def _refuse_disguise(content: bytes) -> None:
    """Refuse what begins as a picture and is something else besides; a second picture or a clip behind it is not."""
    ends = content[:EARLY].lower() + b" " + content[-LATE:].lower()
    if any(mark in ends for mark in SOMETHING_ELSE) or _ends_as_archive(content[-LATE:]):
        raise FileRefusedError("the photo holds something else besides a picture: send it as the camera made it")


def _ends_as_archive(tail: bytes) -> bool:
    """Whether a ZIP ends with the file: its last part gives the length of the comment behind it."""
    last = tail[tail.rfind(END_OF_ARCHIVE) :] if END_OF_ARCHIVE in tail else b""
    return len(last) >= ARCHIVE_END_BYTES and len(last) == ARCHIVE_END_BYTES + int.from_bytes(last[20:22], "little")


def _refuse_unfit(picture: Image.Image, kind: str) -> None:
    """Look at what the header says before anything is decoded."""
    if picture.width * picture.height > MOST_PIXELS[kind]:
        raise _too_many_pixels(kind)
    # Of a JPEG the further pictures are previews or another lens's: the first is the photo.
    if kind != "JPEG" and getattr(picture, "n_frames", 1) > 1:
        raise FileRefusedError("the photo moves: send a single picture")


def _too_many_pixels(kind: str) -> FileRefusedError:
    return FileRefusedError(f"the photo has more than {MOST_PIXELS[kind]:,} pixels: send a smaller one")


# ---------------------------------------------------------------- drawn anew


def _drawn(picture: Image.Image, said: Mapping[int, Any]) -> tuple[bytes, tuple[int, int]]:
    """The picture upright, small enough, on white where it was transparent, as JPEG with nothing beside it."""
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    small: Image.Image = picture
    small.load()
    if small.mode.startswith("I"):
        # Sixteen bits of grey: their upper eight are what is seen.
        small = small.convert("I").point(lambda grey: grey / 256).convert("L")
    if small.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in small.info:
        small = small.convert("RGBA")
    elif small.mode not in ("RGB", "RGBA", "L"):
        small = small.convert("RGB")
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    turn = TURNS.get(_whole(said.get(ORIENTATION)))
    small = small if turn is None else small.transpose(turn)
    paper = Image.new("RGB", small.size, "white")
    paper.paste(small, mask=small.getchannel("A") if small.mode == "RGBA" else None)
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue(), paper.size


# ---------------------------------------------------------------- what the camera said


def _said(picture: Image.Image) -> Image.Exif:
    """What the camera said; what cannot be read says nothing."""
    try:
        said = picture.getexif()
        dict(said)
    except Exception:  # as above
        return Image.Exif()
    return said


def _part(said: Image.Exif, number: int) -> Mapping[int, Any]:
    """A part of what was said; one that cannot be read says nothing."""
    try:
        return dict(said.get_ifd(number))
    except Exception:  # as above
        return {}


def _whole(said: Any) -> int:
    return said if isinstance(said, int) else 0


def _place(said: Mapping[int, Any]) -> tuple[float | None, float | None]:
    """Where it was taken; tags 1 to 4 of GPS, and 18 for the datum."""
    lat, lon = _degrees(said.get(2), said.get(1), "NS", 90), _degrees(said.get(4), said.get(3), "EW", 180)
    # Where a receiver knows nothing it says zero.
    if lon is None or lat is None or (lon == 0 and lat == 0):
        return None, None
    datum = "gcj02" if "GCJ" in str(said.get(18, "")).upper() else "wgs84"
    east, north = to_wgs84(lon, lat, datum)
    return float(snap(east)), float(snap(north))


def _degrees(said: Any, side: Any, sides: str, most: float) -> float | None:
    """Degrees, minutes and seconds as one number of degrees."""
    letter = _text(side)[:1].upper()
    try:
        degrees, minutes, seconds = (float(part) for part in said)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    found = degrees + minutes / 60 + seconds / 3600
    if letter not in sides or not letter or not math.isfinite(found) or min(degrees, minutes, seconds) < 0:
        return None
    if found > most or minutes >= 60 or seconds >= 60:
        return None
    return -found if letter in "SW" else found


def _moment(gps: Mapping[int, Any], said: Mapping[int, Any], zone: tzinfo | None) -> datetime | None:
    """When it was taken: by the satellites' clock, else by the camera's."""
    camera = _read_moment(said.get(TAKEN) or said.get(CHANGED), _offset(said.get(TAKEN_OFFSET)) or zone)
    return _by_satellite(gps) or camera


def _by_satellite(gps: Mapping[int, Any]) -> datetime | None:
    try:
        hour, minute, second = (int(float(part)) for part in gps.get(7, ()))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return _read_moment(f"{_text(gps.get(29))} {hour:02d}:{minute:02d}:{second:02d}", UTC)


def _read_moment(said: Any, zone: tzinfo | None) -> datetime | None:
    try:
        moment = datetime.strptime(_text(said), "%Y:%m:%d %H:%M:%S").replace(tzinfo=zone)
    except ValueError:
        return None
    return moment if zone is not None and 1990 <= moment.year <= 2200 else None


def _offset(said: Any) -> tzinfo | None:
    """The zone that a camera names: +08:00."""
    text = _text(said)
    try:
        span = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
        return timezone(-span if text[0] == "-" else span) if text[0] in "+-" and text[3] == ":" else None
    except (ValueError, IndexError):
        return None


def _text(said: Any) -> str:
    if isinstance(said, bytes):
        said = said.decode("ascii", "replace")
    return str(said or "").strip("\x00 ")
