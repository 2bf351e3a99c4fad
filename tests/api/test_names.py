"""Names as users of the state's service know them: collections, fields, keys, languages."""

import pytest
from jsonschema import Draft202012Validator

from layers.access import CITIZEN
from layers.query import Query
from tests.api.public import MADE, PUBLIC, SPECS

STATE = (
    "flurstueck",
    "flurstueck_punkt",
    "gebaeude_bauwerk",
    "katasterbezirk",
    "nutzung",
    "nutzung_flurstueck",
    "verwaltungseinheit",
)
PARCELS = ("flurstueck", "flurstueck_punkt")
OTHER_NAMES = {"objid": "oid", "flurstid": "idflurst", "flurstueckskennzeichen": "flstkennz"}


def test_the_collections_of_the_state_are_there(get):
    ids = {c["id"] for c in get("/collections")["collections"]}
    assert ids >= set(STATE)
    for name in STATE:
        assert get(f"/collections/{name}/items", resulttype="hits")["numberMatched"] > 0


@pytest.mark.parametrize("collection", STATE)
def test_other_names_are_asked_by_and_answered_by_their_own(get, collection):
    url = f"/collections/{collection}/items"
    one = get(url, limit=1)["features"][0]["properties"]
    known = get(f"/collections/{collection}/queryables", f="json")["properties"]
    for other, own in OTHER_NAMES.items():
        if own not in one:
            assert other not in known
            continue
        assert other in known
        for asked in ({other: one[own]}, {"filter": f"{other} = '{one[own]}'"}):
            found = get(url, **asked)
            assert found["numberMatched"] == 1 or own != "oid"
            assert found["features"][0]["properties"] == one
        few = get(url, properties=other, sortby=f"-{other}", limit=3)["features"]
        values = [f["properties"][own] for f in few]
        assert values == sorted(values, reverse=True)
        assert all(list(f["properties"]) == [own] for f in few)


@pytest.mark.parametrize("collection", PARCELS)
def test_a_parcel_is_found_under_any_name_that_it_has(client, reader, demo_city, collection):
    key = demo_city.truth.showcase_parcel
    row = reader.frame(CITIZEN, "flurstueck", Query(equals={"flstkennz": key})).iloc[0]
    label = reader.municipality.keys.label(key, "de")
    short = f"{key[2:6]}-{int(key[6:9])}-{int(key[9:14])}"
    below = key[14:18].strip("_")
    short += f"/{int(below)}" if below else ""
    spellings = [key, key.rstrip("_"), label, short, short.replace("-", " "), f"05{short}"]
    spellings += [row["idflurst"], f" {key} ", label.replace(",", "")]
    for spelling in spellings:
        answer = client.get(f"/collections/{collection}/items/{spelling}", params={"lang": "en"})
        assert answer.status_code == 308, spelling
        target = f"/collections/{collection}/items/{row['oid']}?lang=en"
        assert answer.headers["location"] == target
    assert client.get(target).json()["properties"]["flstkennz"] == key
    for wrong in ("05304999999999______", "DENW00XX00000000", "3049-1-99999", "x"):
        assert client.get(f"/collections/{collection}/items/{wrong}").status_code == 404


@pytest.mark.parametrize("collection", PUBLIC)
def test_schemas_speak_both_languages(client, collection):
    spec, told = SPECS[collection], {}
    for lang in ("de", "en"):
        for kind in ("schema", "queryables", "sortables"):
            answer = client.get(
                f"/collections/{collection}/{kind}", headers={"Accept-Language": lang}
            )
            document = answer.json()
            assert answer.headers["content-language"] == lang
            Draft202012Validator.check_schema(document)
            assert document["title"] == spec.title[lang]
            told[lang, kind] = document["properties"]
            for field in spec.fields:
                if field.name not in document["properties"]:
                    continue
                said = document["properties"][field.name]
                assert said["title"] == field.title[lang]
                if field.description:
                    assert said["description"].startswith(field.description[lang])
                for code, meaning in (field.codes or {}).items():
                    assert f"{code}: {meaning[lang]}" in said["description"]
                    assert code in map(str, said["enum"])
        about = client.get(f"/collections/{collection}", headers={"Accept-Language": lang}).json()
        assert about["title"] == spec.title[lang]
        if spec.description:
            assert about["description"] == spec.description[lang]
    assert told["de", "schema"] != told["en", "schema"]
    assert told["de", "schema"].keys() == told["en", "schema"].keys()


@pytest.mark.parametrize("collection", PUBLIC)
def test_features_are_as_their_schema_says(get, collection):
    document = get(f"/collections/{collection}/schema", f="json")
    roles = {p["x-ogc-role"] for p in document["properties"].values() if "x-ogc-role" in p}
    assert "primary-geometry" in roles
    fields = {name: p for name, p in document["properties"].items() if name != "geometry"}
    nullable = {n: {"anyOf": [p, {"type": "null"}]} for n, p in fields.items()}
    check = Draft202012Validator({**document, "properties": nullable})
    for feature in get(f"/collections/{collection}/items", limit=50)["features"]:
        check.validate(feature["properties"])
        assert set(feature["properties"]) == set(fields)


@pytest.mark.parametrize("collection", MADE)
def test_what_is_made_travels_like_what_is_stored(client, get, collection):
    url = f"/collections/{collection}/items"
    first = get(url, limit=2)
    own = first["features"][1]
    assert get(f"{url}/{own['id']}")["properties"] == own["properties"]
    following = next(k["href"] for k in first["links"] if k["rel"] == "next")
    assert client.get(following).json()["numberMatched"] == first["numberMatched"]
    page = client.get(f"{url}/{own['id']}", params={"f": "html"})
    assert page.status_code == 200
    assert own["properties"]["flstkennz"] in page.text
    table = client.get(url, params={"f": "csv", "limit": 3})
    assert len(table.text.splitlines()) == 4


def test_parts_of_one_parcel_in_one_request(get, demo_city):
    key = demo_city.truth.showcase_parcel
    found = get("/collections/nutzung_flurstueck/items", flstkennz=key, limit=50)["features"]
    assert sum(f["properties"]["anteil"] for f in found) == pytest.approx(1, abs=1e-4)
    assert {f["properties"]["nutzart"] for f in found}
    for part in found:
        use = get(f"/collections/nutzung/items/{part['properties']['idnutzung']}")
        assert use["properties"]["nutzart"] == part["properties"]["nutzart"]


def test_points_are_in_tiles_of_their_own(client, get):
    one = get("/collections/flurstueck_punkt/tiles/WebMercatorQuad", f="json")
    limits = one["tileMatrixSetLimits"][-3]
    row, col = limits["minTileRow"], limits["minTileCol"]
    sizes = [
        len(client.get(
            "/collections/flurstueck_punkt/tiles/WebMercatorQuad/"
            f"{limits['tileMatrix']}/{y}/{x}"
        ).content)
        for y in (row, row + 1, row + 2) for x in (col, col + 1, col + 2)
    ]  # fmt: skip
    assert max(sizes) > 0
    whole = get("/tiles/WebMercatorQuad", f="json")
    assert "flurstueck_punkt" not in {layer["id"] for layer in whole["layers"]}
    assert client.get("/collections/nutzung_flurstueck/tiles").status_code == 404
