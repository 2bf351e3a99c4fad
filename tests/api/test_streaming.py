"""Files that are made while they are sent: flat memory, nothing left behind, no traps in cells."""

import csv
import io
import tempfile
from pathlib import Path
from time import monotonic, sleep

import anyio
import httpx
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest

from api.features.formats.registry import FORMATS
from api.features.streaming import Streamed
from gis_core.offered_crs import CRS84
from layers.access import CITIZEN, Actor
from layers.errors import AccessError, UnknownCollectionError, UnknownFieldError
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.query import Query
from layers.registry import find_layers
from tests.benches import BENCHES, PLACED, layer_folder
from tests.demo import serving

LAYER = (
    BENCHES
    + PLACED
    + """[[collection.field]]
name = "number"
title = { de = "Nummer", en = "Number" }
access = "public"
[[collection.field]]
name = "note"
title = { de = "Notiz", en = "Note" }
access = "public"
[[collection.field]]
name = "sound"
title = { de = "Heil", en = "Sound" }
type = "boolean"
access = "public"
[[collection.field]]
name = "level"
title = { de = "Höhe", en = "Level" }
type = "number"
access = "public"
[[collection.field]]
name = "seen_at"
title = { de = "Gesehen", en = "Seen" }
type = "datetime"
access = "public"
"""
)
NOTES = [
    "=1+1",
    "+49 2151",
    "-x",
    "@SUM(A1)",
    'a "b", c;d',
    "Äöü €",
    "",
    "'quoted",
    "=HYPERLINK(1)",
]


@pytest.fixture(scope="module")
def benches(tmp_path_factory):
    """Serve a layer whose texts are traps and whose values are often missing."""
    folder = layer_folder(tmp_path_factory.mktemp("city") / "layers", LAYER)
    rows = folder.parent / "benches.csv"
    with rows.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["number", "note", "sound", "level", "seen_at", "x", "y"])
        for i, note in enumerate(NOTES):
            facts = ["true", -1.5, "2024-05-06T07:08:09Z"] if i % 2 else ["", "", ""]
            table.writerow([f"B{i}", note, *facts, 330_000 + i, 5_690_000])
    data = folder.parent / "data"
    import_files(data, find_layers([folder]), load_municipality("krefeld"), "benches", [rows])
    with serving(data, layer_dirs=[folder]) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def told(benches):
    found = benches.get("/collections/bank/items?limit=100").json()["features"]
    assert len(found) == len(NOTES)
    return {f["id"]: f["properties"] for f in found}


def test_no_cell_is_a_formula(benches, told):
    answer = benches.get("/collections/bank/items?f=csv&limit=100")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert not any(cell[:1] in "=+@\t\r" and cell for row in rows for cell in row.values())
    for row in rows:
        note = told[row["feature_id"]]["note"] or ""
        guarded = f"'{note}" if note[:1] in {"=", "+", "-", "@"} else note
        assert row["note"] == guarded
        level = told[row["feature_id"]]["level"]
        assert row["level"] == ("" if level is None else "-1.5")  # a number is no formula
        assert row["sound"] == ("" if level is None else "true")


@pytest.mark.parametrize("form", ["flatgeobuf", "gpkg", "parquet"])
def test_missing_values_stay_missing_and_types_stay(benches, told, tmp_path, form):
    answer = benches.get("/collections/bank/items", params={"f": form, "limit": 100})
    if form == "parquet":
        table = pq.read_table(io.BytesIO(answer.content))
    else:
        file = tmp_path / f"bank.{form}"
        file.write_bytes(answer.content)
        _, table = pyogrio.read_arrow(file)
    assert table.schema.field("sound").type == pa.bool_()
    assert table.schema.field("level").type == pa.float64()
    assert pa.types.is_timestamp(table.schema.field("seen_at").type)
    for row in table.to_pylist():
        facts = told[row["feature_id"]]
        assert {n: row[n] for n in ("note", "sound", "level")} == {
            n: facts[n] for n in ("note", "sound", "level")
        }
        seen = row["seen_at"]
        assert facts["seen_at"] == (seen and seen.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_batches_are_in_the_order_asked_for_whatever_their_size(reader):
    query = Query(sort=(("height_m", True),), limit=500, offset=3, columns=("height_m",))
    frame = reader.frame(CITIZEN, "baum", query)
    for size in (1, 7, 499, 500, 1000):
        batches = reader.batches(CITIZEN, "baum", query, CRS84, size)
        pieces = list(batches)
        assert batches.count == 500
        assert max(b.num_rows for b in pieces) == min(size, 500)
        table = pa.Table.from_batches(pieces, schema=batches.schema)
        assert table["feature_id"].to_pylist() == frame.index.tolist()
        assert table["height_m"].to_pandas().equals(frame["height_m"].reset_index(drop=True))


def test_nothing_is_read_before_it_is_allowed(reader):
    hidden = Query(columns=("inspector",))
    for role in reader.policy.roles:  # none of them states a purpose
        with pytest.raises((AccessError, UnknownCollectionError, UnknownFieldError)):
            reader.batches(Actor(role, "", "test"), "baum", hidden, CRS84)


@pytest.mark.parametrize("reached", [0, 2])
def test_a_caller_that_leaves_ends_the_work(reached):
    closed = []

    def pieces():
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.append(True)

    sent = 0

    async def send(message):
        nonlocal sent
        if message["type"] == "http.response.body":
            if sent >= reached:
                raise OSError
            sent += 1

    async def receive():
        await anyio.sleep_forever()

    async def run():
        scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
        with pytest.raises(Exception):  # noqa: B017, PT011
            await Streamed(pieces(), "text/plain", {})(scope, receive, send)

    anyio.run(run)
    assert closed == [True]


def test_a_fault_before_the_first_piece_is_no_answer():
    def pieces():
        raise LookupError
        yield b""

    with pytest.raises(LookupError):
        Streamed(pieces(), "text/plain", {})


@pytest.mark.parametrize("form", FORMATS)
def test_no_file_is_left_behind(served, form, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with httpx.Client(base_url=served) as client:
        path = f"/collections/flurstueck/items?f={form}&limit=100000"
        assert client.get(path).status_code == 200
        with client.stream("GET", path) as answer:
            next(answer.iter_raw(1000))
    waited = monotonic() + 10
    while any(Path(tmp_path).iterdir()) and monotonic() < waited:
        sleep(0.05)  # until the server has seen that nobody listens
    assert list(Path(tmp_path).iterdir()) == []


@pytest.mark.parametrize("form", FORMATS)
def test_memory_does_not_grow_with_the_answers(client, form):
    path = f"/collections/flurstueck/items?f={form}&limit=100000"
    client.get(path)
    before = psutil.Process().memory_info().rss
    for _ in range(5):
        client.get(path)
    assert psutil.Process().memory_info().rss - before < 30 << 20
