"""A process as a form on a page: its fields, and what was filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from api.errors import InputError
from api.processes.descriptions import COLLECTIONS, Document, about_input, input_schemas
from api.processes.process import Process
from api.wording import words
from layers.view import CollectionView
from layers.wording import Language

FORM = "application/x-www-form-urlencoded"
OUTPUT = "output-format"
_MOST_FIELDS = 100
_FOR_PEOPLE = ("text/csv", "application/pdf", "image/png")
_TRUE_NUMBERS = {"integer": int, "number": float}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Control:
    """A field of the form.

    Attributes
    ----------
    kind
        ``select``, ``checkboxes``, ``area``, or the type of an input element.
    limits
        Attributes of the element: least and greatest value.
    """

    name: str
    label: str
    hint: str
    kind: str
    required: bool
    value: str
    choices: tuple[Choice, ...]
    limits: Mapping[str, str]


def controls(
    process: Process,
    views: Sequence[CollectionView],
    filled: Mapping[str, Sequence[str]],
    language: Language,
) -> list[Control]:
    """Return the fields of a process's form, with what was filled in already."""
    required = process.inputs.model_json_schema().get("required", ())
    schemas = input_schemas(process, [view.id for view in views])
    titles = {view.id: view.spec.title[language] for view in views}
    fields = [
        _control(name, schema, name in required, titles, filled, language)
        for name, schema in schemas.items()
    ]
    if len(process.media_types) > 1:
        fields.append(_forms(process, filled, language))
    return fields


def _control(
    name: str,
    schema: Document,
    required: bool,
    titles: Mapping[str, str],
    filled: Mapping[str, Sequence[str]],
    language: Language,
) -> Control:
    given = filled.get(name, ())
    values = [str(v) for v in schema.get("items", schema).get("enum", ())]
    default = schema.get("default", "")
    default = f"{default:g}" if isinstance(default, float) else str(default)
    chosen = given or (default,)
    named = titles if name in COLLECTIONS else {}
    about = words("input", name, language), about_input(name, language)
    limits = {"minimum": "min", "maximum": "max"}
    return Control(
        name=name,
        label=about[0],
        hint=about[1] if about[1] != about[0] else "",
        kind=_kind(schema, values),
        required=required,
        value=given[0] if given else default,
        choices=tuple(Choice(v, named.get(v) or _called(v, language), v in chosen) for v in values),
        limits={limits[k]: f"{schema[k]:g}" for k in limits if k in schema},
    )


def _kind(schema: Document, values: Sequence[str]) -> str:
    if values:
        return "checkboxes" if schema["type"] == "array" else "select"
    if schema["type"] in {"array", "object"}:
        return "area"
    if schema["type"] in _TRUE_NUMBERS:
        return "number"
    return "date" if schema.get("format") == "date" else "text"


def _called(value: str, language: Language) -> str:
    """Return a choice as people read it."""
    return words("input", value, language) if value in {"portrait", "landscape"} else value


def _forms(process: Process, filled: Mapping[str, Sequence[str]], language: Language) -> Control:
    for_people = [m for m in _FOR_PEOPLE if m in process.media_types]
    chosen = filled.get(OUTPUT, for_people[:1] or process.media_types[:1])
    return Control(
        name=OUTPUT,
        label=words("output", "format", language),
        hint="",
        kind="select",
        required=True,
        value="",
        choices=tuple(
            Choice(m, words("output", m, language), m in chosen) for m in process.media_types
        ),
        limits={},
    )


def read_form(body: bytes) -> dict[str, list[str]]:
    """Return what was filled in, by field; what was left empty is left out.

    Raises
    ------
    InputError
        The body is no form.
    """
    try:
        pairs = parse_qsl(
            body.decode(), strict_parsing=bool(body), max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise InputError("the body is no form") from None
    filled: dict[str, list[str]] = {}
    for name, text in pairs:
        if text.strip():
            filled.setdefault(name, []).append(text.strip())
    return filled


def as_request(process: Process, filled: Mapping[str, Sequence[str]]) -> bytes:
    """Return what was filled in as the JSON that a program would send."""
    schemas = input_schemas(process, ())
    inputs = {
        name: _typed(schemas.get(name, {}), texts)
        for name, texts in filled.items()
        if name != OUTPUT
    }
    request: Document = {"inputs": inputs}
    if OUTPUT in filled:
        request["outputs"] = {process.output: {"format": {"mediaType": filled[OUTPUT][0]}}}
    return orjson.dumps(request)


def _typed(schema: Document, texts: Sequence[str]) -> Any:  # noqa: ANN401 - any JSON
    """Return a field as JSON; what does not fit stays text, and is refused as such."""
    kind = schema.get("type", "string")
    if kind == "array":
        lines = [part for text in texts for part in text.replace(";", "\n").splitlines()]
        return [line.strip() for line in lines if line.strip()]
    text = texts[0]
    if kind in _TRUE_NUMBERS or (schema.get("enum") and not isinstance(schema["enum"][0], str)):
        try:
            return _TRUE_NUMBERS.get(kind, int)(text.replace(",", "."))
        except ValueError:
            return text
    return text
