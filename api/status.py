"""The one table from errors to HTTP statuses and to the command line's exit statuses."""

from http import HTTPStatus

from api import errors as asking
from cartography import errors as sheet
from gis_core import errors as core
from gis_core.errors import FlurbuchError
from layers import errors as layer

STATUS: dict[type[FlurbuchError], tuple[HTTPStatus, int]] = {
    core.CRSMismatchError: (HTTPStatus.BAD_REQUEST, 1),
    core.GeometryTypeError: (HTTPStatus.BAD_REQUEST, 1),
    core.DatumGridMissingError: (HTTPStatus.INTERNAL_SERVER_ERROR, 1),
    core.UnknownCRSError: (HTTPStatus.BAD_REQUEST, 1),
    core.ParcelKeyError: (HTTPStatus.BAD_REQUEST, 1),
    core.DistrictCatalogueError: (HTTPStatus.INTERNAL_SERVER_ERROR, 2),
    core.StoreError: (HTTPStatus.SERVICE_UNAVAILABLE, 1),
    core.TileAddressError: (HTTPStatus.NOT_FOUND, 1),
    core.DeadlineError: (HTTPStatus.SERVICE_UNAVAILABLE, 1),
    core.QueryError: (HTTPStatus.BAD_REQUEST, 1),
    core.FilterError: (HTTPStatus.BAD_REQUEST, 1),
    core.PeriodError: (HTTPStatus.BAD_REQUEST, 1),
    core.ChangeError: (HTTPStatus.CONFLICT, 1),
    layer.LayerSpecError: (HTTPStatus.INTERNAL_SERVER_ERROR, 2),
    layer.MunicipalityError: (HTTPStatus.INTERNAL_SERVER_ERROR, 2),
    layer.UnknownLayerError: (HTTPStatus.NOT_FOUND, 2),
    layer.UnknownCollectionError: (HTTPStatus.NOT_FOUND, 1),
    layer.UnknownFieldError: (HTTPStatus.BAD_REQUEST, 1),
    layer.UnknownParcelError: (HTTPStatus.NOT_FOUND, 1),
    layer.EndedParcelError: (HTTPStatus.GONE, 1),
    layer.AccessError: (HTTPStatus.FORBIDDEN, 1),
    layer.SourceFileError: (HTTPStatus.BAD_REQUEST, 1),
    layer.DeliveryError: (HTTPStatus.CONFLICT, 1),
    layer.NothingUsableError: (HTTPStatus.BAD_REQUEST, 1),
    layer.NotMergedError: (HTTPStatus.SERVICE_UNAVAILABLE, 1),
    layer.RunnerError: (HTTPStatus.SERVICE_UNAVAILABLE, 1),
    layer.PlaceError: (HTTPStatus.BAD_REQUEST, 1),
    layer.TooMuchError: (HTTPStatus.BAD_REQUEST, 1),
    layer.InvalidFeatureError: (HTTPStatus.UNPROCESSABLE_ENTITY, 1),
    layer.FeatureExistsError: (HTTPStatus.CONFLICT, 1),
    layer.NoFeatureError: (HTTPStatus.NOT_FOUND, 1),
    layer.NotEditableError: (HTTPStatus.METHOD_NOT_ALLOWED, 1),
    layer.PreconditionMissingError: (HTTPStatus.PRECONDITION_REQUIRED, 1),
    layer.ChangedMeanwhileError: (HTTPStatus.PRECONDITION_FAILED, 1),
    layer.LayerBusyError: (HTTPStatus.SERVICE_UNAVAILABLE, 1),
    sheet.SheetError: (HTTPStatus.BAD_REQUEST, 2),
    sheet.EmptySheetError: (HTTPStatus.BAD_REQUEST, 1),
    sheet.CrowdedSheetError: (HTTPStatus.BAD_REQUEST, 1),
    sheet.SignatureError: (HTTPStatus.INTERNAL_SERVER_ERROR, 1),
    sheet.DocumentError: (HTTPStatus.INTERNAL_SERVER_ERROR, 1),
    asking.FormatError: (HTTPStatus.BAD_REQUEST, 1),
    asking.NotAcceptableError: (HTTPStatus.NOT_ACCEPTABLE, 1),
    asking.ParameterError: (HTTPStatus.BAD_REQUEST, 1),
    asking.UnsupportedCRSError: (HTTPStatus.BAD_REQUEST, 1),
    asking.CursorError: (HTTPStatus.BAD_REQUEST, 1),
    asking.CursorGoneError: (HTTPStatus.GONE, 1),
    asking.UnknownFeatureError: (HTTPStatus.NOT_FOUND, 1),
    asking.UnknownStyleError: (HTTPStatus.NOT_FOUND, 1),
    asking.OutsideError: (HTTPStatus.NOT_FOUND, 1),
    asking.TooLargeError: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 1),
    asking.UnknownProcessError: (HTTPStatus.NOT_FOUND, 1),
    asking.InputError: (HTTPStatus.BAD_REQUEST, 1),
    asking.BusyError: (HTTPStatus.TOO_MANY_REQUESTS, 1),
    asking.UnknownJobError: (HTTPStatus.NOT_FOUND, 1),
    asking.ResultNotReadyError: (HTTPStatus.NOT_FOUND, 1),
    asking.JobLostError: (HTTPStatus.INTERNAL_SERVER_ERROR, 1),
    asking.StoppedError: (HTTPStatus.SERVICE_UNAVAILABLE, 1),
    asking.BodyError: (HTTPStatus.BAD_REQUEST, 1),
    asking.MediaTypeError: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, 1),
    asking.SettingsError: (HTTPStatus.INTERNAL_SERVER_ERROR, 2),
}


def http_status(error: Exception) -> HTTPStatus:
    """Return the status for an answer; what we did not raise on purpose is a 500."""
    if isinstance(error, FlurbuchError) and type(error) in STATUS:
        return STATUS[type(error)][0]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def exit_status(error: FlurbuchError) -> int:
    """Return the exit status of a command."""
    return STATUS.get(type(error), (HTTPStatus.INTERNAL_SERVER_ERROR, 1))[1]
