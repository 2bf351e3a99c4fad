"""``flurbuch print``: cartographic products as files."""

from contextlib import closing
from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli.console import print_json, talk
from api.cli.context import context


def register(app: typer.Typer) -> None:
    """Add the command group."""
    products = typer.Typer(name="print", help="Print maps to order.", no_args_is_help=True)
    products.command("flurkarte")(flurkarte)
    app.add_typer(products)
    # a group with one command would swallow its name
    products.callback()(_products)


def _products() -> None:
    """Print maps to order."""


def flurkarte(
    ctx: typer.Context,
    parcel: Annotated[str, typer.Option(help="Parcel key in any spelling.")],
    out: Annotated[Path, typer.Option(help="The PDF to write.", dir_okay=False)],
    scale: Annotated[int, typer.Option(help="500, 1000 or 2000.")] = 1000,
    paper: Annotated[
        Literal["A4", "A3", "A2", "A1", "A0"], typer.Option("--format", help="Paper format.")
    ] = "A4",
    orientation: Annotated[
        Literal["portrait", "landscape"] | None,
        typer.Option(help="Default: A4 upright, larger formats landscape."),
    ] = None,
    lang: Annotated[Literal["de", "en"] | None, typer.Option(help="Language of the sheet.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Result as JSON.")] = False,
) -> None:
    """Print the cadastral map around a parcel: true to scale, vector, tagged PDF.

    [bold]Examples[/]

      flurbuch print flurkarte --parcel 053049012001230004__ --out flurkarte.pdf

      flurbuch print flurkarte --parcel "Krefeld 12 123/4" --scale 500 --format A3 --out map.pdf

    Exit status: 0 printed, 1 no such parcel or nothing to draw, 2 wrong usage.
    """
    from cartography.flurkarte import make_flurkarte
    from cartography.sheet import Orientation
    from layers.access import CITIZEN

    if not out.parent.is_dir():
        raise typer.BadParameter(f"there is no directory {out.parent}", param_hint="--out")
    shared = context(ctx)
    with closing(shared.reader) as reader:
        made = make_flurkarte(
            reader,
            CITIZEN,
            parcel,
            scale,
            paper,
            lang or shared.settings.language,
            orientation=Orientation(orientation) if orientation else None,
            synthetic=shared.settings.synthetic,
        )
    out.write_bytes(made)
    if as_json:
        print_json({"file": str(out), "bytes": len(made), "scale": scale, "format": paper})
    else:
        talk.print(f"{out}: {paper}, 1:{scale}, {len(made) / 1024:.0f} KiB", markup=False)
