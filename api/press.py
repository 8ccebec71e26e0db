"""What is printed by the service: so much at once and no more, and how it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, Final

from fastapi import Response

from gridmap.errors import TooManyError

# Setting a page takes a whole core: what else is asked meanwhile is not to wait for it.
PRINTED_AT_ONCE: Final = 2
WAIT_S: Final = 30.0
_PRINTING: Final = BoundedSemaphore(PRINTED_AT_ONCE)
MEDIA: Final = {"pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml"}
# A picture that is opened by itself runs nothing; its heat is an image within it.
POLICY: Final = "default-src 'none'; img-src data:; frame-ancestors 'none'"


@contextmanager
def at_the_press() -> Iterator[None]:
    """Wait for one's turn to print."""
    if not _PRINTING.acquire(timeout=WAIT_S):
        raise TooManyError("too much is being printed at this moment: ask for it again", int(WAIT_S))
    try:
        yield
    finally:
        _PRINTING.release()


def as_print(kind: str) -> dict[int | str, dict[str, Any]]:
    """For the description of the API: what is answered."""
    return {200: {"content": {MEDIA[kind]: {}}}}


def printed(content: bytes, name: str, kind: str, *, keep: bool = False) -> Response:
    """A page or a picture, shown by a browser, or kept as a file; its name is plain letters."""
    headers = {
        "Content-Disposition": f'{"attachment" if keep else "inline"}; filename="{name}.{kind}"',
        "Cache-Control": "no-store",
        "Content-Security-Policy": POLICY,
    }
    return Response(content, headers=headers, media_type=MEDIA[kind])
