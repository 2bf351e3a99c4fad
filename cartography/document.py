"""Documents through typst: tagged PDF/A-2a and PDF/UA-1, or PNG; equal input, equal bytes."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst

from cartography.errors import DocumentError
from cartography.typeface import FONT_FOLDER

TEMPLATES = Path(__file__).parent / "templates"
STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]


@cache
def template(name: str) -> bytes:
    """Return a page template of the package."""
    return (TEMPLATES / name).read_bytes()


def compile_document(
    template_name: str, data: Mapping[str, object], images: Mapping[str, str]
) -> bytes:
    """Make a PDF from a template, its data and its drawings.

    Parameters
    ----------
    template_name
        File in ``templates/``; it reads ``data.json`` and the images by name.
    data
        Everything that varies; must be JSON.
    images
        SVG text by file name.

    Returns
    -------
    The PDF. It carries no clock time: equal input gives equal bytes. 10 ms for a
    sheet with 200 parcels.

    Raises
    ------
    DocumentError
        The engine refused the document; the message is the engine's.
    """
    return _compile(template_name, data, images, pdf_standards=[*STANDARDS], timestamp=0)[0]


def compile_image(
    template_name: str, data: Mapping[str, object], images: Mapping[str, str], *, ppi: float
) -> bytes:
    """Make a PNG of a template of one page; see `compile_document`.

    Parameters
    ----------
    ppi
        Pixels per inch of paper.
    """
    made = _compile(template_name, data, images, format="png", ppi=ppi)
    if len(made) != 1:
        raise DocumentError("the page engine made no single image")
    return made[0]


def compile_first_page(
    template_name: str,
    data: Mapping[str, object],
    images: Mapping[str, str],
    form: Literal["png", "svg"],
    *,
    ppi: float = 96.0,
) -> bytes:
    """Make an image of the first page of a template; see `compile_image`."""
    return _compile(template_name, data, images, format=form, ppi=ppi)[0]


def _compile(
    template_name: str,
    data: Mapping[str, object],
    images: Mapping[str, str],
    **options: Any,  # noqa: ANN401 - what the engine takes
) -> list[bytes]:
    """Return the PDF, or an image of each page."""
    # the engine takes a dictionary of files; its type stubs do not say so
    files: Any = {
        "main.typ": template(template_name),
        "data.json": json.dumps(data, ensure_ascii=False, sort_keys=True).encode(),
        **{name: text.encode() for name, text in images.items()},
    }
    try:
        made = typst.compile(files, font_paths=[FONT_FOLDER], ignore_system_fonts=True, **options)
    except typst.TypstError as error:
        raise DocumentError(f"the page engine refused the document: {error}") from error
    pages = made if isinstance(made, list) else [made]
    return [page for page in pages if isinstance(page, bytes)]
