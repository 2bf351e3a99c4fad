"""What processes there are, and what goes in and comes out of each."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from api.processes.process import Process
from api.settings import Settings
from api.wording import documents, words
from layers.wording import Language

PATH = "/processes"
JSON, HTML = "application/json", "text/html"
RELATIONS = "http://www.opengis.net/def/rel/ogc/1.0"
Document = dict[str, Any]

_BINARY = ("image/png", "application/pdf")
COLLECTIONS = ("collection", "collections")
"""Inputs whose values are names of collections."""


def link(
    settings: Settings, rel: str, path: str, media_type: str, language: Language, **query: str
) -> Document:
    """Return a link to an address of this service."""
    asked = "".join(f"{'&' if i else '?'}{k}={v}" for i, (k, v) in enumerate(query.items()))
    return {
        "rel": rel,
        "type": media_type,
        "title": words("link", rel.rsplit("/", 1)[-1], language),
        "href": f"{settings.url}{path}{asked}",
    }


def own_links(settings: Settings, path: str, language: Language) -> list[Document]:
    """Return the links of a document to itself and to its page."""
    return [
        link(settings, "self", path, JSON, language, f="json"),
        link(settings, "alternate", path, HTML, language, f="html"),
    ]


def summary(settings: Settings, process: Process, language: Language) -> Document:
    """Return what a list says of a process."""
    path = f"{PATH}/{process.id}"
    return {
        "id": process.id,
        "version": process.VERSION,
        "title": words("process", process.id, language),
        "description": words("process", f"{process.id}-about", language),
        "jobControlOptions": ["sync-execute", "async-execute", "dismiss"],
        "outputTransmission": ["value"],
        "links": [
            *own_links(settings, path, language),
            link(settings, f"{RELATIONS}/execute", f"{path}/execution", JSON, language),
        ],
    }


def description(
    settings: Settings, process: Process, collections: Sequence[str], language: Language
) -> Document:
    """Return all that is to be known to execute a process.

    Parameters
    ----------
    collections
        Those that the caller may name.
    """
    schemas = input_schemas(process, collections)
    required = process.inputs.model_json_schema().get("required", ())
    return summary(settings, process, language) | {
        "inputs": {
            name: {
                "title": words("input", name, language),
                "description": about_input(name, language),
                "minOccurs": 1 if name in required else 0,
                "maxOccurs": 1,
                "schema": schema,
            }
            for name, schema in schemas.items()
        },
        "outputs": {
            process.output: {
                "title": words("output", process.output, language),
                "schema": _output(process),
            }
        },
    }


def about_input(name: str, language: Language) -> str:
    """Return what an input means."""
    told = documents()["input"]
    return told[f"{name}-about" if f"{name}-about" in told else name][language]


def input_schemas(process: Process, collections: Sequence[str]) -> dict[str, Document]:
    """Return the JSON Schema of each input, in the words that OpenAPI 3.0 has."""
    properties = process.inputs.model_json_schema()["properties"]
    schemas = {name: _plain(schema) for name, schema in properties.items()}
    for name in COLLECTIONS:
        if name in schemas:
            one = {"type": "string", "enum": list(collections)}
            schemas[name] = one if "items" not in schemas[name] else schemas[name] | {"items": one}
    return schemas


def _plain(schema: Document) -> Document:
    """Return a schema without titles, and without saying that what is absent is null."""
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    merged = {k: v for k, v in schema.items() if k not in {"anyOf", "title"}}
    if choices:
        merged = {**choices[0], **merged}
    if merged.get("default", 0) is None or merged.get("default") == []:
        merged.pop("default")
    return merged


def _output(process: Process) -> Document:
    """Return the schema of what comes out; the first form is the one when nobody says."""
    forms = [_form(media_type) for media_type in process.media_types]
    return forms[0] if len(forms) == 1 else {"oneOf": forms}


def _form(media_type: str) -> Document:
    if media_type.endswith("json"):
        return {"type": "object", "contentMediaType": media_type}
    encoded = {"contentEncoding": "binary"} if media_type in _BINARY else {}
    return {"type": "string", **encoded, "contentMediaType": media_type}


def process_list(
    settings: Settings, processes: Sequence[Process], limit: int, offset: int, language: Language
) -> Document:
    """Return a page of the processes."""
    shown = processes[offset : offset + limit]
    return {
        "processes": [summary(settings, process, language) for process in shown],
        "links": [
            *own_links(settings, PATH, language),
            *page_links(settings, PATH, limit, offset, len(processes), language),
        ],
    }


def page_links(
    settings: Settings,
    path: str,
    limit: int,
    offset: int,
    count: int,
    language: Language,
    *,
    given: Mapping[str, str] = MappingProxyType({}),
) -> list[Document]:
    """Return the links to the pages before and after this one, with what else was ``given``."""
    asked = {name: quote(value, safe=",:/") for name, value in given.items()}
    places = {}
    if offset + limit < count:
        places["next"] = offset + limit
    if offset:
        places["prev"] = max(0, offset - limit)
    return [
        link(settings, rel, path, JSON, language, **asked, limit=str(limit), offset=str(start))
        for rel, start in places.items()
    ]
