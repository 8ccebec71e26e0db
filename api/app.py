"""The service: `create_app(settings)`."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

import gridmap
from api import problems
from api.dependencies import refuse_unknown_parameters
from api.gate import Gate
from api.office import Clock, Office, utc_now
from api.routes import (
    actions,
    calendars,
    cards,
    deductions,
    drafts,
    exports,
    facilities,
    following,
    forms,
    ground,
    health,
    households,
    indicators,
    insights,
    inspections,
    issues,
    live,
    locating,
    messages,
    monthly,
    pages,
    past,
    patrols,
    phone,
    photos,
    pictures,
    places,
    plates,
    public,
    pulse,
    reports,
    residents,
    rounds,
    search,
    sign_in,
    tiles,
    work,
)
from api.shelf import FromTheShelf
from gridmap.maps.basemap import basemap
from gridmap.settings import Settings
from gridmap.storage.database import Database

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    reports.router,
    actions.router,
    work.router,
    following.router,
    residents.router,
    public.router,
    phone.router,
    deductions.router,
    drafts.router,
    issues.router,
    locating.router,
    live.router,
    places.router,
    tiles.router,
    cards.router,
    exports.router,
    calendars.router,
    patrols.router,
    ground.router,
    rounds.router,
    inspections.router,
    facilities.router,
    households.router,
    photos.router,
    messages.router,
    indicators.router,
    insights.router,
    pulse.router,
    search.router,
    past.router,
    forms.router,
    pictures.router,
    plates.router,
    monthly.router,
    sign_in.router,
    pages.router,
)
# What anybody may ask without being known; a test walks all routes against it.
OPEN = frozenset(
    {
        "/",
        "/health",
        "/openapi.json",
        "/docs",
        "/sign-in",
        "/sign-in/link/{token}",
        "/token",
        "/sign-out",
        "/follow/{token}",
        "/follow/{token}/photos",
        "/report",
        "/report/here",
        "/report/outline",
        "/report/ticket",
        "/report/worker.js",
        "/r/{code}",
        "/public",
        "/public/layers/{name}.geojson",
    }
)
# How many new objects there are before those are looked over that are no longer needed.
RARELY = (100_000, 50, 1000)
PHONE = Path(__file__).parent / "static"
OURS = Path(gridmap.__file__).parent / "maps" / "static"


def create_app(
    settings: Settings | None = None, clock: Clock = utc_now, database: Callable[[Settings], Database] = Database.open
) -> FastAPI:
    """The application; its store opens when it starts and closes when it stops."""
    settings = settings or Settings.from_environment()
    secret = settings.secret_key()
    if settings.basemap:
        basemap(settings.basemap)  # a wrong one is told when the service starts

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        office = Office(database(settings), settings, secret, clock)
        app.state.office = office
        office.open()
        gc.set_threshold(*RARELY)
        yield
        office.close()

    app = FastAPI(
        title="gridmap",
        version=gridmap.__version__,
        summary="Whose is this place, and who must act?",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        separate_input_output_schemas=False,
        responses=problems.RESPONSES,
        dependencies=[Depends(refuse_unknown_parameters)],
    )
    problems.add_to(app)
    for router in ROUTERS:
        app.include_router(router)
    # Feeds and what is packed already pass as they are.
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(Gate)
    app.add_middleware(FromTheShelf)
    app.mount("/static/phone", StaticFiles(directory=PHONE), name="phone")
    app.mount("/static", StaticFiles(directory=OURS), name="static")
    return app
