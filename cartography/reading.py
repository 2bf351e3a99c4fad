"""From stored layers to a scene: the one place where cartography reads data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from cartography.parcel_uses import (
    Sized,
    largest_first,
    uses_in_summary,
    uses_in_text,
    uses_on_ground,
)
from cartography.scene import Buildings, Imprint, LandUses, Parcels, Scene, Texts, Trees
from cartography.sheet import MapFrame
from cartography.style import Catalogue, default_catalogue
from gis_core.addresses import list_addresses, split_address
from gis_core.geometry import label_point
from gis_core.keys import AlkisKeys, KeyScheme, parts
from layers.access import Actor
from layers.dossier import ended_error, read_parcel_key
from layers.errors import NotMergedError, UnknownCollectionError, UnknownParcelError
from layers.query import Query
from layers.reader import Reader
from layers.view import CollectionView

BUILDINGS, LAND_USE, TREES = "gebaeude_bauwerk", "nutzung", "baum"
NEIGHBOUR_REACH = 1.0
"""How far around the selected parcel neighbours are looked for, metre."""

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Subject:
    """The parcel that a sheet is about: canonical key, bounds and a point in it, metre."""

    key: str
    bounds: Bounds
    inside: tuple[float, float]


def find_subject(reader: Reader, actor: Actor, text: str, on: date | None = None) -> Subject:
    """Find a parcel by its key in any spelling: a current one, or one of a former day.

    Raises
    ------
    ParcelKeyError
        The text is no parcel key, or several could be meant.
    EndedParcelError
        The parcel has ended.
    UnknownParcelError
        No parcel has the key.
    """
    view = reader.parcels(actor)
    key = read_parcel_key(reader, actor, view, text)
    frame = _features(reader, actor, view, Query(equals={_key_field(view): key}), (), on)
    if not len(frame):
        fate = reader.history(actor).fate(key)
        if fate is not None:
            raise ended_error(key, fate)
        raise UnknownParcelError(
            f"no {'current ' if on is None else ''}parcel has the key {key}",
            advice="Search with: flurbuch find TEXT",
            parcel_key=key,
        )
    shapes = _shapes(frame)
    bounds: list[float] = shapely.total_bounds(shapes).tolist()
    largest = shapes[[int(np.argmax(shapely.area(shapes)))]]
    middle = label_point(largest)[0]
    edges = (bounds[0], bounds[1], bounds[2], bounds[3])
    return Subject(key, edges, (float(middle.x), float(middle.y)))


def build_scene(
    reader: Reader,
    actor: Actor,
    frame: MapFrame,
    subject: Subject | None,
    *,
    synthetic: bool = False,
    style: Catalogue | None = None,
    on: date | None = None,
) -> Scene:
    """Read everything that lies within a map frame.

    Parameters
    ----------
    reader, actor
        The door to the data and who asks: hidden fields do not reach the sheet.
    frame
        What piece of the earth, at which scale.
    subject
        The selected parcel, or None.
    synthetic
        The data are invented; the sheet says so.
    style
        Catalogue that decides which land uses are streets; the program's when None.
    on
        Show the parcels of that day; buildings, uses and trees are those of now.

    Returns
    -------
    The scene. Layers that were never imported are empty.
    """
    style = style or default_catalogue()
    view = reader.parcels(actor)
    parcels = _parcels(reader, actor, view, _reach(frame, subject), style, on)
    chosen = np.flatnonzero(parcels.key == (subject.key if subject else ""))
    trees = _optional(reader, actor, TREES)
    return Scene(
        frame=frame,
        parcels=parcels,
        imprint=_imprint(reader, view, synthetic=synthetic, on=on),
        subject=int(chosen[0]) if len(chosen) else -1,
        buildings=_buildings(reader, actor, frame),
        land_use=_land_use(reader, actor, Query(bbox=frame.extent)),
        trees=_trees(reader, actor, frame),
        has_trees=trees is not None,
    )


def _reach(frame: MapFrame, subject: Subject | None) -> Bounds:
    """Return the frame's extent, widened so that all neighbours of the subject are in it."""
    west, south, east, north = frame.extent
    if subject is None:
        return west, south, east, north
    a, b, c, d = subject.bounds
    far = NEIGHBOUR_REACH
    return min(west, a - far), min(south, b - far), max(east, c + far), max(north, d + far)


