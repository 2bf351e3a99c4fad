"""``flurbuch tiles``: merges larger than memory, on a folder or an object store."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from api.cli.console import out, print_json, progress, talk
from api.cli.context import context

if TYPE_CHECKING:
    from layers.merging.distributed.runners import Runner

PLACE = Annotated[
    str, typer.Argument(help="Folder, or s3://BUCKET/FOLDER?endpoint_override=HOST:PORT&region=…")
]
WORKERS = Annotated[int, typer.Option(min=1, help="Processes of this machine.")]
SCHEDULER = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Of dask.distributed: tcp://HOST:PORT.")
]
TILE = Annotated[
    int, typer.Option("--tile", min=1, help="Parcels of a tile: memory grows with it.")
]
TILE_PARCELS = 65_536  # as in layers.merging.distributed.plan, which help need not load

tiles = typer.Typer(help="Merge tile by tile: larger than memory, or on several machines.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(tiles, name="tiles")


def choose_runner(workers: int, scheduler: str | None) -> "Runner":
    """Return who works on the tiles."""
    from layers.merging.distributed.cluster import DaskCluster
    from layers.merging.distributed.runners import InProcess, LocalProcesses

    if scheduler is not None:
        if workers > 1:
            raise typer.BadParameter("either --workers or --scheduler")
        return DaskCluster(scheduler)
    return InProcess() if workers == 1 else LocalProcesses(workers)


@tiles.command("export")
def export(ctx: typer.Context, place: PLACE) -> None:
    """Lay out what is imported as GeoParquet, for merges in tiles and for other programs.

    Datasets in Hilbert order with boxes and row groups. Restricted fields are not among
    them: only ids, shapes and what the relation to parcels needs.

    [bold]Examples[/]

      flurbuch tiles export var/tiles

    Exit status: 0 done, 1 nothing to export or the storage cannot be used, 2 wrong usage.
    """
    from layers.merging.distributed.stored import export_directory

    shared = context(ctx)
    with progress() as report_progress:
        names = export_directory(
            shared.settings.data_dir, shared.registry, shared.profile, place, report_progress
        )
    talk.print(f"laid out: {', '.join(names)}")


@tiles.command("merge")
def merge(
    place: PLACE,
    workers: WORKERS = 1,
    scheduler: SCHEDULER = None,
    tile: TILE = TILE_PARCELS,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Link what is laid out to its parcels, tile by tile.

    The links are Parquet files beside the datasets; links.json names them. They do not depend
    on the number of workers or the size of tiles. A worker that dies costs a retry.

    [bold]Examples[/]

      flurbuch tiles merge var/tiles --workers 4

      flurbuch tiles merge s3://geo/nrw?region=eu --scheduler tcp://10.0.0.5:8786

    Exit status: 0 done, 1 no layout, storage or workers out of reach, 2 wrong usage.
    """
    from layers.merging.distributed.merging import merge_place

    runner = choose_runner(workers, scheduler)
    with progress(quiet=as_json) as report_progress:
        report = merge_place(place, runner, tile_parcels=tile, progress=report_progress)
    if as_json:
        print_json(report.as_json())
        return
    names = ("features", "linked", "links", "boundary", "nearest", "slivers")
    table = Table("collection", *names, box=None)
    for collection, counts in report.collections.items():
        table.add_row(collection, *(f"{getattr(counts, name):,}" for name in names))
    out.print(table)
    talk.print(f"{report.parcels:,} parcels, tiles: {report.tiles}, {report.seconds:.1f} s")
