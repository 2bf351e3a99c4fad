"""``flurbuch grids``: the datum grids without which old coordinates are half a metre off."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.cli.console import out, print_json, talk
from api.cli.context import context

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    grids = typer.Typer(help="Datum grids for accurate transformations.", no_args_is_help=True)
    grids.command("add")(add)
    grids.command("list")(list_grids)
    app.add_typer(grids, name="grids")


def add(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="NTv2 (.gsb) or PROJ's GeoTIFF (.tif).")],
    as_json: AsJson = False,
) -> None:
    """Install datum grids into the data directory.

    Coordinates in Gauss-Krüger (DHDN) need de_adv_BETA2007.tif: in Debian's package
    proj-data, or at https://cdn.proj.org. Without it such an import stops.

    [bold]Examples[/]

      flurbuch grids add de_adv_BETA2007.tif

      flurbuch grids add /usr/share/proj/de_*.tif --json

    Exit status: 0 installed, 1 a file is no usable grid.
    """
    from layers.grids import add_grid

    added = [add_grid(context(ctx).settings.data_dir, file) for file in files]
    if as_json:
        print_json([asdict(grid) for grid in added])
        return
    for grid in added:
        talk.print(f"{grid.name} installed", markup=False)
        for operation in grid.operations:
            talk.print(f"  makes possible: {operation}", markup=False)
        if not grid.operations:
            talk.print(
                "  No transformation of German coordinates looks for a file of this name.",
                style="yellow",
            )


def list_grids(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the installed grids and check that each can be read.

    [bold]Examples[/]

      flurbuch grids list

      flurbuch grids list --json

    Exit status: 0 all are usable (or none is installed), 1 one is damaged.
    """
    from layers.grids import installed_grids

    grids = installed_grids(context(ctx).settings.data_dir)
    if as_json:
        print_json([asdict(grid) for grid in grids])
    elif not grids:
        talk.print("no grids installed; see flurbuch grids add --help")
    else:
        table = Table("file", "bytes", "", "makes possible", box=None)
        for grid in grids:
            state = "[green]ok[/]" if grid.usable else "[bold red]damaged[/]"
            table.add_row(grid.name, f"{grid.size:,}", state, "\n".join(grid.operations))
        out.print(table)
    raise typer.Exit(0 if all(grid.usable for grid in grids) else 1)
