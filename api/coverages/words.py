"""A raster's picture in words, for those who do not see it."""

from typing import TYPE_CHECKING

from api.wording import words
from layers.reader.rasters import RasterView
from layers.wording import Language, format_number

if TYPE_CHECKING:  # rasterio is loaded by who asks for cells
    from layers.rasters.file import Survey

_ROWS, _COLUMNS = ("north", "middle", "south"), ("west", "middle", "east")


def picture_text(view: RasterView, seen: "Survey", language: Language) -> str:
    """Return the text that stands for the picture of a whole raster."""
    title = view.spec.title[language]
    if view.classes:
        return words("raster", "classes-text", language, title=title)

    def number(value: float) -> str:
        return f"{format_number(round(value, 1), language)} {view.spec.unit}"

    return words(
        "raster",
        "heights-text",
        language,
        title=title,
        low=number(seen.low),
        low_where=_where(seen.low_at, language),
        high=number(seen.high),
        high_where=_where(seen.high_at, language),
    )


def _where(at: tuple[float, float], language: Language) -> str:
    """Return a direction from the middle, by thirds of width and height."""
    column, row = (min(2, int(3 * part)) for part in at)
    told = [name for name in (_ROWS[row], _COLUMNS[column]) if name != "middle"]
    return words("raster", "-".join(told) or "middle", language)
