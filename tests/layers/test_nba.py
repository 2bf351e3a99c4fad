"""Incremental deliveries (NBA): what they do to what is stored, and what they may not do."""

import gzip
import json
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
import shapely

from api.cli import main
from gis_core.errors import StoreError
from gis_core.faults import Outcome
from gis_core.store import Store
from gis_core.store.quarantine import read_faults
from layers.errors import DeliveryError, SourceFileError
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.registry import find_layers
from tests.layers.nba_worlds import (
    area,
    booked,
    delete,
    extract,
    house,
    insert,
    link,
    named,
    nba,
    parcel,
    replace,
    street,
    thing,
    update,
)

A, B, C, D = (f"DENW00AL0000000{letter}" for letter in "abcd")
HOUSE, ROAD, TOWN, HALL = (f"DENW00AL0000001{letter}" for letter in "abcd")
OLD = "2020-01-31T08:00:00Z"
NEW = "2026-01-15T12:00:00Z"
DAY = "2026-02-01T00:00:00Z"
STAMP = "20200131T080000Z"

FIRST = extract(
    parcel(A, 1, rest=link("weistAuf", HOUSE)),
    parcel(B, 2),
    parcel(C, 3),
    thing("AX_Gebaeude", HALL, f"{area()}<gebaeudefunktion>1010</gebaeudefunktion>"
          f"{link('zeigtAuf', HOUSE)}"),
    house(HOUSE, "5"),
    street(ROAD, "Ostwall"),
    named("AX_Gemarkung", TOWN, "053049", "Krefeld"),
)  # fmt: skip


def day(moment):
    return "" if pd.isna(moment) else f"{moment:%F}"


class Cadastre:
    """A data directory with a cadastre, and the files that are delivered to it."""

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        self._count = 0

    def take(self, *texts, **options):
        """Import texts as files of one command."""
        return self.take_files(*(self.write(text) for text in texts), **options)

    def take_files(self, *files, **options):
        registry, town = find_layers(), load_municipality("krefeld")
        return import_files(self.data, registry, town, "alkis", files, **options)

    def write(self, text):
        self._count += 1
        path = self.folder / f"file{self._count}.xml"
        path.write_text(text, encoding="utf-8")
        return path

    def frame(self, table):
        with Store.open(self.data) as store:
            return store.snapshot("alkis").frame(table)

    def number(self):
        with Store.open(self.data) as store:
            return store.served()["alkis"].number

    def lives(self):
        """Return every version of every parcel: id, begin, end."""
        open_, ended = self.frame("flurstueck"), self.frame("flurstueck_beendet")
        return sorted(
            (row["idflurst"], day(row["beginnt"]), day(row["endet"]))
            for frame in (open_, ended)
            for _, row in frame.iterrows()
        )

    def faults(self):
        with Store.open(self.data) as store:
            return [f for f, _ in read_faults(store.served()["alkis"])]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    made = Cadastre(tmp_path_factory.mktemp("begun"))
    made.take(FIRST)
    return made.data


@pytest.fixture
def cadastre(begun, tmp_path):
    made = Cadastre(tmp_path)
    shutil.copytree(begun, made.data)
    return made


# -- what each operation does ------------------------------------------------------------


@pytest.mark.parametrize("target", [A, A + STAMP], ids=["object", "version"])
@pytest.mark.parametrize("gid", [6, 7])
def test_a_replaced_version_ends_when_its_successor_begins(cadastre, target, gid):
    wider = parcel(A, 1, place=area(20, width=12), begun=NEW, rest=link("weistAuf", HOUSE))
    text = nba(replace(target, wider, gid=gid), gid="6.0" if gid == 6 else "7.1")
    if gid == 6:
        text = text.replace("wfs/2.0", "wfs")
    report = cadastre.take(text)
    assert (A, "2020-01-31", "2026-01-15") in cadastre.lives()
    row = cadastre.frame("flurstueck").loc[f"{A}FL"]
    assert row.geometry.area == pytest.approx(120)
    assert row["lagebeztxt"] == "Ostwall 5"
    assert f"{row['beginnt']:%F}" == "2026-01-15"
    before = cadastre.frame("flurstueck_beendet").loc[f"{A}FL-{OLD}"]
    assert before.geometry.area == pytest.approx(100)
    assert before["flaeche"] == 100
    assert report.changes.ended == {"flurstueck": 1}
    assert report.changes.rows["flurstueck"] == len(cadastre.frame("flurstueck")) == 3


