"""What lies on which parcel: decode → index → link → summarise, as pure functions.

For a notebook, with GeoDataFrames: ``merge`` links features to parcels, ``apportion`` carries
figures of other areas over to them, ``use_areas`` cuts parcels by land use and
``zonal_statistics`` says what a raster says about each. The modules, arrays in, arrays out:

decode      `flat`: geometry as coordinate arrays (`flattening`: from objects and back);
            `shapes`: objects or arrays, whichever is asked for
index       `fabric`: parcels by key, indexed by an engine; `engines`: GEOS (`engine_shapely`)
            or compiled (`engine_kernels`, `kernels`), by size; `engine_name`
measure     `measures`: facts of one feature and one parcel, the dear part; `discs`
link        `links`: what every join returns; `points`, `shares`, `keys`, `addresses` resolve
            measures to links; `unmatched`: what found none
summarise   `summaries`, `land_use`; `largest_remainder`: whole parts that add up
rasters     `zonal`: statistics of cells; `zonal_engines` (`zonal_numpy` or kernels) count in
            `zones`, `zonal_sums` adds up, `slopes`
change      `living_links` follow a change by what it reaches: `living_shapes`, their
            `living_measures`, in `living_rows` by feature and by parcel
tiles       `tiles`: a merge in parts, for more than memory holds; `residence`: which parts
            a guest meets
frames      `frames`, `areal`, `frame_uses`: the above for GeoDataFrames; `frame_inputs`,
            `frame_plane`: what they must be

Names are loaded when first used: a command that only shows its help pays for none of it.
"""

from typing import TYPE_CHECKING

from gis_core.lazy_names import lazily

if TYPE_CHECKING:
    from gis_core.merge.areal import apportion
    from gis_core.merge.frame_uses import use_areas
    from gis_core.merge.frames import merge
    from gis_core.merge.zonal import zonal_statistics
    from gis_core.merge.zonal_engines import CellEngine
    from gis_core.merge.zonal_sums import ZonalStatistics

__all__ = [
    "CellEngine",
    "ZonalStatistics",
    "apportion",
    "merge",
    "use_areas",
    "zonal_statistics",
]

_MODULES = {
    "CellEngine": "zonal_engines",
    "ZonalStatistics": "zonal_sums",
    "apportion": "areal",
    "merge": "frames",
    "use_areas": "frame_uses",
    "zonal_statistics": "zonal",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__, _MODULES)
