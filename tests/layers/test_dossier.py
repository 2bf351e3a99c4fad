"""The parcel dossier: what it says, in which order, and to whom."""

import json
from pathlib import Path

import jsonschema
import pytest
import shapely

import layers.dossier
from gis_core.errors import ParcelKeyError
from gis_core.store import Store
from layers.access import CITIZEN, Actor
from layers.dossier import build_dossier
from layers.errors import UnknownCollectionError, UnknownParcelError
from layers.merging import merge
from layers.municipality import load_municipality
from layers.reader import open_reader
from layers.registry import find_layers

GARDEN, STREET, YARD = "05304901200001______", "05304901200002______", "053049012000030001__"
CLERK = Actor("property_tax_clerk", "assessment 12/345", "n. n.")
TRADE = Actor("trade_tax_clerk", "assessment 12/345", "n. n.")
SCHEMA = json.loads(
    Path(layers.dossier.__file__).with_name("dossier.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def reader(merged_town):
    """Return a reader of the merged town."""
    opened = open_reader(merged_town)
    yield opened
    opened.close()


def sections(dossier):
    return {s.id: s for s in dossier.sections}


def test_says_what_a_person_can_see_on_the_plan(reader):
    dossier = build_dossier(reader, CITIZEN, "Gemarkung Krefeld, Flur 12, Flurstück 1")
    assert dossier.parcel_key == GARDEN
    assert dossier.label["en"] == reader.municipality.keys.label(GARDEN, "en")
    assert dossier.address == "Ostwall 1; Am Hang 7"
    assert dossier.position == (324_010.0, 5_690_010.0)
    assert [(n.parcel_key, n.direction, n.border_m) for n in dossier.neighbours] == [
        (STREET, "e", 20.0)
    ]
    groups = [f.group for f in dossier.facts]
    order = ["key", "size", "use", "address", "hint"]
    assert groups == sorted(groups, key=order.index)
    facts = {f.name: f for f in dossier.facts}
    assert facts["official_area_m2"].value == 421
    assert facts["corrected_area_m2"].value == pytest.approx(400, rel=1.2e-4)
    assert (facts["use.Garten"].value, facts["use.Garten"].unit) == (421, "m²")
    assert "4,7 m²" in facts["beyond_bound"].text("de")
    assert "4.7 m²" in facts["beyond_bound"].text("en")


def test_a_street_lies_between_its_neighbours(reader):
    dossier = build_dossier(reader, CITIZEN, "3049-12-2")
    assert [(n.parcel_key, n.direction) for n in dossier.neighbours] == [(YARD, "e"), (GARDEN, "w")]
    trees = sections(dossier)["baum"]
    assert [(r.feature_id, r.link.method, r.link.share) for r in trees.rows] == [
        ("t2", "disc", 0.5)
    ]
    assert trees.rows[0].link.boundary
    assert {f.name for f in trees.filled_fields} == {
        "tree_number",
        "genus",
        "trunk_circumference_cm",
    }
    assert sections(dossier)["strassenschaden"].total == 2
    height = {f.name: f.value for f in sections(dossier)["terrain"].facts}
    assert (height["mean"], height["cells"]) == (2.0, 200)


def test_the_public_learns_nothing_of_taxes_owners_and_holders(reader):
    secret = {"tax", "steuer", "owner", "eigent", "holder", "nutzungsberecht", "inspector"}
    for key in (GARDEN, STREET, YARD):
        for lang in ("de", "en"):
            text = json.dumps(build_dossier(reader, CITIZEN, key).as_json(lang)).casefold()
            assert not [word for word in secret if word in text]


def test_without_a_purpose_a_clerk_sees_what_the_public_sees(reader):
    plain = build_dossier(reader, Actor("property_tax_clerk"), GARDEN)
    assert "grundsteuer" not in sections(plain)
    assert "baum" in sections(plain)


@pytest.mark.parametrize(
    ("actor", "tax"), [(CLERK, "grundsteuer"), (TRADE, "gewerbesteuer")], ids=["property", "trade"]
)
def test_a_tax_purpose_is_answered_with_tax_and_cadastre_alone(reader, actor, tax):
    dossier = build_dossier(reader, actor, GARDEN)
    assert set(sections(dossier)) == {"gebaeude_bauwerk", "nutzung", tax, "terrain"}
    assert sections(dossier)[tax].total == 1
    if actor is CLERK:
        facts = {f.name: f.value for f in sections(dossier)[tax].facts}
        assert facts["sum_annual_tax_cents"] == 15_001
        assert "tax_only" in {h.name for h in dossier.hints}


def test_totals_count_all_though_few_rows_are_shown(reader):
    trees = sections(build_dossier(reader, CITIZEN, GARDEN, limit=1))["baum"]
    assert (trees.total, len(trees.rows)) == (2, 1)
    assert {f.name: f.value for f in trees.facts}["n"] == 2


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("actor", [CITIZEN, CLERK], ids=["citizen", "clerk"])
def test_json_keeps_its_schema(reader, actor, lang):
    for key in (GARDEN, STREET, YARD):
        document = build_dossier(reader, actor, key).as_json(lang)
        jsonschema.validate(json.loads(json.dumps(document)), SCHEMA)
        assert document == build_dossier(reader, actor, key).as_json(lang)


def test_texts_change_with_the_language_and_nothing_else(reader):
    def bones(value):
        words = {"lang", "title", "label", "direction_name", "codes"}
        if isinstance(value, dict):
            bare = {k: bones(v) for k, v in value.items() if k not in words}
            return {} if value.get("group") == "hint" or value.get("name") == "label" else bare
        return [bones(v) for v in value] if isinstance(value, list) else value

    dossier = build_dossier(reader, CITIZEN, GARDEN)
    assert bones(dossier.as_json("de")) == bones(dossier.as_json("en"))
    assert dossier.as_json("de") != dossier.as_json("en")


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("3049-12-999", UnknownParcelError, "053049012009990*|no current parcel"),
        ("Verberg, Flur 3, 12", ParcelKeyError, "no section 3"),
        ("12345/6", ParcelKeyError, "too short"),
    ],
)
def test_a_key_that_leads_nowhere_is_explained(reader, text, error, says):
    with pytest.raises(error, match=says) as caught:
        build_dossier(reader, CITIZEN, text)
    assert caught.value.advice