def test_a_deleted_object_ends_when_it_is_delivered(cadastre):
    cadastre.take(nba(delete(A + STAMP, B), when=DAY))
    assert cadastre.lives() == [
        (A, "2020-01-31", "2026-02-01"),
        (B, "2020-01-31", "2026-02-01"),
        (C, "2020-01-31", ""),
    ]


def test_without_a_moment_nothing_can_be_deleted(cadastre):
    text = nba(delete(A), when=DAY)
    with pytest.raises(DeliveryError, match="found no moment"):
        cadastre.take(text.replace(f"<datum>{DAY}</datum>", ""))
    cadastre.take(
        nba(replace(B, parcel(B, 2, begun=NEW)), delete(A)).replace(f"<datum>{DAY}</datum>", "")
    )
    assert cadastre.lives()[0] == (A, "2020-01-31", "2026-01-15")


def test_what_is_told_of_a_former_parcel_can_be_corrected(cadastre):
    def former(successor, begun):
        rest = f"<nachfolgerFlurstueckskennzeichen>{successor}</nachfolgerFlurstueckskennzeichen>"
        text = parcel(D, 7, begun=begun, rest=rest)
        return text.replace("AX_Flurstueck", "AX_HistorischesFlurstueck")

    cadastre.take(nba(insert(former("05304901200001______", OLD))))
    later = nba(replace(D, former("05304901200002______", NEW)), when="2026-02-08T00:00:00Z")
    cadastre.take(later)
    past = cadastre.frame("flurstueck_beendet")
    assert past["idflurst"].tolist() == [D]
    assert f"{past['beginnt'].iloc[0]:%F}" == NEW[:10]


def test_an_update_says_when_and_why(cadastre):
    cadastre.take(nba(update(A, "2026-01-10T00:00:00Z", ["010102", "010103"])))
    row = cadastre.frame("flurstueck_beendet").iloc[0]
    assert f"{row['endet']:%F}" == "2026-01-10"
    assert row["anlass"] == "010102 010103"


def test_a_split_in_one_delivery(cadastre):
    halves = [
        parcel(D[:-1] + n, 3, below=f"000{n}", place=area(60 + 5 * int(n), width=5), begun=DAY)
        for n in "12"
    ]
    report = cadastre.take(nba(insert(*halves), delete(C)))
    keys = set(cadastre.frame("flurstueck")["flstkennz"])
    assert {"053049012000030001__", "053049012000030002__"} < keys
    assert list(cadastre.frame("flurstueck_beendet")["flstkennz"]) == ["05304901200003______"]
    delivery = report.changes.deliveries[0]
    assert (delivery.operations["insert"], delivery.operations["delete"]) == (2, 1)


def test_buildings_and_uses_have_versions_too(cadastre):
    use = thing("AX_Wohnbauflaeche", "DENW00AL0000002a", area(), begun=DAY)
    cadastre.take(nba(insert(use), delete(HALL, kind="AX_Gebaeude")))
    assert len(cadastre.frame("gebaeude_bauwerk")) == 0
    ended = cadastre.frame("gebaeude_bauwerk_beendet").iloc[0]
    assert f"{ended['beginnt']:%F} {ended['endet']:%F}" == "2020-01-31 2026-02-01"
    assert list(cadastre.frame("nutzung")["nutzart"]) == ["Wohnbaufläche"]


