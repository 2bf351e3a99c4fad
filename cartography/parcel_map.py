"""The small map of a parcel and its surroundings for a web page, as inline SVG."""

from datetime import date
from html import escape

from cartography.compose import Map, draw_map
from cartography.describe import describe, parcel_label
from cartography.messages import messages
from cartography.reading import Subject, build_scene, find_subject
from cartography.scene import Scene
from cartography.sheet import MapFrame, centre_on
from cartography.style import default_catalogue
from cartography.svg import write_svg
from layers.access import Actor
from layers.reader import Reader
from layers.wording import Language

PX_PER_MM = 4.6
"""Pixels of the page for one millimetre of the map: the smallest letters are 8 px."""
SCALES = (200, 250, 500, 750, 1000, 1500, 2000, 2500, 3500, 5000)
"""Scales to choose from; the parcel fills at most 65 % of the map unless it is huge."""
_FILL = 0.65
_FONTS = "'Flurbuch Sans', 'Liberation Sans', Arial, sans-serif"


def parcel_map(
    reader: Reader,
    actor: Actor,
    key: str,
    *,
    width_px: int = 720,
    height_px: int = 480,
    lang: Language = "de",
    on: date | None = None,
) -> str:
    """Draw a parcel among its neighbours as an SVG element for an HTML page.

    Parameters
    ----------
    reader, actor
        The door to the data and who asks.
    key
        Parcel key in any spelling.
    width_px, height_px
        Largest size on the page; the element shrinks with the page.
    lang
        Language of title and description.
    on
        Draw the parcels of that day.

    Returns
    -------
    An ``<svg>`` with ``role="img"``, ``<title>`` and ``<desc>``: the map in words. It
    holds no script, no style sheet and no link.

    Raises
    ------
    ParcelKeyError, EndedParcelError, UnknownParcelError
        The key cannot be read, or no parcel has it.
    """
    subject = find_subject(reader, actor, key, on)
    frame = frame_around(subject, width_px, height_px)
    return parcel_map_svg(build_scene(reader, actor, frame, subject, on=on), lang)


def frame_around(subject: Subject, width_px: int, height_px: int) -> MapFrame:
    """Return the map frame that shows a parcel with its surroundings."""
    width, height = width_px / PX_PER_MM, height_px / PX_PER_MM
    west, south, east, north = subject.bounds
    need = max((east - west) / width, (north - south) / height) * 1000 / _FILL
    scale = next((s for s in SCALES if s >= need), SCALES[-1])
    room = (width * scale / 1000, height * scale / 1000)
    return MapFrame(width, height, scale, centre_on(subject.bounds, subject.inside, room))


def parcel_map_svg(scene: Scene, lang: Language = "de") -> str:
    """Draw a scene as an SVG element for an HTML page, see `parcel_map`."""
    words = messages(lang)
    drawn = draw_map(scene, default_catalogue(), words, framed=False)
    title = words("web.title")
    if scene.subject >= 0:
        title = words("web.title_parcel", label=parcel_label(scene, scene.subject, words))
    said = describe(scene, drawn, words, printed=False)
    return _element(drawn, title, said.text, lang)


def _element(drawn: Map, title: str, text: str, lang: Language) -> str:
    width = round(drawn.drawing.width * PX_PER_MM)
    height = round(drawn.drawing.height * PX_PER_MM)
    return write_svg(
        drawn.drawing,
        size=f'width="{width}" height="{height}"',
        font=_FONTS,
        prefix="parcel-map-",
        head=f'<title id="parcel-map-title">{escape(title)}</title>\n'
        f'<desc id="parcel-map-desc">{escape(text)}</desc>\n'
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        attributes=f' role="img" lang="{lang}" class="parcel-map"'
        ' aria-labelledby="parcel-map-title" aria-describedby="parcel-map-desc"',
    )
