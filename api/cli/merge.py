"""``flurbuch merge``: every imported feature finds its parcel."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from api.cli.console import out, print_json, progress, talk
from api.cli.context import context
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
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Link everything that is imported to its parcels.

    Trees by their stems, damages to the street they lie on, buildings, uses and graves by
    area, tax objects by the keys that they state, establishments by address, terrain by cells.
    What finds no parcel is listed with the reason. The former links stay served until the
    new ones are complete. After a small change only what it reaches is linked anew, with
    the same result.

    [bold]Examples[/]

      flurbuch merge

      flurbuch --data /srv/flurbuch merge --json > merge.json

    Exit status: 0 done (some features may have no parcel), 1 no parcels are imported, 2 wrong
    usage.
    """
    from layers.merging import merge_directory

    shared = context(ctx)
    with progress(quiet=as_json) as report_progress:
        report = merge_directory(
            shared.settings.data_dir,
            shared.registry,
            shared.profile,
            report_progress,
            engine=engine,
            whole=whole,
        )
    if as_json:
        print_json(report.as_json())
    else:
        _print_report(report)


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
        out.print(f"{layer}: {parcels:,} parcels with a value")
    if report.beyond_bound:
        out.print(
            f"{report.beyond_bound:,} parcels differ from their official area by more than the "
            "project's default bound"
        )
    how = "" if report.changed is None else f" after {report.changed:,} changes"
    talk.print(
        f"{report.parcels:,} parcels, links {report.generation}{how} in {report.seconds:.1f} s"
    )
