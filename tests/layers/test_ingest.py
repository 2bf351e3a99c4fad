"""Import: every row is accounted for, and a generation is published whole or not at all."""

import json
import sqlite3
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import layers
from api.cli import main
from gis_core.store import Query, Store
from layers.errors import LayerSpecError, NothingUsableError, SourceFileError, UnknownLayerError
from layers.ingest.directory import import_files, refused_rows
from tests.layers.registers import (
    GARDEN,
    STREET,
    TREES,
    YARD,
    City,
    X,
    Y,
    balance,
    box,
    codes,
    geojson,
    parcels,
)


@pytest.fixture
def city(tmp_path):
    return City(tmp_path)


# -- values ---------------------------------------------------------------------------


def test_a_register_in_german_dialect(city):
    report = city.trees()
    assert balance(report) == (3, 3, 0, 0)
    assert report.files[0].unused == {"baum": ("Farbe",)}
    trees = city.frame("trees", "baum")
    assert sorted(trees.index) == ["1", "2", "3"]
    assert trees.loc["1", "trunk_circumference_cm"] == 80.5
    assert trees.loc["1", "geometry"].equals(shapely.Point(324005.5, 5690005))
    assert trees.loc["2", ["trunk_circumference_cm", "planting_year"]].isna().all()


def test_an_unusable_value_costs_the_value_or_the_row(city):
    text = TREES.replace("120", "100-120").replace("\n2;", "\n;")
    report = city.trees(text)
    assert balance(report) == (3, 1, 1, 1)
    assert codes(report) == {
        ("required-missing", "quarantined"): 1,
        ("range-value", "repaired"): 1,
    }
    fault = report.faults[1].examples[0]
    assert (fault.file, fault.row, fault.field) == ("baum.csv", 4, "Stammumfang cm")
    assert (fault.found, fault.expected) == ("100-120", "number in cm from 1 to 1200")
    assert pd.isna(city.frame("trees", "baum").loc["3", "trunk_circumference_cm"])

    (refused, source), *_ = [
        (f, s) for f, s in refused_rows(city.data, city.registry, "trees") if s
    ]
    assert (refused.code, refused.row) == ("required-missing", 3)
    row = json.loads(source)
    assert row["Art"] == "Quercus robur"
    assert row["geometry"] == "POINT (324015 5690010)"


WORDS = st.sampled_from(
    ["", "0", "7", "1,5", "1.5", "1.234", "80-100", "inf", "nan", "x", "1e999", "-3", "Tilia"]
)
EASTINGS = st.sampled_from(
    ["324001", "324001,5", "", "nan", "inf", "5690000", "32324000", "1", "a"]
)


@given(st.lists(st.tuples(WORDS, EASTINGS, WORDS, WORDS), min_size=1, max_size=40))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_dirt_the_rows_balance(tmp_path_factory, rows):
    city = City(tmp_path_factory.mktemp("dirt"))
    lines = ["Baumnummer;Rechtswert;Hochwert;Stammumfang;Pflanzjahr", "1;324000;5690000;50;1990"]
    lines += [f"{number};{east};5690000;{girth};{year}" for number, east, girth, year in rows]
    report = city.trees("\n".join(lines))
    assert report.counts.balanced
    assert report.counts.read == len(rows) + 1
    assert report.counts.stored == len(city.frame("trees", "baum"))
    refused = {f.row for f, s in refused_rows(city.data, city.registry, "trees") if s}
    assert len(refused) == report.counts.quarantined


# -- identity, keys, routes -----------------------------------------------------------


def test_the_same_number_twice_and_the_same_row_twice(city):
    lines = TREES.splitlines()
    report = city.trees("\n".join([*lines, lines[1], lines[2].replace("robur", "rubra")]))
    assert balance(report) == (5, 4, 1, 0)
    assert codes(report) == {("duplicate-row", "repaired"): 1, ("duplicate-identity", "noted"): 1}
    assert sorted(city.frame("trees", "baum").index) == ["1", "2", "2~2", "3"]


