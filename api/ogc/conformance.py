"""The conformance classes of the service: what its parts declare, taken together."""

from collections.abc import Iterable

from api.surface import Surface

_SPEC = "http://www.opengis.net/spec"


def classes_of(standard: str, *names: str) -> tuple[str, ...]:
    """Return the identifiers of a standard's conformance classes.

    >>> classes_of("ogcapi-features-2/1.0", "crs")
    ('http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs',)
    """
    return tuple(f"{_SPEC}/{standard}/conf/{name}" for name in names)


def declared(surfaces: Iterable[Surface | type[Surface]]) -> tuple[str, ...]:
    """Return every class that one of the surfaces declares, once, in order."""
    return tuple(sorted({name for surface in surfaces for name in surface.CONFORMS}))