def test_a_version_may_come_and_go_in_one_delivery(cadastre):
    first = parcel(A, 1, begun="2026-01-10T00:00:00Z")
    second = parcel(A, 1, begun=NEW)
    cadastre.take(nba(replace(A, first), replace(A + "20260110T000000Z", second)))
    assert [life for life in cadastre.lives() if life[0] == A] == [
        (A, "2020-01-31", "2026-01-10"),
        (A, "2026-01-10", "2026-01-15"),
        (A, "2026-01-15", ""),
    ]


def test_sixteen_characters_mean_the_oldest_open_version(cadastre):
    """The new version stands before the end of the old one, as some offices deliver."""
    cadastre.take(nba(insert(parcel(A, 1, begun=NEW)), update(A, NEW)))
    assert [life for life in cadastre.lives() if life[0] == A] == [
        (A, "2020-01-31", "2026-01-15"),
        (A, "2026-01-15", ""),
    ]


# -- what others need --------------------------------------------------------------------


def test_what_needs_a_changed_address_is_told_again(cadastre):
    report = cadastre.take(nba(replace(HOUSE, house(HOUSE, "7 a", begun=NEW))))
    parcels = cadastre.frame("flurstueck")
    assert parcels.loc[f"{A}FL", "lagebeztxt"] == "Ostwall 7 a"
    assert cadastre.frame("gebaeude_bauwerk").iloc[0]["lagebeztxt"] == "Ostwall 7 a"
    assert f"{parcels.loc[f'{A}FL', 'beginnt']:%F}" == "2020-01-31"  # it is no new version
    assert len(cadastre.frame("flurstueck_beendet")) == 0
    assert report.changes.refreshed == {"flurstueck": 1, "gebaeude_bauwerk": 1}
    assert shapely.area(parcels.geometry.array).tolist() == [100, 100, 100]
    cadastre.take(
        nba(
            replace(ROAD, street(ROAD, "Westwall", begun=NEW)),
            number="8",
            when="2026-02-08T00:00:00Z",
        )
    )
    assert cadastre.frame("flurstueck").loc[f"{A}FL", "lagebeztxt"] == "Westwall 7 a"
    last = nba(delete(HOUSE, kind="AX_LagebezeichnungMitHausnummer"), when="2026-02-09T00:00:00Z")
    cadastre.take(last)
    assert pd.isna(cadastre.frame("flurstueck").loc[f"{A}FL", "lagebeztxt"])


def test_a_new_name_of_a_district_reaches_its_parcels(cadastre):
    report = cadastre.take(
        nba(replace(TOWN, named("AX_Gemarkung", TOWN, "053049", "Crefeld", begun=NEW)))
    )
    assert set(cadastre.frame("flurstueck")["gemarkung"]) == {"Crefeld"}
    assert report.changes.refreshed == {"flurstueck": 3}


def test_owners_follow_their_persons_and_stay_sealed(tmp_path):
    cadastre = Cadastre(tmp_path)
    rest = link("istGebucht", "DENW00ALB0000001")
    cadastre.take(extract(parcel(A, 1, rest=rest), parcel(B, 2), *booked(1, "Platzhalter")))
    person = "DENW00ALP0000001"
    other = thing("AX_Person", person, "<nachnameOderFirma>Muster</nachnameOderFirma>"
                  "<geburtsdatum>1900-01-01</geburtsdatum>", begun=NEW)  # fmt: skip
    cadastre.take(nba(replace(person, other)))
    assert list(cadastre.frame("flurstueck_eigentuemer")["eigentuemertxt"]) == ["Muster"]
    second = parcel(B, 2, rest=link("istGebucht", "DENW00ALB0000002"), begun=NEW)
    later = nba(
        insert(*booked(2, "Beispiel", begun=NEW)), replace(B, second), when="2026-02-08T00:00:00Z"
    )
    cadastre.take(later)
    names = cadastre.frame("flurstueck_eigentuemer").sort_values("flstkennz")["eigentuemertxt"]
    assert list(names) == ["Muster", "Beispiel"]
    cadastre.take(nba(delete(A), when="2026-02-09T00:00:00Z"))
    assert list(cadastre.frame("flurstueck_eigentuemer")["eigentuemertxt"]) == ["Beispiel"]
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            assert b"1900-01-01" not in file.read_bytes()
            if file.name == "open.gpkg":
                assert b"Muster" not in file.read_bytes()
                assert b"Platzhalter" not in file.read_bytes()