def test_parcels_are_refused_without_a_true_key(city):
    report = city.ingest(
        "alkis",
        city.write(
            "p.geojson",
            parcels(
                ("a", "053049-012-00001/000", box(0, 0, 10, 20)),
                ("b", STREET, box(10, 0, 20, 20)),
                ("c", "0530490120003000100", box(20, 0, 30, 20)),
                ("d", "053048003000120000__", box(30, 0, 40, 20)),
                ("e", None, box(40, 0, 50, 20)),
                ("f", STREET, box(50, 0, 60, 20)),
            ),
        ),
    )
    assert balance(report) == (6, 3, 0, 3)
    assert codes(report) == {
        ("key-wrong-length", "quarantined"): 1,
        ("key-unknown-section", "quarantined"): 1,
        ("key-missing", "quarantined"): 1,
        ("duplicate-parcel-key", "noted"): 1,
    }
    stored = city.frame("alkis", "flurstueck")
    assert stored["flstkennz"].to_dict() == {"a": GARDEN, "b": STREET, "f": STREET}
    assert stored.loc["a", "flstkennz_as_filed"] == "053049-012-00001/000"
    assert stored.loc["a", "flstkennz_confidence"] == "normalised"
    assert set(stored.geom_type) == {"MultiPolygon"}


def test_what_has_ended_is_kept_apart(city):
    later = f"{date.today().year + 9}-01-01T00:00:00Z"  # noqa: DTZ011
    report = city.ingest(
        "alkis",
        city.write(
            "p.geojson",
            parcels(
                ("a", GARDEN, box(0, 0, 10, 20), {"endet": later}),
                ("b", STREET, box(10, 0, 20, 20), {"endet": "2019-05-07T10:00:00Z"}),
                ("c", YARD, None, {"endet": "2018-05-07T10:00:00Z"}),
                ("d", YARD, None),
            ),
        ),
    )
    assert balance(report) == (4, 3, 0, 1)
    assert (report.counts.ended, report.counts.stored) == (2, 1)
    assert list(city.frame("alkis", "flurstueck").index) == ["a"]
    ended = city.frame("alkis", "flurstueck_beendet")
    assert ended["flstkennz"].to_dict() == {"b": STREET, "c": YARD}
    assert str(ended.loc["b", "endet"]) == "2019-05-07 10:00:00"


TAX = """\
Aktenzeichen;Flurstück;Steuerpflichtiger;Messbetrag;Jahresbetrag;Wohnen;gültig ab
1234567890123;05-3049-012-00001;Muster, Erika;1.077,50;5.392,15;ja;01.01.2025
1234567890124;3049-12-2; Placeholder, P.;0,29;1,47 €;N;01.01.2025
1234567890125;3049-12-1|3049-12-3/1;;12,-;60,72;;01.01.2025
1234567890126;Flur 12;;12,005;60,72;;
1234567890127;;;12,00;60,72;;
"""


def test_tax_keeps_keys_as_filed_and_cents_exact(city):
    report = city.ingest("property_tax", city.write("tax.csv", TAX, "cp1252"))
    assert balance(report) == (5, 4, 1, 0)
    assert codes(report) == {
        ("not-whole", "repaired"): 1,
        ("key-missing-district", "noted"): 1,
        ("key-missing", "noted"): 1,
    }
    tax = city.frame("property_tax", "grundsteuer").sort_index()
    keys = [None if pd.isna(key) else key for key in tax["parcel_key"]]
    assert keys == [GARDEN, STREET, f"{GARDEN} {YARD}", None, None]
    assert tax["parcel_key_as_filed"].iloc[3] == "Flur 12"
    assert tax["base_amount_cents"].tolist() == [107750, 29, 1200, pd.NA, 1200]
    assert tax["annual_tax_cents"].tolist() == [539215, 147, 6072, 6072, 6072]
    assert tax["residential"].tolist()[:2] == [True, False]
    with Store.open(city.data) as store:  # one of several keys is found as well as a lone one
        of_key = [Query(equals={"parcel_key": key}) for key in (GARDEN, STREET, YARD)]
        stored = store.snapshot("property_tax")
        assert [stored.count("grundsteuer", query) for query in of_key] == [2, 1, 1]
    folder = city.data / "layers" / "property_tax" / "1"
    assert b"Muster" in (folder / "sealed.sqlite").read_bytes()
    # Nothing of any row is outside of the sealed files, not even in what is told about faults.
    for path in filter(Path.is_file, city.data.rglob("*")):
        if path.name not in {"sealed.sqlite", "quarantine.sqlite"}:
            held = path.read_bytes()
            assert not [word for word in (b"Muster", b"12,005", b"Flur 12") if word in held]


