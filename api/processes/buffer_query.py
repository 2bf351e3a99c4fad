"""``buffer-query``: the features of a collection within a distance of a parcel or place."""

from typing import Annotated, Self

import numpy as np
import orjson
from pydantic import Field, model_validator

from api.features.geojson import days, feature_bytes
from api.processes.inputs import CollectionId, Geometry, Key
from api.processes.process import Inputs, Process, Work
from gis_core.geojson import turned
from gis_core.offered_crs import CRS84, decimals, to_crs
from layers.analysis import drawn_place, find_nearby, parcel_place

DISTANCE = "distance_m"
"""The property of each feature that tells how far it is."""


class BufferInputs(Inputs):
    """Which collection, around what, and how far."""

    collection: CollectionId
    parcel: Key | None = None
    place: Geometry | None = None
    distance: Annotated[float, Field(ge=0, le=5000)] = 100.0
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000

    @model_validator(mode="after")
    def _is_around_one_thing(self) -> Self:
        if (self.parcel is None) == (self.place is None):
            raise ValueError("expected either parcel or place")
        return self


def _run(work: Work) -> bytes:
    asked: BufferInputs = work.inputs
    reader, actor = work.reader, work.actor
    work.task.step(0.1)
    if asked.place is not None:
        place = drawn_place(reader, asked.place)
    else:
        _, place = parcel_place(reader, actor, str(asked.parcel))
    work.task.step(0.3)
    found = find_nearby(reader, actor, asked.collection, place, asked.distance, asked.limit)
    work.task.step(0.7)
    frame = found.features
    shapes = np.asarray(frame.geometry.array, dtype=object)
    told = frame.assign(**{DISTANCE: np.round(found.distance_m, 3)})
    moved = turned(to_crs(shapes, reader.municipality.storage_crs, CRS84))
    features = feature_bytes(told, moved, decimals(CRS84), days(found.view))
    head = {
        "type": "FeatureCollection",
        "numberMatched": found.matched,
        "numberReturned": len(frame),
    }
    return b'%s,"features":[%s]}' % (orjson.dumps(head)[:-1], b",".join(features))


BUFFER_QUERY = Process(
    id="buffer-query",
    inputs=BufferInputs,
    output="features",
    media_types=("application/geo+json",),
    run=_run,
)