# -- once, in order, whole ---------------------------------------------------------------


def test_the_same_delivery_twice_changes_nothing(cadastre, tmp_path):
    text = nba(replace(A, parcel(A, 1, begun=NEW)), delete(B))
    path = cadastre.write(text)
    cadastre.take_files(path)
    before, number = cadastre.lives(), cadastre.number()
    packed = tmp_path / "again.xml.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for file in (path, packed):
        report = cadastre.take_files(file)
        assert report.generation is None
        assert [d.applied for d in report.changes.deliveries] == [False]
    assert cadastre.lives() == before
    assert cadastre.number() == number


def test_portions_are_one_delivery(cadastre, tmp_path):
    one = cadastre.write(nba(replace(A, parcel(A, 1, begun=NEW)), portion=1))
    two = cadastre.write(nba(delete(B), portion=2))
    archive = tmp_path / "delivery.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(two, "b/two.xml")
        packed.write(one, "a/one.xml")
    report = cadastre.take_files(archive)
    assert [len(d.files) for d in report.changes.deliveries] == [2]
    ledger = cadastre.frame("lieferung")
    assert ledger["kind"].tolist() == ["first", "change", "change"]
    assert ledger["portion"].tolist()[1:] == [1, 2]
    assert ledger["delete"].tolist() == [0, 0, 1]
    with pytest.raises(DeliveryError, match="was applied before, without this file"):
        cadastre.take(nba(delete(C), portion=3))


def test_files_of_one_name_are_told_apart(cadastre, tmp_path):
    paths = []
    for portion, oid in enumerate((A, B), 1):
        folder = tmp_path / f"portion{portion}"
        folder.mkdir()
        paths.append(folder / "nba.xml")
        paths[-1].write_text(nba(delete(oid), portion=portion))
    cadastre.take_files(*paths)
    ledger = cadastre.frame("lieferung")
    assert ledger["file"].tolist()[1:] == ["nba.xml", "portion2/nba.xml"]
    assert ledger["delete"].tolist()[1:] == [1, 1]


def test_several_deliveries_in_one_command_are_applied_in_their_order(cadastre):
    late = nba(replace(A, parcel(A, 1, begun="2026-02-07T00:00:00Z")), number="8",
               when="2026-02-08T00:00:00Z")  # fmt: skip
    early = nba(replace(A, parcel(A, 1, begun=NEW)), number="7")
    cadastre.take(late, early)
    assert [life[1] for life in cadastre.lives() if life[0] == A] == [
        "2020-01-31",
        "2026-01-15",
        "2026-02-07",
    ]
    assert cadastre.number() == 2


def test_deliveries_out_of_order_are_refused(cadastre):
    cadastre.take(nba(delete(A), number="8", when="2026-02-08T00:00:00Z"))
    before = cadastre.lives()
    with pytest.raises(DeliveryError, match="no newer than what was applied last") as caught:
        cadastre.take(nba(delete(B), number="7", when="2026-02-01T00:00:00Z"))
    assert "in their order" in caught.value.advice
    assert cadastre.lives() == before


def test_a_first_delivery_begins_anew(cadastre):
    cadastre.take(nba(delete(A)))
    cadastre.take(extract(parcel(D, 9)))
    assert cadastre.lives() == [(D, "2020-01-31", "")]
    assert cadastre.frame("lieferung")["kind"].tolist() == ["first"]


