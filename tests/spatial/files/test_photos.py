"""Photos as people send them: what is kept, what is read beside it, what is refused."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from gridmap.errors import FileRefusedError
from gridmap.spatial.coordinates import to_wgs84
from gridmap.spatial.files.photos import LONGEST_SIDE, Photo, read_photo

# As the module itself has it, which pytest sets aside.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
HERE: dict[int, Any] = {1: "N", 2: (31.0, 15.0, 30.0), 3: "E", 4: (121.0, 30.0, 15.0)}


def picture(width: int = 64, height: int = 48) -> Image.Image:
    """Red above, blue below, so that one sees how it is turned."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width, height // 2))
    return image


def file(
    image: Image.Image | None = None,
    kind: str = "JPEG",
    gps: Any = None,
    exif: Any = None,
    tags: Any = None,
    **how: Any,
) -> bytes:
    said = Image.Exif()
    said.update(tags or {})
    if exif is not None:
        said.get_ifd(0x8769).update(exif)
    if gps is not None:
        said.get_ifd(0x8825).update(gps)
    out = io.BytesIO()
    (image or picture()).save(out, kind, exif=said, **how)
    return out.getvalue()


def opened(photo: Photo) -> Image.Image:
    return Image.open(io.BytesIO(photo.content))


# ---------------------------------------------------------------- what is kept


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_any_of_the_kinds_becomes_a_jpeg_with_nothing_beside_the_picture(kind: str) -> None:
    photo = read_photo(file(kind=kind, gps=HERE, tags={0x010F: "maker", 0x9286: "words"}))
    kept = opened(photo)
    assert kept.format == "JPEG"
    assert dict(kept.getexif()) == {}
    assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"maker" not in photo.content
    assert (photo.width, photo.height) == kept.size == (64, 48)
    assert (photo.lon, photo.lat) == pytest.approx((121 + 30.25 / 60, 31 + 15.5 / 60), abs=1e-7)


@pytest.mark.parametrize(("size", "kept"), [((3200, 1000), (1600, 500)), ((1000, 3200), (500, 1600)), ((9, 7), (9, 7))])
def test_a_large_picture_becomes_small_enough_and_a_small_one_stays(size: Any, kept: Any) -> None:
    photo = read_photo(file(picture(*size)))
    assert (photo.width, photo.height) == kept
    assert max(kept) <= LONGEST_SIDE


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_picture_stands_upright_however_the_camera_was_held(turn: int) -> None:
    """What the camera turned on the way in, turned back: red is above again."""
    back = {2: 0, 3: 1, 4: 3, 5: 5, 6: 2, 7: 6, 8: 4}
    steps = [
        Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90,
        Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_270, Image.Transpose.TRANSPOSE,
        Image.Transpose.TRANSVERSE,
    ]  # fmt: skip
    held = picture() if turn == 1 else picture().transpose(steps[back[turn]])
    kept = opened(read_photo(file(held, tags={0x0112: turn}, quality=95)))
    assert kept.size == (64, 48)
    above, below = kept.getpixel((32, 8)), kept.getpixel((32, 40))
    assert isinstance(above, tuple)
    assert isinstance(below, tuple)
    assert above[0] > 200 > below[0]
    assert below[2] > 200 > above[2]


def test_what_is_transparent_stands_on_white() -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert opened(read_photo(file(clear, "PNG"))).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_pictures_of_every_sort_are_drawn(mode: str) -> None:
    image = Image.fromarray(np.full((8, 8), 40_000, np.uint16)) if mode == "I;16" else picture(8, 8).convert(mode)
    photo = read_photo(file(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert opened(photo).mode == "RGB"


def test_the_same_picture_is_known_when_it_comes_again() -> None:
    assert read_photo(file()).digest == read_photo(file(tags={0x010F: "another phone"})).digest
    assert read_photo(file()).digest != read_photo(file(picture(64, 50))).digest


def test_a_second_picture_or_a_clip_behind_the_first_is_left_away() -> None:
    """Phones put previews and clips behind their photos."""
    clip = struct.pack(">I4s4s", 24, b"ftyp", b"mp42") + b"\x00" * 1000
    assert read_photo(file() + clip).content == read_photo(file()).content
    several = io.BytesIO()
    picture().save(several, "MPO", save_all=True, append_images=[picture(32, 32)])
    assert read_photo(several.getvalue()).width == 64


# ---------------------------------------------------------------- what the camera said


@pytest.mark.parametrize(("north", "east", "signs"), [("N", "E", (1, 1)), ("S", "W", (-1, -1)), ("n", "w", (1, -1))])
def test_the_hemisphere_is_read(north: str, east: str, signs: tuple[int, int]) -> None:
    photo = read_photo(file(gps={**HERE, 1: north, 3: east}))
    assert photo.lat is not None
    assert photo.lon is not None
    assert (photo.lat > 0, photo.lon > 0) == (signs[0] > 0, signs[1] > 0)


def test_a_place_that_says_it_is_shifted_is_put_right() -> None:
    photo = read_photo(file(gps={**HERE, 18: "GCJ-02"}))
    lon, lat = to_wgs84(121 + 30.25 / 60, 31 + 15.5 / 60, "gcj02")
    assert (photo.lon, photo.lat) == pytest.approx((float(lon), float(lat)), abs=1e-7)


def test_a_place_lies_on_the_lattice() -> None:
    photo = read_photo(file(gps=HERE))
    assert photo.lon is not None
    assert (photo.lon * 2**24).is_integer()


@pytest.mark.parametrize(
    "wrong",
    [
        {2: (91.0, 0.0, 0.0)}, {4: (181.0, 0.0, 0.0)}, {1: "X"}, {3: ""}, {2: (31.0, 60.0, 0.0)}, {2: (31.0, 0.0)},
        {2: (IFDRational(1, 0), 0.0, 0.0)}, {4: (IFDRational(0, 0), IFDRational(0, 0), IFDRational(0, 0))},
        {2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)}, {1: None}, {4: None}, {2: 31.0},
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_is_not_said(wrong: dict[int, Any]) -> None:
    said = {tag: value for tag, value in {**HERE, **wrong}.items() if value is not None}
    photo = read_photo(file(gps=said))
    assert (photo.lon, photo.lat) == (None, None)


def test_a_camera_clock_needs_a_zone_and_the_satellites_do_not() -> None:
    taken = {0x9003: "2026:05:01 16:30:00"}
    assert read_photo(file(exif=taken)).taken_at is None
    assert read_photo(file(exif=taken), SHANGHAI).taken_at == datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
    zoned = {**taken, 0x9011: "-05:00"}
    there = timezone(timedelta(hours=-5))
    assert read_photo(file(exif=zoned), SHANGHAI).taken_at == datetime(2026, 5, 1, 16, 30, tzinfo=there)
    by_satellite = {**HERE, 29: "2026:05:01", 7: (8.0, 29.0, 58.7)}
    assert read_photo(file(exif=zoned, gps=by_satellite)).taken_at == datetime(2026, 5, 1, 8, 29, 58, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong", ["", "yesterday", "0000:00:00 00:00:00", "2026:13:01 00:00:00", "1970:01:01 00:00:00"]
)
def test_a_moment_that_cannot_be_is_not_said(wrong: str) -> None:
    assert read_photo(file(exif={0x9003: wrong}), SHANGHAI).taken_at is None


# ---------------------------------------------------------------- what is refused


def zip_file() -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("run.sh", "echo")
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A picture that says it is large, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 99))
        + chunk(b"IEND", b"")
    )


