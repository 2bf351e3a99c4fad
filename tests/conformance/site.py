"""A server under test, as a client finds its way: from the landing page, by links alone."""

import json
import re
from functools import cached_property
from urllib.parse import quote, urljoin

import httpx

GEOJSON, JSON, HTML = "application/geo+json", "application/json", "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
ENOUGH = 1000  # features of one answer
LARGEST_WALK = 40  # pages
RELATIONS = "http://www.opengis.net/def/rel/ogc/1.0/"


def linked(document, rel, media_type=None):
    """Return the links of a relation, by its short or its long name."""
    names = {rel, f"{RELATIONS}{rel}", f"[ogc-rel:{rel}]"}
    found = [link for link in document["links"] if link["rel"] in names]
    return [k for k in found if media_type is None or plain(k.get("type")) == plain(media_type)]


def plain(media_type):
    """Return a media type without blanks and charset, in lower case."""
    text = re.sub(r"\s+", "", media_type or "").lower()
    return text.replace(";charset=utf-8", "")


class Site:
    """What the tests ask of a server; documents that many tests need are asked for once."""

    def __init__(self, url):
        self.url = url.rstrip("/") + "/"
        self._client = httpx.Client(timeout=120, follow_redirects=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.close()

    def get(self, address, accept=JSON, **parameters):
        """Ask for an address, relative to the landing page or whole."""
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        address = httpx.URL(urljoin(self.url, address))
        if named:
            address = address.copy_merge_params(named)
        return self._client.get(address, headers={"accept": accept})

    def document(self, address, accept=JSON, **parameters):
        """Return the JSON that an address answers with."""
        answer = self.get(address, accept, **parameters)
        assert answer.status_code == 200, f"{answer.url}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    @cached_property
    def landing(self):
        return self.document("")

    @cached_property
    def definition(self):
        """The OpenAPI document, found as the standard says."""
        links = linked(self.landing, "service-desc", OPENAPI)
        assert links, "no service-desc link of OpenAPI 3.0 JSON"
        return self.document(links[0]["href"], OPENAPI)

    @cached_property
    def classes(self):
        return self.document(linked(self.landing, "conformance")[0]["href"])["conformsTo"]

    @cached_property
    def listing(self):
        """The list of collections."""
        links = linked(self.landing, "data")
        return self.document((linked({"links": links}, "data", JSON) or links)[0]["href"])

    @cached_property
    def collections(self):
        """The collections of features."""
        return [c for c in self.listing["collections"] if c.get("itemType", "feature") == "feature"]

    def declares(self, name):
        """Say whether a conformance class of Features is declared."""
        return any(re.search(rf"/ogcapi-features-\d/1\.0/conf/{name}$", c) for c in self.classes)

    def path(self, collection, *more):
        """Return a path below a collection."""
        return "/".join(("collections", quote(collection["id"], safe=""), *more))

    def items_address(self, collection):
        """Return the address of the features as GeoJSON, as the collection links to it."""
        return linked(collection, "items", GEOJSON)[0]["href"]

    def items(self, collection, accept=GEOJSON, **parameters):
        """Ask for a page of features."""
        return self.get(self.items_address(collection), accept, **parameters)

    def first(self, collection):
        """Return a feature of a collection."""
        return self.items(collection, limit=1).json()["features"][0]

    def item_path(self, collection, feature):
        return self.path(collection, "items", quote(str(feature["id"]), safe=""))

    def pages(self, document):
        """Yield a page and all that follow it by their links; None where they are too many."""
        yield document
        for _ in range(LARGEST_WALK):
            following = linked(document, "next")
            if not following:
                return
            document = self.document(following[0]["href"], GEOJSON)
            yield document
        yield None

    def operation(self, collection):
        """Return the OpenAPI operation of a collection's items."""
        one = re.compile(rf"/collections/({re.escape(collection['id'])}|{{[^/]+}})/items")
        paths = self.definition["paths"]
        for path in sorted(filter(one.fullmatch, paths), key=lambda p: "{" in p):
            return paths[path]
        raise AssertionError(f"the OpenAPI document has no path of {collection['id']}'s items")

    def parameter(self, collection, name):
        """Return a parameter of a collection's items as OpenAPI describes it."""
        path = self.operation(collection)
        for found in (*path["get"].get("parameters", ()), *path.get("parameters", ())):
            described = self.resolved(found)
            if described["name"] == name:
                return {**described, "schema": self.resolved(described["schema"])}
        raise AssertionError(f"{collection['id']}/items has no parameter {name} in OpenAPI")

    def resolved(self, node):
        """Follow references within the OpenAPI document."""
        while "$ref" in node:
            assert node["$ref"].startswith("#/"), f"{node['$ref']} lies in another document"
            found = self.definition
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def freely_asked(self, collection):
        """Say whether any parameter is allowed, as by ``style: form`` of an object."""
        path = self.operation(collection)
        parameters = [self.resolved(p) for p in path["get"].get("parameters", ())]
        return any(self.resolved(p["schema"]).get("type") == "object" for p in parameters)


def dumped(document):
    """Return a document so that equal ones are equal texts."""
    return json.dumps(document, sort_keys=True)