def test_an_nba_that_only_inserts_is_told_by_what_it_inserts(cadastre):
    """Much that is known makes it a first delivery; a little never replaces a cadastre."""
    report = cadastre.take(nba(insert(parcel(D, 9, begun=NEW))))
    assert report.changes.deliveries[0].operations["insert"] == 1
    again = cadastre.take(nba(insert(parcel(A, 1), parcel(B, 2)), when="2026-03-01T00:00:00Z"))
    assert again.changes.deliveries[0].operations["ignored"] == 2
    assert len(cadastre.frame("flurstueck")) == 4
    whole = [parcel(A, 1), parcel(B, 2), house(HOUSE, "5"), street(ROAD, "Ostwall")]
    first = cadastre.take(nba(insert(*whole), when="2026-04-01T00:00:00Z"))
    assert first.changes is None
    assert len(cadastre.frame("flurstueck")) == 2
    assert cadastre.frame("lieferung")["kind"].tolist() == ["first"]


def test_a_dry_run_counts_and_changes_nothing(cadastre):
    before = cadastre.lives()
    report = cadastre.take(nba(replace(A, parcel(A, 1, begun=NEW)), delete(B)), dry_run=True)
    assert report.generation is None
    assert report.changes.rows["flurstueck"] == 2
    assert report.changes.ended == {"flurstueck": 2}
    assert cadastre.lives() == before
    assert cadastre.number() == 1


def test_the_command_says_what_was_done(cadastre, monkeypatch, capsys):
    def flurbuch(*words):
        monkeypatch.setattr("sys.argv", ["flurbuch", "--data", *map(str, (cadastre.data, *words))])
        monkeypatch.setenv("COLUMNS", "400")
        with pytest.raises(SystemExit) as done:
            main()
        return done.value.code or 0, *capsys.readouterr()

    file = cadastre.write(nba(replace(A, parcel(A, 1, begun=NEW)), delete(B), delete(UNKNOWN)))
    status, out, err = flurbuch("ingest", "alkis", file)
    assert (status, cadastre.number()) == (1, 1)
    assert "operation 3" in err
    assert UNKNOWN in err
    status, out, _ = flurbuch("ingest", "alkis", file, "--leave-out-misfits")
    assert status == 0
    assert "0 inserted, 1 replaced, 1 deleted, 0 updated, 1 changed nothing" in out
    assert "flurstueck: 2 hold, 2 ended, 0 told again" in out
    assert "nba-predecessor-missing" in out
    status, out, err = flurbuch("ingest", "alkis", file)
    assert status == 0
    assert "already applied" in out
    assert "nothing to do" in err
    status, out, _ = flurbuch("ingest", "alkis", file, "--json")
    assert json.loads(out)["changes"]["deliveries"][0]["applied"] is False


# -- what does not fit -------------------------------------------------------------------

