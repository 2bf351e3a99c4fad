"""Errors of drawing and printing."""

from gis_core.errors import FlurbuchError


class SheetError(FlurbuchError):
    """The format, orientation or scale is not one that this product is offered in."""

    code = "sheet"


class EmptySheetError(FlurbuchError):
    """Nothing would be drawn: no parcel lies on the sheet."""

    code = "empty-sheet"


class CrowdedSheetError(FlurbuchError):
    """More parcels lie on the sheet than can be told apart on paper."""

    code = "crowded-sheet"


class SignatureError(FlurbuchError):
    """The signature catalogue is incomplete or contradicts itself."""

    code = "signature-catalogue"


class DocumentError(FlurbuchError):
    """The page engine refused the document."""

    code = "document"
