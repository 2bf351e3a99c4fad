"""GeoJSON text sequences (RFC 8142): a feature after each record separator."""

from collections.abc import Iterator

from api.features.formats.format import About, Format
from api.features.formats.values import ids, properties, shapes
from gis_core.geojson import feature_texts, geometry_texts
from gis_core.offered_crs import decimals, in_axis_order
from layers.reader.batches import Batches


def write(batches: Batches, about: About) -> Iterator[bytes]:
    """Yield the features, each as it stands in a GeoJSON document."""
    digits = decimals(about.crs)
    for batch in batches:
        geometry = shapes(batch)
        texts = None
        if geometry is not None:
            texts = geometry_texts(in_axis_order(geometry, about.crs), digits)
        features = feature_texts(ids(batch), texts, properties(batch))
        yield b"".join(b"\x1e%s\n" % feature for feature in features)


FORMAT = Format(
    "geojsonseq", "GeoJSON-Seq", "application/geo+json-seq", "geojsons", write, text=True
)
