"""``flurbuch dossier``: everything on one parcel, as a file."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.console import talk
from api.cli.context import context

if TYPE_CHECKING:
    from layers.dossier import Dossier

Language = Literal["de", "en"]


ENDINGS = (".html", ".json", ".pdf")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("dossier")(dossier)


def dossier(
    ctx: typer.Context,
    parcel: Annotated[str, typer.Argument(help="Parcel key in any spelling.")],
    out: Annotated[
        Path | None,
        typer.Option(help=f"File to write: {', '.join(ENDINGS)}.", dir_okay=False),
    ] = None,
    lang: Annotated[Language | None, typer.Option(help="Language of titles and texts.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="The parcel as it was on that day."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=0, max=100_000, help="Features listed per register at most.")
    ] = 100,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON to stdout; so it is without --out, too.")
    ] = False,
) -> None:
    """Write the public dossier of a parcel: key, size, use, address, neighbours, registers.

    It holds what the public may read: no taxes, owners or holders. A parcel that has ended is
    shown as it was last, with its successors.

    [bold]Examples[/]

      flurbuch dossier 053049012001230004__ --out dossier.json

      flurbuch dossier 053049012001230004__ --out dossier.pdf

      flurbuch dossier "Krefeld 12 123/4" --lang en --json

      flurbuch dossier "Krefeld 12 123" --as-of 2023-12-31 --out akte-2023.pdf

    Exit status: 0 written, 1 no such parcel or nothing imported, 2 wrong usage.
    """
    from api.dossier_files import WRITERS, Asked, write_json
    from layers.access import CITIZEN
    from layers.dossier import build_dossier

    writer = WRITERS[_ending(out)]
    shared = context(ctx)
    with closing(shared.reader) as reader:
        day = as_of.date() if as_of else None
        made = build_dossier(reader, CITIZEN, parcel, limit=limit, as_of=day)
        if made.ended and as_of is None:
            talk.print(_end(made, lang or shared.settings.language), markup=False, style="yellow")
        language = lang or shared.settings.language
        asked = Asked(made, reader, CITIZEN, shared.settings, language)
        if out is not None:
            content = writer(asked)
            out.write_bytes(content)
            talk.print(f"{out}: {len(content) / 1024:.0f} KiB", markup=False)
        if out is None or as_json:
            typer.echo(write_json(asked).decode(), nl=False)


def _end(made: "Dossier", lang: Language) -> str:
    """Say that a parcel has ended, and what lies on its ground."""
    said = next(hint.text(lang) for hint in made.hints if hint.name == "ended")
    after = ", ".join(other.parcel_key for other in made.ended.successors) if made.ended else ""
    return f"{said} → {after}" if after else said


def _ending(out: Path | None) -> str:
    """Choose the format by the file's ending, before anything is read."""
    if out is None:
        return ".json"
    if out.suffix.lower() not in ENDINGS:
        raise typer.BadParameter(f"{out.name}: expected a file ending in {', '.join(ENDINGS)}")
    if not out.parent.is_dir():
        raise typer.BadParameter(f"there is no directory {out.parent}")
    return out.suffix.lower()