def test_before_the_first_merge_it_says_so(town):
    reader = open_reader(town)
    dossier = build_dossier(reader, CITIZEN, GARDEN)
    assert dossier.sections == ()
    assert "not_merged" in {h.name for h in dossier.hints}
    jsonschema.validate(dossier.as_json("de"), SCHEMA)
    reader.close()


def test_newer_imports_are_announced_only_to_those_who_see_them(town, put):
    with Store.open(town) as store:
        merge(store, find_layers(), load_municipality("krefeld"))
        put(store, "trees", {"baum": ({"feature_id": ["t9"]}, shapely.points([[0, 0]]))})
        put(store, "trade_tax", {"gewerbesteuer": ({"feature_id": ["q"]}, None)})
    reader = open_reader(town)
    dossier = build_dossier(reader, CITIZEN, GARDEN)
    stale = next(h for h in dossier.hints if h.name == "stale")
    assert stale.text("en").endswith("Tree register.")
    assert sections(dossier)["baum"].total == 2  # still the trees that were merged
    assert sections(dossier)["baum"].rows[0].values["tree_number"] == "1"
    reader.close()


def test_without_parcels_there_is_no_dossier(tmp_path):
    Store.open(tmp_path, create=True).close()
    reader = open_reader(tmp_path)
    with pytest.raises(UnknownCollectionError, match="no parcels"):
        build_dossier(reader, CITIZEN, GARDEN)
    reader.close()
