"""Versions of objects under random deliveries, against a model of a few lines."""

import tempfile
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gis_core.store import Store
from layers.alkis.versions import Life, Lives, Version
from layers.errors import DeliveryError
from layers.formats.gml_feature import Feature
from layers.formats.nas.changes import Change, Operation
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.registry import find_layers
from tests.layers import nba_worlds as world

KIND = "AX_Flurstueck"
OIDS = [f"DENW00AL0000000{i}" for i in range(3)]


def when(day):
    return f"2026-01-{day:02}T00:00:00Z"


class BadError(Exception):
    """The model says no."""


class Model:
    """Every version as {(object, begin): end}; an end of None is open."""

    def __init__(self, spans=()):
        self.spans = dict(spans)

    def applied(self, operations, at):
        """Return the model after a delivery, or refuse it as a whole."""
        after = Model(self.spans)
        for operation in operations:
            after._do(*operation, at)
        for oid in {o for o, _ in after.spans}:
            own = sorted((b, e) for (o, b), e in after.spans.items() if o == oid)
            if oid not in {o[1] for o in operations}:
                continue
            if any(e is not None and e <= b for b, e in own):
                raise BadError("ends before it begins")
            if any(e is None or e > b for (_, e), (b, _) in pairwise(own)):
                raise BadError("overlap, or two open")
        return after

    def _do(self, what, oid, named, begin, at):
        if what == "insert":
            if (oid, begin) in self.spans:
                if self.spans[oid, begin] is None:
                    return
                raise BadError("has ended")
            self.spans[oid, begin] = None
            return
        open_ = sorted(b for (o, b), e in self.spans.items() if o == oid and e is None)
        fits = [b for b in open_ if named in {None, b}]
        if not fits:
            raise BadError("no predecessor")
        if what == "replace" and fits[0] == begin:
            return
        self.spans[oid, fits[0]] = {"delete": at, "replace": begin, "update": begin}[what]
        if what == "replace":
            if self.spans.get((oid, begin), 0) != 0:
                raise BadError("two of one begin")
            self.spans[oid, begin] = None


operations = st.lists(
    st.tuples(
        st.sampled_from(["insert", "replace", "delete", "update"]),
        st.sampled_from(OIDS),
        st.one_of(st.none(), st.integers(1, 12).map(when)),
        st.integers(1, 12).map(when),
    ),
    min_size=1,
    max_size=4,
)


def change(row, what, oid, named, begin):
    target = oid if named is None else oid + named.translate(str.maketrans("", "", "-:"))
    feature = Feature(KIND, {"gml_id": [oid], "lebenszeitintervall.beginnt": [begin]})
    new = what in {"insert", "replace"}
    return Change(
        Operation(what), "f.xml", row, KIND, feature if new else None,
        "" if what == "insert" else target, begin if what == "update" else None,
    )  # fmt: skip


class Deliveries(RuleBasedStateMachine):
    """Deliveries one after the other, each on what the former ones have left."""

    def __init__(self):
        super().__init__()
        self.model = Model()
        self.lives = {}

    @rule(operations=operations, at=st.integers(1, 14).map(when))
    def deliver(self, operations, at):
        # What is stored of an object is its newest version; it is enough.
        stored = [max(versions, key=lambda v: v.begins) for versions in self.lives.values()]
        lives = Lives.of(Version(v.oid, v.kind, v.begins, v.ends) for v in stored)
        try:
            after = self.model.applied(operations, at)
        except BadError:
            after = None
        try:
            for row, operation in enumerate(operations, 1):
                lives.apply(change(row, *operation), at)
            lives.check()
        except DeliveryError:
            assert after is None
            return
        assert after is not None
        self.model = after
        for oid, life in lives.touched():
            older = [
                v for v in self.lives.get(oid, ()) if v.begins != getattr(life.stored, "begins", "")
            ]
            self.lives[oid] = [*older, *life.versions]

    @invariant()
    def agrees(self):
        spans = {(v.oid, v.begins): v.ends for vs in self.lives.values() for v in vs}
        assert spans == self.model.spans


Deliveries.TestCase.settings = settings(max_examples=100, stateful_step_count=12, deadline=None)
TestDeliveries = Deliveries.TestCase


class Imports(RuleBasedStateMachine):
    """The same through files, store and tables: what is stored is what the model says."""

    folder = None

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.data = Path(self.folder.name) / "data"
        self.model = Model({(oid, when(2)): None for oid in OIDS[:2]})
        self.number = 0
        streets = [world.street(f"DENW00AL000001{i:02}", "Weg", f"{i:05}") for i in range(20)]
        self._take(world.extract(*(self._parcel(oid, when(2)) for oid in OIDS[:2]), *streets))

    def teardown(self):
        if self.folder is not None:
            self.folder.cleanup()

    @rule(operations=operations)
    def deliver(self, operations):
        at = f"2026-02-{self.number + 1:02}T00:00:00Z"
        try:
            after = self.model.applied(operations, at)
        except BadError:
            after = None
        texts = [self._operation(*operation) for operation in operations]
        try:
            self._take(world.nba(*texts, when=at, number=str(self.number)))
        except DeliveryError:
            assert after is None
        else:
            assert after is not None
            self.model = after

    @invariant()
    def agrees(self):
        with Store.open(self.data) as store:
            snapshot = store.snapshot("alkis")
            frames = [snapshot.frame(name) for name in ("flurstueck", "flurstueck_beendet")]
        spans = {
            (row["idflurst"], f"{row['beginnt']:%FT%TZ}"): None
            if pd.isna(row["endet"])
            else f"{row['endet']:%FT%TZ}"
            for frame in frames
            for _, row in frame.iterrows()
        }
        assert spans == self.model.spans
        assert frames[0]["endet"].isna().all()
        assert frames[1]["endet"].notna().all()

    def _take(self, text):
        self.number += 1
        path = Path(self.folder.name) / f"{self.number}.xml"
        path.write_text(text, encoding="utf-8")
        import_files(self.data, find_layers(), load_municipality("krefeld"), "alkis", [path])

    def _parcel(self, oid, begin):
        return world.parcel(oid, 1 + OIDS.index(oid), begun=begin)

    def _operation(self, what, oid, named, begin):
        target = oid if named is None else oid + named.translate(str.maketrans("", "", "-:"))
        if what == "insert":
            return world.insert(self._parcel(oid, begin))
        if what == "replace":
            return world.replace(target, self._parcel(oid, begin), safe="true")
        if what == "delete":
            return world.delete(target)
        return world.update(target, begin)


Imports.TestCase.settings = settings(
    max_examples=4,
    stateful_step_count=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestImports = Imports.TestCase


def test_a_life_tells_its_open_versions_oldest_first():
    spans = [(when(5), None), (when(1), when(3)), (when(3), None)]
    life = Life(versions=[Version(OIDS[0], KIND, b, e) for b, e in spans])
    assert [v.begins for v in life.open] == [when(3), when(5)]


@pytest.mark.parametrize("oid", ["", "x" * 15, "x" * 31])
def test_ids_of_other_lengths_are_refused(oid):
    lives = Lives.of([])
    with pytest.raises(DeliveryError, match="16 characters, or 32"):
        lives.apply(Change(Operation.DELETE, "f.xml", 3, KIND, target=oid), when(1))
