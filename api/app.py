"""The service: `create_app(settings)`."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from fastapi.staticfiles import StaticFiles

import gridmap
from api import problems
from api.dependencies import refuse_unknown_parameters
from api.gate import Gate
from api.office import Clock, Office, utc_now
from api.routes import (
    actions,
    calendars,
    deductions,
    facilities,
    following,
    forms,
    health,
    households,
    indicators,
    inspections,
    issues,
    locating,
    messages,
    pages,
    patrols,
    photos,
    places,
    reports,
    rounds,
    sign_in,
    work,
)
from gridmap.settings import Settings
from gridmap.storage.database import Database

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    reports.router,
    actions.router,
    work.router,
    following.router,
    deductions.router,
    issues.router,
    locating.router,
    places.router,
    calendars.router,
    patrols.router,
    rounds.router,
    inspections.router,
    facilities.router,
    households.router,
    photos.router,
    messages.router,
    indicators.router,
    forms.router,
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
    }
)
# How many new objects there are before those are looked over that are no longer needed.
RARELY = (100_000, 50, 1000)
OURS = Path(gridmap.__file__).parent / "maps" / "static"


def create_app(
    settings: Settings | None = None, clock: Clock = utc_now, database: Callable[[Settings], Database] = Database.open
) -> FastAPI:
    """The application; its store opens when it starts and closes when it stops."""
    settings = settings or Settings.from_environment()
    secret = settings.secret_key()

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
    app.add_middleware(Gate)
    app.mount("/static", StaticFiles(directory=OURS), name="static")
    return app