def _features(
    reader: Reader,
    actor: Actor,
    view: CollectionView,
    query: Query,
    wanted: Sequence[str],
    on: date | None = None,
) -> gpd.GeoDataFrame:
    """Return features with those of the wanted fields that the actor may read."""
    query = query.selecting(tuple(name for name in wanted if name in view.names))
    if on is None:
        frame = reader.frame(actor, view.id, query)
    else:
        frame = reader.history(actor).frame(query, on)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise UnknownCollectionError(f"collection {view.id} has no geometry", collection=view.id)
    there = ~(frame.geometry.isna() | frame.geometry.is_empty)
    # the order of storage may change with an import: the sheet must not
    return frame[there.to_numpy()].sort_index(kind="stable")


def _optional(reader: Reader, actor: Actor, collection: str) -> CollectionView | None:
    try:
        return reader.view(actor, collection)
    except UnknownCollectionError:
        return None


def _key_field(view: CollectionView) -> str:
    key = view.spec.relation.key
    if key is None:
        raise UnknownCollectionError(f"collection {view.id} has no parcel key", collection=view.id)
    return key


def _texts(frame: pd.DataFrame, column: str | None) -> Texts:
    """Return a column as texts; missing values and a column not read are ""."""
    if column is None or column not in frame:
        return np.full(len(frame), "", dtype=object)
    values = frame[column]
    return np.where(values.isna(), "", values.astype(object)).astype(str).astype(object)


def _numbers(frame: pd.DataFrame, column: str | None) -> NDArray[np.float64]:
    """Return a column as numbers; missing values and a column not read are NaN."""
    if column is None or column not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[column].to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _shapes(frame: gpd.GeoDataFrame) -> Texts:
    return np.asarray(frame.geometry.array, dtype=object)


def _parcels(
    reader: Reader,
    actor: Actor,
    view: CollectionView,
    bounds: Bounds,
    style: Catalogue,
    on: date | None,
) -> Parcels:
    relation = view.spec.relation
    key = _key_field(view)
    fields = [f for f in (key, relation.area, relation.use, relation.address) if f]
    frame = _features(reader, actor, view, Query(bbox=bounds), fields, on)
    frame = _one_row_each(frame, key)
    uses, addresses = _texts(frame, relation.use), _texts(frame, relation.address)
    names = [_key_names(str(k), reader.municipality.keys) for k in frame[key]]
    columns = np.array(names, dtype=object).reshape(-1, 4)
    keys, geometry = _texts(frame, key), _shapes(frame)
    shared = _uses(reader, actor, uses, keys, geometry)
    return Parcels(
        key=keys,
        number=columns[:, 0],
        subnumber=columns[:, 1],
        district=columns[:, 2],
        section=columns[:, 3],
        area_m2=_numbers(frame, relation.area),
        use=np.array([", ".join(names) for names in shared], dtype=object),
        address=addresses,
        street=np.array(
            [
                _street(names, str(address), style)
                for names, address in zip(shared, addresses, strict=True)
            ],
            dtype=object,
        ),
        geometry=geometry,
    )


def _one_row_each(frame: gpd.GeoDataFrame, key: str) -> gpd.GeoDataFrame:
    """Return one row per parcel, sorted by key; some sources deliver a parcel in pieces."""
    frame = frame.sort_values(key, kind="stable")
    pieces = frame[key].duplicated(keep=False)
    if not pieces.any():
        return frame
    shapes = _shapes(frame)
    first = np.flatnonzero(~frame[key].duplicated())
    whole = np.array([shapely.union_all(part) for part in np.split(shapes, first[1:])])
    return frame[~frame[key].duplicated()].set_geometry(whole, crs=frame.crs)


def _key_names(key: str, scheme: KeyScheme) -> tuple[str, str, str, str]:
    """Return number, sub-number, district and section of a parcel as a sheet prints them."""
    if not isinstance(scheme, AlkisKeys):
        return key, "", "", ""
    of = parts(key)
    district = scheme.catalogue.district(of.district)
    return (
        str(of.numerator),
        str(of.denominator) if of.denominator else "",
        district.name if district else of.district,
        str(of.section) if of.section is not None else "",
    )


