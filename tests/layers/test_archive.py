"""Archives: data come out, bombs and tricks do not."""

import gzip
import io
import stat
import tempfile
import zipfile
from pathlib import Path

import pytest

from layers.errors import SourceFileError
from layers.formats.archive import Limits, unpacked

CSV = b"Baumnummer;Gattung\n1;Tilia\n"


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Return the folder in which archives are unpacked; it must be empty afterwards."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def make_zip(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def contents(path, **limits):
    with unpacked(path, Limits(**limits)) as files:
        return {file.name: file.path.read_bytes() for file in files}


def test_a_plain_file_is_handed_out_as_it_is(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(CSV)
    with unpacked(path) as (file,):
        assert (file.path, file.name, file.stem) == (path, "a.csv", "a")


def test_gzip_loses_its_suffix(tmp_path):
    path = tmp_path / "bäume.CSV.gz"
    path.write_bytes(gzip.compress(CSV))
    with unpacked(path) as (file,):
        assert (file.name, file.stem, file.path.read_bytes()) == ("bäume.CSV", "bäume", CSV)


def test_zip_keeps_a_shapefile_together_and_leaves_plans_out(tmp_path):
    path = make_zip(
        tmp_path / "d.zip",
        **{"x/Bäume.SHP": b"1", "x/bäume.dbf": b"2", "x/bäume.prj": b"3", "x/bäume.shp.xml": b"4"},
        **{"y/bäume.shp": b"5", "plan.pdf": b"6", "__MACOSX/a.csv": b"7", "hinweis.txt": b"8"},
        **{"trees.csv": CSV, "lone.dbf": b"9", "lone.cpg": b"UTF-8"},
    )
    with unpacked(path) as files:
        assert [f.name for f in files] == [
            "d.zip/x/Bäume.SHP",
            "d.zip/y/bäume.shp",
            "d.zip/trees.csv",
            "d.zip/lone.dbf",
        ]
        beside = {
            p.suffix: p.read_bytes() for p in files[0].path.parent.glob(f"{files[0].path.stem}.*")
        }
        assert beside == {".shp": b"1", ".dbf": b"2", ".prj": b"3"}
        assert files[3].path.with_suffix(".cpg").read_bytes() == b"UTF-8"


def test_text_files_count_where_nothing_else_is(tmp_path):
    assert contents(make_zip(tmp_path / "d.zip", **{"a.txt": CSV})) == {"d.zip/a.txt": CSV}


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/etc/evil.csv", "C:\\evil.csv", "..\\evil.csv"]
)
def test_names_are_shown_but_never_used(tmp_path, scratch, name):
    path = make_zip(tmp_path / "slip.zip", **{name: CSV})
    with unpacked(path) as (file,):
        assert file.path.is_relative_to(scratch)
        assert file.path.name == "0000.bin"
        assert "evil.csv" in file.name
    assert not list(tmp_path.parent.rglob("*evil*"))


def test_a_link_in_a_zip_is_a_file_like_any_other(tmp_path):
    info = zipfile.ZipInfo("secret.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert contents(path) == {"link.zip/secret.csv": b"/etc/passwd"}


def test_two_entries_of_one_name_both_come_out(tmp_path):
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.csv", b"2")
    with unpacked(path) as files:
        assert [file.path.read_bytes() for file in files] == [b"1", b"2"]


def refused(path, words, **limits):
    with pytest.raises(SourceFileError) as caught:
        contents(path, **limits)
    said = f"{caught.value} {caught.value.fields}"
    assert all(word in said for word in words), said
    assert caught.value.fields["file"] == path.name
    assert caught.value.advice


@pytest.mark.parametrize("pack", ["zip", "gz"])
def test_a_real_bomb_is_defused(tmp_path, pack):
    """30 MiB of nothing, packed 1:1000."""
    nothing = bytes(30 << 20)
    path = tmp_path / f"bomb.{pack}"
    if pack == "gz":
        path.write_bytes(gzip.compress(nothing))
    else:
        make_zip(path, **{"a.csv": nothing})
    refused(path, ["swells", "at most 100 times"])


def test_a_bomb_that_lies_about_its_size_is_defused(tmp_path):
    path = make_zip(tmp_path / "liar.zip", **{"a.csv": bytes(4 << 20)})
    raw = bytearray(path.read_bytes())
    for at in (raw.find(b"PK\x03\x04") + 22, raw.find(b"PK\x01\x02") + 24):
        raw[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(SourceFileError):  # either the size or the checksum gives it away
        contents(path)


def test_limits_of_size_and_number(tmp_path):
    many = make_zip(tmp_path / "many.zip", **{f"{i}.csv": CSV for i in range(11)})
    refused(many, ["11 entries", "at most 10"], entries=10)
    refused(many, ["297 bytes", "at most 200"], total=200)
    refused(many, ["at most 0.1 times"], ratio=0.1, free=0)
    assert len(contents(many, entries=11, total=297)) == 11


def test_small_text_may_be_packed_well(tmp_path):
    path = make_zip(tmp_path / "blank.zip", **{"a.dbf": b" " * 500_000})
    assert len(contents(path)["blank.zip/a.dbf"]) == 500_000


@pytest.mark.parametrize("inner", ["zip", "gz", "7z"])
def test_archives_in_archives_are_refused(tmp_path, inner):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", CSV)
    data = {"zip": buffer.getvalue(), "gz": gzip.compress(CSV), "7z": b"7z\xbc\xaf\x27\x1c"}[inner]
    refused(make_zip(tmp_path / "outer.zip", **{"in.csv": data}), ["another archive", "in.csv"])
    outer = tmp_path / "outer.gz"
    outer.write_bytes(gzip.compress(data))
    refused(outer, ["another archive"])


def test_encrypted_is_refused(tmp_path):
    path = make_zip(tmp_path / "locked.zip", **{"a.csv": CSV})
    raw = bytearray(path.read_bytes())
    for at in (raw.find(b"PK\x03\x04") + 6, raw.find(b"PK\x01\x02") + 8):
        raw[at] |= 1
    path.write_bytes(raw)
    refused(path, ["encrypted", "a.csv"])


def test_damage_is_named(tmp_path):
    whole = gzip.compress(CSV * 1000)
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    refused(cut, ["damaged or cut off"])
    flipped = make_zip(tmp_path / "flipped.zip", **{"a.csv": CSV * 1000})
    raw = bytearray(flipped.read_bytes())
    raw[50] ^= 0xFF
    flipped.write_bytes(raw)
    refused(flipped, ["damaged or cut off"])
    headless = tmp_path / "headless.zip"
    headless.write_bytes(make_zip(tmp_path / "w.zip", **{"a.csv": CSV}).read_bytes()[:60])
    refused(headless, ["damaged or cut off"])


def test_nothing_in_it(tmp_path):
    refused(make_zip(tmp_path / "empty.zip"), ["no data file", "nothing"])
    refused(make_zip(tmp_path / "plans.zip", **{"plan.pdf": b"%PDF"}), ["no data file", "plan.pdf"])


def test_absent(tmp_path):
    refused(tmp_path / "absent.zip", ["cannot be opened"])


def test_a_full_disk_is_an_error_with_advice(tmp_path, monkeypatch):
    path = make_zip(tmp_path / "a.zip", **{"a.csv": CSV})
    real = Path.open

    def full(self, mode="r", *args, **kwargs):
        if mode == "wb":
            return open("/dev/full", "wb", buffering=0)  # noqa: PTH123
        return real(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(SourceFileError, match="no room left") as caught:
        contents(path)
    assert "TMPDIR" in caught.value.advice
