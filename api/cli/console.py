"""Talking to people: progress and errors on stderr, results on stdout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.status import exit_status
from gis_core.errors import FlurbuchError

ProgressFn = Callable[[str, int, int], None]

talk = Console(stderr=True, highlight=False)
out = Console(highlight=False, soft_wrap=True)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[ProgressFn]:
    """Show a bar per step on stderr: call ``report(step, done, total)``; total 0 is unknown."""
    bars = Progress(
        TextColumn("{task.description:<44}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=talk,
        disable=quiet,
    )
    tasks: dict[str, int] = {}

    def report(step: str, done: int, total: int) -> None:
        if step not in tasks:
            tasks[step] = bars.add_task(step, total=total or None)
        bars.update(tasks[step], completed=done, total=total or None)  # type: ignore[arg-type]

    with bars:
        yield report


def print_json(value: object) -> None:
    """Write one JSON document to stdout."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    typer.echo(orjson.dumps(value, option=options).decode())


def explain(error: FlurbuchError) -> int:
    """Tell what went wrong and what to do; return the exit status."""
    talk.print(f"[bold red]{error.code}[/]: ", end="")
    talk.print(str(error), markup=False)
    if error.advice:
        talk.print(error.advice, markup=False, style="cyan")
    return exit_status(error)


__all__ = ["explain", "out", "print_json", "progress", "talk"]
