"""What stands on a printed page: its text as a reader finds it, and the codes on its raster."""

from __future__ import annotations

import io
from typing import Any

import zxingcpp
from PIL import Image
from pypdf import PdfReader


def pages(content: bytes) -> list[str]:
    """The text of each page, without the spaces that only place it."""
    assert content.startswith(b"%PDF-")
    return ["".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


def text(content: bytes) -> str:
    return "".join(pages(content))


def size_mm(content: bytes) -> tuple[int, int]:
    """How large the first page is."""
    box = PdfReader(io.BytesIO(content)).pages[0].mediabox
    return round(float(box.width) / 72 * 25.4), round(float(box.height) / 72 * 25.4)


def raster(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def codes(picture: Image.Image) -> list[Any]:
    """The QR codes on a picture."""
    return [found for found in zxingcpp.read_barcodes(picture) if found.format == zxingcpp.BarcodeFormat.QRCode]
