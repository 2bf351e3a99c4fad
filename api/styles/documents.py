"""What is said of styles: their list, their metadata; and the styles themselves."""

from collections.abc import Sequence
from typing import Any

from api.pages.render import day
from api.tiles.documents import tile_json
from api.wording import words
from cartography.editions import Edition
from cartography.maplibre import style
from cartography.style import default_catalogue
from cartography.tile_layers import Tiles
from cartography.vector_layers import vector_layer
from layers.view import CollectionView
from layers.wording import Language

MBS = "application/vnd.mapbox.style+json"
JSON = "application/json"
SPECIFICATION = "https://maplibre.org/maplibre-style-spec/"
_REL = "http://www.opengis.net/def/rel/ogc/1.0"
_DEEPEST = 17
"""The deepest tiles of styles: exact to 5 cm, and few parcels lie in two, with a number in each."""

Document = dict[str, Any]


def style_links(url: str, language: Language) -> list[Document]:
    """Return the link by which the landing page leads to the styles."""
    return [_link(f"{_REL}/styles", f"{url}/styles", JSON, language)]


def title_of(edition: Edition, language: Language) -> str:
    """Return the title of a style."""
    return words("style", edition.value, language)


def styles(url: str, language: Language) -> Document:
    """Return the list of styles."""
    return {
        "default": Edition.COLOUR.value,
        "styles": [
            {
                "id": edition.value,
                "title": title_of(edition, language),
                "links": [
                    _link("stylesheet", f"{url}/styles/{edition}?f=mbs", MBS, language),
                    {
                        **_link("describedby", f"{url}/styles/{edition}/metadata", JSON, language),
                        "title": words("link", "style-metadata", language),
                    },
                ],
            }
            for edition in Edition
        ],
        "links": [
            _link("self", f"{url}/styles", JSON, language),
            _link("alternate", f"{url}/styles?f=html", "text/html", language),
        ],
    }


def metadata(
    url: str, edition: Edition, views: Sequence[CollectionView], contact: str, language: Language
) -> Document:
    """Return what a style is, for whom, and which layers it draws."""
    here = f"{url}/styles/{edition}"
    return {
        "id": edition.value,
        "title": title_of(edition, language),
        "description": words("style", f"{edition}-about", language),
        "pointOfContact": contact,
        "accessConstraints": "unclassified",
        "scope": "style",
        "stylesheets": [
            {
                "title": "MapLibre",
                "version": "8",
                "specification": SPECIFICATION,
                "native": True,
                "link": _link("stylesheet", f"{here}?f=mbs", MBS, language),
            }
        ],
        "layers": [
            {
                "id": view.id,
                "type": view.spec.geometry.value,
                "description": view.spec.title[language],
                "sampleData": {
                    **_link("data", f"{url}/collections/{view.id}/items", JSON, language),
                    "type": "application/geo+json",
                },
            }
            for view in views
        ],
        "links": [
            _link("self", f"{here}/metadata", JSON, language),
            _link("alternate", f"{here}/metadata?f=html", "text/html", language),
        ],
    }


def stylesheet(
    url: str, edition: Edition, views: Sequence[CollectionView], language: Language
) -> Document:
    """Return a style of all vector tiles."""
    found = tile_json(url, "", "", views, language)
    return style(
        default_catalogue(),
        [vector_layer(view, language) for view in views],
        Tiles(
            url=found["tiles"][0],
            levels=(found["minzoom"], min(found["maxzoom"], _DEEPEST)),
            bounds=tuple(found.get("bounds", (-180, -85, 180, 85))),
            credits=_credits(views, language),
        ),
        edition,
        language,
        name=title_of(edition, language),
        sprite=f"{url}/styles/{edition}/sprite",
        glyphs=f"{url}/fonts/{{fontstack}}/{{range}}.pbf",
    )


def _credits(views: Sequence[CollectionView], language: Language) -> tuple[str, ...]:
    """Return whose data are drawn, under which licence and of which day; each layer once."""
    said = []
    for view in views:
        parts = [f"{view.layer.title[language]}: {view.layer.steward}", view.layer.licence]
        if view.generation.data_date:
            date = day(view.generation.data_date, language)
            parts.append(words("style", "data-date", language, day=date))
        said.append(", ".join(parts))
    return tuple(dict.fromkeys(said))


def _link(rel: str, href: str, media_type: str, language: Language) -> Document:
    title = words("link", rel.rsplit("/", 1)[-1], language)
    return {"rel": rel, "type": media_type, "title": title, "href": href}
