"""Pages from templates: everything in them is escaped, and no script or style runs that is not ours."""

from __future__ import annotations

import secrets
from functools import cache
from typing import Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from gridmap.language import LANGUAGES

LANGUAGE_NAMES: Final = {"zh-Hans": "简体", "zh-Hant": "繁體", "en": "English"}
POLICY: Final = (
    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# For pages that load our scripts and those of others that lie here.
LOCAL_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def page(template: str, language: str, status: int = 200, *, policy: str = POLICY, **values: object) -> HTMLResponse:
    """A page of a template, in a language, that is kept nowhere."""
    nonce = secrets.token_urlsafe(16)
    written = (
        _templates()
        .get_template(template)
        .render(language=language, languages={code: LANGUAGE_NAMES[code] for code in LANGUAGES}, nonce=nonce, **values)
    )
    headers = {"Content-Security-Policy": policy.format(nonce=nonce), "Cache-Control": "no-store"}
    return HTMLResponse(written, status, headers)
