"""The service and the demo: what answers on a port."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli.screen import now, tell, whisper
from gridmap.errors import InputError
from gridmap.settings import Settings
from gridmap.storage.database import Database

if TYPE_CHECKING:
    import uvicorn

    from gridmap.simulation.demo import Settled

LOOPBACK = "127.0.0.1"
# By string, for the command line does not know the service.
APP = "api.app:create_app"
# Likewise, for it runs in a process of its own.
LIVING = "gridmap.simulation.living"
# What is under way when the service is stopped has so many seconds to end.
GRACE = 5
Port = Annotated[int | None, typer.Option(help="The port; else GRIDMAP_PORT, else 8000.")]


def add_to(app: typer.Typer) -> None:
    for command in (serve, demo):
        app.command()(command)


def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen on; behind a proxy the default is right.")
    ] = LOOPBACK,
    port: Port = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes answer.")] = 1,
    proxy: Annotated[
        str | None, typer.Option(metavar="ADDRESSES", help="Proxies whose X-Forwarded headers are believed.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Write no line for each request.")] = False,
) -> None:
    """Serve the API and the pages.

    With DATABASE_URL, set GRIDMAP_SECRET to 32 random characters or more.

    \b
    gridmap serve --port 8080 --workers 4
    """
    settings = _settings(port)
    refuse_taken(host, settings.port)
    settings.secret_key()  # without one there is no start
    # Whoever comes first brings the store up to date, and holds the private cluster for all workers.
    with Database.open(settings, progress=whisper):
        typer.echo(f"gridmap answers on http://{host}:{settings.port} (Ctrl-C stops it)", err=True)
        with suppress(KeyboardInterrupt):  # the way to stop it
            _server_run(host, settings, workers, _options(proxy, quiet=quiet))


def demo(port: Port = None) -> None:
    """Show an imaginary estate, alive: the service, its map, and ninety days of history.

    \b
    gridmap demo --port 8080
    """
    settings = _settings(port)
    refuse_taken(LOOPBACK, settings.port)
    if settings.database_url and not settings.secret:
        # A demo makes its own secret, whatever the database.
        settings = replace(settings, secret=replace(settings, database_url=None).secret_key().decode())
    warm = threading.Thread(target=_import_service, name="imports")
    warm.start()
    with Database.open(settings, progress=whisper) as database:
        from gridmap.simulation.demo import settle

        settled = settle(database, settings, now())
        warm.join()
        with suppress(KeyboardInterrupt):
            _run_demo(settings, settled)


def _import_service() -> None:
    """What takes long to import is imported while the database starts."""
    from importlib import import_module

    import_module(APP.partition(":")[0])


def _settings(port: int | None) -> Settings:
    settings = Settings.from_environment()
    if port is None:
        return settings
    if not 1 <= port <= 65_535:
        raise InputError(f"--port {port} is no port: 1 to 65535")
    return replace(settings, port=port)


def refuse_taken(host: str, port: int) -> None:
    """Say so at once if somebody else answers on the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"port {port} on {host} cannot be had ({error.strerror}): stop what uses it, or set GRIDMAP_PORT"
            ) from None


def _server_run(host: str, settings: Settings, workers: int, options: dict[str, Any]) -> None:
    import uvicorn

    uvicorn.run(APP, host=host, port=settings.port, workers=workers, **options)


def _options(proxy: str | None = None, *, quiet: bool = False) -> dict[str, Any]:
    requests = {"level": "WARNING" if quiet else "INFO"}
    return {
        "factory": True,
        "timeout_graceful_shutdown": GRACE,
        "proxy_headers": proxy is not None,
        "forwarded_allow_ips": proxy,
        "server_header": False,
        "log_config": {**LOGGING, "loggers": {**LOGGING["loggers"], "gridmap.api.requests": requests}},
        "access_log": False,  # the service writes its own lines, without bodies, queries or tokens
    }


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
    "loggers": {
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "gridmap": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}


def _run_demo(settings: Settings, settled: Settled) -> None:
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(APP, host=LOOPBACK, port=settings.port, **_options(quiet=True)))
    address = f"http://{LOOPBACK}:{settings.port}"
    player = threading.Thread(target=_let_live, args=(server, address, settled), name="estate", daemon=True)
    player.start()
    try:
        server.run()
    finally:
        server.should_exit = True
        player.join(timeout=GRACE)


def _let_live(server: uvicorn.Server, address: str, settled: Settled) -> None:
    """Wait until the service answers, say how to come in, then let the estate live beside it."""
    from time import sleep

    while not server.started:
        if server.should_exit:
            return
        sleep(0.02)
    tell(f"the map      {address}/sign-in/link/{settled.link_token}   (this link works once)")
    asked = "/locate?lon=104.0598&lat=30.6638&category=lamp"
    tell(f"the API      curl -H 'Authorization: Bearer {settled.key}' '{address}{asked}'")
    tell(f"its pages    {address}/docs")
    tell(f"passwords    {settled.passwords}")
    tell("Ctrl-C stops everything")
    # A process of its own: lived in this one, the estate would keep whoever looks at it waiting.
    command = [sys.executable, "-m", LIVING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as living:  # noqa: S603 (ours)
        threading.Thread(target=_show, args=(living,), name="progress", daemon=True).start()
        while living.poll() is None and not server.should_exit:
            sleep(0.1)
        living.terminate()


def _show(living: subprocess.Popen[str]) -> None:
    """How far the last ninety days have come."""
    for line in living.stdout or ():
        done, hours = (int(word) for word in line.split())
        if sys.stderr.isatty():
            said = f"\r90 days of the estate: {done * 100 // hours} %"
            typer.echo(said, err=True, nl=done == hours)
        elif done == hours:
            typer.echo("90 days of the estate have happened; it lives on", err=True)
