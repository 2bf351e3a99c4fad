"""``flurbuch serve``: the web service, on granian."""

import os
import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import talk
from api.cli.context import context
from api.errors import SettingsError

if TYPE_CHECKING:
    from api.raw.app import ByteApp
    from api.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
    access_log: Annotated[
        bool, typer.Option("--access-log", help="Print a line for each request.")
    ] = False,
    cert: Annotated[Path | None, typer.Option(help="TLS certificate chain (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="TLS private key (PEM).")] = None,
) -> None:
    """Serve parcels, the OGC API and pages until interrupted.

    [bold]Examples[/]

      flurbuch serve

      flurbuch --data /srv/flurbuch serve --host 0.0.0.0 --port 443 --cert chain.pem --key key.pem

    Exit status: 0 stopped, 1 the data directory cannot be opened, 2 wrong usage or address taken.
    """
    if (cert is None) != (key is None):
        raise typer.BadParameter("--cert and --key belong together")
    changes = {k: v for k, v in {"host": host, "port": port}.items() if v is not None}
    settings = context(ctx).settings.model_copy(update=changes)
    if not settings.public_url and cert is not None:
        address = f"https://{settings.host}:{settings.port}"
        settings = settings.model_copy(update={"public_url": address})
    run_server(settings, workers=workers, access_log=access_log, cert=cert, key=key)


def run_server(
    settings: "Settings",
    *,
    workers: int = 1,
    access_log: bool = False,
    cert: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve until interrupted; the data directory is opened once before, so that faults show."""
    from granian import Granian
    from granian.constants import Interfaces

    from api.access_log import FORMAT, log_config
    from api.app import create_app
    from api.cli.work import crew

    create_app(settings)
    _check_address(settings.host, settings.port)
    talk.print(f"Flurbuch answers at {settings.url} (stop with Ctrl+C)")
    server = Granian(
        "api.app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=workers,
        websockets=False,
        log_enabled=False,
        log_dictconfig=log_config(),
        log_access=access_log,
        log_access_format=FORMAT,
        ssl_cert=cert,
        ssl_key=key,
    )
    with crew(settings):
        server.serve(target_loader=partial(_served, settings, os.getpid()), wrap_loader=False)


def _served(settings: "Settings", parent: int) -> "ByteApp":
    """Return the application, in a process that ends with the one that began the service.

    Else a service that was killed would keep its address, and could not be begun again.
    """
    from api.app import create_app
    from api.jobs.crew import when_orphaned

    when_orphaned(parent, partial(os._exit, 1))
    return create_app(settings)


def _check_address(host: str, port: int) -> None:
    """Find out that an address cannot be listened on while it can still be said plainly."""
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            advice="Stop the other program, or choose another with --port or --host.",
            setting="port",
        ) from error
