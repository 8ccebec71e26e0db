"""The one door to GDAL: only files of ours, under plain names, whose content has been looked at before."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import pyogrio
import pyproj
import shapely

from gridmap.spatial.files.limits import Limits, check_columns, check_features, refused


def read(
    copy: Path, path: Path | str, limits: Limits, *, layer: str | None = None, encoding: str | None = None
) -> gpd.GeoDataFrame:
    """The layer in `copy`, which holds what `path` held; errors name `path`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seen = pyogrio.read_info(copy, layer=layer, encoding=encoding)
            check_columns(path, len(seen["fields"]), limits)
            check_features(path, max(seen["features"], 0), limits)
            frame = pyogrio.read_dataframe(
                copy, layer=layer, encoding=encoding, force_2d=True, max_features=limits.features + 1
            )
    except (
        RuntimeError,
        ValueError,
        IndexError,
        UnicodeError,
        shapely.errors.ShapelyError,
        pyproj.exceptions.ProjError,
    ):
        raise refused(path, "the file is broken or not what its suffix says; export it again") from None
    check_features(path, len(frame), limits)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise refused(path, "the layer has no shapes; name the layer that has")
    return frame
