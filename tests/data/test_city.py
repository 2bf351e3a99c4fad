"""The demo city: the same bytes, a full cover, true keys, and dirt that is really there."""

import csv
import hashlib
import json
import subprocess
import sys
import zipfile
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import pytest
import rasterio
import shapely
from lxml import etree

from data.city.drawing import areal_scale, draw_city
from data.city.lots import Lot
from data.city.spelling import BAD, GOOD
from data.city.streets import Kind
from data.city.zones import Zone
from data.make_city import make_city
from gis_core import crs
from gis_core.keys import read_key
from gis_core.window import Verdict, Window
from layers.ingest.pipeline import ingest
from layers.municipality import load_municipality
from layers.registry import find_layers
from layers.uses import stated_uses

PARCELS = 1_200
GML = "{http://www.opengis.net/gml/3.2}"
LAYERS = {
    "alkis": ("flurstueck", "gebaeude_bauwerk", "nutzung", "flurstueck_eigentuemer"),
    "trees": ("baum",),
    "road_damage": ("strassenschaden",),
    "cemetery": ("grab", "grab_anonym"),
    "property_tax": ("grundsteuer",),
    "trade_tax": ("gewerbesteuer",),
}


@pytest.fixture(scope="module")
def drawn():
    return draw_city(PARCELS, 1)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return tmp_path_factory.mktemp("city")


@pytest.fixture(scope="module")
def truth(files):
    return make_city(files, PARCELS, 1)


def rows_of(file, encoding="utf-8"):
    with file.open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def digests(folder):
    return {
        str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*"))
        if f.is_file()
    }


def number(text):
    return float(text.replace(".", "").replace(",", "."))


# --- the drawn city ------------------------------------------------------------------------


def test_another_process_writes_the_same_bytes(files, truth, tmp_path):
    again = tmp_path / "again"
    command = [sys.executable, "-m", "data.make_city", "--parcels", str(PARCELS)]
    env = {"PYTHONHASHSEED": "77", "TZ": "Pacific/Auckland", "PATH": ""}
    root = Path(__file__).parents[2]
    subprocess.run(
        [*command, "--out", str(again)], check=True, cwd=root, env=env, capture_output=True
    )
    assert digests(again) == digests(files)
    assert truth.files == sorted(set(digests(files)) - {"truth.json"})


@pytest.mark.parametrize(("parcels", "seed"), [(600, 1), (PARCELS, 2), (PARCELS, 3)])
def test_every_city_has_exactly_so_many_parcels_and_no_gap(parcels, seed):
    city = draw_city(parcels, seed)
    assert len(city.key) == len(set(city.key)) == parcels
    assert shapely.is_valid(city.geometry).all()
    assert shapely.coverage_is_valid(city.geometry)
    extent = shapely.Polygon(city.frame.rim).area
    assert shapely.area(city.geometry).sum() == pytest.approx(extent, abs=1e-6)


def test_neighbours_share_every_vertex(drawn):
    """Each stretch between two vertices belongs to two parcels, or to one and the boundary."""
    rings = shapely.get_rings(drawn.geometry)
    stretches = Counter(
        tuple(sorted(pair)) for ring in rings for pair in pairwise(map(tuple, ring.coords))
    )
    assert set(stretches.values()) == {1, 2}
    rim = drawn.frame.rim.tolist()
    around = {tuple(sorted((tuple(a), tuple(b)))) for a, b in pairwise([*rim, rim[0]])}
    assert {s for s, n in stretches.items() if n == 1} == around


def test_two_seeds_are_two_cities(drawn):
    assert set(drawn.key) != set(draw_city(PARCELS, 2).key)


def test_it_lies_in_krefeld_and_in_whole_millimetres(drawn):
    xy = shapely.get_coordinates(drawn.geometry)
    assert np.array_equal(np.round(xy, 3), xy)
    assert drawn.frame.plan.fits_window
    window = Window(*load_municipality("krefeld").window)
    assert (window.judge(xy[:, 0], xy[:, 1]) == Verdict.INSIDE).all()


