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


class UnknownProcessError(FlurbuchError):
    """No process of that name is offered."""

    code = "no-such-process"


class InputError(FlurbuchError):
    """A request to execute a process cannot be read, or an input is missing or not allowed."""

    code = "input"


class TooLargeError(FlurbuchError):
    """A request is larger than what is taken, or its answer than what is given out at once."""

    code = "too-large"


class BusyError(FlurbuchError):
    """As much as can be done at once is being done; ``retry_after_s`` says when to ask again."""

    code = "busy"
    retry_after_s = 10


class UnknownJobError(FlurbuchError):
    """There is no such job, or it is somebody else's: the answer is the same."""

    code = "no-such-job"


class ResultNotReadyError(FlurbuchError):
    """The job has not come to an end."""

    code = "result-not-ready"


class JobLostError(FlurbuchError):
    """Whoever began the job died of it, several times."""

    code = "job-lost"


class StoppedError(FlurbuchError):
    """Nobody waits for the work any more."""

    code = "stopped"


class BodyError(FlurbuchError):
    """What was sent cannot be read."""

    code = "body"


class MediaTypeError(FlurbuchError):
    """What was sent is of a kind that is not taken."""

    code = "media-type"