def _uses(
    reader: Reader, actor: Actor, texts: Texts, keys: Texts, geometry: Texts
) -> list[list[str]]:
    """Return each parcel's uses, largest first: as stated, as merged, else as they lie."""
    stated = [uses_in_text(str(text)) for text in texts]
    missing = np.array([i for i, sized in enumerate(stated) if not sized], dtype=np.intp)
    view = _optional(reader, actor, LAND_USE)
    if len(missing) and view is not None:
        found = _uses_nearby(reader, actor, view, keys[missing], geometry[missing])
        for i, sized in zip(missing.tolist(), found, strict=True):
            stated[i] = sized
    return [largest_first(sized) for sized in stated]


def _uses_nearby(
    reader: Reader, actor: Actor, view: CollectionView, keys: Texts, geometry: Texts
) -> list[Sized]:
    try:
        summary = reader.summaries(actor, view.id, [str(key) for key in keys])
    except NotMergedError:
        summary = pd.DataFrame()
    if "areas" in summary:
        texts = summary["areas"].reindex(keys).fillna("{}")
        return [uses_in_summary(str(text)) for text in texts]
    bounds: list[float] = shapely.total_bounds(geometry).tolist()
    query = Query(bbox=(bounds[0], bounds[1], bounds[2], bounds[3]))
    land_use = _land_use(reader, actor, query)
    return uses_on_ground(geometry, land_use.geometry, [str(kind) for kind in land_use.kind])


def _street(uses: list[str], address: str, style: Catalogue) -> str:
    """Return the street's name of a parcel whose main use is traffic, else ""."""
    if not uses or style.land_use_fill(uses[0]).id != "traffic":
        return ""
    found = split_address(address)
    return "" if found.number else found.street


def _buildings(reader: Reader, actor: Actor, window: MapFrame) -> Buildings:
    view = _optional(reader, actor, BUILDINGS)
    if view is None:
        return Buildings()
    fields = ("gebnutzbez", "funktion", "rellage", "name", "lagebeztxt")
    frame = _features(reader, actor, view, Query(bbox=window.extent), fields)
    use, function = _texts(frame, "gebnutzbez"), _texts(frame, "funktion")
    ground = _texts(frame, "rellage")
    return Buildings(
        geometry=_shapes(frame),
        function=np.where(function == "", use, function),
        house_number=np.array(
            [house_number(str(a)) for a in _texts(frame, "lagebeztxt")], dtype=object
        ),
        name=_texts(frame, "name"),
        underground=np.array(["unter der" in str(g).casefold() for g in ground], dtype=bool),
    )


def house_number(address: str) -> str:
    """Return the house number in an address as lettered on a building, "" where none.

    Examples
    --------
    >>> house_number("Westwall 12a"), house_number("Am Weg 25, 27, 29"), house_number("Markt")
    ('12a', '25–29', '')
    """
    numbers = [f"{a.number}{a.suffix}" for a in list_addresses(address) if a.number]
    if len(numbers) > 2:
        return f"{numbers[0]}–{numbers[-1]}"
    return ", ".join(numbers)


def _land_use(reader: Reader, actor: Actor, query: Query) -> LandUses:
    view = _optional(reader, actor, LAND_USE)
    if view is None:
        return LandUses()
    frame = _features(reader, actor, view, query, ("nutzart", "bez", "name"))
    kind, more = _texts(frame, "nutzart"), _texts(frame, "bez")
    return LandUses(_shapes(frame), np.where(kind == "", more, kind), _texts(frame, "name"))


def _trees(reader: Reader, actor: Actor, window: MapFrame) -> Trees:
    view = _optional(reader, actor, TREES)
    if view is None:
        return Trees()
    frame = _features(reader, actor, view, Query(bbox=window.extent), ("crown_diameter_m",))
    return Trees(_shapes(frame), _numbers(frame, "crown_diameter_m"))


def _imprint(reader: Reader, view: CollectionView, *, synthetic: bool, on: date | None) -> Imprint:
    title = reader.municipality.title
    steward = view.layer.steward
    return Imprint(
        municipality={"de": title["de"], "en": title["en"]},
        office={"de": steward, "en": steward},
        data_date=on or _data_date(view),
        licence=view.layer.licence,
        synthetic=synthetic,
        reference_system=_system_name(reader.municipality.storage_crs),
    )


def _data_date(view: CollectionView) -> date:
    """Return the date of the data as the source states it, else the day of the import."""
    return view.generation.data_date or view.generation.imported_at.date()


def _system_name(epsg: int) -> str:
    names = {25832: "ETRS89/UTM 32N", 25833: "ETRS89/UTM 33N"}
    return f"{names[epsg]} (EPSG:{epsg})" if epsg in names else f"EPSG:{epsg}"
