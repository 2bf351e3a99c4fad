"""What a client must have loaded, and whether it has."""

import json
import re
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ][0-9:.]+(Z|[+-]\d\d:?\d\d)?)?")


def told(value):
    """Return a value so that it is equal however a client writes it."""
    if isinstance(value, np.ndarray | list | tuple):
        return [told(part) for part in value]
    if value is None or pd.isna(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return round(float(value), 9)
    return _told_text(value.isoformat() if isinstance(value, date) else value)


def _told_text(text):
    if text.startswith("["):
        return told(json.loads(text))
    if _TIME.fullmatch(text):
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text


class Whole:
    """A collection as it is served: features by their id, in the storage CRS and in CRS84."""

    def __init__(self, features, stored):
        self.features = {str(feature["id"]): feature for feature in features}
        self.ids = sorted(self.features)
        self.places = np.array([shape(self.features[i]["geometry"]) for i in self.ids], object)
        in_storage = {str(feature["id"]): shape(feature["geometry"]) for feature in stored}
        self.stored = np.array([in_storage[i] for i in self.ids], object)

    def properties(self, feature_id):
        """Return the fields of a feature that have a value."""
        given = self.features[feature_id]["properties"].items()
        return {name: told(value) for name, value in given if told(value) is not None}

    def check(self, ids, places, properties, *, stored=False, tolerance=2e-8):
        """Check what a client has: the features by their id, every place, every field."""
        order = sorted(range(len(ids)), key=lambda i: str(ids[i]))
        assert [str(ids[i]) for i in order] == self.ids
        got = np.array([places[i] for i in order], object)
        expected = self.stored if stored else self.places
        # Clients make multipolygons of polygons, and rings may begin elsewhere.
        assert (shapely.get_num_coordinates(got) == shapely.get_num_coordinates(expected)).all()
        assert shapely.hausdorff_distance(got, expected).max() < tolerance
        for i in order:
            there = {name: told(value) for name, value in properties[i].items()}
            there = {n: v for n, v in there.items() if v is not None and n != "id"}
            assert there == self.properties(str(ids[i]))