def test_trade_tax_never_gets_a_place(city):
    rows = ({"Steuernummer": "117/1234/5678", "Anschrift": "Am Weg 1"}, shapely.Point(X, Y))
    report = city.ingest("trade_tax", city.write("t.geojson", geojson(rows)))
    assert balance(report) == (1, 1, 0, 0)
    assert "no place" in report.files[0].notes[0]
    frame = city.frame("trade_tax", "gewerbesteuer")
    assert isinstance(frame, pd.DataFrame)
    assert "geometry" not in frame


def test_each_table_goes_to_its_collection(city):
    point = shapely.Point(X, Y)
    files = [
        city.write("flurstueck.geojson", parcels(("a", GARDEN, box(0, 0, 9, 9)))),
        city.write("g.geojson", parcels(("g", None, box(1, 1, 5, 5)), name="gebaeude_bauwerk")),
        city.write("x.geojson", parcels(("x", GARDEN, point), name="FlurstueckPunkt")),
        city.write("n.geojson", parcels(("n", GARDEN, box(1, 1, 5, 5)), name="NutzungFlurstueck")),
    ]
    report = city.ingest("alkis", *files)
    by = report.by_collection()
    assert {name: c.stored for name, c in by.items()} == dict.fromkeys(
        ("flurstueck", "gebaeude_bauwerk", "flurstueck_punkt", "nutzung_flurstueck"), 1
    )
    # The next import lacks the buildings: it says so.
    again = city.ingest("alkis", files[0])
    assert "gebaeude_bauwerk had 1 rows and has none now" in again.notes[1]


def test_each_member_of_an_archive_has_columns_of_its_own(city):
    path = city.folder / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nord.csv", TREES)
        archive.writestr("sued.csv", "tree_id,East,North\n8,324001.5,5690002\n9,324001.5,5690003\n")
    assert balance(city.ingest("trees", path)) == (5, 5, 0, 0)
    assert city.frame("trees", "baum").loc["8", "geometry"].x == 324001.5
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("west.csv", "Nummer,East,North\n8,324001.5,5690002\n")
    with pytest.raises(SourceFileError, match=r"west\.csv"):
        city.ingest("trees", path)


# -- positions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("east", "north", "code"),
    [
        pytest.param("5690005", "324005", "axes-swapped", id="swapped"),
        pytest.param("32324005", "5690005", "zone-prefix", id="prefixed"),
        pytest.param("424005", "5690005", "outside-window", id="next-town"),
        pytest.param("inf", "5690005", "not-finite", id="infinite"),
        pytest.param("", "", "geometry-missing", id="empty"),
    ],
)
def test_a_position_that_cannot_be_true(city, east, north, code):
    text = TREES.replace("324005,5;5690005", f"{east};{north}")
    report = city.trees(text)
    assert balance(report) == (3, 2, 0, 1)
    fault = report.faults[0].examples[0]
    assert (fault.code, fault.row) == (code, 2)
    assert "easting 320,000 to 342,000" in fault.expected


def test_a_whole_file_with_prefixed_eastings_says_what_it_looks_like(city):
    text = TREES.replace(";3240", ";323240")
    with pytest.raises(NothingUsableError, match="zone-prefix") as caught:
        city.trees(text)
    assert "EPSG:4647" in str(caught.value)
    assert balance(city.trees(text, crs="EPSG:4647")) == (3, 3, 0, 0)
    assert city.frame("trees", "baum").loc["1", "geometry"].x == pytest.approx(324005.5)


def test_swapped_degrees_are_noticed_behind_the_transformation(city):
    rows = ({"Baumnummer": "1"}, shapely.Point(51.35, 6.5)), ({"Baumnummer": "2"}, None)
    good = ({"Baumnummer": "3"}, shapely.Point(6.5, 51.35))
    text = geojson(*rows, good, crs=None)
    report = city.ingest("trees", city.write("t.geojson", text))
    assert codes(report) == {
        ("axes-swapped", "quarantined"): 1,
        ("geometry-missing", "quarantined"): 1,
    }


BOW_TIE = shapely.Polygon([(X, Y), (X + 2, Y + 2), (X + 2, Y), (X, Y + 2)])


