"""How features are changed, as the description of the interface tells it to those who may."""

from collections.abc import Iterable
from functools import partial

from api.features.transactions import FEATURE_TYPES, PATCH_TYPES
from api.ogc.openapi_nodes import PROBLEM, Node, path
from api.wording import words
from gis_core.offered_crs import supported_crs
from layers.view import CollectionView
from layers.wording import Language

_FEATURE: Node = {"type": "object"}


def with_changes(
    paths: Node, views: Iterable[CollectionView], storage: int, language: Language
) -> None:
    """Add what changes features to the paths of collections that may be changed."""
    for view in views:
        base, name = f"/collections/{view.id}/items", view.id
        say = partial(words, "operation", language=language, title=view.spec.title[language])
        crs = _header("Content-Crs", language) | {
            "schema": {"type": "string", "enum": [f"<{uri}>" for uri in supported_crs(storage)]}
        }
        state = [_header("If-Match", language), _header("If-Unmodified-Since", language)]
        feature = path("featureId", language)
        paths[base]["post"] = _operation(
            f"{name}.create", say("create"), "201", FEATURE_TYPES, [crs]
        )
        one = paths[f"{base}/{{featureId}}"]
        shared = [feature, crs, *state]
        one["put"] = _operation(f"{name}.replace", say("replace"), "204", FEATURE_TYPES, shared)
        one["patch"] = _operation(f"{name}.update", say("update"), "204", PATCH_TYPES, shared)
        one["delete"] = _operation(f"{name}.delete", say("delete"), "204", (), [feature, *state])


def _operation(
    operation: str, summary: str, done: str, kinds: tuple[str, ...], parameters: list[Node]
) -> Node:
    text = {"schema": {"type": "string"}}
    headers: Node = {"ETag": text, "Last-Modified": text}
    if done == "201":
        headers["Location"] = text
    node: Node = {
        "operationId": operation,
        "summary": summary,
        "parameters": parameters,
        "responses": {done: {"description": summary, "headers": headers}, "default": PROBLEM},
    }
    if kinds:
        content = {kind: {"schema": _FEATURE} for kind in kinds}
        node["requestBody"] = {"required": True, "content": content}
    return node


def _header(name: str, language: Language) -> Node:
    said = words("parameter", name, language)
    return {"name": name, "in": "header", "schema": {"type": "string"}, "description": said}
