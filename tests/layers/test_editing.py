"""Changes of single features meet one another, and imports: nothing is lost, no endless wait."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from shapely import Point

from gis_core.store import Store
from layers.access import CITIZEN, Actor, load_policy
from layers.audit import AuditLog
from layers.editing import Editor, Sent
from layers.errors import (
    AccessError,
    ChangedMeanwhileError,
    FeatureExistsError,
    LayerBusyError,
    LayerSpecError,
    NoFeatureError,
    UnknownCollectionError,
)
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.query import Query
from layers.reader import open_reader
from layers.registry import find_layers
from layers.states import Condition, state_of

INSPECTOR = Actor("tree_inspector", "Kontrolle", "Eva Linde")
ANY = Condition(frozenset({"*"}))
UTM = "EPSG:25832"


@pytest.fixture
def data(tmp_path, demo_city):
    """Return a data directory with the trees only: no links have to follow."""
    folder, town = tmp_path / "data", load_municipality("krefeld")
    import_files(folder, find_layers(), town, "trees", demo_city.files("trees"))
    return folder


@pytest.fixture
def reader(data):
    with closing(open_reader(data)) as opened:
        yield opened


@pytest.fixture
def place(reader):
    """Return where a tree stands."""
    return reader.frame(CITIZEN, "baum", Query(limit=1)).geometry.iloc[0]


def tree(number, place, **fields):
    return Sent({"tree_number": number, **fields}, Point(place.x, place.y), UTM)


def height(reader, number):
    return reader.frame(CITIZEN, "baum", Query(ids=(number,)))["height_m"].iloc[0]


def test_many_threads_and_processes_put_in_what_they_have(data, reader, place):
    before = reader.count(CITIZEN, "baum")
    script = """
import sys
from pathlib import Path
from shapely import Point
from layers.access import Actor
from layers.editing import Editor, Sent
from layers.reader import open_reader
data, who, x, y = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
editor = Editor(data, open_reader(data), wait_s=60)
for n in range(3):
    sent = Sent({"tree_number": f"{who}-{n}"}, Point(x, y), "EPSG:25832")
    editor.create(Actor("tree_inspector"), "baum", sent)
