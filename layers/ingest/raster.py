"""Rasters: a GeoTIFF of heights, checked block by block, stored as a cloud-optimised GeoTIFF."""

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.windows import Window as Block

from gis_core.crs import plan_operation, resolve_crs
from gis_core.errors import CRSMismatchError, StoreError, UnknownCRSError
from gis_core.faults import Fault, Outcome
from gis_core.store.store import Store
from layers.errors import NothingUsableError, SourceFileError
from layers.formats.archive import unpacked
from layers.ingest.files import describe_file
from layers.ingest.report import Counts, FaultLog, FileReport, IngestReport
from layers.municipality import Municipality
from layers.scratch import scratch_folder
from layers.spec import LayerSpec, RasterKind

_BLOCK = 512
_EMPTY = -9999.0  # what cells without a height hold where the source states no such value
_NO_SPACE = "No space left"


@dataclass(slots=True)
class _Cells:
    """What the cells of a raster hold."""

    total: int = 0
    empty: int = 0
    broken: int = 0
    low: float = math.inf
    high: float = -math.inf
    first_broken: int = 0


def ingest_raster(
    store: Store | None,
    municipality: Municipality,
    layer: LayerSpec,
    files: Sequence[Path],
    *,
    crs: str | None = None,
    data_date: date | None = None,
    dry_run: bool = False,
) -> IngestReport:
    """Import one GeoTIFF as a new generation of a raster layer.

    Cells that are not finite become empty cells and count as quarantined; cells the file
    itself calls empty are accepted as such.

    Raises
    ------
    SourceFileError
        Not one readable GeoTIFF with one band, straight on the grid, over the municipality.
    CRSMismatchError, UnknownCRSError
        Its reference system is not the storage CRS, or is not stated: heights are not
        resampled.
    NothingUsableError
        Every cell is empty.
    """
    started_at, clock = datetime.now(UTC), time.monotonic()
    _expect_one(files, layer, files)
    file = describe_file(files[0])
    faults = FaultLog()
    with ExitStack() as stack:
        writer = stack.enter_context(store.stage(layer.id)) if store and not dry_run else None
        folder = stack.enter_context(scratch_folder())
        sources = stack.enter_context(unpacked(files[0]))
        _expect_one(sources, layer, files)
        codes = layer.raster is not None and layer.raster.kind is RasterKind.CLASSES
        overviews = "MODE" if codes else "AVERAGE"
        cells = _convert(sources[0].path, folder, file, municipality, crs, overviews)
        _count(file, layer, cells)
        broken = [_broken(file, cells)] if cells.broken else []
        faults.add(broken)
        report = IngestReport(
            layer=layer.id,
            municipality=municipality.id,
            generation=None,
            started_at=started_at,
            seconds=time.monotonic() - clock,
            files=(file,),
            faults=faults.sorted(),
        )
        if writer is None:
            return report
        if broken:
            writer.quarantine(broken)
        writer.attach(folder / "cog.tif", f"{layer.id}.tif")
        info = writer.publish(report.provenance(), data_date)
    return replace(report, generation=info.number, seconds=time.monotonic() - clock)


def _expect_one(found: Sequence[object], layer: LayerSpec, files: Sequence[Path]) -> None:
    if len(found) == 1:
        return
    names = ", ".join(path.name for path in files)
    raise SourceFileError(
        f"{names}: layer {layer.id} is one raster, found {len(found)} files",
        advice="Join the tiles first, for example with gdalbuildvrt and gdal_translate.",
        file=names,
        found=f"{len(found)} files",
        expected="one GeoTIFF",
    )


def _convert(
    path: Path,
    folder: Path,
    report: FileReport,
    municipality: Municipality,
    crs: str | None,
    overviews: str,
) -> _Cells:
    """Check a GeoTIFF and write it as ``cog.tif``, its overviews as told, into a folder."""
    try:
        with rasterio.open(path, driver="GTiff") as source:
            target = _checked_crs(source, report, municipality, crs)
            _check_shape(source, report, municipality)
            empty = source.nodata if source.nodata is not None else _EMPTY
            profile = {
                "driver": "GTiff",
                "dtype": source.dtypes[0],
                "count": 1,
                "width": source.width,
                "height": source.height,
                "crs": CRS.from_epsg(target),
                "transform": source.transform,
                "nodata": empty if source.nodata is not None or _floats(source) else None,
                "tiled": True,
                "blockxsize": _BLOCK,
                "blockysize": _BLOCK,
                "bigtiff": "if_safer",
            }
            with rasterio.open(folder / "plain.tif", "w", **profile) as plain:
                plain.scales, plain.offsets = source.scales, source.offsets
                cells = _copy(source, plain, empty)
            if cells.low <= cells.high:
                ends = [v * source.scales[0] + source.offsets[0] for v in (cells.low, cells.high)]
                cells.low, cells.high = sorted(ends)
        rasterio.shutil.copy(
            folder / "plain.tif",
            folder / "cog.tif",
            driver="COG",
            compress="DEFLATE",
            predictor="YES",
            overview_resampling=overviews,
        )
    except RasterioError as fault:
        raise _explained(report, fault) from fault
    return cells


