"""``flurbuch ingest`` and ``flurbuch quarantine``: registers in, refused rows out."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import orjson
import typer
from rich.table import Table

from api.cli.console import out, print_json, progress, talk
from api.cli.context import context
from gis_core.faults import Fault, Outcome
from layers.ingest.advice import advice

if TYPE_CHECKING:
    from layers.ingest.report import ChangeReport, FaultGroup, FileReport, IngestReport

_SHOWN = 3  # faults per code
_WIDTH = 60  # characters of a value
_DONE = {
    "insert": "inserted",
    "replace": "replaced",
    "delete": "deleted",
    "update": "updated",
    "ignored": "changed nothing",
}
_COLOURS = {Outcome.QUARANTINED: "red", Outcome.REPAIRED: "yellow", Outcome.NOTED: "cyan"}

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("ingest")(ingest)
    app.command("quarantine")(quarantine)


def ingest(
    ctx: typer.Context,
    layer: Annotated[str, typer.Argument(help="Layer, as `flurbuch layers` lists them.")],
    files: Annotated[
        list[Path], typer.Argument(help="All files of the layer: plain, .gz or .zip.")
    ],
    crs: Annotated[
        str | None,
        typer.Option(help="Reference system of the coordinates, against what the files state."),
    ] = None,
    data_date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day that the data describe."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check everything, store nothing.")
    ] = False,
    leave_out: Annotated[
        bool,
        typer.Option(
            "--leave-out-misfits",
            help="Changes (NBA) that do not fit go to the quarantine, the others are applied.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import files as the new content of a layer.

    Every row is accepted, repaired, or put into the layer's quarantine with
    row, field, found and expected. The former content stays served until the
    new one is complete; when a file cannot be read at all, nothing changes.

    A delivery of changes (NBA) is told from its content and applied to the
    cadastre that is served, all of it or nothing; one that was applied before
    changes nothing. All portions of a delivery belong into one command.
    Where little changed, the links to parcels are brought up to date at once.

    [bold]Examples[/]

      flurbuch ingest alkis flurstuecke.gpkg gebaeude.gpkg nutzung.gpkg

      flurbuch ingest alkis nba-2026-02-01-*.xml.gz --dry-run

      flurbuch ingest trees baumkataster.csv --crs EPSG:25832 --dry-run

      flurbuch ingest property_tax tax.csv.gz --data-date 2026-01-01 --json

    Exit status: 0 imported (rows may be in quarantine) or applied before, 1 nothing
    was changed, 2 wrong usage.
    """
    from layers.ingest.directory import import_files
    from layers.merging import refresh_directory

    shared = context(ctx)
    with progress(quiet=as_json) as report_progress:
        report = import_files(
            shared.settings.data_dir,
            shared.registry,
            shared.profile,
            layer,
            files,
            crs=crs,
            data_date=data_date.date() if data_date else None,
            dry_run=dry_run,
            on_missing="quarantine" if leave_out else "refuse",
            progress=report_progress,
        )
        links = None
        if report.generation is not None:
            links = refresh_directory(
                shared.settings.data_dir, shared.registry, shared.profile, report_progress
            )
    if as_json:
        print_json({**report.as_json(), "links": links and links.as_json()})
        return
    _print_report(report, shared.settings.language)
    if links is not None:
        talk.print(f"links {links.generation} brought up to date in {links.seconds:.1f} s")
    elif report.generation is not None:
        talk.print("[dim]Link it to the parcels: flurbuch merge[/]")


