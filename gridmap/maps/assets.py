"""The files a page loads: ours, and those of others that were fetched when gridmap was installed."""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from gridmap.errors import RefusedError, StoreError

STATIC: Final = Path(__file__).parent / "static"
VENDOR: Final = STATIC / "vendor"
PREFIX: Final = "/static/"

# Folium's name of a link: the package and the file that stand for it.
LOCAL: Final = {
    "leaflet": ("leaflet", "leaflet.js"),
    "leaflet_css": ("leaflet", "leaflet.css"),
    "jquery": ("jquery", "jquery.min.js"),
    "leaflet-heat.js": ("folium", "leaflet_heat.min.js"),
    "markerclusterjs": ("leaflet.markercluster", "leaflet.markercluster.js"),
    "markerclustercss": ("leaflet.markercluster", "MarkerCluster.css"),
    "Leaflet_Realtime_js": ("leaflet-realtime", "leaflet-realtime.min.js"),
    "swagger_js": ("swagger-ui-dist", "swagger-ui-bundle.js"),
    "swagger_css": ("swagger-ui-dist", "swagger-ui.css"),
    "geoman_js": ("@geoman-io/leaflet-geoman-free", "leaflet-geoman.min.js"),
    "geoman_css": ("@geoman-io/leaflet-geoman-free", "leaflet-geoman.css"),
}

# What Folium asks for and our maps do without.
UNUSED: Final = frozenset({
    "bootstrap", "bootstrap_css", "glyphicons_css", "awesome_markers", "awesome_markers_css",
    "awesome_markers_font_css", "awesome_rotate_css", "markerclusterdefaultcss",
})  # fmt: skip

# Scripts and styles of ours lie in the folder itself: `gridmap_desk_js` is desk.js.
OURS: Final = re.compile(r"gridmap_([a-z]+)_(js|css)")

_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)['\"]?\s*\)")


@dataclass(frozen=True)
class Asset:
    """A script or a style: where it lies, and under which address it is served."""

    path: Path
    url: str

    def text(self) -> str:
        """What it says, fit to stand inside a page."""
        said = self.path.read_text(encoding="utf-8")
        if self.path.suffix == ".css":
            return _URL.sub(lambda found: f"url({self._inside(found[1])})", said)
        return re.sub(r"</(script)", r"<\\/\1", said, flags=re.IGNORECASE)

    def _inside(self, reference: str) -> str:
        if reference.startswith(("#", "%23", "data:")):
            return reference
        image = (self.path.parent / reference).resolve()
        if not image.is_file():
            raise StoreError(f"{self.path}: {reference} is not there: run setup/bootstrap.sh again")
        kind = mimetypes.guess_type(image.name)[0] or "application/octet-stream"
        return f"data:{kind};base64,{base64.b64encode(image.read_bytes()).decode()}"


def asset(name: str, url: str) -> Asset | None:
    """The local file for a link, None where a map does without it; a link that is not known is refused."""
    if name in UNUSED:
        return None
    ours = OURS.fullmatch(name)
    if ours and (STATIC / f"{ours[1]}.{ours[2]}").is_file():
        return _own(STATIC / f"{ours[1]}.{ours[2]}")
    if name not in LOCAL:
        raise RefusedError(f"{name} would be fetched from {url}: maps load nothing from elsewhere; leave it out")
    package, file = LOCAL[name]
    return Asset(VENDOR / _fetched(package, file), f"{PREFIX}vendor/{_fetched(package, file)}")


def _own(path: Path) -> Asset:
    # The address changes with the content, so that it can be kept for ever.
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return Asset(path, f"{PREFIX}{path.name}?v={digest}")


def _fetched(package: str, file: str) -> str:
    """The path below the fetched files, which names the version."""
    found = [
        path for path in _manifest() if path.startswith(f"{package}@") and path.rpartition("/")[2] == file
    ]  # fmt: skip
    if len(found) != 1:
        raise StoreError(f"{file} of {package} has not been fetched: run setup/bootstrap.sh")
    return found[0]


@cache
def _manifest() -> tuple[str, ...]:
    try:
        packages = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))["packages"]
    except FileNotFoundError:
        raise StoreError("the scripts of the map have not been fetched: run setup/bootstrap.sh") from None
    return tuple(file for files in packages.values() for file in files)
