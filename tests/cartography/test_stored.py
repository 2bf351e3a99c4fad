"""Sheets and dossiers from a stored city: through the one door, from key to file."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from typer.testing import CliRunner

from api.cli import app
from cartography.compose import draw_map, is_clear
from cartography.dossier_document import dossier_pdf
from cartography.flurkarte import make_flurkarte
from cartography.messages import messages
from cartography.parcel_map import parcel_map
from cartography.reading import build_scene, find_subject
from cartography.sheet import sheet_around
from cartography.style import default_catalogue
from gis_core.errors import ParcelKeyError
from layers.access import CITIZEN
from layers.dossier import build_dossier
from layers.errors import UnknownParcelError
from layers.query import Query
from layers.reader import open_reader
from tests.cartography import pdf_probe as probe


@pytest.fixture(scope="module")
def reader(demo_store: Path):
    opened = open_reader(demo_store)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def keys(reader):
    """Keys of parcels of all kinds: every hundredth, the largest and the smallest."""
    frame = reader.frame(CITIZEN, "flurstueck", Query(columns=("flstkennz", "flaeche")))
    by_size = frame.sort_values("flaeche").flstkennz.tolist()
    return [*frame.flstkennz.iloc[::100].tolist(), by_size[0], by_size[-1]]


def test_every_kind_of_parcel_gets_its_sheet(reader, keys):
    for key in keys:
        pdf = probe.open_pdf(make_flurkarte(reader, CITIZEN, key, synthetic=True))
        label = reader.municipality.keys.label(key, "de")
        assert any(label in text for text in probe.alternatives(pdf))


def test_the_selected_parcel_is_on_its_sheet_however_large_it_is(reader, keys):
    for key in keys:
        subject = find_subject(reader, CITIZEN, key)
        frame = sheet_around(subject.bounds, subject.inside, scale=500).frame
        scene = build_scene(reader, CITIZEN, frame, subject)
        here = scene.parcels.geometry[scene.subject]
        assert here.buffer(1).intersects(shapely.Point(frame.centre)) or here.within(
            shapely.box(*frame.extent)
        )


def test_labels_of_a_city_are_clear_and_what_is_stored_is_drawn(reader, keys):
    subject = find_subject(reader, CITIZEN, keys[3])
    sheet = sheet_around(subject.bounds, subject.inside, paper_format="A3")
    scene = build_scene(reader, CITIZEN, sheet.frame, subject)
    drawn = draw_map(scene, default_catalogue(), messages("de"))
    assert is_clear(drawn.labels)
    extent = shapely.box(*sheet.frame.extent)
    for collection, name in (("flurstueck", "parcel"), ("baum", "tree")):
        frame = reader.frame(CITIZEN, collection, Query(bbox=sheet.frame.extent, columns=()))
        shapes = np.asarray(frame.geometry.array, dtype=object)
        inner = ~shapely.touches(extent, shapes) | (shapely.get_dimensions(shapes) == 0)
        assert drawn.drawn[name] == int(inner.sum())
    assert scene.parcels.use.astype(bool).mean() > 0.9
    assert any(scene.parcels.street)


def test_words_agree_with_the_dossier(reader, keys):
    key = keys[3]
    dossier = build_dossier(reader, CITIZEN, key)
    for lang in ("de", "en"):
        svg = parcel_map(reader, CITIZEN, key, lang=lang)
        for other in dossier.neighbours:
            number = other.label[lang].rpartition(" ")[2]
            assert f" {number}" in svg
        buildings = next(s for s in dossier.sections if s.id == "gebaeude_bauwerk")
        whole = sum(not row.link.sliver for row in buildings.rows)
        assert messages(lang).count("describe.buildings", whole) in svg


def test_the_dossier_is_tagged_and_complete(reader, keys):
    for key in keys[:3]:
        dossier = build_dossier(reader, CITIZEN, key)
        data = dossier_pdf(dossier, parcel_map(reader, CITIZEN, key), synthetic=True)
        assert dossier_pdf(dossier, parcel_map(reader, CITIZEN, key), synthetic=True) == data
        pdf = probe.open_pdf(data)
        kinds = probe.kinds(pdf)
        assert kinds.count("H1") == 1
        assert kinds.count("H2") >= 2 + len(dossier.sections)
        assert kinds.count("Figure") == 1
        assert kinds.count("Table") <= kinds.count("TH") / 2
        text = " ".join(probe.text_of(data))
        assert key in text
        for section in dossier.sections:
            assert section.title["de"] in text


def test_other_spellings_of_the_key_give_the_same_sheet(reader, keys):
    key = keys[1]
    spoken = build_dossier(reader, CITIZEN, key).label["de"]
    assert make_flurkarte(reader, CITIZEN, spoken) == make_flurkarte(reader, CITIZEN, key)


def test_no_parcel_no_sheet(reader):
    with pytest.raises(ParcelKeyError):
        make_flurkarte(reader, CITIZEN, "12345/6")
    with pytest.raises(UnknownParcelError):
        make_flurkarte(reader, CITIZEN, "053049001999990009__")


def test_the_command_writes_the_file(demo_store, keys, tmp_path):
    out = tmp_path / "karte.pdf"
    arguments = ["--data", str(demo_store), "print", "flurkarte", "--parcel", keys[0]]
    done = CliRunner().invoke(app, [*arguments, "--scale", "500", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["bytes"] == out.stat().st_size
    wrong = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "none" / "x.pdf")])
    assert wrong.exit_code == 2


def test_the_dossier_command_writes_a_pdf(demo_store, keys, tmp_path):
    out = tmp_path / "auskunft.pdf"
    done = CliRunner().invoke(
        app, ["--data", str(demo_store), "dossier", keys[0], "--lang", "en", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert str(probe.open_pdf(out.read_bytes()).Root.Lang) == "en-GB"