UNKNOWN = "DENW00AL000000zz"


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        pytest.param(delete(UNKNOWN), "nothing called DENW00AL000000zz", id="unknown-object"),
        pytest.param(delete(A + "20210101T000000Z"), f"open since {OLD}", id="unknown-version"),
        pytest.param(delete(A, A), f"ended {DAY}", id="ended-before"),
        pytest.param(delete(A, kind="AX_Gebaeude"), "is AX_Flurstueck", id="another-class"),
        pytest.param(delete("DENW00AL"), "16 characters, or 32", id="short-id"),
        pytest.param(delete(A + "2021-01-01T00:00"), "16 characters, or 32", id="no-moment"),
        pytest.param(update(A, "gestern"), "found gestern", id="end-is-no-moment"),
        pytest.param(update(A, reasons=["010102"]), "no endet", id="update-without-end"),
        pytest.param(update(A, "2019-01-01T00:00:00Z"), "an end after the begin", id="too-early"),
        pytest.param(insert(parcel(A, 1, begun=NEW)), "one open version", id="two-open"),
        pytest.param(
            replace(A, parcel(A, 1)) , "begins 2020-01-31T08:00:00Z again", id="by-itself"
        ),
        pytest.param(
            delete(A) + insert(parcel(A, 1, begun=NEW)), "follow one another", id="overlap"
        ),
        pytest.param(
            delete(A) + insert(parcel(A, 1)), "that ended", id="version-that-ended"
        ),
        pytest.param(
            replace(UNKNOWN, parcel(UNKNOWN, 7)), "nothing called", id="replaces-nothing"
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_changes_nothing_and_says_where(cadastre, operation, says):
    before = cadastre.lives()
    with pytest.raises(DeliveryError, match=says) as caught:
        cadastre.take(nba(delete(B), operation))
    assert caught.value.fields["file"] == "file1.xml"
    assert caught.value.fields["row"] >= 2
    assert caught.value.fields["expected"]
    assert caught.value.advice
    assert cadastre.lives() == before
    assert cadastre.number() == 1


def test_what_does_not_fit_can_be_left_out(cadastre):
    """The successor of what is unknown is known: it is taken."""
    later = parcel(UNKNOWN, 7, begun=NEW)
    report = cadastre.take(
        nba(delete(D), replace(UNKNOWN, later), delete(B)), on_missing="quarantine"
    )
    assert [life[0] for life in cadastre.lives() if not life[2]] == [A, C, UNKNOWN]
    faults = cadastre.faults()
    assert [f.code for f in faults] == ["nba-predecessor-missing"] * 2
    assert {f.outcome for f in faults} == {Outcome.QUARANTINED}
    assert report.changes.deliveries[0].operations["ignored"] == 1


def test_a_replacement_by_itself_may_be_left_out(cadastre):
    report = cadastre.take(nba(replace(A, parcel(A, 1), safe="true"), delete(B)))
    assert report.changes.deliveries[0].operations["ignored"] == 1
    assert cadastre.lives()[0] == (A, "2020-01-31", "")


def test_what_is_inserted_again_changes_nothing(cadastre):
    report = cadastre.take(nba(insert(parcel(A, 1)), delete(B)))
    assert report.changes.deliveries[0].operations["ignored"] == 1
    assert len(cadastre.frame("flurstueck")) == 2


def test_of_a_parcel_of_two_offices_the_older_one_is_kept(cadastre):
    twin, older = "DENW01AL0000000a", "DENW01AL0000000b"
    cadastre.take(
        nba(insert(parcel(twin, 1, begun=NEW), parcel(older, 2, begun="2010-01-01T00:00:00Z")))
    )
    assert cadastre.frame("flurstueck")["idflurst"].sort_values().tolist() == [A, C, older]
    assert [f.code for f in cadastre.faults()] == ["border-parcel-repeated"] * 2
    cadastre.take(nba(delete(twin), when="2026-02-08T00:00:00Z"))
    assert cadastre.frame("flurstueck")["idflurst"].sort_values().tolist() == [A, C, older]


def test_a_first_delivery_in_portions_is_joined_and_its_twins_are_told(tmp_path):
    cadastre = Cadastre(tmp_path)
    twin = "DENW01AL0000000a"
    report = cadastre.take(
        extract(parcel(A, 1, rest=link("weistAuf", HOUSE)), parcel(twin, 2, begun=OLD)),
        extract(house(HOUSE, "5"), parcel(B, 2, begun="2010-01-01T00:00:00Z")),
        extract(street(ROAD, "Ostwall"), parcel(B, 2, begun="2010-01-01T00:00:00Z")),
    )
    parcels = cadastre.frame("flurstueck")
    assert parcels.loc[f"{A}FL", "lagebeztxt"] == "Ostwall 5"
    assert sorted(parcels["idflurst"]) == [A, B]
    codes = [f.code for f in cadastre.faults()]
    assert sorted(codes) == ["border-parcel-repeated", "duplicate-row"]
    assert [f.counts.read for f in report.files] == [1, 1, 1]
    cadastre.take(nba(replace(B, parcel(B, 2, begun=NEW)), delete(twin)))
    assert sorted(cadastre.frame("flurstueck")["idflurst"]) == [A, B]


def test_bookings_must_exist_where_bookings_are_delivered(tmp_path, cadastre):
    rest = link("istGebucht", "DENW00ALB0000009")
    report = cadastre.take(nba(replace(A, parcel(A, 1, rest=rest, begun=NEW))))
    assert any("name bookings" in note for note in report.notes)
    other = Cadastre(tmp_path / "other")
    other.folder.mkdir()
    other.take(extract(parcel(A, 1), *booked(1, "Muster")))
    with pytest.raises(DeliveryError, match="an AX_Buchungsstelle that exists"):
        other.take(nba(replace(A, parcel(A, 1, rest=rest, begun=NEW))))
    there = link("istGebucht", "DENW00ALB0000001")
    other.take(nba(replace(A, parcel(A, 1, rest=there, begun=NEW))))
    gone = nba(delete("DENW00ALB0000001", kind="AX_Buchungsstelle"), when="2026-03-01T00:00:00Z")
    with pytest.raises(DeliveryError, match="an AX_Buchungsstelle that exists"):
        other.take(gone)


def test_without_a_first_delivery_there_is_nothing_to_change(tmp_path):
    cadastre = Cadastre(tmp_path)
    for dry_run in (True, False):
        with pytest.raises(DeliveryError, match="there is no cadastre") as caught:
            cadastre.take(nba(delete(A)), dry_run=dry_run)
    assert "first delivery" in caught.value.advice


def test_both_kinds_in_one_command_are_refused(cadastre):
    with pytest.raises(DeliveryError, match="is no delivery of changes"):
        cadastre.take(FIRST, nba(delete(A)))


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        pytest.param("<wfs:Delete typeName='AX_Flurstueck'/>", "no object id", id="no-target"),
        pytest.param(
            f"<wfs:Replace><fes:ResourceId rid='{A}'/></wfs:Replace>", "no object", id="no-object"
        ),
        pytest.param(update(A, DAY, extra="adv:flurnummer"), "adv:flurnummer", id="other-property"),
    ],
)
def test_operations_that_are_not_understood_are_refused(cadastre, operation, says):
    with pytest.raises(SourceFileError, match=says) as caught:
        cadastre.take(nba(delete(B), operation))
    assert caught.value.fields["row"] == 2
    assert cadastre.number() == 1


