"""``flurbuch layers``: what can be imported, and how much of it the public may read."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from api.cli.console import out, print_json, talk
from api.cli.context import context

if TYPE_CHECKING:
    from layers.spec import LayerSpec


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("layers")(list_layers)


def list_layers(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show every layer, its steward, and how many of its fields are public.

    [bold]Examples[/]

      flurbuch layers

      flurbuch --layers ./my-layers layers --json

    Exit status: 0 done, 2 a layer.toml is faulty.
    """
    specs = context(ctx).registry.layers
    if as_json:
        print_json([_facts(spec) for spec in specs.values()])
        return
    language = context(ctx).settings.language
    table = Table("layer", "title", "collections", "public fields", "steward", box=None)
    for spec in specs.values():
        facts = _facts(spec)
        table.add_row(
            spec.id,
            spec.title[language],
            ", ".join(c.id for c in spec.collections) or "(raster)",
            f"{facts['public_fields']}/{facts['fields']}",
            spec.steward,
        )
    out.print(table)
    talk.print(f"{len(specs)} layers")


def _facts(spec: "LayerSpec") -> dict[str, object]:
    from layers.spec import Access

    fields = [f for c in spec.collections for f in c.fields]
    return {
        "id": spec.id,
        "title": spec.title,
        "steward": spec.steward,
        "licence": spec.licence,
        "collections": [c.id for c in spec.collections],
        "fields": len(fields),
        "public_fields": sum(f.access is Access.PUBLIC for f in fields),
    }
