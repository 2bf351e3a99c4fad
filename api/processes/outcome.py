"""What came out of a process, as an answer."""

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import orjson
from starlette.responses import Response

from api.jobs.job import Result
from api.processes.asking import Execution

_ENDINGS = {
    "application/json": "json",
    "application/geo+json": "geojson",
    "application/pdf": "pdf",
    "image/png": "png",
    "image/svg+xml": "svg",
    "text/csv": "csv",
    "text/html": "html",
}
_MOST_TEXT, _MOST_ROWS = 20_000, 200  # characters and rows on a page; the file has all
_SHOWN = ("image/png", "image/svg+xml", "application/json", "application/geo+json")

Rows = list[list[str]]


def answer(execution: Execution, result: Result, *, document: bool | None = None) -> Response:
    """Return the output as it is, or within a JSON document, as the request said.

    Parameters
    ----------
    document
        None: as the request said.
    """
    within = execution.document if document is None else document
    headers = {"Content-Language": execution.language, "Cache-Control": "no-store"}
    if within:
        told = {execution.process.output: _qualified(result)}
        return Response(orjson.dumps(told), media_type="application/json", headers=headers)
    return Response(result.body, headers=headers | file_headers(execution, result))


def file_headers(execution: Execution, result: Result) -> dict[str, str]:
    """Return the headers of an output as a file of its own."""
    # A page of ours has its own rules; one that is a file brings its style along.
    way = "inline" if result.media_type in _SHOWN else "attachment"
    name = f"{execution.process.id}.{_ENDINGS[result.media_type]}"
    text = "; charset=utf-8" if result.media_type.startswith("text/") else ""
    return {
        "Content-Type": f"{result.media_type}{text}",
        "Content-Disposition": f'{way}; filename="{name}"',
    }


def _qualified(result: Result) -> dict[str, object]:
    about: dict[str, object] = {"mediaType": result.media_type}
    if result.media_type.endswith("json"):
        return {"value": orjson.Fragment(result.body), **about}
    try:
        return {"value": result.body.decode(), **about}
    except UnicodeDecodeError:
        return {"value": base64.b64encode(result.body).decode(), "encoding": "base64", **about}


def shown(result: Result) -> tuple[str, Rows | str]:
    """Return how a page shows an output, and what: ``image``, ``table``, ``text`` or ``file``."""
    if result.media_type.startswith("image/"):
        return "image", ""
    if result.media_type == "text/csv":
        return "table", [*islice(csv.reader(io.StringIO(result.body.decode())), _MOST_ROWS + 1)]
    if not result.media_type.endswith("json"):
        return "file", ""
    told = orjson.loads(result.body)
    if told.get("type") == "FeatureCollection" and told["features"]:
        return "table", _rows(told["features"][:_MOST_ROWS])
    text = orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()
    return "text", text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


def _rows(features: Sequence[Mapping[str, Any]]) -> Rows:
    """Return features as a head and rows: their ids, and what is known of them."""
    names = list(dict.fromkeys(name for one in features for name in one["properties"]))
    cells = ([one["id"], *(one["properties"].get(n) for n in names)] for one in features)
    return [["id", *names], *(["" if c is None else str(c) for c in row] for row in cells)]