def _floats(source: DatasetReader) -> bool:
    return bool(np.issubdtype(np.dtype(source.dtypes[0]), np.floating))


def _explained(report: FileReport, fault: RasterioError) -> StoreError | SourceFileError:
    if _NO_SPACE in str(fault):
        return StoreError(
            f"{report.name}: the disk is full", advice="Free space and try again.", cause="full"
        )
    return SourceFileError(
        f"{report.name}: cannot be read as a GeoTIFF: {fault}",
        advice="Deliver a GeoTIFF with one band of heights.",
        file=report.name,
        expected="a GeoTIFF",
    )


def _checked_crs(
    source: DatasetReader, report: FileReport, municipality: Municipality, crs: str | None
) -> int:
    """Return the storage CRS after making sure that it is the raster's."""
    stated = crs or (source.crs.to_wkt() if source.crs else None)
    if stated is None:
        raise UnknownCRSError(
            f"{report.name}: the raster states no reference system",
            advice="State it with --crs EPSG:….",
            file=report.name,
        )
    target = municipality.storage_crs
    found, wanted = resolve_crs(stated), resolve_crs(target)
    if not found.equals(wanted, ignore_axis_order=True):
        raise CRSMismatchError(
            f"{report.name}: heights are in {found.name}, stored are they in {wanted.name}; "
            "a raster is not resampled at import",
            advice=f"Deliver it in EPSG:{target} (gdalwarp -t_srs EPSG:{target}).",
            file=report.name,
            found=found.name,
            expected=wanted.name,
        )
    report.operations.append(plan_operation(target, target))
    return target


def _check_shape(source: DatasetReader, report: FileReport, municipality: Municipality) -> None:
    grid = source.transform
    box = source.bounds
    xmin, ymin, xmax, ymax = municipality.window
    apart = box.right < xmin or box.left > xmax or box.top < ymin or box.bottom > ymax
    for wrong, found, expected in (
        (source.count != 1, f"{source.count} bands", "one band of heights"),
        (grid.b != 0 or grid.d != 0 or grid.e >= 0, "a turned raster", "rows from west to east"),
        (apart, f"the box {tuple(map(round, box))}", f"a box that meets {municipality.window}"),
        (source.dtypes[0].startswith("complex"), source.dtypes[0], "real numbers"),
    ):
        if wrong:
            raise SourceFileError(
                f"{report.name}: found {found}, expected {expected}",
                advice="Check that it is the right file.",
                file=report.name,
                found=found,
                expected=expected,
            )


def _copy(source: DatasetReader, plain: DatasetWriter, empty: float) -> _Cells:
    """Copy the band block by block, count its cells, make what is not finite empty."""
    cells = _Cells()
    for top in range(0, source.height, _BLOCK):
        rows = min(_BLOCK, source.height - top)
        for left in range(0, source.width, _BLOCK):
            block = Block(left, top, min(_BLOCK, source.width - left), rows)
            values: NDArray[np.float64] = source.read(1, window=block)
            filled = source.read_masks(1, window=block) > 0
            broken = filled & ~np.isfinite(values)
            if broken.any() and not cells.broken:
                cells.first_broken = top + int(np.flatnonzero(broken.any(axis=1))[0]) + 1
            if broken.any() or (_floats(source) and not filled.all()):
                values[broken | ~filled] = empty
            plain.write(values, 1, window=block)
            sound = values[filled & ~broken]
            cells.total += values.size
            cells.broken += int(broken.sum())
            cells.empty += int((~filled).sum())
            if sound.size:
                cells.low = min(cells.low, float(sound.min()))
                cells.high = max(cells.high, float(sound.max()))
    return cells


def _count(report: FileReport, layer: LayerSpec, cells: _Cells) -> None:
    if cells.low > cells.high:
        raise NothingUsableError(
            f"{report.name}: every cell is empty; the served data stay as they were",
            advice="Check that it is the right file.",
            file=report.name,
        )
    unit = layer.raster.unit if layer.raster else ""
    report.collections[layer.id] = Counts(
        read=cells.total, accepted=cells.total - cells.broken, quarantined=cells.broken
    )
    report.notes.append(
        f"values from {cells.low:.2f} to {cells.high:.2f} {unit}, {cells.empty:,} of "
        f"{cells.total:,} cells empty"
    )


def _broken(report: FileReport, cells: _Cells) -> Fault:
    return Fault(
        report.name,
        cells.first_broken,
        "band 1",
        f"{cells.broken:,} cells that are no number",
        "finite heights",
        "not-finite",
        Outcome.QUARANTINED,
    )
