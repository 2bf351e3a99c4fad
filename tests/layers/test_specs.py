"""Every layer folder keeps the contract, and a faulty file says what is wrong with it."""

import pytest

from gis_core.keys import TextKeys
from layers.errors import (
    LayerSpecError,
    MunicipalityError,
    UnknownCollectionError,
    UnknownLayerError,
)
from layers.municipality import load_municipality
from layers.registry import BUILT_IN, find_layers
from layers.spec import Access, FieldType, GeometryKind, Join
from tests.benches import BENCHES, layer_folder

REGISTRY = find_layers()
COLLECTIONS = REGISTRY.collections()
IDS = [c.id for _, c in COLLECTIONS]
PROFILES = sorted((BUILT_IN / "municipalities").glob("*.toml"))


def test_all_six_registers_and_the_terrain_are_there():
    assert set(REGISTRY.layers) == {
        "alkis",
        "cemetery",
        "property_tax",
        "road_damage",
        "terrain",
        "trade_tax",
        "trees",
    }
    assert {"flurstueck", "gebaeude_bauwerk", "nutzung", "baum", "strassenschaden", "grab"} <= set(
        IDS
    )


@pytest.mark.parametrize("layer", REGISTRY.layers.values(), ids=lambda y: y.id)
def test_a_layer_speaks_both_languages_and_lives_in_its_folder(layer):
    assert layer.title.keys() == {"de", "en"}
    assert all(layer.title.values())
    assert REGISTRY.folders[layer.id] == BUILT_IN / layer.id
    assert layer.steward
    assert layer.licence


@pytest.mark.parametrize(("layer", "spec"), COLLECTIONS, ids=IDS)
def test_a_collection_keeps_the_contract(layer, spec):
    assert spec.title.keys() == {"de", "en"}
    for field in spec.fields:
        assert field.title.keys() == {"de", "en"}, field.name
        numeric = field.type in {FieldType.INTEGER, FieldType.NUMBER}
        assert numeric or not (field.unit or field.range), field.name
    for name in spec.relation.sums:
        assert spec.field(name).type in {FieldType.INTEGER, FieldType.NUMBER}
    by_place = spec.relation.by in {Join.DISC, Join.WITHIN, Join.SHARE, Join.SELF}
    assert spec.relation.by is Join.NONE or by_place == (spec.geometry is not GeometryKind.NONE)
    assert REGISTRY.collection(spec.id) == (layer, spec)


@pytest.mark.parametrize(("layer", "spec"), COLLECTIONS, ids=IDS)
def test_taxes_owners_and_anonymous_graves_have_no_place(layer, spec):
    secret = spec.access is Access.TAX_SECRET or spec.id in {
        "flurstueck_eigentuemer",
        "grab_anonym",
    }
    assert secret == (spec.geometry is GeometryKind.NONE)
    if layer.id in {"property_tax", "trade_tax"}:
        assert {f.access for f in spec.fields} == {Access.TAX_SECRET}


def test_unknown_names_are_errors():
    with pytest.raises(UnknownLayerError) as caught:
        REGISTRY.layer("tress")
    assert "trees" in caught.value.advice
    with pytest.raises(UnknownCollectionError):
        REGISTRY.collection("tress")


GOOD = (
    BENCHES
    + """[[collection.field]]
name = "number"
title = { de = "Nummer", en = "Number" }
access = "public"
[[collection.field]]
name = "donor"
title = { de = "Spender", en = "Donor" }
access = "personal"
"""
)


