"""``flurbuch history``: what became of a parcel, and what the tax office has to look at."""

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import out, print_json, talk
from api.cli.context import context

if TYPE_CHECKING:
    from layers.history import Event, Fate
    from layers.history.work_items import WorkItem
    from layers.reader import Reader

WORK_ITEMS = "work-items"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("history")(history)


def history(
    ctx: typer.Context,
    what: Annotated[list[str], typer.Argument(help="A parcel key in any spelling, or work-items.")],
    role: Annotated[str, typer.Option(help="Work items: in whose role they are read.")] = "citizen",
    purpose: Annotated[
        str, typer.Option(help="Work items: why they are read; it is written to the access log.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Tell what happened to a parcel: splits, mergers, new borders, and its successors.

    With [bold]work-items[/] list the tax objects that state a key that has ended, or a parcel
    that has changed since the tax register was imported. Tax links are never moved by
    themselves: the tax office decides. They are tax secrets: a role that may read them and a
    purpose are needed, and reading them is logged.

    [bold]Examples[/]

      flurbuch history "Krefeld 12 123"

      flurbuch history work-items --role property_tax_clerk --purpose "Fortschreibung 2026"

    Exit status: 0 found, 1 nothing is known of such a parcel or work items may not be read, 2
    wrong usage.
    """
    shared = context(ctx)
    with closing(shared.reader) as reader:
        if what == [WORK_ITEMS]:
            from layers.access import Actor
            from layers.history.work_items import work_items

            items = work_items(reader, Actor(role, purpose, "command line"))
            if as_json:
                print_json([asdict(item) for item in items])
            else:
                _print_items(items)
            return
        found = _print_parcel(reader, " ".join(what), as_json=as_json)
    raise typer.Exit(0 if found else 1)


def _print_parcel(reader: "Reader", text: str, *, as_json: bool) -> bool:
    from layers.access import CITIZEN
    from layers.dossier import read_parcel_key

    key = read_parcel_key(reader, CITIZEN, reader.parcels(CITIZEN), text)
    past = reader.history(CITIZEN)
    fate, events = past.fate(key), past.events(key)
    if as_json:
        document = {"parcel_key": key, "ended": asdict(fate) if fate else None}
        print_json({**document, "events": [asdict(event) for event in events]})
    else:
        _print_events(events)
        _print_fate(fate)
    if not (fate or events):
        talk.print(f"nothing is known to have happened to {key}", markup=False)
    return bool(fate or events)


def _print_events(events: "tuple[Event, ...]") -> None:
    for event in events:
        basis = "stated" if event.stated else "noticed"
        old, new = ", ".join(event.old_keys) or "–", ", ".join(event.new_keys) or "–"
        out.print(f"{event.day}  {event.kind:<15}  {old} → {new}  ({basis})", markup=False)


def _print_fate(fate: "Fate | None") -> None:
    if fate is None:
        return
    out.print(f"ended {fate.ended_on or ''}; on its ground today:", markup=False)
    for successor in fate.successors:
        part = "" if successor.share is None else f"  {100 * successor.share:.1f} %"
        out.print(f"  {successor.parcel_key}{part}", markup=False)
    if not fate.successors:
        out.print("  nothing that is known")


def _print_items(items: "tuple[WorkItem, ...]") -> None:
    for item in items:
        happened = item.event.kind if item.event else "ended"
        after = ", ".join(item.successors) if item.ended else "keeps its key"
        out.print(
            f"{item.day or '–'}  {item.collection} {item.feature_id}: {item.parcel_key} "
            f"{happened} → {after or 'no successor known'}",
            markup=False,
        )
    talk.print(f"{len(items):,} economic units touch changed parcels")
