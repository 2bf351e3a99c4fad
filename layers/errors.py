"""Errors of reading, checking and releasing layers."""

from gis_core.errors import FlurbuchError


class LayerSpecError(FlurbuchError):
    """A layer.toml is incomplete or contradicts itself."""

    code = "layer-spec"


class MunicipalityError(FlurbuchError):
    """No profile of that municipality is known."""

    code = "unknown-municipality"


class UnknownLayerError(FlurbuchError):
    """No layer of that name is registered."""

    code = "unknown-layer"


class UnknownCollectionError(FlurbuchError):
    """No such collection, or none that the caller may know of: the answer is the same."""

    code = "unknown-collection"


class UnknownFieldError(FlurbuchError):
    """No such field, or none that the caller may know of: the answer is the same."""

    code = "unknown-field"


class UnknownParcelError(FlurbuchError):
    """The parcel key is well-formed but no current parcel carries it."""

    code = "unknown-parcel"


class EndedParcelError(FlurbuchError):
    """The parcel key is that of a former parcel; ``successors`` names those that came after it."""

    code = "parcel-ended"


class AccessError(FlurbuchError):
    """The caller's role may not do this, or a purpose is missing."""

    code = "access"


class SourceFileError(FlurbuchError):
    """A file as a whole cannot be read: truncated, of another kind, or refused for safety."""

    code = "source-file"


class DeliveryError(FlurbuchError):
    """A delivery of changes does not fit what is stored; nothing was changed."""

    code = "delivery"


class NothingUsableError(FlurbuchError):
    """An import found no single row that it could use; the served data stay as they were."""

    code = "nothing-usable"


class NotMergedError(FlurbuchError):
    """The links are missing or older than the layers they join."""

    code = "not-merged"


class RunnerError(FlurbuchError):
    """Work that was to be spread over processes or machines cannot be done there."""

    code = "runner"


class PlaceError(FlurbuchError):
    """A place that somebody drew or named cannot be one here."""

    code = "place"


class TooMuchError(FlurbuchError):
    """An answer would need more work than is done for one question."""

    code = "too-much"


class InvalidFeatureError(FlurbuchError):
    """A feature that was sent does not fit its layer: field, what was found, what was expected."""

    code = "invalid-feature"


class FeatureExistsError(FlurbuchError):
    """A feature of that identifier is there already."""

    code = "feature-exists"


class NoFeatureError(FlurbuchError):
    """The feature that is to be changed is not there."""

    code = "no-feature"


class NotEditableError(FlurbuchError):
    """The collection is filled by imports only."""

    code = "not-editable"


class PreconditionMissingError(FlurbuchError):
    """A change that does not say which state of the feature it is meant for."""

    code = "precondition-missing"


class ChangedMeanwhileError(FlurbuchError):
    """The feature is no longer in the state that the change was meant for."""

    code = "changed-meanwhile"


class LayerBusyError(FlurbuchError):
    """The layer is being written, and did not become free in time."""

    code = "layer-busy"
