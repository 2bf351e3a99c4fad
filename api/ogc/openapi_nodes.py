"""Pieces that every part's description of its paths is made of."""

from typing import Any

from api.wording import words
from layers.wording import Language

Node = dict[str, Any]

FORM: Node = {"in": "query", "required": False, "style": "form", "explode": False}
PROBLEM: Node = {
    "description": "Problem (RFC 9457)",
    "content": {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        "text/html": {"schema": {"type": "string"}},
    },
}
BINARY: Node = {"type": "string", "format": "binary"}
SHARED_F = {"$ref": "#/components/parameters/f"}
SHARED_LANG = {"$ref": "#/components/parameters/lang"}


def get(operation: str, summary: str, content: Node, *parameters: Node) -> Node:
    """Return a path that is only read; ``content`` has a schema by media type."""
    media = {media_type: {"schema": schema} for media_type, schema in content.items()}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": list(parameters),
            "responses": {"200": {"description": summary, "content": media}, "default": PROBLEM},
        }
    }


def query(
    name: str, schema: Node, language: Language, *, said: str = "", required: bool = False
) -> Node:
    """Return a parameter of the query; ``said`` names its words where they are not its own."""
    told = words("parameter", said or name, language)
    return {**FORM, "name": name, "required": required, "schema": schema, "description": told}


def path(name: str, language: Language) -> Node:
    """Return a parameter of the path."""
    said = words("parameter", name, language)
    text = {"type": "string"}
    return {"name": name, "in": "path", "required": True, "schema": text, "description": said}