def test_a_city_adds_a_layer_by_a_folder(tmp_path):
    registry = find_layers([layer_folder(tmp_path, GOOD)])
    assert registry.collection("bank")[0].id == "benches"
    assert registry.folders["benches"] == tmp_path / "benches"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            'en = "Donor" }\naccess = "personal"',
            'en = "Donor" }',
            ["collection[bank].field[donor].access", "nothing", "public, internal, personal"],
            id="unclassified-field",
        ),
        pytest.param(
            'access = "personal"',
            'access = "secret"',
            ["collection[bank].field[donor].access", "'secret'", "tax_secret"],
            id="class-that-does-not-exist",
        ),
        pytest.param(
            'geometry = "point"',
            'geometry = "points"',
            ["collection[bank].geometry", "'points'", "point, line, polygon"],
            id="geometry-that-does-not-exist",
        ),
        pytest.param(
            'by = "within"', 'by = "near"', ["relation.by", "'near'", "disc, within"], id="join"
        ),
        pytest.param(
            'geometry = "point"',
            'geometry = "point"\ncolour = "red"',
            ["collection[bank].colour", "no such key"],
            id="key-that-does-not-exist",
        ),
        pytest.param('en = "Donor"', 'fr = "X"', ["field[donor].title.fr"], id="language"),
        pytest.param(
            'identity = ["number"]', 'identity = ["no"]', ["no field is called 'no'"], id="identity"
        ),
        pytest.param(
            'identity = ["number"]', 'identity = ["donor"]', ["bank.donor", "ids"], id="secret-id"
        ),
        pytest.param(
            'name = "donor"', 'name = "number"', ["a field name is given twice"], id="field-twice"
        ),
        pytest.param(
            'name = "donor"', 'name = "donor"\naliases = ["number"]', ["'number'"], id="alias-twice"
        ),
        pytest.param(
            'name = "donor"', 'name = "donor"\naliases = ["fid"]', ["'fid'", "store"], id="alias"
        ),
        pytest.param(
            'name = "donor"',
            'name = "donor"\ndescription = { de = "Name" }',
            ["description", "both languages"],
            id="one-language-description",
        ),
        pytest.param('name = "donor"', 'name = "Dönor"', ["'Dönor'"], id="name"),
        pytest.param('id = "benches"', 'id = "../benches"', ["id", "'../benches'"], id="way-out"),
        pytest.param('id = "benches"', 'id = "benches\\n"', ["id", "benches"], id="line-end"),
        pytest.param('id = "bank"', """id = 'a"; DROP TABLE b; --'""", ["DROP"], id="sql"),
        pytest.param(
            'geometry = "point"\naccess = "public"',
            'geometry = "point"\naccess = "tax_secret"',
            ["never drawn on a map"],
            id="secret-on-the-map",
        ),
        pytest.param('id = "bank"', 'id = "katalog"', ["'katalog'", "catalogue"], id="katalog"),
        pytest.param(
            'id = "benches"',
            'id = "benches"\ncontact = { name = { de = "A", en = "B" }, email = "nobody" }',
            ["contact.email", "nobody"],
            id="mail",
        ),
        pytest.param(
            'id = "benches"',
            'id = "benches"\ncontact = { name = { de = "A", en = "B" }, url = "javascript:1" }',
            ["contact.url"],
            id="link",
        ),
        pytest.param(
            'id = "benches"',
            'id = "benches"\ncontact = { email = "a@b.de" }',
            ["contact.name"],
            id="no-contact-name",
        ),
        pytest.param(
            'id = "benches"',
            'id = "benches"\nquality = { de = "gut" }',
            ["quality", "both languages"],
            id="quality",
        ),
        pytest.param(
            'id = "benches"',
            'id = "benches"\nkeywords = [{ de = "A", en = "B" }, { de = "a", en = "C" }]',
            ["keyword 'a'"],
            id="keyword-twice",
        ),
        pytest.param('id = "benches"', 'id = "merge"', ["'merge' is reserved"], id="reserved"),
        pytest.param('id = "benches"', 'id = "trees"', ["already used", "trees"], id="layer-twice"),
        pytest.param(
            'id = "bank"', 'id = "baum"', ["already used", "trees"], id="collection-twice"
        ),
        pytest.param('id = "benches"', "id = benches", ["TOML", "line 2"], id="no-toml"),
        pytest.param(
            'title = { de = "Bänke", en = "Benches" }',
            'title = { en = "Benches" }',
            ["title", "both languages"],
            id="one-language",
        ),
        pytest.param(
            'title = { de = "Bänke", en = "Benches" }\ngeometry',
            'title = { de = " ", en = "Benches" }\ngeometry',
            ["collection[bank].title", "both languages"],
            id="blank-title",
        ),
        pytest.param('name = "donor"', 'name = "fid"', ["'fid'", "store"], id="store-s-name"),
        pytest.param('id = "bank"', 'id = "sqlite_bank"', ["store"], id="sqlite-s-name"),
        pytest.param('id = "bank"', 'id = "bank_unmapped"', ["store"], id="store-s-table"),
        pytest.param(
            'name = "donor"\n',
            'name = "key"\ntype = "parcel_key"\n'
            'title = { de = "K", en = "K" }\naccess = "public"\n'
            '[[collection.field]]\nname = "key_as_filed"\n',
            ["key_as_filed", "store"],
            id="column-beside-a-key",
        ),
        pytest.param('by = "within"', 'by = "key"', ["by = key", "key ="], id="no-key"),
        pytest.param('by = "within"', 'by = "address"', ["address ="], id="no-address"),
        pytest.param(
            'by = "within"', 'by = "key", key = "donor"', ["donor", "parcel_key"], id="no-key-type"
        ),
        pytest.param(
            'by = "within"', 'by = "within", sums = ["donor"]', ["donor", "number"], id="text-sum"
        ),
        pytest.param(
            'by = "within"', 'by = "within", covers = true', ["share"], id="points-cover-nothing"
        ),
        pytest.param(
            'geometry = "point"', 'geometry = "none"', ["within", "geometry"], id="no-place"
        ),
        pytest.param(
            'identity = ["number"]',
            'identity = ["number"]\nsource = { ends_after = "number" }',
            ["ends_after", "date"],
            id="end-that-is-no-day",
        ),
        pytest.param(
            'identity = ["number"]',
            'identity = ["number"]\nsource = { encoding = "cp9999" }',
            ["cp9999"],
            id="encoding",
        ),
        pytest.param('name = "donor"', 'name = "donor"\nunit = "m"', ["text", "unit"], id="unit"),
        pytest.param(
            'name = "donor"',
            'name = "donor"\ntype = "number"\nrange = [9, 1]',
            ["lowest, highest"],
            id="range",
        ),
        pytest.param(
            'name = "donor"', 'name = "donor"\ntype = "number"\nfactor = 0', ["factor"], id="zero"
        ),
        pytest.param(
            'name = "donor"',
            'name = "donor"\ntype = "integer"\ncodes = { a = { de = "a", en = "b" } }',
            ["whole numbers"],
            id="codes-of-an-integer",
        ),
        pytest.param(
            'name = "donor"', 'name = "donor"\nseparators = ";"', ["parcel keys"], id="separators"
        ),
        pytest.param(
            'access = "personal"',
            'access = "tax_secret"',
            ["never drawn on a map"],
            id="secret-field-on-the-map",
        ),
    ],
)
def test_a_faulty_layer_names_file_key_and_what_is_allowed(tmp_path, old, new, says):
    assert old in GOOD
    with pytest.raises(LayerSpecError) as caught:
        find_layers([layer_folder(tmp_path, GOOD.replace(old, new, 1))])
    message = str(caught.value)
    assert str(tmp_path / "benches" / "layer.toml") in message
    for words in says:
        assert words in message


