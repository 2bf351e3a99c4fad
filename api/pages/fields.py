"""The pages of a collection's fields: to filter by, to sort by, all."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.negotiation import Wanted
from api.pages.render import Pages
from layers.spec import FieldSpec, FieldType
from layers.view import CollectionView

_MOST_EXAMPLES = 2


def fields_page(
    pages: Pages,
    request: Request,
    asked_for: Wanted,
    view: CollectionView,
    kind: Literal["queryables", "sortables", "schema"],
) -> HTMLResponse:
    """Return the page of one of the three lists."""
    examples = [said for field in view.fields if (said := _example(field))]
    return pages.answer(
        "fields", request, asked_for, view=view, kind=kind, examples=examples[:_MOST_EXAMPLES]
    )


def _example(field: FieldSpec) -> str:
    """Return a filter that anybody understands; empty where the field's kind gives none."""
    if field.codes and field.type is FieldType.TEXT:
        return f"{field.name} = '{next(iter(field.codes))}'"
    if field.type in {FieldType.NUMBER, FieldType.INTEGER}:
        return f"{field.name} > 100"
    return ""