def test_keys_name_sections_that_exist(drawn):
    scheme = load_municipality("krefeld").keys
    column = scheme.read_column(list(drawn.key))
    assert list(column.key) == list(drawn.key)
    assert set(column.confidence) == {"exact"}
    ended = {e.key for e in drawn.numbers.ended}
    assert ended
    assert not ended & set(drawn.key)
    assert {s for e in drawn.numbers.ended for s in e.successors} <= set(drawn.key)


def test_plots_are_like_german_house_plots(drawn):
    lots = drawn.lots
    houses = (drawn.zone[: len(lots.lot)] == Zone.HOUSES) & (lots.lot == Lot.FRONT)
    front = np.hypot(*(lots.quad[houses, 1] - lots.quad[houses, 0]).T)
    area = shapely.area(lots.geometry[houses])
    assert 15 < np.median(front) < 23
    assert 450 < np.median(area) < 900


def test_house_numbers_are_odd_on_the_left_and_rise(drawn):
    taken = {}
    for i in np.flatnonzero(drawn.addresses.number != ""):
        house = (int(drawn.addresses.street[i]), str(drawn.addresses.number[i]))
        assert taken.setdefault(house, i) == i
    edges, lots = drawn.frame.edges, drawn.lots
    for (_, text), i in taken.items():
        if not text.isdigit():
            continue
        line = edges.line[lots.edge[i]]
        way, off = line[-1] - line[0], lots.quad[i, :2].mean(axis=0) - line[0]
        right = way[0] * off[1] - way[1] * off[0] < 0
        assert (int(text) % 2 == 0) == right


def test_area_without_the_projection_agrees_with_proj(drawn):
    xy = shapely.get_coordinates(shapely.centroid(drawn.geometry))
    assert areal_scale(xy[:, 0]) == pytest.approx(
        crs.areal_scale(xy[:, 0], xy[:, 1], 25832), rel=1e-6
    )


def test_street_names_are_unique(drawn):
    assert len(set(drawn.names)) == len(drawn.names)


# --- the files -----------------------------------------------------------------------------


def test_nas_says_what_was_drawn(drawn, files, truth):
    tree = etree.parse(files / "alkis" / "bestandsdaten.xml")
    found = {}
    for parcel in tree.iter("{*}AX_Flurstueck"):
        place = parcel.find("{*}position")
        found[parcel.findtext("{*}flurstueckskennzeichen")] = (
            parcel.findtext("{*}amtlicheFlaeche"),
            len(list(place.iter(GML + "PolygonPatch"))),
            len(list(place.iter(GML + "interior"))),
        )
    parts, owner = shapely.get_parts(drawn.geometry, return_index=True)
    holes = np.bincount(owner, shapely.get_num_interior_rings(parts)).astype(int)
    count = np.bincount(owner)
    wrong = {p.row for p in truth.of_kind("area_deviation")}
    for i, key in enumerate(drawn.key):
        area, patches, inside = found[key]
        assert (patches, inside) == (count[i], holes[i])
        assert (area == str(drawn.official_area_m2[i])) == (key not in wrong)
    assert len(found) == PARCELS
    assert len(list(tree.iter(GML + "Arc"))) > 10
    known = {e.get(GML + "id") for e in tree.iter("{*}AX_LagebezeichnungMitHausnummer")}
    known |= {e.get(GML + "id") for e in tree.iter("{*}AX_LagebezeichnungOhneHausnummer")}
    href = "{http://www.w3.org/1999/xlink}href"
    links = [e.get(href) for e in tree.iter("{*}weistAuf", "{*}zeigtAuf")]
    assert {link.removeprefix("urn:adv:oid:") for link in links} <= known
    assert "Synthetisch" in etree.tostring(tree)[:2000].decode()