def test_a_cut_off_delivery_changes_nothing(cadastre):
    text = nba(delete(A), delete(B))
    with pytest.raises(SourceFileError, match="ends too early"):
        cadastre.take(text[: text.index("</wfs:Transaction>")])
    assert cadastre.number() == 1


def test_an_import_in_between_is_noticed(cadastre):
    with (
        Store.open(cadastre.data) as store,
        store.stage("alkis"),
        pytest.raises(StoreError, match="is running"),
    ):
        cadastre.take(nba(delete(A)))


def test_unmapped_values_follow_their_rows(cadastre):
    odd = parcel(A, 1, begun=NEW, rest="<sonderbar>neu</sonderbar>")
    cadastre.take(nba(replace(A, odd)))
    kept = cadastre.frame("flurstueck_unmapped")
    assert "neu" in kept.loc[f"{A}FL"].iloc[0]
    assert kept.index.is_unique
    cadastre.take(nba(delete(A), when="2026-02-08T00:00:00Z"))
    assert f"{A}FL" not in cadastre.frame("flurstueck_unmapped").index


def test_positions_are_still_checked(cadastre):
    far = parcel(A, 1, place=area(9_000_000), begun=NEW)
    report = cadastre.take(nba(replace(A, far)))
    assert report.counts.quarantined == 1
    assert f"{A}FL" not in cadastre.frame("flurstueck").index
    cadastre.take(
        nba(replace(A, parcel(A, 1, begun="2026-02-05T00:00:00Z")), when="2026-02-08T00:00:00Z")
    )
    assert np.isclose(cadastre.frame("flurstueck").loc[f"{A}FL"].geometry.area, 100)
