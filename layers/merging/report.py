"""What a merge tells about itself."""

from dataclasses import asdict, dataclass

from layers.merging.collection import CollectionReport


@dataclass(frozen=True)
class MergeReport:
    """What a merge did.

    Attributes
    ----------
    generation
        Its number.
    inputs
        The generation of each layer that it was made from.
    parcels, parcel_rows
        Parcels merged by, and the rows that they came in: some sources deliver one parcel in
        several rows.
    beyond_bound
        Parcels whose official area differs from the drawn one by more than the bound.
    collections
        One report for each collection that is related to parcels.
    rasters
        Parcels with a value, by raster layer.
    changed
        Features and parcels that had changed, where the former links were brought up to date;
        None where all links were made from scratch.
    seconds
        Wall time in all.
    """

    generation: int
    inputs: dict[str, int]
    parcels: int
    parcel_rows: int
    beyond_bound: int
    collections: tuple[CollectionReport, ...]
    rasters: dict[str, int]
    seconds: float
    changed: int | None = None

    def as_json(self) -> dict[str, object]:
        """Return the report as plain JSON values."""
        return {**asdict(self), "collections": [asdict(c) for c in self.collections]}
