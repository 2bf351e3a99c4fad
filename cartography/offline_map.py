"""folium maps for notebooks and downloads that ask no other host for anything."""

from base64 import b64encode
from functools import cache
from html import escape
from importlib.resources import files

import folium
import geopandas as gpd
import pandas as pd

_WGS84 = 4326


@cache
def _inline(name: str, media_type: str) -> str:
    """Return a vendored Leaflet file as a data URL, without its pointers to other files."""
    text = (files("cartography") / "vendor" / "leaflet" / name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if "sourceMappingURL" not in line)
    return f"data:{media_type};base64,{b64encode('\n'.join(lines).encode()).decode()}"


class OfflineMap(folium.Map):
    """A folium map with Leaflet inlined and no background tiles.

    The plain ``folium.Map`` loads ten scripts and style sheets from public
    hosts, which tells them who looks at which parcel, and fails in a closed
    network.
    """

    def __init__(self, location: tuple[float, float], height_px: int) -> None:
        super().__init__(location=location, height=height_px, tiles=None, attributionControl=False)
        self.default_js = [("leaflet", _inline("leaflet.js", "text/javascript"))]
        self.default_css = [("leaflet_css", _inline("leaflet.css", "text/css"))]


def feature_map(
    frame: gpd.GeoDataFrame,
    *,
    tooltip: tuple[str, ...] = (),
    fill: str = "#f2c14e",
    outline: str = "#1d3557",
    height_px: int = 480,
) -> OfflineMap:
    """Draw the features of a frame on a map without a background.

    Parameters
    ----------
    frame
        n features in any CRS; not empty.
    tooltip
        Columns to show when the pointer rests on a feature. Values are escaped:
        folium itself would run markup found in them.
    fill, outline
        CSS colours.
    height_px
        Height of the map in pixels.

    Raises
    ------
    ValueError
        The frame has no features or no CRS.
    """
    if frame.empty or frame.crs is None:
        raise ValueError("a map needs at least one feature and a CRS")
    shown = frame[[*tooltip, frame.geometry.name]].to_crs(_WGS84)
    for column in tooltip:
        shown[column] = ["" if pd.isna(value) else escape(str(value)) for value in shown[column]]
    west, south, east, north = shown.total_bounds
    drawn = OfflineMap(location=((south + north) / 2, (west + east) / 2), height_px=height_px)
    folium.GeoJson(
        shown,
        style_function=lambda _: {
            "fillColor": fill,
            "color": outline,
            "weight": 1.5,
            "fillOpacity": 0.45,
        },
        tooltip=folium.GeoJsonTooltip(fields=list(tooltip)) if tooltip else None,
    ).add_to(drawn)
    drawn.fit_bounds([[south, west], [north, east]])
    return drawn
