"""The command ``flurbuch``: one module per command, each with ``register(app)``.

Results go to stdout, talk (progress, warnings, errors) to stderr. Exit statuses:
0 done, 1 the work could not be done, 2 wrong usage or wrong settings.
"""

import gc
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated

import typer

from api.cli.console import explain
from api.cli.context import Context
from gis_core.errors import FlurbuchError

_OBJECTS = 50_000  # that come up between two looks for unreachable ones

app = typer.Typer(
    name="flurbuch",
    help="Parcel information service: merge a municipality's registers by parcel, serve, print.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
)


@app.callback()
def start(
    ctx: typer.Context,
    data: Annotated[
        Path | None, typer.Option("--data", help="Data directory [FLURBUCH_DATA_DIR].")
    ] = None,
    municipality: Annotated[
        str | None, typer.Option(help="Municipality profile [FLURBUCH_MUNICIPALITY].")
    ] = None,
    layers: Annotated[
        list[Path] | None, typer.Option("--layers", help="Folder with layers of your own.")
    ] = None,
) -> None:
    """Keep what all commands share; nothing is opened before a command needs it."""
    ctx.obj = Context(
        data_dir=data, municipality=municipality, layer_dirs=tuple(layers) if layers else None
    )


for found in iter_modules(__path__):
    command = import_module(f"{__name__}.{found.name}")
    if hasattr(command, "register"):
        command.register(app)


def main() -> None:
    """Run the command line; an error raised on purpose ends as one clear message."""
    # Rows are many objects and no cycles: looking for these took a fifteenth of a merge.
    gc.set_threshold(_OBJECTS)
    try:
        app()
    except FlurbuchError as error:
        raise SystemExit(explain(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