def test_geopackage_says_the_same_and_uses_sum_to_the_official_area(drawn, tmp_path):
    make_city(tmp_path, PARCELS, 1, dirt=False, cadastre="gpkg")
    file = tmp_path / "alkis" / "alkis_vereinfacht.gpkg"
    parcels = pyogrio.read_dataframe(file, layer="Flurstueck")
    assert list(parcels.flstkennz) == list(drawn.key)
    assert shapely.equals_exact(
        shapely.normalize(shapely.get_geometry(parcels.geometry.to_numpy(), 0)),
        shapely.normalize(shapely.get_geometry(drawn.geometry, 0)),
    ).all()
    for packed, area in zip(parcels.tntxt, parcels.flaeche, strict=True):
        assert sum(part for _, part in stated_uses(packed)) == area
    assert len(pyogrio.read_dataframe(file, layer="GebaeudeBauwerk")) > 0.6 * PARCELS
    uses = pyogrio.read_dataframe(file, layer="Nutzung").geometry.to_numpy()
    assert shapely.area(uses).sum() == pytest.approx(shapely.area(drawn.geometry).sum())


def test_terrain_falls_towards_the_river_and_covers_the_city(drawn, files):
    with rasterio.open(files / "terrain" / "dgm.tif") as raster:
        assert raster.crs.to_epsg() == 25832
        assert raster.dtypes == ("float32",)
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert shapely.box(*raster.bounds).covers(shapely.Polygon(drawn.frame.rim))
        height = raster.read(1)
    columns = height.mean(axis=0)
    assert columns[: len(columns) // 5].mean() > columns[-len(columns) // 5 :].mean() + 1
    assert np.ptp(height) > 15


def test_nobody_is_real(files):
    for layer, name in (("property_tax", "grundsteuer.csv"), ("alkis", "eigentuemer.csv")):
        text = (files / layer / name).read_text("cp1252")
        assert "Musterperson 00" in text
    owners = {r["eigentuemertxt"] for r in rows_of(files / "alkis" / "eigentuemer.csv")}
    assert all(owner.startswith("Muster") for owner in owners)


def test_tax_arithmetic_is_exact(files):
    cent = Decimal("0.01")
    groups = Counter()
    for row in rows_of(files / "property_tax" / "grundsteuer.csv", "cp1252"):
        value, base, rate, multiplier, tax = (
            Decimal(row[name].replace(".", "").replace(",", "."))
            for name in (
                "Grundsteuerwert",
                "Messbetrag",
                "Steuermesszahl",
                "Hebesatz",
                "Jahresbetrag",
            )
        )
        assert value % 100 == 0
        assert base == (value * rate / 1000).quantize(cent, ROUND_HALF_UP)
        assert tax == (base * multiplier / 100).quantize(cent, ROUND_HALF_UP)
        groups[row["Art"], row["Wohngrundstück"], int(multiplier), str(rate)] += 1
    assert set(groups) == {
        ("A", "", 265, "0.55"),
        ("B", "ja", 506, "0.31"),
        ("B", "nein", 995, "0.34"),
    }


# --- the truth -----------------------------------------------------------------------------


def test_every_tree_stands_where_the_truth_says(drawn, files):
    """Brute force: the stem's disc against every parcel, without an index."""
    place = {}
    for row in rows_of(files / "trees" / "baumkataster.csv"):
        if row["Rechtswert"] and row["Stammumfang"]:
            x, y = number(row["Rechtswert"]), number(row["Hochwert"])
            place[row["Baumnummer"]] = (x, y, number(row["Stammumfang"].removesuffix(" cm")))
    north = json.loads((files / "trees" / "baumkataster_nord.geojson").read_text("utf-8"))
    assert north["crs"]["properties"]["name"].endswith("EPSG::4647")
    for feature in north["features"]:
        x, y = feature["geometry"]["coordinates"]
        facts = feature["properties"]
        place[facts["baum_nr"]] = (x - 32_000_000, y, facts["Stammumfang cm"])
    known = rows_of(files / "truth" / "baum.csv")
    boundary = [r for r in known if r["boundary"] == "1"]
    assert len(boundary) >= 6
    sample = [r for r in known if r["expected"] == "accepted"][::9] + boundary
    for row in sample:
        x, y, girth = place[row["tree_number"]]
        far = shapely.distance(drawn.geometry, shapely.Point(x, y))
        touched = drawn.key[far <= girth / 100 / (2 * np.pi)]
        assert set(touched) == set(row["parcel_keys"].split())
        assert (len(touched) > 1) == (row["boundary"] == "1")


def test_damages_lie_on_their_road_or_a_few_metres_beside_it(drawn, files):
    to_utm = pyproj.Transformer.from_crs(4326, 25832, always_xy=True)
    told = json.loads((files / "road_damage" / "strassenschaeden.geojson").read_text("utf-8"))
    known = {r["damage_id"]: r for r in rows_of(files / "truth" / "strassenschaden.csv")}
    row = {key: i for i, key in enumerate(drawn.key)}
    beside = 0
    for feature in told["features"]:
        facts = known[feature["properties"]["schaden_id"]]
        assert (feature["geometry"] is None) == (facts["expected"] == "quarantined")
        if feature["geometry"] is None:
            continue
        point = shapely.Point(to_utm.transform(*feature["geometry"]["coordinates"]))
        road, covering = row[facts["road_parcel_key"]], row[facts["covering_parcel_key"]]
        assert drawn.roads.kind[road - len(drawn.lots.lot)] >= Kind.MAIN
        assert drawn.geometry[covering].covers(point)
        off = drawn.geometry[road].distance(point)
        assert off == pytest.approx(float(facts["off_road_m"]), abs=0.02)
        assert off < 5
        beside += road != covering
    assert beside > 5


def test_graves_share_their_ground(drawn, files, truth):
    with zipfile.ZipFile(files / "cemetery" / "graeber.zip") as archive:
        assert not any(name.endswith(".cpg") for name in archive.namelist())
    told = pyogrio.read_dataframe(files / "cemetery" / "graeber.zip", encoding="cp1252")
    bent = {p.row for p in truth.of_kind("self_intersection")}
    shape = dict(zip(told.grabnr, told.geometry, strict=True))
    row = {key: i for i, key in enumerate(drawn.key)}
    for grave in rows_of(files / "truth" / "grab.csv"):
        if grave["grave_id"] in bent:
            assert not shape[grave["grave_id"]].is_valid
            continue
        ground = shape[grave["grave_id"]]
        shares = [float(s) for s in grave["shares"].split()]
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        for key, share in zip(grave["parcel_keys"].split(), shares, strict=True):
            part = drawn.geometry[row[key]].intersection(ground).area
            assert part / ground.area == pytest.approx(share, abs=2e-6)
    assert set(told.friedhof) == {"Friedhof 1", "Friedhof 2"}
    assert truth.of_kind("grave_on_border")


def test_tax_keys_are_read_as_they_are_meant(drawn, files):
    scheme = load_municipality("krefeld").keys
    filed = {
        r["Aktenzeichen"]: r for r in rows_of(files / "property_tax/grundsteuer.csv", "cp1252")
    }
    current, kinds = set(drawn.key), Counter()
    for row in rows_of(files / "truth" / "grundsteuer.csv"):
        text = filed[row["tax_file_number"]]["Flurstücke"].replace("|", ";")
        kinds[row["kind"]] += 1
        pieces = [read_key(part, scheme.catalogue).key for part in text.split(";") if part.strip()]
        meant = [key for key in pieces if key in current]
        assert meant == row["parcel_keys"].split()
        assert bool(meant) == (row["expected"] == "matched")
    wanted = {f"key_{name}" for name in (*BAD, *GOOD, "ended", "never_existed", "missing")}
    assert wanted - {"key_canonical"} <= set(kinds)


def test_dirt_is_in_the_files_as_listed(drawn, files, truth):
    trees = {r["Baumnummer"]: r for r in rows_of(files / "trees" / "baumkataster.csv")}
    column = {"stem_impossible": "Stammumfang", "unit_in_cell": "Stammumfang"}
    column |= {"year_unknown": "Pflanzjahr", "zone_prefix": "Rechtswert"}
    for kind, name in column.items():
        assert truth.of_kind(kind)
        assert all(trees[p.row][name] == p.found for p in truth.of_kind(kind))
    for planted in truth.of_kind("axes_swapped"):
        assert number(trees[planted.row]["Rechtswert"]) > 5e6
    for kind in ("overbuilt", "boundary_tree"):
        assert all(len(set(p.parcels)) == 2 for p in truth.of_kind(kind))
        assert all(set(p.parcels) <= set(drawn.key) for p in truth.of_kind(kind))
    tax = {r["Aktenzeichen"]: r for r in rows_of(files / "property_tax/grundsteuer.csv", "cp1252")}
    for planted in truth.planted:
        if planted.kind.startswith("key_"):
            assert tax[planted.row]["Flurstücke"] == planted.found
    trade = {r["Steuernummer"]: r for r in rows_of(files / "trade_tax/gewerbesteuer.csv", "cp1252")}
    for planted in truth.planted:
        if planted.kind.startswith("address_"):
            assert trade[planted.row]["Anschrift"] == planted.found
    wanted = {"sliver", "position_noise", "other_crs", "coordinates_missing", "duplicate_row"}
    wanted |= {"self_intersection", "area_deviation", "right_before_rest", "overbuilt"}
    assert wanted <= set(truth.kinds())
    told = json.loads((files / "truth.json").read_text("utf-8"))
    assert told["kinds"] == truth.kinds()
    assert "Synthetische Stadt" in told["synthetic"]


def test_n_to_m_pairs_are_counted(files, truth):
    pairs = Counter()
    several = 0
    for row in rows_of(files / "truth" / "grundsteuer.csv"):
        if row["expected"] == "matched":
            several += len(row["parcel_keys"].split()) > 1
            pairs[row["parcel_keys"]] += 1
    told = truth.links["grundsteuer"]
    assert told["objects_on_several_parcels"] == several > 10
    assert 0 < sum(n > 1 for n in pairs.values()) <= told["parcels_with_several_objects"]


@pytest.mark.parametrize("layer", LAYERS)
def test_an_import_counts_what_the_truth_says(files, truth, layer):
    registry, krefeld = find_layers(()), load_municipality("krefeld")
    sources = sorted((files / layer).iterdir())
    report = ingest(None, registry, krefeld, layer, sources, dry_run=True)
    counts = report.by_collection()
    for collection in LAYERS[layer]:
        known, found = truth.registers[collection], counts[collection]
        assert (found.read, found.accepted, found.repaired, found.quarantined) == (
            known.read,
            known.accepted,
            known.repaired,
            known.quarantined,
        )
        assert found.duplicates == known.duplicates
    assert "relation-unresolved" not in {fault.code for fault in report.faults}


def test_a_clean_city_has_no_dirt(tmp_path):
    truth = make_city(tmp_path, PARCELS, 1, dirt=False)
    assert {p.kind for p in truth.planted} <= {"multi_part", "grave_on_border", "other_crs"}
    for register in truth.registers.values():
        assert register.read == register.accepted


def test_progress_is_told_step_by_step(tmp_path):
    told = []
    make_city(tmp_path, 600, 1, progress=lambda *step: told.append(step))
    assert [done for _, done, _ in told] == list(range(len(told)))
    assert {total for _, _, total in told} == {told[-1][1]}


def test_a_city_takes_the_place_of_the_former_one_and_of_nothing_else(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    make_city(tmp_path, 600, 1, cadastre="nas")
    truth = make_city(tmp_path, 600, 2, cadastre="gpkg")
    assert sorted(set(digests(tmp_path)) - {"truth.json", "mine.txt"}) == truth.files
    assert not (tmp_path / "alkis" / "bestandsdaten.xml").exists()


def test_an_unknown_cadastre_is_refused(tmp_path):
    with pytest.raises(ValueError, match="nas or gpkg"):
        make_city(tmp_path, 600, 1, cadastre="shp")
