"""The pages of a collection's features: a table of many, a table of one."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

import pandas as pd
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.features import text_search
from api.features.parameters import ItemsRequest
from api.negotiation import Wanted
from api.pages.render import Pages
from layers.lifetimes import lifetime
from layers.spec import FieldSpec, Join
from layers.view import CollectionView
from layers.wording import Language

MAX_ROWS = 200
"""Rows of a page for people; programs get up to ``MAX_LIMIT``."""


class Row(NamedTuple):
    """One feature."""

    id: str
    facts: Mapping[str, object]


def items_page(
    pages: Pages,
    request: Request,
    asked_for: Wanted,
    view: CollectionView,
    asked: ItemsRequest,
    found: tuple[int, pd.DataFrame | None],
) -> HTMLResponse:
    """Return a page of features; ``found`` is how many match in all, and those of this page."""
    matched, frame = found
    rows = [] if frame is None else _rows(frame)
    after = asked.offset + asked.limit
    return pages.answer(
        "items",
        request,
        asked_for,
        view=view,
        fields=_columns(view, asked.query.columns, rows),
        filter=request.query_params.get("filter"),
        given=dict(request.query_params),
        searched=text_search.offered(view),
        timed=lifetime(view) is not None,
        rows=rows,
        matched=matched,
        first=asked.offset + 1,
        last=asked.offset + len(rows),
        next_offset=after if after < matched else None,
        previous_offset=max(0, asked.offset - asked.limit) if asked.offset else None,
    )


def item_page(
    pages: Pages, request: Request, asked_for: Wanted, view: CollectionView, frame: pd.DataFrame
) -> HTMLResponse:
    """Return the page of one feature."""
    row = _rows(frame)[0]
    return pages.answer(
        "item",
        request,
        asked_for,
        view=view,
        fields=view.fields,
        row=row,
        parcel_url=_parcel_url(view, row, asked_for.language),
    )


def _rows(frame: pd.DataFrame) -> list[Row]:
    names = [name for name in frame.columns if name != "geometry"]
    plain = frame[names].astype(object).where(frame[names].notna(), None)
    rows = zip(plain.index, plain.itertuples(index=False, name=None), strict=True)
    return [Row(str(i), dict(zip(names, cells, strict=True))) for i, cells in rows]


def _columns(
    view: CollectionView, asked: Sequence[str] | None, rows: Sequence[Row]
) -> list[FieldSpec]:
    """Return the fields asked for, else those that say something besides the identifier."""
    if asked is not None:
        return [field for field in view.fields if field.name in asked]
    return [
        field
        for field in view.fields
        if any(row.facts[field.name] not in (None, row.id) for row in rows)
    ]


def _parcel_url(view: CollectionView, row: Row, language: Language) -> str | None:
    if view.spec.relation.by is not Join.SELF or view.spec.relation.key is None:
        return None
    key = row.facts.get(view.spec.relation.key)
    return f"/parcels/{quote(str(key))}?f=html&lang={language}" if key else None