def test_geometry_is_repaired_or_refused_with_the_reason(city):
    mixed = shapely.GeometryCollection([box(0, 0, 2, 2), shapely.Point(X, Y)])
    report = city.ingest(
        "alkis",
        city.write(
            "p.geojson",
            parcels(
                ("bow", GARDEN, BOW_TIE),
                ("mixed", STREET, mixed),
                ("empty", YARD, {"type": "Polygon", "coordinates": []}),
                ("line", YARD, shapely.LineString([(X, Y), (X, Y + 9)])),
                ("flat", YARD, shapely.Polygon([(X, Y), (X, Y + 1), (X, Y + 2)])),
            ),
        ),
    )
    assert balance(report) == (5, 0, 2, 3)
    assert codes(report) == {
        ("geometry-repaired", "repaired"): 1,
        ("geometry-collection", "repaired"): 1,
        ("geometry-empty", "quarantined"): 1,
        ("geometry-kind", "quarantined"): 1,
        ("geometry-collapsed", "quarantined"): 1,
    }
    repaired = next(g for g in report.faults if g.code == "geometry-repaired").examples[0]
    assert repaired.found.startswith("Self-intersection")
    areas = city.frame("alkis", "flurstueck").area
    assert areas.to_dict() == {"bow": pytest.approx(2), "mixed": pytest.approx(4)}


def test_the_operation_is_part_of_what_is_stored(city):
    city.ingest(
        "trees",
        city.write(
            "t.geojson", geojson(({"Baumnummer": "1"}, shapely.Point(6.5, 51.35)), crs=None)
        ),
    )
    with Store.open(city.data) as store:
        info = store.served()["trees"]
    (file,) = info.provenance["files"]
    assert file["operations"][0]["target"] == "EPSG:25832"
    assert len(file["sha256"]) == 64
    assert info.provenance["counts"]["accepted"] == 1


# -- generations ----------------------------------------------------------------------


def test_one_bad_file_refuses_the_whole_command(city):
    city.trees()
    good = city.write("good.csv", TREES)
    bad = city.write("bad.csv", "Farbe;Form\nrot;rund\n")
    with pytest.raises(SourceFileError, match="Farbe, Form"):
        city.ingest("trees", good, bad, crs="EPSG:25832")
    assert city.served() == {"trees": 1}


def test_a_dry_run_stores_nothing(city):
    file = city.write("baum.csv", TREES)
    report = import_files(
        city.data, city.registry, city.profile, "trees", [file], crs="EPSG:25832", dry_run=True
    )
    assert balance(report) == (3, 3, 0, 0)
    assert report.generation is None
    assert not city.data.exists()
    city.trees()
    city.trees(dry_run=True)
    assert city.served() == {"trees": 1}


def test_data_date(city):
    row = ("a", GARDEN, box(0, 0, 9, 9), {"aktualit": "2025-11-30"})
    city.ingest("alkis", city.write("p.geojson", parcels(row)))
    city.trees(data_date=date(2024, 2, 29))
    with Store.open(city.data) as store:
        dates = {layer: store.served()[layer].data_date for layer in ("alkis", "trees")}
    assert dates == {"alkis": date(2025, 11, 30), "trees": date(2024, 2, 29)}


def test_a_layer_may_bring_its_own_translation(tmp_path):
    folder = tmp_path / "layers" / "benches"
    folder.mkdir(parents=True)
    (folder / "layer.toml").write_text(
        'id = "benches"\nsteward = "s"\nlicence = "l"\ntitle = { de = "Bänke", en = "Benches" }\n'
        '[[collection]]\nid = "bank"\ngeometry = "none"\naccess = "public"\n'
        'title = { de = "Bänke", en = "Benches" }\nrelation = { by = "none" }\nidentity = ["no"]\n'
        'field = [{ name = "no", access = "public", title = { de = "Nr.", en = "No." } }]\n'
    )
    (folder / "source.py").write_text(
        "def translate(tables, municipality):\n"
        "    for table in tables:\n"
        "        table.attributes['no'] = municipality.id + '-' + table.attributes['n']\n"
        "        yield table\n"
    )
    city = City(tmp_path, layers=[tmp_path / "layers"])
    city.ingest("benches", city.write("b.csv", "n;m\n1;2\n"))
    assert list(city.frame("benches", "bank").index) == ["krefeld-1"]
    for program, says in (
        ("translation = None\n", "translate"),
        ("def translate(:\n", "cannot be loaded.*line 1"),
        ("import no_such_module\n", "cannot be loaded.*no_such_module"),
    ):
        (folder / "source.py").write_text(program)
        with pytest.raises(LayerSpecError, match=says):
            city.ingest("benches", city.write("b.csv", "n;m\n1;2\n"))


