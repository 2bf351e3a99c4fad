"""``flurbuch merge``: every imported feature finds its parcel."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from api.cli.console import out, print_json, progress, talk
from api.cli.context import context
from api.cli.tiles import SCHEDULER, WORKERS, choose_runner
from gis_core.merge.engine_name import EngineName

if TYPE_CHECKING:
    from layers.merging import MergeReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("merge")(merge)


def merge(
    ctx: typer.Context,
    whole: Annotated[
        bool, typer.Option("--whole", help="Make all links from scratch, however little changed.")
    ] = False,
    engine: Annotated[
        EngineName, typer.Option(help="Who measures when all links are made; auto goes by size.")
    ] = EngineName.AUTO,
    workers: WORKERS = 1,
    scheduler: SCHEDULER = None,
    storage: Annotated[
        str | None,
        typer.Option(
            help="Where all workers reach the tiles: folder or s3://… Else tiles/ of the data."
        ),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="By the parcels of that day, to --out."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="With --as-of: the GeoPackage to write."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Link everything that is imported to its parcels.

    Trees by their stems, damages to the street they lie on, buildings, uses and graves by
    area, tax objects by the keys that they state, establishments by address, terrain by cells.
    What finds no parcel is listed with the reason. The former links stay served until the
    new ones are complete. After a small change only what it reaches is linked anew, with
    the same result.

    With --as-of and --out today's registers are linked to the parcels of a former day; the
    result goes to a file, without what is a secret, and the served links stay as they are.

    [bold]Examples[/]

      flurbuch merge

      flurbuch --data /srv/flurbuch merge --json > merge.json

      flurbuch merge --as-of 2023-12-31 --out 2023.gpkg

      flurbuch merge --scheduler tcp://10.0.0.5:8786 --storage s3://geo/city?region=eu

    Exit status: 0 done (some features may have no parcel), 1 no parcels are imported, 2 wrong
    usage.
    """
    day = _former_day(as_of, to)
    shared = context(ctx)
    data = shared.settings.data_dir
    sources = (data, shared.registry, shared.profile)
    with progress(quiet=as_json) as report_progress:
        if day is not None:
            from layers.history.former_fabric import merge_as_of

            report = merge_as_of(*sources, *day, report_progress)
        elif workers == 1 and scheduler is None:
            from layers.merging import merge_directory

            report = merge_directory(*sources, report_progress, engine=engine, whole=whole)
        else:
            from layers.merging.distributed.stored import merge_directory_in_tiles

            report = merge_directory_in_tiles(
                *sources,
                storage or data / "tiles",
                choose_runner(workers, scheduler),
                report_progress,
                engine=engine,
                whole=whole,
            )
    if as_json:
        print_json(report.as_json())
    else:
        _print_report(report)


def _former_day(as_of: datetime | None, to: Path | None) -> tuple[date, Path] | None:
    """Return the day and the file; None for a merge of today."""
    if (as_of is None) != (to is None):
        raise typer.BadParameter("--as-of and --out go together: a former day is never served")
    if as_of is None or to is None:
        return None
    if not to.parent.is_dir():
        raise typer.BadParameter(f"there is no directory {to.parent}")
    return as_of.date(), to


def _print_report(report: "MergeReport") -> None:
    names = ("features", "linked", "links", "boundary", "nearest", "slivers")
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("collection", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for c in report.collections:
        table.add_row(c.collection, *(f"{getattr(c, name):,}" for name in names))
    out.print(table)
    for c in report.collections:
        if c.unmatched:
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in c.unmatched.items())
            out.print(f"{c.collection} without a parcel: {reasons}")
    for layer, parcels in report.rasters.items():
        without = report.parcels - parcels
        out.print(f"{layer}: {parcels:,} parcels with a value, {without:,} without")
        if not parcels:
            out.print(f"{layer}: the raster does not reach the parcels, or is empty there")
    if report.beyond_bound:
        out.print(
            f"{report.beyond_bound:,} parcels differ from their official area by more than the "
            "project's default bound"
        )
    how = "" if report.changed is None else f" after {report.changed:,} changes"
    talk.print(
        f"{report.parcels:,} parcels, links {report.generation}{how} in {report.seconds:.1f} s"
    )