"""
    root = Path(__file__).resolve().parents[2]
    others = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(data), f"P{i}", str(place.x), str(place.y)], cwd=root
        )
        for i in range(2)
    ]
    editor = Editor(data, reader, wait_s=60)
    with ThreadPoolExecutor(4) as pool:
        made = list(
            pool.map(lambda i: editor.create(INSPECTOR, "baum", tree(f"T-{i}", place)), range(6))
        )
    assert [other.wait(60) for other in others] == [0, 0]
    ids = {edited.id for edited in made} | {f"P{i}-{n}" for i in range(2) for n in range(3)}
    assert reader.count(CITIZEN, "baum") == before + 12
    assert set(reader.frame(CITIZEN, "baum", Query(ids=tuple(ids))).index) == ids
    assert len({edited.generation for edited in made}) == 6


def test_of_those_who_read_one_state_one_wins(data, reader, place):
    editor = Editor(data, reader, wait_s=60)
    made = editor.create(INSPECTOR, "baum", tree("R-1", place, height_m=1))
    known = Condition(frozenset({made.state}))

    def change(metres):
        sent = Sent({"height_m": metres}, None, UTM, placed=False)
        try:
            return editor.update(INSPECTOR, "baum", "R-1", sent, known).id
        except ChangedMeanwhileError:
            return None

    with ThreadPoolExecutor(5) as pool:
        won = dict(zip(range(2, 7), pool.map(change, range(2, 7)), strict=True))
    [winner] = [metres for metres, done in won.items() if done]
    assert height(reader, "R-1") == winner


def test_while_an_import_runs_a_change_waits_a_while_and_changes_nothing(data, reader, place):
    editor = Editor(data, reader, wait_s=0.3)
    number = reader.view(CITIZEN, "baum").generation.number
    with Store.open(data) as store, store.stage("trees"):
        with pytest.raises(LayerBusyError):
            editor.create(INSPECTOR, "baum", tree("B-1", place))
        assert reader.view(CITIZEN, "baum").generation.number == number
    assert editor.create(INSPECTOR, "baum", tree("B-1", place)).generation == number + 1


def test_an_import_between_reading_and_changing_is_noticed(data, reader, place, demo_city):
    editor = Editor(data, reader)
    made = editor.create(INSPECTOR, "baum", tree("I-1", place))
    first = reader.frame(INSPECTOR, "baum", Query(limit=1))
    known = Condition(frozenset({state_of(first)}))
    sent = Sent({"height_m": 3.0}, None, UTM, placed=False)
    town = load_municipality("krefeld")
    import_files(data, find_layers(), town, "trees", demo_city.files("trees"))
    with pytest.raises(NoFeatureError):  # the import does not know of it
        editor.update(INSPECTOR, "baum", "I-1", sent, Condition(frozenset({made.state})))
    # What is the same after the import is changed as it was meant.
    editor.update(INSPECTOR, "baum", str(first.index[0]), sent, known)
    assert height(reader, str(first.index[0])) == 3.0


def test_a_change_touches_its_feature_only(data, reader, place):
    before = reader.frame(INSPECTOR, "baum", Query(sort=(("tree_number", False),)))
    editor = Editor(data, reader)
    number = str(before.index[3])
    sent = Sent({"height_m": 4.5}, None, UTM, placed=False)
    editor.update(INSPECTOR, "baum", number, sent, ANY)
    editor.create(INSPECTOR, "baum", tree("Z-1", place))
    editor.delete(INSPECTOR, "baum", "Z-1", ANY)
    after = reader.frame(INSPECTOR, "baum", Query(sort=(("tree_number", False),)))
    assert after.index.tolist() == before.index.tolist()
    rest = [i for i in before.index if i != number]
    assert after.loc[rest].equals(before.loc[rest])
    changed = before.loc[[number]].assign(height_m=4.5)
    assert state_of(after.loc[[number]]) == state_of(changed)


def test_who_changed_what_is_logged_without_the_values(data, reader, place):
    editor = Editor(data, reader)
    editor.create(INSPECTOR, "baum", tree("L-1", place, inspector="Geheim Person"))
    editor.delete(INSPECTOR, "baum", "L-1", ANY)
    with closing(AuditLog(data)) as log:
        rows = [str(row) for row in log.entries(Actor("auditor"), load_policy())]
    assert "Geheim" not in "".join(rows)
    text = json.dumps(rows)
    for told in ("create", "delete", "L-1", "Eva Linde", "Kontrolle"):
        assert told in text


def test_only_roles_that_say_so_edit_and_only_what_is_editable(data, reader, place):
    editor = Editor(data, reader)
    for role in load_policy().roles:
        if role == "tree_inspector":
            continue
        with pytest.raises((AccessError, UnknownCollectionError)):
            editor.create(Actor(role, "Grund"), "baum", tree("A-1", place))
    number = str(reader.frame(CITIZEN, "baum", Query(limit=1)).index[0])
    with pytest.raises(FeatureExistsError):
        editor.create(INSPECTOR, "baum", tree(number, place))


def test_what_has_no_identifiers_is_not_editable(tmp_path):
    folder = tmp_path / "own" / "mine"
    folder.mkdir(parents=True)
    source = Path(__file__).resolve().parents[2] / "layers" / "road_damage" / "layer.toml"
    text = source.read_text(encoding="utf-8").replace('"road_damage"', '"mine"')
    text = text.replace('"strassenschaden"', '"eigene"').replace('identity = ["damage_id"]\n', "")
    (folder / "layer.toml").write_text(text, encoding="utf-8")
    with pytest.raises(LayerSpecError, match="identity"):
        find_layers([folder.parent])
