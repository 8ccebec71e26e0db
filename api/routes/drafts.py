"""Drafts of grids: begun from the plan in force, drawn upon, looked at before they are saved, put in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, Self

import shapely
from fastapi import APIRouter, BackgroundTasks, Depends, Path, Response
from pydantic import AfterValidator, BaseModel, Field, model_validator
from shapely.geometry.base import BaseGeometry

from api.dependencies import DbSession, Language, Now, TheSite, with_right
from api.schemas import Body, Code, Line, Moment, Words
from gridmap.domain.findings import Acceptance
from gridmap.domain.rights import Viewer
from gridmap.operations import drafts, redrawing
from gridmap.operations.consequences import warm
from gridmap.operations.redrawing import Changes, Drawn, Sheet
from gridmap.storage import drafts as stored

router = APIRouter(prefix="/drafts", tags=["drafts"])

MOST_GRIDS: Final = 2_000
MOST_CORNERS: Final = 20_000
MOST_NUMBER: Final = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=MOST_NUMBER)]
Version = Annotated[int, Field(ge=0, le=MOST_NUMBER)]


def _on_earth(spot: list[float]) -> list[float]:
    if not (-180 <= spot[0] <= 180 and -90 <= spot[1] <= 90):
        raise ValueError("is no longitude and latitude")
    return spot


Degrees = Annotated[float, Field(allow_inf_nan=False)]
Spot = Annotated[list[Degrees], Field(min_length=2, max_length=2), AfterValidator(_on_earth)]
Ring = Annotated[list[Spot], Field(min_length=4, max_length=MOST_CORNERS)]
Rings = Annotated[list[Ring], Field(min_length=1, max_length=1_000)]
Codes = Annotated[list[Code], Field(max_length=MOST_GRIDS)]
OfDrawing = Annotated[Viewer, Depends(with_right("draw"))]
Publishing = Annotated[Viewer, Depends(with_right("publish"))]
Row = dict[str, Any]
Draw = Callable[[Sheet], Changes]


class AreaBody(Body):
    """A Polygon or MultiPolygon of GeoJSON, in degrees of WGS 84; heights are not drawn."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: Rings | Annotated[list[Rings], Field(min_length=1, max_length=1_000)]

    @model_validator(mode="after")
    def _closed(self) -> Self:
        for ring in self._rings():
            if ring[0] != ring[-1]:
                raise ValueError("a ring ends where it begins")
        return self

    def _rings(self) -> list[Any]:
        found: list[Any] = list(self.coordinates)
        deep = isinstance(found[0][0][0], list)
        if deep != (self.type == "MultiPolygon"):
            raise ValueError(f"its coordinates are no {self.type}")
        return [ring for rings in found for ring in rings] if deep else found

    def shape(self) -> BaseGeometry:
        return shapely.geometry.shape({"type": self.type, "coordinates": self.coordinates})


class WayBody(Body):
    """A LineString of GeoJSON, in degrees of WGS 84."""

    type: Literal["LineString"]
    coordinates: Annotated[list[Spot], Field(min_length=2, max_length=MOST_CORNERS)]


class GridSaid(Body):
    """What is said of a drawn grid; what is left out stays as it is."""

    code: Code
    name: Line | None = None
    tier: int | None = None
    parent: Code | None = None


class GridFeature(Body):
    """A drawn grid; without a geometry it keeps its ground."""

    type: Literal["Feature"] = "Feature"
    id: Code | None = None
    geometry: AreaBody | None = None
    properties: GridSaid

    def drawn(self) -> Drawn:
        said = self.properties
        return Drawn(said.code, said.name, said.parent, self.geometry.shape() if self.geometry else None)


