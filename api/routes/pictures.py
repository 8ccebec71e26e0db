"""What is seen, as a picture made by the server: the map within one's sight, as one has filtered it."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AfterValidator

from api.dependencies import DbSession, Language, Now, OfPlan, TheSite, allow
from api.press import MEDIA, at_the_press, printed
from api.schemas import Code, MomentAsked, among, listed
from gridmap.domain.lifecycle import OPEN
from gridmap.errors import FieldError
from gridmap.maps.style import ATTENTIONS, LAYERS
from gridmap.maps.view import DEGREES, Bounds

router = APIRouter(tags=["pictures"])

Kind = Literal["svg", "png", "pdf"]
Layer = Annotated[str, AfterValidator(among(LAYERS)), listed(LAYERS)]
Attention = Annotated[str, AfterValidator(among(tuple(ATTENTIONS))), listed(tuple(ATTENTIONS))]
Status = Annotated[str, AfterValidator(among(tuple(OPEN))), listed(tuple(OPEN))]
AS_PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {media: {} for media in MEDIA.values()}}}


class Filtered:
    """Which issues are wanted."""

    def __init__(
        self,
        category: Annotated[list[Code] | None, Query(description="Only issues of these; say it several times.")] = None,
        status: Annotated[list[Status] | None, Query(description="Only issues that stand so.")] = None,
        urgency: Annotated[list[Code] | None, Query(description="Only issues so urgent.")] = None,
        attention: Annotated[list[Attention] | None, Query(description="Only what asks for this.")] = None,
        codes: Annotated[str | None, Query(max_length=20_000, description="These alone, with commas between.")] = None,
        grid: Annotated[Code | None, Query(description="Only issues of this grid.")] = None,
        under: Annotated[Code | None, Query(description="Only issues of this grid and any below it.")] = None,
        owner: Annotated[Code | None, Query(description="Only issues whose owner is this person.")] = None,
        since: Annotated[MomentAsked | None, Query(description="Only what was reported from then on.")] = None,
        until: Annotated[MomentAsked | None, Query(description="Only what was reported before then.")] = None,
    ) -> None:
        self.said: dict[str, Any] = {
            "categories": tuple(category or ()), "statuses": tuple(status or ()), "urgencies": tuple(urgency or ()),
            "attentions": tuple(attention or ()), "codes": tuple(filter(None, (codes or "").split(","))), "grid": grid,
            "under": under, "owner": owner, "since": since, "until": until,
        }  # fmt: skip


@router.get("/picture.{kind}", response_class=Response, responses=AS_PICTURE)
def draw_picture(
    session: DbSession,
    viewer: OfPlan,
    site: TheSite,
    now: Now,
    language: Language,
    kind: Annotated[Kind, Path()],
    filtered: Annotated[Filtered, Depends()],
    layer: Annotated[list[Layer] | None, Query(description="Only these; say it several times.")] = None,
    layers: Annotated[Code | None, Query(description="The same in one word, with commas between.")] = None,
    bbox: Annotated[str | None, Query(max_length=120, description="west,south,east,north in degrees.")] = None,
    theme: Annotated[Literal["light", "dark"], Query()] = "light",
    width: Annotated[int, Query(ge=200, le=4000, description="In pixels, 96 to the inch.")] = 1200,
    height: Annotated[int, Query(ge=200, le=4000)] = 800,
    keep: Annotated[bool, Query(description="To be kept as a file, not shown.")] = False,
) -> Response:
    """The map as a picture: SVG, PNG or PDF, of what one may see."""
    # Drawing pulls in SciPy, Pillow and typst: the service answers before they are there.
    from gridmap.operations import pictures

    wanted = _layers(layer, layers)
    if filtered.said["owner"] is not None:
        allow(viewer, "people")
    if "issues" in wanted or "heat" in wanted:
        allow(viewer, "issues")
    with at_the_press():
        content = pictures.picture(
            session, kind, at=now, viewer=viewer, site=site.code, language=language, theme=theme, layers=wanted,
            bounds=_bounds(bbox), width=width, height=height, filters=pictures.Filters(**filtered.said),
        )  # fmt: skip
    return printed(content, "map", kind, keep=keep)


def _layers(layer: list[str] | None, layers: str | None) -> tuple[str, ...]:
    said = [*(layer or ()), *(name.strip() for name in (layers or "").split(",") if name.strip())]
    for name in said:
        if name not in LAYERS:
            raise FieldError("layers", f"no layer of the map is called {name!r}: there are {', '.join(LAYERS)}")
    return tuple(dict.fromkeys(said)) or tuple(name for name in LAYERS if name != "heat")


def _bounds(bbox: str | None) -> Bounds | None:
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError:
        west = math.nan
        south = east = north = west
    least_x, least_y, most_x, most_y = DEGREES
    if not (least_x <= west < east <= most_x and least_y <= south < north <= most_y):
        raise FieldError("bbox", "say west,south,east,north in degrees, as in 121.49,31.23,121.51,31.25")
    return west, south, east, north
