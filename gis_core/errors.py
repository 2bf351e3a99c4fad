"""The root of every error raised on purpose, and the leaves that belong to the core."""

from typing import ClassVar

Fact = str | float | tuple[str, ...]
_SHOWN = 80  # characters of what was found


class FlurbuchError(Exception):
    """Base of every error that is raised on purpose.

    ``code`` is part of the public contract: it is the key of the translated
    message and the tail of the problem type. ``fields`` holds the facts of the
    case; it must be safe to show to whoever made the request. ``advice`` says
    what to do next.
    """

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, advice: str = "", **fields: Fact) -> None:
        super().__init__(message)
        self.advice = advice
        self.fields = fields


class CRSMismatchError(FlurbuchError):
    """Two inputs are in different coordinate reference systems, or one has none."""

    code = "crs-mismatch"


class GeometryTypeError(FlurbuchError):
    """A geometry is of a kind (point, line, polygon) that the operation cannot take."""

    code = "geometry-type"


class DatumGridMissingError(FlurbuchError):
    """The accurate transformation needs a datum grid that is not installed."""

    code = "datum-grid-missing"


class UnknownCRSError(FlurbuchError):
    """A coordinate reference system is absent, or its name means nothing to PROJ."""

    code = "unknown-crs"


class ParcelKeyError(FlurbuchError):
    """A parcel key cannot be read, or names a parcel that cannot exist."""

    code = "parcel-key"


class StoreError(FlurbuchError):
    """The data directory is absent, damaged, full or of an unknown version."""

    code = "store"


class DistrictCatalogueError(FlurbuchError):
    """A catalogue of districts and sections cannot be read, or contradicts itself."""

    code = "district-catalogue"


class TileAddressError(FlurbuchError):
    """A tile matrix set has no such level, or the level no such row or column."""

    code = "tile-address"


class DeadlineError(FlurbuchError):
    """A query took longer than it was given."""

    code = "deadline"


class QueryError(FlurbuchError):
    """A query contradicts itself or asks for what cannot be: an empty box, a negative limit."""

    code = "query"


class FilterError(FlurbuchError):
    """A filter cannot be read, is too large, or does not fit the fields that it names.

    ``position`` is the character of the text, counted from 1, or a JSON pointer.
    """

    code = "filter"

    def __init__(self, position: int | str, found: str, expected: str, *, advice: str = "") -> None:
        shown = found if len(found) <= _SHOWN else f"{found[: _SHOWN - 1]}…"
        where = f"at character {position}" if isinstance(position, int) else f"at {position!r}"
        super().__init__(
            f"filter {where}: found {shown}, expected {expected}",
            advice=advice,
            position=position,
            found=shown,
            expected=expected,
        )


class PeriodError(FlurbuchError):
    """An instant or an interval cannot be read; ``position`` counts characters from 1."""

    code = "period"

    def __init__(self, position: int, found: str, expected: str) -> None:
        shown = found if len(found) <= _SHOWN else f"{found[: _SHOWN - 1]}…"
        super().__init__(
            f"datetime at character {position}: found {shown!r}, expected {expected}",
            position=position,
            found=shown,
            expected=expected,
        )


class ChangeError(FlurbuchError):
    """A change names a feature or parcel that is not there."""

    code = "change"
