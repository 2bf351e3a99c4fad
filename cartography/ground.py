"""What of a scene is on the sheet, in millimetres of the map frame."""

from dataclasses import dataclass
from math import floor

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from cartography.boundaries import polygonal
from cartography.errors import CrowdedSheetError, EmptySheetError
from cartography.furniture import CROSS, grid_points
from cartography.scene import Scene
from cartography.sheet import MapFrame

BORDER = 0.5
"""Labels keep this distance from the map frame, mm."""
UNKNOWN_CROWN = 0.9
"""Radius on paper of a tree whose crown is unknown, and the least one drawn, mm."""
SMALLEST_MEAN_PARCEL = 6.0
"""Mean area of the parcels on paper below which a sheet cannot be read, mm²."""

Geometries = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Ground:
    """The parts of a scene that are on the sheet; ``*_rows`` are positions in the scene.

    Attributes
    ----------
    area
        The map area, mm.
    parcels
        Whole parcels, cut only far outside the frame.
    visible
        Parcels cut at the frame less the border that labels keep; where nothing would be
        left of a parcel, cut at the frame itself.
    share
        Part of each parcel's area that is on the sheet, 0 to 1.
    trees
        (n, 3) x, y and radius.
    mean_mm2
        Mean area of a parcel on paper.
    quiet
        Rings that letters should rather not cross: buildings, crowns, grid crosses.
    """

    area: Polygon
    parcel_rows: NDArray[np.intp]
    parcels: Geometries
    visible: Geometries
    share: NDArray[np.float64]
    building_rows: NDArray[np.intp]
    buildings: Geometries
    land_use_rows: NDArray[np.intp]
    land_use: Geometries
    trees: NDArray[np.float64]
    mean_mm2: float
    quiet: Geometries


def _quiet(buildings: Geometries, trees: NDArray[np.float64], frame: MapFrame) -> Geometries:
    houses = shapely.get_parts(buildings)
    houses = houses[shapely.get_dimensions(houses) == 2]
    crowns = shapely.buffer(shapely.points(trees[:, :2]), trees[:, 2], quad_segs=3)
    crosses = shapely.buffer(shapely.points(grid_points(frame)), CROSS / 2, quad_segs=1)
    rings: Geometries = shapely.get_exterior_ring(np.concatenate([houses, crowns, crosses]))
    return rings


def lay_out(scene: Scene, *, crowds: bool = False) -> Ground:
    """Select what is on the sheet and turn it into map millimetres.

    Parameters
    ----------
    scene
        The scene.
    crowds
        Whether more parcels are allowed than can be told apart.

    Raises
    ------
    EmptySheetError
        No parcel is on the sheet.
    CrowdedSheetError
        The parcels would be too small to read, and crowds are not allowed; the advice
        names a scale that works.
    """
    frame = scene.frame
    area = frame.area
    rows = scene.on_sheet(scene.parcels.geometry)
    if not len(rows):
        raise EmptySheetError(
            "no parcel lies on this sheet",
            advice="Choose another parcel or a smaller scale (a larger denominator).",
        )
    whole = frame.to_map(scene.parcels.geometry[rows])
    cut = shapely.intersection(whole, area)
    mean = float(shapely.area(cut).sum()) / len(rows)
    if not crowds:
        _refuse_crowd(scene, mean)
    inner = shapely.intersection(whole, shapely.buffer(area, -BORDER, join_style="mitre"))
    visible = polygonal(np.where(shapely.area(inner) > 0, inner, cut))
    building_rows = scene.on_sheet(scene.buildings.geometry)
    land_use_rows = scene.on_sheet(scene.land_use.geometry)
    buildings = _near(frame.to_map(scene.buildings.geometry[building_rows]), area)
    trees = _trees(scene)
    return Ground(
        area=area,
        parcel_rows=rows,
        parcels=_near(whole, area),
        visible=visible,
        share=shapely.area(cut) / shapely.area(whole),
        building_rows=building_rows,
        buildings=buildings,
        land_use_rows=land_use_rows,
        land_use=_near(frame.to_map(scene.land_use.geometry[land_use_rows]), area),
        trees=trees,
        mean_mm2=mean,
        quiet=_quiet(buildings, trees, frame),
    )


def _refuse_crowd(scene: Scene, mean: float) -> None:
    if mean >= SMALLEST_MEAN_PARCEL:
        return
    scale = floor(scene.frame.scale * (mean / SMALLEST_MEAN_PARCEL) ** 0.5 / 50) * 50
    raise CrowdedSheetError(
        f"at 1:{scene.frame.scale} a parcel would cover {mean:.1f} mm² of paper on average",
        advice=f"Choose a scale of 1:{max(scale, 50)} or larger.",
        found=round(mean, 1),
        expected=SMALLEST_MEAN_PARCEL,
    )


def _near(geometry: Geometries, area: Polygon) -> Geometries:
    """Cut off what is far outside the frame; the cut edges stay outside and are never seen."""
    west, south, east, north = area.bounds
    bounds = shapely.bounds(geometry)
    far = (bounds[:, :2] < -20).any(axis=1) | (bounds[:, 2:] > (east + 20, north + 20)).any(axis=1)
    near = geometry.copy()
    room = shapely.box(west - 10, south - 10, east + 10, north + 10)
    near[far] = polygonal(shapely.intersection(geometry[far], room))
    return near


def _trees(scene: Scene) -> NDArray[np.float64]:
    rows = scene.on_sheet(scene.trees.geometry)
    xy = shapely.get_coordinates(scene.frame.to_map(scene.trees.geometry[rows]))
    radius = np.nan_to_num(scene.trees.crown_m[rows]) / 2 * scene.frame.mm_per_metre
    least = UNKNOWN_CROWN if scene.frame.scale <= 2500 else UNKNOWN_CROWN / 2
    return np.column_stack([xy, np.maximum(radius, least)])
