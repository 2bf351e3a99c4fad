"""``flurbuch work``: does the jobs that the web service accepted."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import talk
from api.cli.context import context

if TYPE_CHECKING:
    from api.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("work")(work)


def work(
    ctx: typer.Context,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that do jobs.")] = 1,
    parent: Annotated[int, typer.Option(hidden=True, help="End with this process.")] = 0,
    alone: Annotated[bool, typer.Option("--alone", hidden=True, help="One process.")] = False,
) -> None:
    """Do jobs until interrupted.

    `flurbuch serve` starts one such process itself. Where jobs are to be done by a service of
    their own, on as many cores as they may have, set job_workers = 0 and run this beside it.

    [bold]Examples[/]

      flurbuch work

      flurbuch --data /srv/flurbuch work --workers 4

    Exit status: 0 stopped, 1 the data directory cannot be opened, 2 wrong usage.
    """
    from api.jobs.crew import command, lead, stop_on_signals, when_orphaned
    from api.state.database import State

    settings, stopping = context(ctx).settings, threading.Event()
    stop_on_signals(stopping)
    if parent:
        when_orphaned(parent, stopping.set)
    if alone:
        _work(settings, stopping)
        return
    with closing(State(settings.data_dir)) as state:
        state.check()
    if not parent:
        talk.print(f"{workers} at work (stop with Ctrl+C)")
    one = command(*_options(settings), "work", "--alone", f"--parent={os.getpid()}")
    lead(one, workers, stopping)


@contextmanager
def crew(settings: "Settings") -> Iterator[None]:
    """Run `flurbuch work` beside, as long as this process lives."""
    from api.jobs.crew import command

    if settings.job_workers == 0:
        yield
        return
    arguments = ("work", f"--workers={settings.job_workers}", f"--parent={os.getpid()}")
    beside = subprocess.Popen(command(*_options(settings), *arguments), stdin=subprocess.DEVNULL)  # noqa: S603 - this program
    try:
        yield
    finally:
        beside.terminate()
        beside.wait()


def _work(settings: "Settings", stopping: threading.Event) -> None:
    from api.jobs.worker import Worker
    from api.processes.running import explain, handlers, queue_of
    from api.state.database import State

    with closing(State(settings.data_dir)) as state:
        queue = queue_of(settings, state)
        limit_s = float(settings.job_seconds)
        Worker(queue, partial(handlers, settings), explain, limit_s).run(stopping)


def _options(settings: "Settings") -> list[str]:
    """Return the global options by which another process finds the same data."""
    own = (f"--data={settings.data_dir}", f"--municipality={settings.municipality}")
    return [*own, *(f"--layers={folder}" for folder in settings.layer_dirs)]
