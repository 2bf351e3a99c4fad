"""Without credentials nothing that is not public comes out: by any route, format, filter, sort."""

import io
import json
import re
from time import sleep
from types import SimpleNamespace
from urllib.parse import urljoin, urlsplit

import pyarrow.parquet as pq
import pytest
from lxml import html

from api.features.formats.registry import FORMATS
from gis_core.faults import Outcome
from layers.access import CITIZEN, Actor, load_policy
from layers.ingest.directory import refused_rows
from layers.query import Query
from layers.registry import find_layers
from layers.spec import Access, FieldType
from tests.api.public import HIDDEN, PUBLIC, SPECS

ASKS = [(form, lang) for form in ("json", "html") for lang in ("de", "en")]
UNKNOWN = "zzunknownzz"
HIDDEN_FIELDS = [
    (spec.id, field.name)
    for spec in SPECS.values()
    for field in spec.fields
    if field.access is not Access.PUBLIC
]


def insider(layer, collection, access):
    """Return somebody who may read a class of a collection."""
    for role in load_policy().roles:
        actor = Actor(role, "test of what leaks", "test")
        if load_policy().allowed(actor, layer, access, collection):
            return actor
    raise LookupError(collection)


@pytest.fixture(scope="module")
def secrets(reader):
    """Return hidden texts by (collection, field): distinct ones that are public nowhere."""
    frames = (reader.frame(CITIZEN, collection, Query(geometry=False)) for collection in PUBLIC)
    public = "|".join(str(cell) for frame in frames for cell in frame.to_numpy(object).ravel())
    found = {}
    for layer, spec in reader.registry.collections():
        for field in spec.fields:
            if field.access is not Access.PUBLIC and field.type is FieldType.TEXT:
                actor = insider(layer.id, spec.id, field.access)
                column = reader.frame(actor, spec.id, Query(columns=(field.name,)))[field.name]
                distinct = {v for v in column.dropna() if re.search(r"\d", v) and len(v) > 6}
                found[spec.id, field.name] = sorted(v for v in distinct if v not in public)
    return found


@pytest.fixture(scope="module")
def canary(secrets):
    """Return a check that an answer holds no secret and names no hidden field."""
    every = sorted({value for values in secrets.values() for value in values})
    assert len(every) > 3000
    starts = re.compile("|".join(map(re.escape, sorted({value[:6] for value in every}))))
    told = tuple(every)
    names = re.compile(rf"\b({'|'.join(name for _, name in HIDDEN_FIELDS)})\b")

    def check(answer):
        for part in (answer.text, *answer.headers.values()):
            found = [at for at in starts.finditer(part) if part.startswith(told, at.start())]
            assert not found, answer.url
            assert not names.search(part), answer.url
        return answer

    return check


def test_there_are_secrets_of_every_kind(secrets):
    named = {name for values, name in ((v, k[1]) for k, v in secrets.items()) if values}
    wanted = {"inspector", "reporter", "right_holder", "taxpayer", "tax_file_number"}
    wanted |= {"cash_reference", "establishment", "tax_number", "eigentuemertxt"}
    assert wanted <= named


def test_no_page_that_can_be_reached_tells(client, canary, demo_city, reader):
    """Follow every link from the landing page, in both formats and languages."""
    linked = (reader.links(CITIZEN, c)["parcel_key"] for c in ("baum", "grab", "strassenschaden"))
    parcels = [demo_city.truth.showcase_parcel, *(keys.value_counts().index[-1] for keys in linked)]
    queue = [f"/?f={form}&lang={lang}" for form, lang in ASKS]
    queue += [f"/parcels/{key}?f={form}&lang={lang}" for key in parcels for form, lang in ASKS]
    queue += ["/healthz", "/robots.txt", "/accessibility", "/parcels", "/find?q=Wehr"]
    seen, kinds = set(queue), set()
    while queue:
        path = queue.pop(0)
        answer = canary(client.get(path, follow_redirects=True))
        assert answer.status_code == 200, path
        for target in found_links(answer):
            shape = re.sub(r"(items/|parcels/|offset=|cursor=)[^?&]+", r"\1", target)
            kind = frozenset(re.split("[?&]", shape))
            if kind not in kinds:
                kinds.add(kind)
                seen.add(target)
                queue.append(target)
    assert len(seen) > 150


def found_links(answer):
    """Yield paths of this host that an answer links to."""
    if "html" in answer.headers["content-type"]:
        hrefs = html.fromstring(answer.text).xpath("//@href")
    else:
        hrefs = re.findall(r'"href":"([^"{]+)"', answer.text)
    for href in hrefs:
        target = urlsplit(urljoin(str(answer.url), href))
        if target.path.endswith("/execution"):  # is asked by POST, see below
            continue
        if target.scheme == "http" and not target.path.startswith("/static"):
            yield f"{target.path}?{target.query}".rstrip("?")


