"""Folders in between: private, and gone even when their process was killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import pytest

from layers.formats.archive import unpacked
from layers.scratch import scratch_folder

ROOT = Path(__file__).resolve().parents[2]
KILLED = """
import os, signal, sys
from pathlib import Path
from layers.formats.archive import unpacked
with unpacked(Path(sys.argv[1])):
    os.kill(os.getpid(), int(sys.argv[2]))
"""


@pytest.fixture
def tmpdir(tmp_path, monkeypatch):
    """Return the folder of temporary files, of this test alone."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "personen.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("personen.csv", "name;ort\nMuster;Krefeld\n")
    return path


def age(folder):
    """Make a folder an hour old."""
    then = time.time() - 3600
    os.utime(folder, (then, then))


def test_a_folder_is_private_and_gone_afterwards(tmpdir, archive):
    with unpacked(archive) as (file,):
        (folder,) = tmpdir.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert file.path.parent == folder
    assert list(tmpdir.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_next_clears_what_a_killed_process_left(tmpdir, archive, how):
    command = [sys.executable, "-c", KILLED, str(archive), str(int(how))]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -how
    (left,) = tmpdir.iterdir()
    assert "Muster" in next(left.iterdir()).read_text()
    with scratch_folder():
        assert left.exists()  # so new that its owner may only be about to take it
    age(left)
    with scratch_folder():
        assert not left.exists()


def test_what_is_in_use_or_not_ours_stays(tmpdir):
    (tmpdir / "treasure").mkdir()
    (tmpdir / "treasure" / "map").touch()
    link = tmpdir / "flurbuch-import-link"
    link.symlink_to(tmpdir / "treasure")
    other = tmpdir / "flurbuch-browser-1"
    other.mkdir()
    age(other)
    with scratch_folder() as mine:
        age(mine)
        with scratch_folder():
            assert mine.exists()
    assert link.is_symlink()
    assert (tmpdir / "treasure" / "map").exists()
    assert other.exists()
