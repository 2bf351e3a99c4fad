"""Errors of asking: parameters, formats, addresses; and of settings."""

from gis_core.errors import FlurbuchError


class ParameterError(FlurbuchError):
    """A query parameter is unknown, or its value is not allowed."""

    code = "parameter"


class FormatError(FlurbuchError):
    """The format or language asked for is not offered."""

    code = "format"


class NotAcceptableError(FlurbuchError):
    """The caller accepts nothing that is offered."""

    code = "not-acceptable"


class UnsupportedCRSError(FlurbuchError):
    """The reference system asked for is not offered."""

    code = "unsupported-crs"


class CursorError(FlurbuchError):
    """The page asked for was never offered, or not with these parameters."""

    code = "cursor"


class CursorGoneError(FlurbuchError):
    """The import that the page belongs to is no longer kept."""

    code = "cursor-gone"


class SettingsError(FlurbuchError):
    """A setting is missing or not allowed."""

    code = "settings"


class UnknownFeatureError(FlurbuchError):
    """The collection has no feature of that id."""

    code = "unknown-feature"


class UnknownStyleError(FlurbuchError):
    """No map style, picture of signs or typeface has this name."""

    code = "unknown-style"


class OutsideError(FlurbuchError):
    """The area asked for lies beyond the data."""

    code = "outside"


class TooLargeError(FlurbuchError):
    """The answer would be larger than what is given out at once."""

    code = "too-large"
