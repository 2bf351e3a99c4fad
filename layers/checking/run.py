"""The check of a city's parcels: read through the store, judge, add what others know, report."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.fabric_quality import AreaBound, Code, Finding, check_fabric, group_borders
from gis_core.faults import Fault, Outcome
from gis_core.keys import AlkisKeys, KeyScheme
from gis_core.store import GenerationInfo, Store
from gis_core.store.quarantine import read_faults
from layers.checking.addresses import address_fields, check_addresses, is_open
from layers.checking.reading import CheckedRows, parcels_with_data, read_rows
from layers.checking.repairs import REPAIRED, check_repairs
from layers.checking.report import CheckReport, remarks
from layers.checking.words import note
from layers.municipality import Municipality
from layers.progress import Progress, silent
from layers.registry import Registry
from layers.spec import CollectionSpec, LayerSpec, Title

MOST_OUTLINES = 3_000
"""Above this many parcels a picture of the city shows sections and districts only."""

MOST_BARE = 20_000
"""The same where keys name no section and no district that could be shown."""


def check_parcels(
    store: Store,
    registry: Registry,
    municipality: Municipality,
    *,
    bound: AreaBound | None = None,
    only: Collection[Code] = (),
    outlines: bool = False,
    progress: Progress = silent,
) -> CheckReport:
    """Check the parcels that are served.

    Parameters
    ----------
    store, registry, municipality
        Where the parcels are, what they are, and whose.
    bound
        By how much areas may differ; None: as the municipality's profile says.
    only
        Codes to report; empty: all.
    outlines
        Return the borders to draw under a picture as well.
    progress
        Called with step title, done and total.

    Returns
    -------
    The report. Nothing personal and no tax secret is read: parcels are public, and addresses
    of registers that are not public or internal are left out with a note.

    Raises
    ------
    NotMergedError
        No parcels were imported.
    StoreError
        A generation cannot be read.

    Notes
    -----
    The same imports give the same report. 80,000 parcels take about 5 CPU s, most of it
    reading them.
    """
    served = dict(store.served())
    layer, spec = parcels_with_data(registry, served)
    info = served[layer.id]
    progress("parcels", 0, 1)
    parcels = read_rows(store.open_generation(info), spec, municipality)
    progress("parcels", 1, 1)
    progress("fabric", 0, 1)
    findings = check_fabric(parcels.rows, bound or municipality.area_bound)
    progress("fabric", 1, 1)
    tree = shapely.STRtree(parcels.rows.geometry)
    faults = [fault for fault, _ in read_faults(info)]
    repaired = list(check_repairs(faults, parcels, tree))
    progress("addresses", 0, 1)
    addresses, sealed = _addresses(store, registry, served, spec, parcels, tree)
    progress("addresses", 1, 1)
    codes = tuple(code for code in Code if not only or code in only)
    wanted = [f for f in (*findings, *repaired, *addresses) if f.code in codes]
    notes = [*_import_notes(layer, faults, repaired), *(sealed if Code.ADDRESS in codes else ())]
    return CheckReport(
        municipality=municipality.title,
        crs=municipality.storage_crs,
        generation=info.number,
        data_date=info.data_date,
        rows=len(parcels.rows),
        parcels=len({key for key in parcels.rows.key if key}),
        codes=codes,
        remarks=remarks(wanted, parcels),
        notes=tuple(notes),
        lines=_outlines(parcels) if outlines else {},
        districts=_district_places(parcels, municipality.keys) if outlines else {},
    )


def check_directory(
    data_dir: Path,
    registry: Registry,
    municipality: Municipality,
    *,
    bound: AreaBound | None = None,
    only: Collection[Code] = (),
    outlines: bool = False,
    progress: Progress = silent,
) -> CheckReport:
    """Check the parcels below a data directory; see `check_parcels`."""
    with Store.open(data_dir) as store:
        return check_parcels(
            store,
            registry,
            municipality,
            bound=bound,
            only=only,
            outlines=outlines,
            progress=progress,
        )


def _addresses(
    store: Store,
    registry: Registry,
    served: dict[str, GenerationInfo],
    parcels_spec: CollectionSpec,
    parcels: CheckedRows,
    tree: shapely.STRtree,
) -> tuple[list[Finding], list[Title]]:
    """Check the addresses of every imported collection that is no secret; name the others."""
    findings: list[Finding] = []
    sealed = []
    for layer_id, collection_id, field in address_fields(registry, parcels_spec):
        info = served.get(layer_id)
        _, spec = registry.collection(collection_id)
        if info is None:
            continue
        if not is_open(spec, field):
            sealed.append(note("sealed", title=spec.title))
        elif info.table(collection_id) is not None:
            snapshot = store.open_generation(info)
            findings += check_addresses(snapshot, spec, field, parcels, tree)
    return findings, sealed


def _import_notes(
    layer: LayerSpec, faults: Iterable[Fault], repaired: list[Finding]
) -> Iterator[Title]:
    """Tell what the import changed or refused, where a check of the store cannot see it."""
    faults = list(faults)
    unknown = sum(f.code == REPAIRED for f in faults) - len(repaired)
    refused = len({(f.file, f.row) for f in faults if f.outcome is Outcome.QUARANTINED})
    for name, n in (("repaired", unknown), ("refused", refused)):
        if n > 0:
            yield note(name, n=str(n), layer=layer.id)


def _outlines(parcels: CheckedRows) -> dict[str, NDArray[np.object_]]:
    """Return borders of districts, sections and, in a small city, parcels."""
    groups = {"section": parcels.section, "district": parcels.rows.district}
    bare = not parcels.rows.district.astype(np.bool_).any()
    if len(parcels.rows) <= (MOST_BARE if bare else MOST_OUTLINES):
        groups["parcel"] = parcels.rows.key
    return group_borders(parcels.rows.geometry, groups)


def _district_places(parcels: CheckedRows, scheme: KeyScheme) -> dict[str, tuple[float, float]]:
    """Return the name of each district and the middle of its parcels."""
    if not isinstance(scheme, AlkisKeys):
        return {}
    centre = shapely.get_coordinates(shapely.centroid(parcels.rows.geometry)).reshape(-1, 2)
    there = ~(shapely.is_missing(parcels.rows.geometry) | shapely.is_empty(parcels.rows.geometry))
    district = parcels.rows.district[there]
    places = {}
    for key in sorted({str(d) for d in district if d}):
        known = scheme.catalogue.district(key)
        east, north = np.median(centre[district == key], axis=0)
        places[known.name if known else key] = (float(east), float(north))
    return places
