"""The dossier of a parcel as a file: a format is one function."""

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from api.pages.parcel import parcel_file
from api.pages.render import Pages
from api.settings import Settings
from cartography.dossier_document import dossier_pdf
from cartography.parcel_map import parcel_map
from layers.access import Actor
from layers.dossier import Dossier
from layers.reader import Reader
from layers.wording import Language


@dataclass(frozen=True)
class Asked:
    """What a writer may need beside the dossier itself."""

    dossier: Dossier
    reader: Reader
    actor: Actor
    settings: Settings
    language: Language

    def drawn(self) -> str:
        """Draw the parcel's map."""
        key, on = self.dossier.parcel_key, self.dossier.as_of
        return parcel_map(self.reader, self.actor, key, lang=self.language, on=on)


def write_json(asked: Asked) -> bytes:
    """Return the dossier as JSON, see layers/dossier/dossier.schema.json."""
    document = asked.dossier.as_json(asked.language)
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write_pdf(asked: Asked) -> bytes:
    """Return the dossier as a tagged PDF with the parcel's map."""
    synthetic = asked.settings.synthetic
    return dossier_pdf(asked.dossier, asked.drawn(), asked.language, synthetic=synthetic)


def write_html(asked: Asked) -> bytes:
    """Return the dossier as one HTML file with the parcel's map; links need a public address."""
    pages = Pages(asked.settings, asked.reader.municipality)
    site = asked.settings.public_url.rstrip("/") or None
    return parcel_file(pages, asked.dossier, asked.drawn(), asked.language, site).encode()


WRITERS: dict[str, Callable[[Asked], bytes]] = {
    ".html": write_html,
    ".json": write_json,
    ".pdf": write_pdf,
}
"""By the ending of the file."""
