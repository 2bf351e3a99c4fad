"""``flurbuch find``: a parcel by its key in any spelling, or by its address."""

from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from api.cli.console import print_json, talk
from api.cli.context import context


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("find")(find_parcels)


def find_parcels(
    ctx: typer.Context,
    text: Annotated[list[str], typer.Argument(help="Parcel key, object identifier or address.")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Hits at most.")] = 10,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="Among the parcels of that day."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Find parcels by key or address, and say why nothing was found.

    Keys are read in every usual spelling. No digit is ever corrected; where a text is
    no key, or none of a current parcel, the reason is told. A key that has ended is answered with
    its successors.

    [bold]Examples[/]

      flurbuch find 3049-12-123/4

      flurbuch find "Gem. Hüls Fl. 56 Flst. 7"

      flurbuch find Ostwall 12a --json

      flurbuch find "Hauptstr. 5, Hüls"

      flurbuch find 3049-12-123 --as-of 2023-12-31

    Exit status: 0 found, 1 nothing found, 2 wrong usage.
    """
    from layers.access import CITIZEN
    from layers.find import find

    shared = context(ctx)
    language = shared.settings.language
    with closing(shared.reader) as reader:
        day = as_of.date() if as_of else None
        result = find(reader, CITIZEN, " ".join(text), limit, lang=language, as_of=day)
    if as_json:
        print_json(asdict(result))
    elif result.hits:
        _print_lines([(h.parcel_key, h.label, h.address, h.confidence) for h in result.hits])
    if result.explanation:
        talk.print(result.explanation, markup=False, style="yellow")
    if not as_json and result.candidates:
        talk.print("→ " + ", ".join(result.candidates), markup=False)
    raise typer.Exit(0 if result.hits else 1)


def _print_lines(rows: list[tuple[str, ...]]) -> None:
    """Write rows in columns, each on one line however long: other programs read them, too."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
