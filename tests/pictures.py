"""Pictures to send."""

from __future__ import annotations

import io

from PIL import Image


def small_picture(kind: str = "PNG", color: str = "olive", size: tuple[int, int] = (32, 24)) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, kind)
    return out.getvalue()
