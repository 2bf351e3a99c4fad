"""Reference systems: what a text means, which operation leads where, whether positions can be true.

Coordinates are x (easting, longitude), y (northing, latitude) everywhere, whatever the
axis order of the authority says. An operation is planned once, recorded, and then used;
the most accurate one is never replaced in silence by a coarser one.

PROJ keeps what it found on disk in one context per thread: a grid that is installed later
is seen only after ``pyproj.datadir.set_data_dir`` ran again in the same thread. Nothing
is cached here, so an answer never outlives that call.
"""

import re
import warnings
from dataclasses import asdict, dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj.aoi import AreaOfInterest
from pyproj.exceptions import ProjError
from pyproj.transformer import Transformer, TransformerGroup

from gis_core.crs_names import crs_text, resolve_crs
from gis_core.errors import CRSMismatchError, DatumGridMissingError, UnknownCRSError
from gis_core.window import Area, Guess, Verdict, Window, guess_crs

__all__ = [
    "Area",
    "Guess",
    "Operation",
    "Verdict",
    "Window",
    "areal_scale",
    "crs_text",
    "guess_crs",
    "plan_operation",
    "resolve_crs",
    "transform_geometry",
    "transform_xy",
]

_NORMALISED = " (with axis order normalized for visualization)"  # so is everything here
# Steps that move a position to another datum; a pipeline without any is a null operation.
_DATUM_STEPS = re.compile(r"proj=(helmert|cart|molo\w*|\w*gridshift|deformation|affine)\b")


@dataclass(frozen=True, slots=True)
class Operation:
    """The way from one reference system to another, complete enough to be repeated and stored.

    Attributes
    ----------
    source, target
        ``EPSG:31466``, or WKT where no authority knows the system.
    name
        PROJ's name of the operation, with the EPSG names of its steps.
    accuracy_m
        Stated accuracy in metres; 0 for a mere change of projection; None when not stated.
    grids
        File names of the datum grids that it reads.
    definition
        The PROJ pipeline, x before y on both sides; this is what is executed.
    """

    source: str
    target: str
    name: str
    accuracy_m: float | None
    grids: tuple[str, ...]
    definition: str

    def as_dict(self) -> dict[str, object]:
        """Return the operation as JSON-ready provenance."""
        return {**asdict(self), "grids": list(self.grids)}


def plan_operation(
    source: str | int | pyproj.CRS,
    target: str | int | pyproj.CRS,
    *,
    area: Area | None = None,
) -> Operation:
    """Choose the best operation that PROJ knows between two reference systems.

    Parameters
    ----------
    source, target
        Anything that :func:`resolve_crs` takes.
    area
        Where the positions are: west, south, east, north in degrees. Without it the
        operation that serves the largest area counts as the best.

    Raises
    ------
    UnknownCRSError
        A system is unknown, or PROJ knows no way between the two datums.
    DatumGridMissingError
        The best operation needs a datum grid that is not installed. There is one
        exception: between WGS 84 and a system that is taken as equal to it (a null
        operation). WGS 84 is an ensemble whose members differ by 2 m, so that no grid
        makes such positions surer; the null operation is used with its stated accuracy.

    Notes
    -----
    Without the grid PROJ silently uses a Helmert transformation that is 0.5 m off in
    Krefeld and 2.4 m with other tools (DHDN to ETRS89).

    Examples
    --------
    >>> plan_operation("EPSG:4647", "EPSG:25832").accuracy_m
    0.0
    """
    here, there = resolve_crs(source), resolve_crs(target)
    interest = AreaOfInterest(*area) if area else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a missing grid: an error of ours, below
        group = TransformerGroup(here, there, always_xy=True, area_of_interest=interest)  # type: ignore[arg-type]
    best = group.transformers[0] if group.transformers else None
    if not group.best_available and not (best and _is_null_with_wgs84(best, here, there)):
        raise _grid_missing(group, here, there)
    if best is None or "Ballpark" in best.description:
        raise UnknownCRSError(
            f"no transformation is known from {here.name} to {there.name}"
            + (" in this area" if area else ""),
            advice="State the source's true reference system, for example --crs EPSG:25832.",
            found=here.name,
            expected=there.name,
        )
    return Operation(
        source=crs_text(here),
        target=crs_text(there),
        name="none needed" if here == there else best.description.replace(_NORMALISED, ""),
        accuracy_m=_accuracy(best),
        grids=tuple(grid.short_name for step in best.operations or () for grid in step.grids),
        definition=best.definition,
    )


def _is_null_with_wgs84(best: Transformer, here: pyproj.CRS, there: pyproj.CRS) -> bool:
    names = [c.datum.name for c in (here, there) if c.datum]
    wgs84 = any(name.startswith("World Geodetic System 1984") for name in names)
    return wgs84 and not _DATUM_STEPS.search(best.definition)


