"""The formats of features, by the name that ``f`` gives them; GeoJSON and pages come first."""

from api.features.formats import csv_table, geojson_seq, geoparquet, json_fg
from api.features.formats.format import Format
from api.features.formats.gdal_file import FLATGEOBUF, GEOPACKAGE

GEOJSON = "application/geo+json"
FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        json_fg.FORMAT,
        geojson_seq.FORMAT,
        csv_table.FORMAT,
        FLATGEOBUF,
        GEOPACKAGE,
        geoparquet.FORMAT,
    )
}
MEDIA_TYPES: dict[str, str] = {name: form.media_type for name, form in FORMATS.items()}
OFFERED = tuple(MEDIA_TYPES.items())
EVERY = {"json": GEOJSON, "html": "text/html", **MEDIA_TYPES}
"""What ``f`` may be for features, and the media type that is answered."""
