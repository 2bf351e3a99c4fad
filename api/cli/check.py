"""``flurbuch check``: what is wrong with the stored data, where, and what to do."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from api.cli.console import out, print_json, progress, talk
from api.cli.context import context
from gis_core.fabric_quality import Code, Severity

if TYPE_CHECKING:
    from gis_core.fabric_quality import AreaBound
    from layers.checking import CheckReport
    from layers.wording import Language

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_TOLD = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "for information"}
_PICTURES = (".svg", ".png", ".pdf")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    checks = typer.Typer(name="check", help="Check the stored data.", no_args_is_help=True)
    checks.command("parcels")(parcels)
    app.add_typer(checks)
    # a group with one command would swallow its name
    checks.callback()(_checks)


def _checks() -> None:
    """Check the stored data."""


def parcels(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option("--out", help="Write all findings: .gpkg, .csv or .json.", dir_okay=False),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw them on a map of the city: .svg, .png or .pdf.", dir_okay=False),
    ] = None,
    only: Annotated[list[Code] | None, typer.Option(help="Report this code; repeatable.")] = None,
    area_a: Annotated[
        float | None,
        typer.Option(min=0, help="Areas A may differ by a·√A + b·A + 0.5 m²: a (profile, 0.2)."),
    ] = None,
    area_b: Annotated[float | None, typer.Option(min=0, help="And b (profile, 0.0003).")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Findings shown on screen at most.")] = 20,
    lang: Annotated[Literal["de", "en"] | None, typer.Option(help="Language.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document with all findings.")
    ] = False,
) -> None:
    """Check the parcels: geometry, overlaps and gaps, keys, districts, areas, addresses.

    Errors contradict the cadastre's rules: overlaps and gaps of a centimetre or more, slits at
    the edge, invalid geometry, two objects of one key upon one another, a key that names another
    district than its field, no key at all. Warnings are to be looked at: areas beyond the
    bound, wide gaps that may be enclaves, parcels amid another district, addresses that no
    parcel carries. Information is true but remarkable: parcels of several parts, slivers, a
    vertex that only the neighbour has. Addresses of registers that are not public are not read.

    [bold]Examples[/]

      flurbuch check parcels

      flurbuch check parcels --out befunde.gpkg --picture befunde.pdf

      flurbuch check parcels --only overlap --only gap --json

      flurbuch check parcels --only area-beyond-bound --area-a 0.3 --area-b 0.0005

    Exit status: 0 no errors (there may be warnings), 1 at least one error, or no parcels are
    imported, 2 wrong usage.
    """
    from layers.checking import WRITERS, check_directory, write_findings

    _refuse_endings(file, tuple(WRITERS), "--out")
    _refuse_endings(picture, _PICTURES, "--picture")
    shared = context(ctx)
    with progress(quiet=as_json) as report_progress:
        report = check_directory(
            shared.settings.data_dir,
            shared.registry,
            shared.profile,
            bound=_bound(shared.profile.area_bound, area_a, area_b),
            only=only or (),
            outlines=picture is not None,
            progress=report_progress,
        )
    language = lang or shared.settings.language
    if file is not None:
        write_findings(report, file, language)
        talk.print(f"{file}: {len(report.remarks):,} findings", markup=False)
    if picture is not None:
        picture.write_bytes(_drawn(report, picture.suffix, language, shared.settings.synthetic))
        talk.print(f"{picture}", markup=False)
    if as_json:
        print_json(report.as_json())
    else:
        _print_report(report, language, limit)
    raise typer.Exit(1 if report.severities[Severity.ERROR] else 0)


def _bound(profile: "AreaBound", a: float | None, b: float | None) -> "AreaBound":
    return replace(profile, a=profile.a if a is None else a, b=profile.b if b is None else b)


def _refuse_endings(path: Path | None, allowed: tuple[str, ...], option: str) -> None:
    if path is None:
        return
    if path.suffix.lower() not in allowed:
        raise typer.BadParameter(
            f"{path.name} ends in {path.suffix or 'nothing'}, expected {', '.join(allowed)}",
            param_hint=option,
        )
    if not path.parent.is_dir():
        raise typer.BadParameter(f"there is no directory {path.parent}", param_hint=option)


def _drawn(report: "CheckReport", ending: str, lang: "Language", synthetic: bool) -> bytes:
    from cartography.fault_map import fault_pdf, fault_png, fault_svg

    match ending.lower():
        case ".svg":
            return fault_svg(report, lang, synthetic=synthetic).encode()
        case ".png":
            return fault_png(report, lang, synthetic=synthetic)
    return fault_pdf(report, lang, synthetic=synthetic)


def _print_report(report: "CheckReport", lang: "Language", limit: int) -> None:
    from layers.checking.words import code_title, severity_title

    counts = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    counts.add_column(justify="right", no_wrap=True)
    for _ in range(2):
        counts.add_column(no_wrap=True)
    found = {code: n for code, n in report.counts.items() if n}
    for code, n in found.items():
        counts.add_row(f"{n:,}", code.value, code_title(code)[lang])
    if found:
        out.print(counts)
    for remark in report.remarks[:limit]:
        title = severity_title(remark.severity)[lang]
        out.print(f"\n[{_STYLE[remark.severity]}]{title}[/] {remark.code.value}", end=" ")
        out.print(remark.parcel_key, remark.message[lang], markup=False)
    more = len(report.remarks) - limit
    if more > 0:
        out.print(f"\n… {more:,} more: --limit {len(report.remarks)} or --out FILE", markup=False)
    for note in report.notes:
        talk.print(note[lang], markup=False, style="dim")
    absent = [code.value for code in report.codes if code not in found]
    if absent:
        talk.print(f"looked for and not found: {', '.join(absent)}", markup=False, style="dim")
    told = ", ".join(f"{report.severities[severity]:,} {name}" for severity, name in _TOLD.items())
    talk.print(f"{report.parcels:,} parcels: {told}", markup=False)