class GridFeatures(Body):
    """The grids that are new or were changed since the draft was saved."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: Annotated[list[GridFeature], Field(max_length=MOST_GRIDS)] = Field(default_factory=list)


class MoveBody(Body):
    """A corner as it is and as it shall be: every grid that shares it follows."""

    start: Spot
    end: Spot


class ChangesBody(Body):
    """What was done to a draft since it was saved."""

    grids: GridFeatures = Field(default_factory=GridFeatures)
    removed: Codes = Field(default_factory=list)
    moves: Annotated[list[MoveBody], Field(max_length=1_000)] = Field(default_factory=list)

    def changes(self) -> Changes:
        return Changes(
            tuple(each.drawn() for each in self.grids.features),
            tuple(self.removed),
            tuple((_pair(each.start), _pair(each.end)) for each in self.moves),
        )


def _pair(spot: list[float]) -> tuple[float, float]:
    return spot[0], spot[1]


class SaveBody(ChangesBody):
    """Changes to be kept, if the draft still is of the version they were made to."""

    version: Version
    note: Words | None = None


class SplitBody(ChangesBody):
    """A grid, and the line that divides it."""

    code: Code
    line: WayBody


class MergeBody(ChangesBody):
    """Neighbours that become one: the first keeps its code."""

    codes: Annotated[list[Code], Field(min_length=2, max_length=100)]


class CarveBody(ChangesBody):
    """The ground of a new grid, which is taken from those who have it."""

    area: AreaBody
    code: Code | None = None
    name: Line | None = None


class BeginBody(Body):
    """What a draft is for."""

    note: Words | None = None


def _check_name(text: str) -> str:
    Acceptance.parse(text)
    return text


class PublishBody(Body):
    """From when on a draft holds (from now on without), and which errors are accepted by name."""

    version: Version
    valid_from: Annotated[Moment | None, Field(alias="from")] = None
    accept: Annotated[list[Annotated[Line, AfterValidator(_check_name)]], Field(max_length=1_000)] = Field(
        default_factory=list
    )
    over_newer: bool = False


class Begun(BaseModel):
    """A draft's number, by which it is opened."""

    number: int


class Saved(BaseModel):
    """The version a draft is of now."""

    number: int
    version: int


def draft_of(session: DbSession, viewer: OfDrawing, site: TheSite, now: Now, number: Number) -> drafts.Opened:
    """The draft that is meant, as far as the viewer may draw on it."""
    return drafts.opened(session, site, viewer, number, now)


TheDraft = Annotated[drafts.Opened, Depends(draft_of)]


# ---------------------------------------------------------------- begun, opened, thrown away


@router.post("", status_code=201)
def begin_draft(session: DbSession, viewer: OfDrawing, site: TheSite, now: Now, given: BeginBody) -> Begun:
    """Begin a draft: a copy of the grids in force, to be drawn upon."""
    return Begun(number=drafts.begin(session, site, viewer, now, given.note))


@router.get("")
def list_drafts(session: DbSession, _: OfDrawing, site: TheSite, soon: BackgroundTasks) -> list[Row]:
    """The site's drafts, the newest first."""
    soon.add_task(warm)
    return stored.drafts(session, site.id)


@router.get("/{number}")
def read_draft(session: DbSession, site: TheSite, number: Number, found: TheDraft) -> Row:
    """A draft with its grids: one's own part of the tree with the chain above it; `own` may be changed."""
    kept = next(each for each in stored.drafts(session, site.id) if each["number"] == number)
    return {
        **kept,
        "leaf_tier": found.sheet.leaf_tier,
        "in_force": found.in_force.number if found.in_force else None,
        "outdated": found.outdated,
        "own": sorted(found.sheet.own),
        "grids": _grids(found.sheet),
    }


@router.delete("/{number}", status_code=204)
def remove_draft(session: DbSession, viewer: OfDrawing, site: TheSite, now: Now, number: Number) -> Response:
    """Throw a draft away."""
    drafts.remove(session, site, viewer, number, now)
    return Response(status_code=204)


# ---------------------------------------------------------------- drawn upon