def test_generations_are_equal_whatever_the_slices(city, monkeypatch):
    rows = [f"{n};{X + n / 7:.3f};{Y + n % 13};;{n % 300};{1900 + n % 99};;" for n in range(500)]
    text = "\n".join([TREES.splitlines()[0], *rows])
    one = city.trees(text)
    whole = city.frame("trees", "baum")
    monkeypatch.setattr("layers.ingest.reading.SLICE", 7)
    many = city.trees(text)
    assert many.counts == one.counts
    assert city.frame("trees", "baum").equals(whole)


# -- the command ----------------------------------------------------------------------


@pytest.fixture
def flurbuch(city, monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr("sys.argv", ["flurbuch", "--data", str(city.data), *map(str, words)])
        monkeypatch.setenv("COLUMNS", "400")
        with pytest.raises(SystemExit) as done:
            main()
        return done.value.code or 0, *capsys.readouterr()

    return run


def test_the_command_tells_what_happened_and_what_to_do(city, flurbuch):
    file = city.write("baum.csv", TREES.replace("120", "80-120").replace("324005", "5"))
    status, out, err = flurbuch("ingest", "trees", file, "--crs", "EPSG:25832")
    assert status == 0
    assert "generation 1 of trees is served" in err
    assert "row 2" in out
    assert "outside-window" in out
    assert "Spannen gehören in zwei Felder" in out
    assert "columns not used: Farbe" in out

    status, out, _ = flurbuch("ingest", "trees", file, "--crs", "EPSG:25832", "--json", "--dry-run")
    told = json.loads(out)
    assert status == 0
    assert told["generation"] is None
    assert told["counts"]["read"] == 3
    assert told["files"][0]["unused_columns"] == {"baum": ["Farbe"]}

    status, out, err = flurbuch("quarantine", "trees")
    assert (status, len(out.splitlines())) == (0, 1)
    status, out, _ = flurbuch("quarantine", "trees", "--all", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["code"] for line in lines] == ["range-value", "outside-window"]
    assert lines[1]["source"]["Baum-Nr."] == "1"


def test_exit_statuses(city, flurbuch):
    file = city.write("baum.csv", TREES)
    assert flurbuch("quarantine", "trees")[0] == 1
    assert flurbuch("ingest", "baeume", file)[0] == 2
    assert flurbuch("--municipality", "atlantis", "ingest", "trees", file)[0] == 2
    assert flurbuch("ingest", "trees")[0] == 2
    assert flurbuch("ingest", "trees", city.folder / "absent.csv")[0] == 1
    silent = layer_folder(city, "silent", without='crs = "EPSG:25832"')
    status, _, err = flurbuch("--layers", silent, "ingest", "silent", file)
    assert status == 1  # nobody states the reference system
    assert "EPSG:25832" in err
    assert not (city.data / "layers" / "silent" / "1").exists()


def layer_folder(city, name, without):
    """Return a folder with the tree layer under another name, less one entry."""
    text = (Path(layers.__file__).parent / "trees" / "layer.toml").read_text("utf-8")
    assert without in text
    text = text.replace(without, "").replace('"trees"', f'"{name}"').replace('"baum"', f'"{name}"')
    folder = city.folder / "own" / name
    folder.mkdir(parents=True)
    (folder / "layer.toml").write_text(text, "utf-8")
    return folder.parent


def test_unknown_layers_make_no_directory(city):
    with pytest.raises(UnknownLayerError):
        import_files(city.data, city.registry, city.profile, "baeume", [])
    assert not city.data.exists()


def test_quarantine_is_not_readable_for_others(city):
    city.trees(TREES.replace("120", "x"))
    path = city.data / "layers" / "trees" / "1" / "quarantine.sqlite"
    assert path.stat().st_mode & 0o077 == 0
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM fault").fetchone() == (1,)
    db.close()


def test_positions_of_many_rows_are_exact(city):
    rng = np.random.default_rng(7)
    x, y = rng.uniform(X, X + 5_000, 1_000).round(3), rng.uniform(Y, Y + 5_000, 1_000).round(3)
    rows = [f"{n};{a};{b}" for n, (a, b) in enumerate(zip(x, y, strict=True))]
    city.trees("\n".join(["Baumnummer;Rechtswert;Hochwert", *rows]))
    trees = city.frame("trees", "baum")
    order = trees.index.astype(int)
    assert (trees.geometry.x.to_numpy() == x[order]).all()
    assert (trees.geometry.y.to_numpy() == y[order]).all()