def _accuracy(transformer: Transformer) -> float | None:
    if transformer.accuracy >= 0:
        return float(transformer.accuracy)
    # PROJ states no accuracy for conversions (exact) and for steps it knows nothing about.
    exact = not _DATUM_STEPS.search(transformer.definition)
    return 0.0 if exact else None


def _grid_missing(
    group: TransformerGroup, here: pyproj.CRS, there: pyproj.CRS
) -> DatumGridMissingError:
    wanted = group.unavailable_operations[0]
    files = [grid.short_name for grid in wanted.grids if not grid.available]
    return DatumGridMissingError(
        f"the transformation from {here.name} to {there.name} needs the datum grid "
        f"{', '.join(files)}, which is not installed",
        advice="Install it once with: flurbuch grids add FILE (Debian's package proj-data "
        f"holds {files[0]}; it is published at https://cdn.proj.org).",
        grid=", ".join(files),
        source=here.name,
        target=there.name,
        operation=wanted.name,
        accuracy_m=wanted.accuracy,
        accuracy_without_m=group.transformers[0].accuracy if group.transformers else "unknown",
    )


def transform_xy(
    x: ArrayLike, y: ArrayLike, operation: Operation
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Carry positions over by a planned operation.

    Parameters
    ----------
    x, y
        (n,) easting or longitude, northing or latitude in the source system.

    Returns
    -------
    x, y : (n,) float64
        In the target system; infinite where the operation is not defined, such as
        beyond the edge of its datum grid, and where the input was not finite.

    Raises
    ------
    DatumGridMissingError
        A grid that was there when the operation was planned is gone.
    """
    given_x, given_y = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
    try:
        transformer = Transformer.from_pipeline(operation.definition)
        got_x, got_y = transformer.transform(given_x, given_y)
        lost = ~(np.isfinite(got_x) & np.isfinite(got_y))
        if operation.grids and lost.any():
            _miss_grid(transformer, given_x[lost][0], given_y[lost][0])
    except ProjError as error:
        raise DatumGridMissingError(
            f"the operation {operation.name} cannot be carried out: {error}",
            advice="Install the grid again: flurbuch grids add FILE.",
            grid=", ".join(operation.grids),
        ) from error
    got_x[lost] = got_y[lost] = np.inf
    return got_x, got_y


def _miss_grid(transformer: Transformer, x: float, y: float) -> None:
    """Raise PROJ's error if a position is lost because the grid is, not because of where it is."""
    try:
        transformer.transform(x, y, errcheck=True)
    except ProjError as error:
        if "File not found" in str(error):
            raise


def transform_geometry(geometry: NDArray[np.object_], operation: Operation) -> NDArray[np.object_]:
    """Carry geometries over by a planned operation, vertex by vertex.

    Parameters
    ----------
    geometry
        (n,) shapely geometries or None in the source system. Heights are dropped.

    Returns
    -------
    (n,) object
        In the target system. None stays None; vertices for which the operation is not
        defined become infinite (:meth:`Window.judge` finds them).

    Notes
    -----
    Straight edges stay straight: an edge of 100 m drawn in degrees deviates by 0.3 mm. About
    1 µs per vertex.
    """
    flat = shapely.force_2d(np.asarray(geometry, dtype=object))
    points = shapely.get_coordinates(flat)
    if not len(points):
        return np.array(flat, dtype=object)
    moved = np.column_stack(transform_xy(points[:, 0], points[:, 1], operation))
    return np.asarray(shapely.set_coordinates(flat.copy(), moved), dtype=object)


def areal_scale(x: ArrayLike, y: ArrayLike, crs: str | int | pyproj.CRS) -> NDArray[np.float64]:
    """Return by how much the map projection enlarges areas at given places.

    Parameters
    ----------
    x, y
        (n,) easting and northing in metres.
    crs
        Their projected reference system.

    Returns
    -------
    (n,) float64
        k²: plane area divided by the area on the ellipsoid; NaN outside the projection.

    Raises
    ------
    CRSMismatchError
        The system is not projected.

    Notes
    -----
    About 1 µs per place, by PROJ's factors; in UTM they agree with the series
    k = k0 (1 + e²/2R² + e⁴/24R⁴) to 2e-8 within 220 km of the central meridian.

    Examples
    --------
    >>> bool(abs(areal_scale([500_000], [5_690_000], 25832)[0] - 0.9996**2) < 1e-9)
    True
    """
    system = resolve_crs(crs)
    if not system.is_projected:
        raise CRSMismatchError(
            f"areas need a projected reference system, got {system.name}", found=system.name
        )
    projection = pyproj.Proj(system)
    east, north = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
    longitude, latitude = projection(east, north, inverse=True)
    scale = np.asarray(projection.get_factors(longitude, latitude).areal_scale, dtype=np.float64)
    return np.where(np.isfinite(scale), scale, np.nan)