def test_a_raster_is_no_secret_and_shares_no_name_with_a_collection(tmp_path):
    text = GOOD[: GOOD.index("[[collection]]")] + '[raster]\nunit = "m"\naccess = "public"\n'
    text += 'title = { de = "Höhe", en = "Height" }\n'
    with pytest.raises(LayerSpecError, match="cannot be a secret"):
        find_layers([layer_folder(tmp_path, text.replace('"public"', '"personal"'))])
    with pytest.raises(LayerSpecError, match="already used"):
        find_layers([layer_folder(tmp_path, text.replace('"benches"', '"baum"'))])
    assert find_layers([layer_folder(tmp_path, text)]).layer("benches").raster


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(LayerSpecError, match="no such directory"):
        find_layers([tmp_path / "nothing"])


# -- municipalities ----------------------------------------------------------------------


def test_krefeld_is_known():
    krefeld = load_municipality("krefeld")
    assert (krefeld.code, krefeld.storage_crs) == ("05114000", 25832)
    assert krefeld.keys.read("krefeld 12 123/4").key == "053049012001230004__"


@pytest.mark.parametrize("path", PROFILES, ids=lambda p: p.stem)
def test_every_profile_loads(path):
    profile = load_municipality(path.stem)
    assert profile.title.keys() == {"de", "en"}


OAKDALE = """
id = "oakdale"
name = "Oakdale"
title = { de = "Stadt Oakdale", en = "City of Oakdale" }
key_scheme = "text"
storage_crs = 26986
window = [0.0, 0.0, 10.0, 10.0]
"""


def profile(tmp_path, text):
    (tmp_path / "municipalities").mkdir()
    (tmp_path / "municipalities" / "oakdale.toml").write_text(text)
    (tmp_path / "municipalities" / "latin.toml").write_bytes("# Hüls".encode("cp1252"))
    return [tmp_path]


def test_a_foreign_city_brings_its_profile(tmp_path):
    city = load_municipality("oakdale", profile(tmp_path, OAKDALE))
    assert isinstance(city.keys, TextKeys)
    assert city.storage_crs == 26986


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('key_scheme = "text"', 'key_scheme = "alkis"', "catalogue"),
        ('key_scheme = "text"', 'key_scheme = "barcode"', "key_scheme"),
        ('key_scheme = "text"', 'key_scheme = "alkis"\ncatalogue = "none"', "'none'"),
        ("26986", '"EPSG"', "storage_crs"),
        ("26986", "9999", "storage_crs.*9999"),
        ("26986", "4326", "not projected in metres"),
        ("26986", "2249", "not projected in metres"),
        ("[0.0, 0.0, 10.0, 10.0]", "[10.0, 0.0, 0.0, 10.0]", "window"),
        ('key_scheme = "text"', 'key_scheme = "alkis"\ncatalogue = "latin.toml"', "utf-8"),
        ('id = "oakdale"', 'id = "elsewhere"', "elsewhere"),
        ('id = "oakdale"', 'id = "oakdale', "cannot be read"),
    ],
)
def test_a_faulty_profile_says_what_is_wrong(tmp_path, old, new, says):
    with pytest.raises(MunicipalityError, match=says):
        load_municipality("oakdale", profile(tmp_path, OAKDALE.replace(old, new, 1)))


def test_an_unknown_municipality_lists_the_known():
    with pytest.raises(MunicipalityError) as caught:
        load_municipality("krefelt")
    assert "krefeld" in caught.value.advice


@pytest.mark.real
def test_the_state_catalogue_can_be_named_by_its_path(tmp_path, shared_data):
    (source,) = shared_data.glob("gemarkungen/*.json")
    text = OAKDALE.replace('"text"', f'"alkis"\ncatalogue = "{source}"')
    city = load_municipality("oakdale", profile(tmp_path, text))
    assert city.keys.read("05-3049-012-00123/004").key == "053049012001230004__"
