"""The page of one parcel: facts first, then what each register has, the map last."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.negotiation import Wanted
from api.pages.render import Pages, with_parameters
from layers.dossier import Dossier, Link, Section
from layers.spec import FieldSpec
from layers.wording import Language, format_number


def parcel_page(
    pages: Pages,
    request: Request,
    asked_for: Wanted,
    dossier: Dossier,
    drawn: str | None,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    live: str | None = None,
) -> HTMLResponse:
    """Return the page.

    Parameters
    ----------
    drawn
        The map as an SVG element; None where none can be drawn.
    status
        410 for a parcel that has ended: it is shown as it was, with its successors.
    live
        The collection in which it can be shown on a movable map; None where it cannot.
    """
    shown = _shown(dossier, drawn, asked_for.language)
    data_url = with_parameters(request, f="json")
    return pages.answer(
        "parcel", request, asked_for, status=status, site="", data_url=data_url, live=live, **shown
    )


def parcel_file(
    pages: Pages, dossier: Dossier, drawn: str | None, language: Language, site: str | None
) -> str:
    """Return the page as one file; its links lead to ``site``, None: there are none."""
    return pages.file(
        "parcel", language, site=site, data_url=None, live=None, **_shown(dossier, drawn, language)
    )


def _shown(dossier: Dossier, drawn: str | None, language: Language) -> dict[str, Any]:
    return {
        "dossier": dossier,
        "sections": [s for s in dossier.sections if s.total],
        "empty_sections": [s for s in dossier.sections if not s.total],
        "columns": _columns,
        "relation": lambda link: _relation(link, language),
        "map_svg": drawn,
    }


def _columns(section: Section) -> list[FieldSpec]:
    """Return the fields worth a column: filled somewhere, and not the identifier once more."""
    return [
        field
        for field in section.filled_fields
        if any(str(row.values[field.name]) != row.feature_id for row in section.rows)
    ]


def _relation(link: Link, language: Language) -> str:
    """Say how a feature came to the parcel, with share or distance where there is one."""
    said = link.method_name(language)
    if link.method == "share":
        return f"{said}: {format_number(100 * link.share, language, 1)}\N{NARROW NO-BREAK SPACE}%"
    if link.method == "nearest":
        metres = format_number(link.distance_m, language, 1)
        return f"{said}: {metres}\N{NARROW NO-BREAK SPACE}m"
    return said
