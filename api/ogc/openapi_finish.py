"""What holds for every operation alike: schemas of the answers, outcomes, headers, HEAD."""

from collections.abc import Iterable, Iterator

from api.features.formats.registry import GEOJSON
from api.ogc.openapi_schemas import DOCUMENTS, Node, feature_schemas, reference, schema_of
from api.wording import words
from layers.view import CollectionView
from layers.wording import Language

_BARE: Node = {"type": "object"}
_EXAMPLES: dict[str, object] = {
    "bbox": [6.55, 51.32, 6.57, 51.34],
    "bbox-crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    "crs": "http://www.opengis.net/def/crs/EPSG/0/25832",
    "datetime": "2020-01-01T00:00:00Z/..",
    "f": "json",
    "filter": "S_INTERSECTS(geometry, BBOX(6.55, 51.32, 6.57, 51.34))",
    "limit": 100,
    "lang": "en",
    "tileMatrix": "15",
    "tileRow": "10873",
    "tileCol": "16980",
    "tileMatrixSetId": "WebMercatorQuad",
}
_STATUSES = ("304", "308", "400", "404", "406", "410", "413", "415", "429", "503")
# What is not kept with a validator: answers that cost nothing or depend on what was searched.
_WITHOUT_TAG = {"/", "/conformance", "/find", "/functions", "/healthz"}
_WITHOUT_TAG |= {"/parcels", "/parcels/{parcelKey}", "/styles", "/styles/{styleId}/metadata"}
_WITHOUT_TAG |= {"/processes", "/processes/{processId}"}
_WITHOUT_TAG |= {"/jobs", "/jobs/{jobId}", "/jobs/{jobId}/results"}


def finished(document: Node, views: Iterable[CollectionView], language: Language) -> Node:
    """Complete a document whose paths, parameters and media types are described.

    Parameters
    ----------
    document
        OpenAPI 3.0; completed in place. A bare ``{"type": "object"}`` is replaced with the
        schema of the answer; what the parts described themselves stays.
    views
        The collections of features that it describes.
    """
    components = document["components"]
    components["schemas"] = {**_schemas(views, language), **components["schemas"]}
    components["responses"] = _responses(language)
    for parameter in _parameters(document):
        if parameter.get("name") in _EXAMPLES and "example" not in parameter["schema"]:
            parameter.setdefault("example", _EXAMPLES[parameter["name"]])
    for path, node in document["paths"].items():
        if "get" in node:
            _describe(path, node["get"])
            _tell_outcomes(path, node["get"])
            node["head"] = _head(node["get"])
    return document


def _schemas(views: Iterable[CollectionView], language: Language) -> Node:
    schemas = dict(DOCUMENTS)
    for view in views:
        schemas |= feature_schemas(view, language)
    return schemas


def _parameters(document: Node) -> Iterator[Node]:
    yield from document["components"]["parameters"].values()
    for node in document["paths"].values():
        for operation in node.values():
            yield from (p for p in operation.get("parameters", ()) if "$ref" not in p)


def _describe(path: str, operation: Node) -> None:
    """Put the schema of each answer in JSON in the place of the bare one."""
    for media_type, content in operation["responses"].get("200", {}).get("content", {}).items():
        name = schema_of(path, media_type)
        if content.get("schema") in (_BARE, {}) and name is not None:
            content["schema"] = reference(name)


def _tell_outcomes(path: str, operation: Node) -> None:
    """Add the statuses that an operation may answer with, and the headers of its success."""
    responses, names = operation["responses"], {p.get("$ref", "") for p in operation["parameters"]}
    statuses = {"400"}
    if path not in _WITHOUT_TAG:
        statuses.add("304")
    if "text/html" in responses.get("200", {}).get("content", {}):
        statuses.add("406")
    if "{" in path or path == "/search":
        statuses.add("404")
    if path.endswith(("/items/{featureId}", "/{parcelKey}")):
        statuses |= {"308", "410"}
    if "#/components/parameters/cursor" in names:
        statuses.add("410")
    if path.endswith("/{tileCol}") and "/map/" not in path:
        responses["204"] = {"$ref": "#/components/responses/204"}
    for status in sorted(statuses):
        responses.setdefault(status, {"$ref": f"#/components/responses/{status}"})
    if "200" in responses and "304" in statuses:
        headers = {"ETag": {"schema": {"type": "string"}}}
        if GEOJSON in responses["200"].get("content", {}) and "katalog" not in path:
            headers["Content-Crs"] = {"schema": {"type": "string"}}
        responses["200"].setdefault("headers", headers)


def _head(operation: Node) -> Node:
    """Return the same operation without bodies."""
    responses = {
        status: {"description": answer["description"]} if "description" in answer else answer
        for status, answer in operation["responses"].items()
    }
    return {
        "operationId": f"{operation['operationId']}.head",
        "summary": operation["summary"],
        "parameters": operation["parameters"],
        "responses": responses,
    }


def _responses(language: Language) -> Node:
    problem = {
        "application/problem+json": {"schema": reference("Problem")},
        "text/html": {"schema": {"type": "string"}},
    }
    responses: Node = {}
    for status in (*_STATUSES, "204"):
        responses[status] = {"description": words("status", status, language)}
        if status >= "400":
            responses[status]["content"] = problem
    return responses
