"""The data directory: generations of layers, written one at a time, read by anyone at any time."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from gis_core.errors import StoreError
from gis_core.store.amend import Amendment
from gis_core.store.catalogue import FILE, Catalogue
from gis_core.store.columns import Columns
from gis_core.store.disk import disk_faults
from gis_core.store.fragments import Segments
from gis_core.store.generation import Writer
from gis_core.store.guard import Connections
from gis_core.store.housekeeping import clear_abandoned
from gis_core.store.join import Join
from gis_core.store.joined import JoinedSnapshot
from gis_core.store.reading import Snapshot
from gis_core.store.schema import GenerationInfo
from gis_core.store.words import KeptWords

KEEP = 5


def _now() -> datetime:
    return datetime.now(UTC)


class Store:
    """Everything that was imported, below one directory.

    ``catalogue.sqlite`` says which generation of each layer is served;
    ``layers/<layer>/<number>/`` holds a generation: ``open.gpkg`` (a GeoPackage),
    ``sealed.sqlite`` (personal data and tax secrets), ``quarantine.sqlite`` (rows that
    could not be used), ``touched.json`` (what amendments changed), ``fragments/`` (public
    features as ready GeoJSON), ``words/`` (of public texts), and attached files.
    Generations never change.
    """

    def __init__(
        self,
        root: Path,
        catalogue: Catalogue,
        clock: Callable[[], datetime],
        *,
        mapped: bool = True,
    ) -> None:
        self.root = root
        self._catalogue = catalogue
        self._clock = clock
        self._connections = Connections(mapped=mapped)
        self._segments = Segments()
        self._columns = Columns()
        self._words = KeptWords()

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        create: bool = False,
        mapped: bool = True,
        clock: Callable[[], datetime] = _now,
    ) -> Self:
        """Open a data directory.

        Parameters
        ----------
        create
            Whether to make it where there is none.
        mapped
            Whether files are mapped into memory; not for who reads whole tables (`Connections`).
        clock
            Tells when generations are made.

        Raises
        ------
        StoreError
            It is absent (and ``create`` is false), damaged or of another version.
        """
        if create:
            with disk_faults(f"cannot create {root}"):
                root.mkdir(mode=0o700, parents=True, exist_ok=True)
                (root / "layers").mkdir(mode=0o700, exist_ok=True)
            catalogue = Catalogue.create(root)
            clear_abandoned(catalogue)
            return cls(root, catalogue, clock, mapped=mapped)
        with disk_faults(f"cannot read {root}"):
            there = (root / FILE).is_file()
        if not there:
            raise StoreError(
                f"{root} is no data directory: it has no {FILE}",
                advice="Import something first (flurbuch ingest), or name the right directory.",
                directory=str(root),
            )
        catalogue = Catalogue(root)
        catalogue.check()
        clear_abandoned(catalogue)
        return cls(root, catalogue, clock, mapped=mapped)

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close all idle connections."""
        self._connections.close()
        self._catalogue.close()

    def stage(self, layer: str, *, keep: int = KEEP) -> Writer:
        """Begin a new generation of a layer; use the result as a context manager.

        Parameters
        ----------
        keep
            How many generations to keep, this one included; those that the served links
            were made from are kept besides.
        """
        if not layer.isidentifier():
            raise StoreError(f"{layer!r} cannot be the name of a layer", layer=layer)
        return Writer(self._catalogue, layer, clock=self._clock, keep=max(keep, 1))

    def amend(self, layer: str, *, keep: int = KEEP) -> Amendment:
        """Begin a new generation as a changed copy of the served one; see `Amendment`."""
        return Amendment(self._catalogue, layer, clock=self._clock, keep=max(keep, 1))

    def served(self) -> Mapping[str, GenerationInfo]:
        """Return the served generation of every layer, ``merge`` among them when there is one."""
        return self._catalogue.served()

    def generations(self, layer: str) -> tuple[GenerationInfo, ...]:
        """Return the kept generations of a layer, oldest first."""
        return self._catalogue.generations(layer)

    def snapshot(
        self, layer: str, number: int | None = None, *, deadline_s: float | None = None
    ) -> Snapshot:
        """Open the served generation of a layer, or the one with that number.

        Raises
        ------
        StoreError
            Nothing was imported, or that generation is no longer kept.
        """
        info: GenerationInfo | None = self.served().get(layer)
        if number is not None and (info is None or info.number != number):
            info = next((g for g in self.generations(layer) if g.number == number), None)
        if info is None:
            wanted = "" if number is None else f" generation {number}"
            raise StoreError(
                f"nothing is stored for layer {layer}{wanted}",
                advice=f"Import it: flurbuch ingest {layer} FILE...",
                layer=layer,
            )
        return self.open_generation(info, deadline_s=deadline_s)

    def open_generation(self, info: GenerationInfo, *, deadline_s: float | None = None) -> Snapshot:
        """Open a generation that `served` or `generations` named."""
        return Snapshot(
            info, self._connections, self._segments, self._columns, self._words, deadline_s
        )

    def open_joined(
        self,
        info: GenerationInfo,
        other: GenerationInfo,
        join: Join,
        *,
        deadline_s: float | None = None,
    ) -> JoinedSnapshot:
        """Open the one table that is made of two generations when it is read."""
        files = (self._connections, self._segments, self._columns, self._words)
        return JoinedSnapshot(info, other, join, *files, deadline_s)