@router.post("/{number}/checks")
def check_draft(
    session: DbSession,
    viewer: OfDrawing,
    site: TheSite,
    now: Now,
    language: Language,
    number: Number,
    given: ChangesBody,
) -> Row:
    """What the checks find if the draft is changed so, and what moves to whom; nothing is stored.

    Every grid and building of the site is looked at. `grids` are those that the server changed beyond what was sent:
    neighbours that took a corner, parents that follow their children.
    """
    looked = drafts.look(session, site, viewer, number, given.changes(), now)
    changed, gone = redrawing.difference(looked.opened.sheet, looked.after)
    return {
        "number": number,
        "version": looked.opened.version,
        "checked": {
            "grids": len(looked.after.grids),
            "buildings": len(looked.follows.standing.buildings),
            "issues": len(looked.follows.issues),
        },
        "findings": [drafts.finding_as_json(each, language) for each in looked.findings],
        "errors": sum(each.severity == "error" for each in looked.findings),
        "moving": looked.follows.moves(),
        "balance": looked.follows.balance(),
        "ground": looked.follows.ground(),
        **_changed(changed, gone),
    }


@router.post("/{number}/split")
def split_grid(found: TheDraft, given: SplitBody) -> Row:
    """Divide a grid by a line: all changes to the draft, with those sent. The largest piece keeps the code."""
    line = shapely.LineString(given.line.coordinates)
    return _drawn(found.sheet, given, lambda sheet: redrawing.split(sheet, given.code, line))


@router.post("/{number}/merge")
def merge_grids(found: TheDraft, given: MergeBody) -> Row:
    """Make neighbours one: all changes to the draft, with those sent. The first keeps its code."""
    return _drawn(found.sheet, given, lambda sheet: redrawing.merge(sheet, given.codes))


@router.post("/{number}/carve")
def carve_grid(found: TheDraft, given: CarveBody) -> Row:
    """Draw a new grid that takes its ground from the others: all changes to the draft, with those sent."""
    area = given.area.shape()
    return _drawn(found.sheet, given, lambda sheet: redrawing.carve(sheet, area, given.code, given.name))


def _drawn(sheet: Sheet, given: ChangesBody, draw: Draw) -> Row:
    so_far = redrawing.redrawn(sheet, given.changes())
    redrawing.refuse_unfit(so_far)
    return _changed(*redrawing.difference(sheet, redrawing.redrawn(so_far, draw(so_far))))


# ---------------------------------------------------------------- saved, and put in force


@router.put("/{number}")
def save_draft(
    session: DbSession, viewer: OfDrawing, site: TheSite, now: Now, number: Number, given: SaveBody
) -> Saved:
    """Keep changes to a draft; 409 if somebody else has saved it meanwhile."""
    version = drafts.save(session, site, viewer, number, given.changes(), now, version=given.version, note=given.note)
    return Saved(number=number, version=version)


@router.post("/{number}/publish")
def publish_draft(
    session: DbSession, viewer: Publishing, site: TheSite, now: Now, number: Number, given: PublishBody
) -> Row:
    """Put a saved draft in force; errors are refused unless they are accepted by name. Open issues are moved."""
    published, moving = drafts.publish(
        session, site, viewer, number, now, version=given.version, valid_from=given.valid_from,
        acceptances=[Acceptance.parse(text) for text in given.accept], over_newer=given.over_newer,
    )  # fmt: skip
    starts = published.edition.valid_from
    return {
        "edition": number,
        "from": starts.isoformat() if starts else None,
        "moved": published.moved,
        "kept": published.kept,
        "moving": moving,
    }


def _grids(sheet: Sheet) -> Row:
    shown = set(sheet.own)
    for code in sheet.own:
        above = sheet.parents.get(code)
        while above is not None and above not in shown:
            shown.add(above)
            above = sheet.parents.get(above)
    return _features(sheet.grids[sheet.grids["code"].isin(list(shown))])


def _changed(changed: Any, gone: list[str]) -> Row:
    return {"grids": _features(changed), "removed": gone}


def _features(grids: Any) -> Row:
    """Grids as GeoJSON, a feature each."""
    said = grids[["code", "name", "tier", "parent", "households"]].astype(object)
    rows = said.where(said.notna(), None).to_dict("records")
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": row["code"], "geometry": shapely.geometry.mapping(shape), "properties": row}
            for row, shape in zip(rows, grids.geometry, strict=True)
        ],
    }
