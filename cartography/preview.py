"""A look at a Flurkarte before it is ordered: the sheet's first page as an image."""

from typing import Literal

from cartography.document import compile_first_page
from cartography.flurkarte import TEMPLATE, order_sheet, sheet_parts
from cartography.sheet import Orientation
from layers.access import Actor
from layers.reader import Reader
from layers.wording import Language

MM_PER_INCH = 25.4


def preview_flurkarte(
    reader: Reader,
    actor: Actor,
    key: str,
    scale: int,
    paper_format: str,
    lang: Language,
    *,
    form: Literal["png", "svg"],
    width_px: int,
    orientation: Orientation | None = None,
    synthetic: bool = False,
) -> bytes:
    """Draw the sheet that `cartography.flurkarte.make_flurkarte` prints, as an image.

    Parameters
    ----------
    form
        png or svg; the latter is sharp at every size.
    width_px
        Width of the whole sheet in the PNG.

    Raises
    ------
    SheetError, EmptySheetError, CrowdedSheetError
        The sheet cannot be made as asked for.
    ParcelKeyError, EndedParcelError, UnknownParcelError
        The key cannot be read, or no current parcel has it.
    """
    sheet, scene = order_sheet(
        reader, actor, key, scale, paper_format, orientation=orientation, synthetic=synthetic
    )
    ppi = width_px * MM_PER_INCH / sheet.paper[0]
    return compile_first_page(TEMPLATE, *sheet_parts(sheet, scene, lang), form, ppi=ppi)
