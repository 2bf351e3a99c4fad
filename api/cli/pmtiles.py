"""``flurbuch pmtiles``: all vector tiles as one file."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import out, progress, talk
from api.cli.context import context

DEEPEST = 16


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("pmtiles")(pmtiles)


def pmtiles(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="OUT", help="File to write, OUT.pmtiles.")],
    collections: Annotated[
        list[str] | None, typer.Option("--collection", help="Only this one; may be repeated.")
    ] = None,
    deepest: Annotated[
        int, typer.Option("--to", min=10, max=18, help="Last level; clients enlarge it.")
    ] = DEEPEST,
) -> None:
    """Write what the public may see as vector tiles in one PMTiles file.

    Any web server that answers range requests can serve it; QGIS and GDAL open it.

    [bold]Examples[/]

      flurbuch pmtiles city.pmtiles
      flurbuch pmtiles trees.pmtiles --collection baum

    Exit status: 0 done, 1 nothing to write, 2 wrong usage.
    """
    from api.tiles.documents import vector_layers
    from layers.access import CITIZEN
    from layers.tile_archive import write_archive

    if not path.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}")
    shared = context(ctx)
    language = shared.settings.language
    with closing(shared.reader) as reader, progress() as report_progress:
        views = reader.tiled_views(CITIZEN, collections)
        metadata: dict[str, object] = {
            "name": reader.municipality.title[language],
            "attribution": ", ".join(sorted({v.layer.steward for v in views})),
            "vector_layers": vector_layers(views, language),
        }
        done = write_archive(
            reader,
            CITIZEN,
            collections,
            path,
            deepest=deepest,
            metadata=metadata,
            progress=report_progress,
        )
    talk.print(f"{done.tiles} tiles, {done.contents} different, {done.size_bytes / 1e6:.1f} MB")
    out.print(str(path), markup=False)
