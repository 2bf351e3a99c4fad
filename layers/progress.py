"""How long work tells what it has done so far."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the title of a step, what is done of it and how much it is; 0: unknown."""


def silent(step: str, done: int, total: int) -> None:
    """Show nothing."""
