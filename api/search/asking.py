"""The query parameters of a search: each collection reads them as its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.errors import ParameterError
from api.features import text_search
from api.features.parameters import DEFAULT_LIMIT, ItemsRequest, read_items_request
from gis_core.errors import FilterError
from gis_core.offered_crs import Box
from layers.errors import UnknownCollectionError
from layers.figures import FIGURES
from layers.spec import GeometryKind
from layers.view import CollectionView

OWN = ("collections",)
SHARED = (
    "q",
    "bbox",
    "bbox-crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "crs",
    "limit",
    "offset",
    "cursor",
    "resulttype",
    "skipGeometry",
)
PARAMETERS = (*OWN, *SHARED)
MOST = 1000  # features of one answer


@dataclass(frozen=True, slots=True)
class Part:
    """A collection that is searched, and what is asked of it."""

    view: CollectionView
    asked: ItemsRequest


def chosen(
    given: Mapping[str, str], views: Sequence[CollectionView]
) -> tuple[list[CollectionView], bool]:
    """Return the collections to be searched, in their order, and whether they were named.

    Without ``collections`` all that have a place, but for what shows others once more: parcels
    with their figures, their points, land use by parcel.

    Raises
    ------
    ParameterError
        None is named, or one twice.
    UnknownCollectionError
        There is none of that name.
    """
    if "collections" not in given:
        placed = [v for v in views if v.spec.geometry is not GeometryKind.NONE]
        own = [v for v in placed if v.spec.made_of is None]
        return [v for v in own if not v.id.endswith(FIGURES)], False
    names = [name for name in given["collections"].split(",") if name]
    if not names or len(set(names)) < len(names):
        raise ParameterError(
            f"collections: found {given['collections'][:80]!r}, expected names of collections, "
            "separated by commas, each once",
            parameter="collections",
        )
    known = {view.id: view for view in views}
    for name in names:
        if name not in known:
            raise UnknownCollectionError(
                f"there is no collection {name[:80]!r}",
                advice="Look at the list of collections.",
                collection=name[:80],
            )
    return [known[name] for name in names], True


def read_parts(
    given: Mapping[str, str],
    views: Sequence[CollectionView],
    storage: int,
    bounds: Sequence[Box],
    *,
    named: bool,
    offset: int | None,
) -> list[Part]:
    """Read the parameters against each collection.

    Parameters
    ----------
    bounds
        Of each collection, the box in the storage CRS outside of which it has nothing.
    named
        Whether the collections were named: then each must be able to answer. Else those are left
        out that have no words, or to which the filter does not fit.
    offset
        Where the page begins, if a cursor said so.

    Raises
    ------
    ParameterError, PeriodError, UnsupportedCRSError
        A value is not allowed, or nothing of what was named can be searched by it.
    FilterError
        The filter cannot be read, or does not fit any of the collections.
    """
    own = {name: text for name, text in given.items() if name in SHARED and name != "cursor"}
    parts, refused = [], None
    for view, box in zip(views, bounds, strict=True):
        if "q" in own and not text_search.offered(view):
            if named:
                raise _without_words(view)
            continue
        try:
            asked = read_items_request(own, view, storage, box, MOST, offset)
        except FilterError as error:
            if named:
                raise
            refused = refused or error
            continue
        parts.append(Part(view, asked))
    if refused is not None and not parts:
        raise refused
    return parts


def page_of(parts: Sequence[Part]) -> tuple[int, int]:
    """Return how many features a page has, and where it begins: of all parts the same."""
    return (parts[0].asked.limit, parts[0].asked.offset) if parts else (DEFAULT_LIMIT, 0)


def _without_words(view: CollectionView) -> ParameterError:
    return ParameterError(
        f"q: {view.id} has no words that could be searched",
        advice="Leave it out of collections, or ask without q.",
        parameter="q",
        collection=view.id,
    )
