"""The web application: our own routes first, pygeoapi's documents behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from api.addresses import OneAddress
from api.coverages.routes import Coverages
from api.failures import Failures
from api.features.cursor import Cursors, cursor_key
from api.features.routes import Features
from api.features.transactions import Transactions
from api.filtering.routes import Filtering
from api.jobs.queue import Queue
from api.ogc.provider import close_readers
from api.ogc.routes import Standard
from api.ogc.shell import Shell
from api.pages.render import Pages
from api.parcels import Parcels
from api.processes.job_routes import Jobs
from api.processes.routes import Processes
from api.processes.running import queue_of
from api.raw.answer import Handler
from api.raw.app import ByteApp
from api.raw.items import ReadyItems
from api.raw.tiles import KeptTiles
from api.records.routes import Records
from api.search.routes import Search
from api.security import EXPOSED, SecurityHeaders
from api.settings import Settings
from api.site import Site
from api.state.database import State
from api.styles.routes import Styles
from api.surface import Surface
from api.tiles.routes import VectorTiles
from gis_core.errors import FlurbuchError
from layers.editing import Editor
from layers.grids import use_grids
from layers.reader import Reader, open_reader

_DEADLINE_S = 20.0


def create_app(settings: Settings) -> ByteApp:
    """Build the application over one data directory. Nothing happens at import.

    What is stored ready is answered by `ByteApp`, all else by the application behind it.

    Raises
    ------
    StoreError
        The data directory cannot be opened.
    """
    reader = open_reader(
        settings.data_dir,
        settings.municipality,
        settings.layer_dirs,
        deadline_s=_DEADLINE_S,
        tile_folder=settings.tile_dir,
        tile_bytes=settings.tile_mb << 20,
    )
    use_grids(settings.data_dir)  # reference systems that need one are offered where it is
    pages = Pages(settings, reader.municipality)
    cursors = Cursors(cursor_key(settings.cursor_key, settings.data_dir))
    failures = Failures(settings, pages)
    state = State(settings.data_dir)
    queue = queue_of(settings, state)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        reader.close()
        state.close()
        close_readers()

    app = Starlette(
        routes=[
            *(
                r
                for part in _surfaces(settings, reader, pages, cursors, queue)
                for r in part.routes()
            ),
            Mount("/static", StaticFiles(directory=str(files("api") / "static"))),
        ],
        middleware=_middleware(),
        exception_handlers={
            FlurbuchError: failures.answer,
            HTTPException: failures.answer,
            Exception: failures.answer,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # `OneAddress` does it, and asks no header for the host
    tiles = KeptTiles(reader)
    handlers: dict[str, Handler] = {
        "collections/items": ReadyItems(settings, reader, cursors),
        "collections/tiles": tiles,
        "tiles": tiles,
    }
    return ByteApp(app, handlers, failures.answer)


def _surfaces(
    settings: Settings, reader: Reader, pages: Pages, cursors: Cursors, queue: Queue
) -> tuple[Surface, ...]:
    """Return all parts of the service; the first whose route fits answers."""
    shell = Shell(settings, reader)
    parts: tuple[Surface, ...] = (
        Site(settings, reader, pages),
        Records(settings, reader, pages),  # before the collections of features
        Coverages(settings, reader, pages, shell),
        Transactions(settings, reader, Editor(settings.data_dir, reader)),
        Features(settings, reader, pages, cursors),
        Filtering(settings, reader, pages),
        Search(settings, reader, pages, cursors),
        Parcels(settings, reader, pages),
        VectorTiles(settings, reader, pages),
        Styles(settings, reader, pages),
        Processes(settings, reader, pages, queue),
        Jobs(settings, pages, queue),
    )
    return (*parts, Standard(settings, reader, pages, shell, beside=parts))


def _middleware() -> list[Middleware]:
    return [
        Middleware(SecurityHeaders),
        # What is public may be shown on any other site's map; credentials never pass.
        Middleware(
            CORSMiddleware,
            allow_origins=["*"],
            allow_methods=["GET", "POST", "DELETE"],  # of processes and their jobs
            allow_headers=["Content-Type", "Prefer"],
            expose_headers=EXPOSED,
        ),
        # The least effort already makes features eight times smaller.
        Middleware(
            GZipMiddleware,
            minimum_size=1024,
            compresslevel=1,
            exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "image/tiff"),
        ),
        Middleware(OneAddress),
    ]
