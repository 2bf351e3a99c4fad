"""What the global options decide, opened only when a command needs it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.settings import Settings
    from layers.municipality import Municipality
    from layers.reader import Reader
    from layers.registry import Registry


@dataclass(frozen=True)
class Context:
    """Global options as given; None where the settings decide."""

    data_dir: Path | None = None
    municipality: str | None = None
    layer_dirs: tuple[Path, ...] | None = None

    @cached_property
    def settings(self) -> "Settings":
        """The settings with the global options applied."""
        from api.settings import load_settings

        return load_settings(
            data_dir=self.data_dir, municipality=self.municipality, layer_dirs=self.layer_dirs
        )

    @cached_property
    def registry(self) -> "Registry":
        """Every layer, built in and of the city's own."""
        from layers.registry import find_layers

        return find_layers(self.settings.layer_dirs)

    @cached_property
    def profile(self) -> "Municipality":
        """The municipality's profile."""
        from layers.municipality import load_municipality

        return load_municipality(self.settings.municipality, self.settings.layer_dirs)

    @cached_property
    def reader(self) -> "Reader":
        """The one door to the stored data."""
        from layers.reader import open_reader

        return open_reader(
            self.settings.data_dir, self.settings.municipality, self.settings.layer_dirs
        )


def context(ctx: object) -> Context:
    """Return the shared context of a Typer command."""
    obj = getattr(ctx, "obj", None)
    if not isinstance(obj, Context):
        raise TypeError("the command was called outside of flurbuch")
    return obj