def moving(kind: str) -> bytes:
    out = io.BytesIO()
    other = picture().transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    picture().save(out, kind, save_all=True, append_images=[other], duration=100)
    return out.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "this is no photo"),
    "text": (lambda: b"hello", "this is no photo"),
    "page": (lambda: b"<html><script>alert(1)</script>", "this is no photo"),
    "drawing": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "this is no photo"),
    "gif": (lambda: moving("GIF"), "is a GIF: send JPEG, PNG or WebP"),
    "tiff": (lambda: file(kind="TIFF"), "is a TIFF"),
    "bmp": (lambda: b"BM" + bytes(60), "is a BMP"),
    "heic": (lambda: b"\x00\x00\x00\x18ftypheic" + bytes(60), "is HEIC"),
    "video": (lambda: b"\x00\x00\x00\x18ftypmp42" + bytes(60), "is a video"),
    "pdf": (lambda: b"%PDF-1.7", "is a PDF"),
    "archive": (zip_file, "is an archive"),
    "picture and archive": (lambda: file() + zip_file(), "holds something else"),
    "picture and page": (lambda: file() + b"<HTML><body>", "holds something else"),
    "picture and script": (lambda: file(comment=b"<?php system($_GET[0]) ?>"), "holds something else"),
    "moving png": (lambda: moving("PNG"), "the photo moves"),
    "moving webp": (lambda: moving("WEBP"), "the photo moves"),
    "half": (lambda: file(picture(640, 480))[:900], "damaged, or not whole"),
    "only a beginning": (lambda: b"\xff\xd8\xff\xe0", "damaged, or not whole"),
    "png of nothing": (lambda: png_of(400, 400), "damaged, or not whole"),
    "bomb": (lambda: png_of(30_000, 30_000), "more than 25,000,000 pixels"),
    "larger bomb": (lambda: png_of(2**31 - 1, 2**31 - 1), "more than 25,000,000 pixels"),
    "bomb that is only too large": (lambda: png_of(5_000, 5_001), "more than 25,000,000 pixels"),
    "too many bytes": (lambda: file() + bytes(10_000_000), "send at most 10,000,000"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_sound_photo_is_refused_in_a_sentence(what: str) -> None:
    made, sentence = REFUSED[what]
    with pytest.raises(FileRefusedError, match=sentence):
        read_photo(made())


SOUND = {
    kind: file(picture(40, 30), kind, gps=HERE, exif={0x9003: "2026:05:01 16:30:00"})
    for kind in ("JPEG", "PNG", "WEBP")
}


@given(st.sampled_from(sorted(SOUND)), st.data())
def test_damaged_bytes_are_a_photo_or_refused_and_nothing_else(kind: str, data: st.DataObject) -> None:
    raw = bytearray(SOUND[kind])
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), min_size=1, max_size=12)
    ):
        raw[place] = value
    end = data.draw(st.integers(0, len(raw)) | st.just(len(raw)))
    try:
        photo = read_photo(bytes(raw[:end]), SHANGHAI)
    except FileRefusedError:
        pass
    else:
        assert max(opened(photo).size) <= LONGEST_SIDE
        assert photo.lon is None or -180 <= photo.lon <= 180
        assert photo.lat is None or -90 <= photo.lat <= 90
        assert (photo.lon is None) == (photo.lat is None)
        assert photo.taken_at is None or photo.taken_at.tzinfo is not None


@given(st.binary(max_size=300))
def test_hostile_exif_harms_nothing(said: bytes) -> None:
    assume(b"<" not in said)
    sound = SOUND["JPEG"]
    segment = b"\xff\xe1" + struct.pack(">H", len(said) + 8) + b"Exif\x00\x00" + said
    assert read_photo(sound[:2] + segment + sound[2:]).width == 40
