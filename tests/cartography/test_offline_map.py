"""Notebook maps ask no other host for anything and run no markup of the data."""

import re

import geopandas as gpd
import pytest
import shapely

from cartography.offline_map import feature_map


@pytest.fixture
def html() -> str:
    frame = gpd.GeoDataFrame(
        {"name": ["<img src=x onerror=alert(1)>"]},
        geometry=[shapely.box(330000, 5690000, 330100, 5690100)],
        crs=25832,
    )
    return str(feature_map(frame, tooltip=("name",)).get_root().render())


def test_no_outside_host(html: str):
    assert not re.findall(r"""(?:src|href)=["']?(?!data:)https?://[^"'\s>]+""", html)
    assert "cdn" not in html.lower()


def test_markup_in_attributes_is_escaped(html: str):
    assert "<img src=x" not in html
    assert "onerror" in html  # the value itself is shown, as text


def test_empty_frame_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        feature_map(gpd.GeoDataFrame(geometry=[], crs=25832))
