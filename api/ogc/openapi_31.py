"""The description of the interface in OpenAPI 3.1, made from the one in 3.0."""

from api.ogc.openapi_schemas import Node


def as_31(document: Node) -> Node:
    """Return an OpenAPI 3.0 document in 3.1; what is given stays as it is.

    In 3.1 schemas are JSON Schemas: null is a type, examples are a list, and bytes have no
    schema.

    >>> as_31({"openapi": "3.0.3", "x": {"type": "string", "nullable": True, "enum": ["a", None]}})
    {'openapi': '3.1.0', 'x': {'type': ['string', 'null'], 'enum': ['a', None]}}
    """
    changed = {name: _changed(part) for name, part in document.items()}
    return {**changed, "openapi": "3.1.0"}


def _changed(node: object) -> object:
    if isinstance(node, list):
        return [_changed(part) for part in node]
    if not isinstance(node, dict):
        return node
    changed = {name: _changed(part) for name, part in node.items()}
    if isinstance(changed.get("nullable"), bool):
        return _with_null(changed)
    if changed.get("format") == "binary":
        return {}
    if "example" in changed and isinstance(changed.get("type"), str) and "in" not in changed:
        changed["examples"] = [changed.pop("example")]
    return changed


def _with_null(schema: Node) -> Node:
    if not schema.pop("nullable"):
        return schema
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    for way in ("anyOf", "allOf"):
        if way in schema:
            rest = {name: part for name, part in schema.items() if name != way}
            return {**rest, "anyOf": [*schema[way], {"type": "null"}]}
    return schema