@pytest.mark.parametrize("collection", PUBLIC)
def test_features_have_public_fields_and_no_others(client, canary, collection):
    public = [field.name for field in SPECS[collection].fields if field.access is Access.PUBLIC]
    path = f"/collections/{collection}/items"
    answer = canary(client.get(path, params={"limit": 10_000, "skipGeometry": "true"}))
    assert all(set(f["properties"]) <= set(public) for f in answer.json()["features"])
    one = answer.json()["features"][0]["id"]
    assert set(canary(client.get(f"{path}/{one}")).json()["properties"]) <= set(public)
    shown = [f for f in SPECS[collection].fields if f.access is Access.PUBLIC]
    aliases = {alias for field in shown for alias in field.aliases}
    for document in ("schema", "queryables", "sortables"):
        described = canary(client.get(f"/collections/{collection}/{document}")).json()
        assert set(described["properties"]) <= {*public, *aliases, "geometry"}
    for form, lang in ASKS:
        canary(client.get(path, params={"f": form, "lang": lang, "limit": 200}))


@pytest.mark.parametrize(("collection", "field"), HIDDEN_FIELDS)
def test_a_hidden_field_is_as_unknown_as_any(client, secrets, collection, field):
    value = next(iter(secrets.get((collection, field), [])), "1")
    for query in (
        *(f"{{}}={value}", "{}=", "sortby={}", "sortby=-{}", "properties={}"),
        *("filter={} IS NULL", f"filter=CASEI({{}})='{value}'", "filter=flaeche>1 OR {}=1"),
        *('filter-lang=cql2-json&filter={{"op":"isNull","args":[{{"property":"{}"}}]}}',),
    ):
        for form, lang in ASKS:
            path = f"/collections/{collection}/items?{query}&f={form}&lang={lang}"
            answers = [client.get(path.format(name)) for name in (field, UNKNOWN)]
            assert [a.status_code for a in answers] == [400, 400]
            told, unknown = (
                re.sub(r"href=\"[^\"]*\"", "", a.text).replace(name, "NAME")
                for a, name in zip(answers, (field, UNKNOWN), strict=True)
            )
            assert told == unknown


def plain(form, answer):
    """Return an answer as text; of compressed Parquet what it unpacks to."""
    text = answer.content.decode("utf-8", "replace")
    if form == "parquet":
        table = pq.read_table(io.BytesIO(answer.content))
        text = f"{table.schema} {table.drop_columns('geometry').to_pylist()}"
    return SimpleNamespace(text=text, headers=answer.headers, url=answer.url)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("collection", PUBLIC)
def test_no_format_tells_whatever_is_asked(client, canary, collection, form):
    path = f"/collections/{collection}/items"
    field = next(f.name for f in SPECS[collection].fields if f.access is Access.PUBLIC)
    one = client.get(path, params={"limit": 1}).json()["features"][0]["id"]
    asks = [{"limit": 10**6}, {"sortby": f"-{field}"}, {"filter": f"{field} IS NOT NULL"}]
    asks += [{"bbox": "6,51,7,52", "sortby": field}, {"properties": field, "offset": 3}]
    for asked in asks:
        answer = client.get(path, params={"f": form, **asked})
        assert answer.status_code == 200, asked
        canary(plain(form, answer))
    canary(plain(form, client.get(f"{path}/{one}", params={"f": form})))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("collection", "field"), HIDDEN_FIELDS)
def test_a_hidden_field_is_as_unknown_in_every_format(client, collection, field, form):
    for query in ("{}=1", "sortby=-{}", "properties={}", "filter={}%20IS%20NULL"):
        path = f"/collections/{collection}/items?{query}&f={form}"
        answers = [client.get(path.format(name)) for name in (field, UNKNOWN)]
        assert [a.status_code for a in answers] == [400, 400]
        told, unknown = (
            a.text.replace(name, "NAME") for a, name in zip(answers, (field, UNKNOWN), strict=True)
        )
        assert told == unknown


@pytest.mark.parametrize("collection", [*HIDDEN, "property_tax"])
def test_a_hidden_collection_is_as_absent_as_any(client, collection):
    for path in (
        "",
        "/items",
        "/items/1",
        "/schema",
        "/queryables",
        "/sortables",
        "/items?f=html&lang=en",
    ):
        answers = [client.get(f"/collections/{name}{path}") for name in (collection, UNKNOWN)]
        assert [a.status_code for a in answers] == [404, 404]
        told, absent = (
            a.text.replace(name, "NAME")
            for a, name in zip(answers, (collection, UNKNOWN), strict=True)
        )
        assert told == absent
        keep = {"date", "content-length"}
        heads = [{k: v for k, v in a.headers.items() if k not in keep} for a in answers]
        assert heads[0] == heads[1]