def quarantine(
    ctx: typer.Context,
    layer: Annotated[str, typer.Argument(help="Layer.")],
    every: Annotated[
        bool, typer.Option("--all", help="Repairs and notes too, not only refused rows.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line, with the source row.")
    ] = False,
) -> None:
    """List the rows that the last import of a layer could not use, and why.

    Values are shown as filed, so the list is as confidential as the source file.

    [bold]Examples[/]

      flurbuch quarantine trees

      flurbuch quarantine property_tax --all --json > to-the-tax-office.jsonl

    Exit status: 0 done, 1 nothing was imported yet, 2 wrong usage.
    """
    from layers.ingest.directory import refused_rows

    shared = context(ctx)
    rows = refused_rows(shared.settings.data_dir, shared.registry, layer)
    chosen = ((f, source) for f, source in rows if every or f.outcome is Outcome.QUARANTINED)
    if as_json:
        for fault, source in chosen:
            parsed = orjson.loads(source) if source else None
            typer.echo(orjson.dumps({**asdict(fault), "source": parsed}).decode())
        return
    count = 0
    for fault, _ in chosen:
        out.print(_place(fault), markup=False)
        count += 1
    talk.print(f"{count:,} faults")


def _print_report(report: "IngestReport", language: Literal["de", "en"]) -> None:
    for file in report.files:
        _print_file(file)
    table = Table(
        "collection", *("read", "accepted", "repaired", "quarantined", "stored"), box=None
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for name, c in report.by_collection().items():
        figures = (c.read, c.accepted, c.repaired, c.quarantined, c.stored)
        table.add_row(name, *(f"{figure:,}" for figure in figures))
    out.print(table)
    if report.changes:
        _print_changes(report.changes)
    for group in report.faults:
        _print_group(group, language)
    for note in report.notes:
        out.print(f"note: {note}", markup=False)
    done = "nothing was stored (dry run)"
    if report.changes and not any(d.applied for d in report.changes.deliveries):
        done = "nothing to do"
    if report.generation is not None:
        done = f"generation {report.generation} of {report.layer} is served"
    talk.print(f"{done}, {report.seconds:.1f} s")


def _print_changes(changes: "ChangeReport") -> None:
    for delivery in changes.deliveries:
        name = f"delivery {delivery.number or delivery.files[0]} of {delivery.time or 'no date'}"
        if not delivery.applied:
            out.print(f"{name}: already applied", markup=False)
            continue
        done = ", ".join(f"{count:,} {_DONE[what]}" for what, count in delivery.operations.items())
        out.print(f"{name}: {done}", markup=False)
    for collection, count in changes.rows.items():
        ended = changes.ended.get(collection, 0)
        again = changes.refreshed.get(collection, 0)
        out.print(f"  {collection}: {count:,} hold, {ended:,} ended, {again:,} told again")


def _print_file(file: "FileReport") -> None:
    out.print(f"{file.name}  {file.bytes:,} bytes  sha256 {file.sha256[:16]}…", markup=False)
    for operation in file.operations:
        accuracy = "" if operation.accuracy_m is None else f", accuracy {operation.accuracy_m:g} m"
        grids = f", grid {', '.join(operation.grids)}" if operation.grids else ""
        out.print(f"  {_short(operation.source)} → {operation.target}{accuracy}{grids}")
    for kind, count in file.ignored.items():
        out.print(f"  not of this layer: {count:,} × {kind}", markup=False)
    for name, columns in file.unused.items():
        if columns:
            out.print(f"  {name}: columns not used: {', '.join(columns)}", markup=False)
    for note in file.notes:
        out.print(f"  note: {note}", markup=False)


def _print_group(group: "FaultGroup", language: Literal["de", "en"]) -> None:
    colour = _COLOURS[group.outcome]
    out.print(f"[{colour}]{group.outcome.value}[/]  {group.count:,} × {group.code}")
    out.print(f"  {advice(group.code, language)}", markup=False)
    for fault in group.examples[:_SHOWN]:
        out.print(f"  {_place(fault)}", markup=False)


def _place(fault: Fault) -> str:
    found = _short(fault.found) or "nothing"
    return (
        f"{fault.file}, row {fault.row}, {fault.field}: "
        f"found {found}, expected {_short(fault.expected, 120)} ({fault.code})"
    )


def _short(text: str, width: int = _WIDTH) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
