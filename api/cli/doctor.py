"""``flurbuch doctor``: is this installation sound, and what to do if not."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from api.cli.console import out, print_json
from api.cli.context import context

_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "error": "[bold red]error[/]"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Check Python, libraries, package names, fonts, datum grids, disk and store.

    [bold]Examples[/]

      flurbuch doctor

      flurbuch --data /srv/flurbuch doctor --json

    Exit status: 0 sound (warnings allowed), 1 an error was found.
    """
    from api.doctor import examine

    findings = examine(context(ctx).settings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table = Table("check", "", "found", "what to do", box=None)
        for finding in findings:
            table.add_row(finding.check, _MARKS[finding.verdict], finding.found, finding.advice)
        out.print(table)
    raise typer.Exit(1 if any(finding.verdict == "error" for finding in findings) else 0)