def test_the_search_knows_no_secrets(client, secrets):
    nothing = client.get("/find", params={"q": UNKNOWN}).json()
    for (collection, field), values in secrets.items():
        if field in {"address", "parcel_key"}:  # an address is public; what was filed there is not
            continue
        for value in values[:2]:
            found = client.get("/find", params={"q": value})
            if found.status_code == 200:
                assert found.json()["hits"] == nothing["hits"], (collection, field)
                assert found.json()["candidates"] == []


def test_the_dossier_of_a_taxed_parcel_holds_no_tax(client, reader, canary):
    actor = insider("property_tax", "grundsteuer", Access.TAX_SECRET)
    taxed = reader.links(actor, "grundsteuer")["parcel_key"].unique()[:3]
    for key in taxed:
        for form, lang in ASKS:
            answer = canary(client.get(f"/parcels/{key}", params={"f": form, "lang": lang}))
            assert answer.status_code == 200
            assert not re.search("(?i)steuer|tax|eigent|owner", answer.text)


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("way", ["", "respond-async"])
def test_no_process_tells_whatever_is_asked(client, canary, reader, demo_city, way):
    """Every process, in every form, at once and as a job, around the parcels with most secrets."""
    actor = insider("property_tax", "grundsteuer", Access.TAX_SECRET)
    taxed = reader.links(actor, "grundsteuer")["parcel_key"].iloc[0]
    for key in [taxed] if way else [demo_city.truth.showcase_parcel, taxed]:
        asks = [("parcel-dossier", {"parcel": key}), ("map-preview", {"parcel": key, "width": 300})]
        asks += [
            ("buffer-query", {"parcel": key, "collection": c, "distance": 900}) for c in PUBLIC
        ]
        asks += [("area-statistics", {"collections": list(PUBLIC), "districts": [key[:6]]})]
        for process, inputs in asks:
            described = canary(client.get(f"/processes/{process}")).json()
            ((output, about),) = described["outputs"].items()
            forms = about["schema"].get("oneOf", [about["schema"]])
            for media_type in (form["contentMediaType"] for form in forms):
                if media_type in {"application/pdf", "image/png"}:  # compressed; made of the same
                    continue
                asked = {
                    "inputs": inputs,
                    "outputs": {output: {"format": {"mediaType": media_type}}},
                }
                address, prefer = f"/processes/{process}/execution", {"prefer": way}
                answer = canary(client.post(address, json=asked, headers=prefer))
                if way:
                    job = waited(client, answer.headers["location"])
                    canary(client.get(job, params={"f": "html"}))
                    canary(client.get(f"{job}/results", params={"f": "html"}))
                    answer = canary(client.get(f"{job}/results"))
                assert answer.status_code == 200, answer.text


def waited(client, job):
    while client.get(job).json()["status"] in {"accepted", "running"}:
        sleep(0.02)
    return job


@pytest.mark.parametrize(
    ("layer", "collection", "key"),
    [("trees", "baum", "Baumnummer"), ("road_damage", "strassenschaden", "schaden_id")],
)
def test_what_was_refused_is_not_served(client, demo_store, layer, collection, key):
    answer = client.get(f"/collections/{collection}/items", params={"limit": 10_000})
    served = {feature["id"] for feature in answer.json()["features"]}
    refused = [
        (fault.found, json.loads(source)[key])
        for fault, source in refused_rows(demo_store, find_layers(), layer)
        if fault.outcome is Outcome.QUARANTINED
    ]
    assert len(refused) > 3
    for found, identifier in refused:
        assert identifier not in served
        if len(found) > 5:  # a short number may stand anywhere
            assert found not in answer.text


def test_errors_and_their_log_tell_nothing(client, caplog):
    for query in ("bbox=1,2,3", "limit=x", "crs=x"):
        client.get(f"/collections/baum/items?{query}")
    for path in (
        "/collections/grundsteuer/items",
        "/parcels/x",
        "/nope",
        "/parcels/05304901299999",
    ):
        client.get(path)
    assert caplog.text == ""


def test_files_of_the_store_are_not_reachable(client):
    for path in ("../data", "..%2f..%2fapp.py", "%2e%2e/settings.py", "..\\app.py", ""):
        assert client.get(f"/static/{path}").status_code in {308, 404}
    for path in ("/catalogue.sqlite", "/layers/trees/1/open.gpkg", "/.env", "/flurbuch.toml"):
        assert client.get(path).status_code == 404
