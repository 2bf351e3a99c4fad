import os
import sqlite3
import threading

import pytest

from gis_core.store import TileCache


def key(i):
    return i.to_bytes(16, "big")


def fresh(folder, **sizes):
    """Return a cache that holds nothing in memory."""
    return TileCache(folder, most_memory=0, **sizes)


def test_what_was_put_is_there_also_for_the_next_process(tmp_path):
    first = fresh(tmp_path / "tiles")
    first.put(key(1), b"one")
    first.put(key(2), b"")
    assert (first.get(key(1)), first.get(key(2)), first.get(key(3))) == (b"one", b"", None)
    second = fresh(tmp_path / "tiles")
    assert second.get(key(1)) == b"one"
    first.close()
    second.close()
    assert (tmp_path / "tiles" / "tiles.sqlite").stat().st_mode & 0o077 == 0


def test_memory_alone_is_enough_and_bounded():
    cache = TileCache(None, most_memory=1000)
    for i in range(50):
        cache.put(key(i), bytes(100))
    assert cache.get(key(0)) is None
    assert cache.get(key(49)) == bytes(100)
    cache.put(key(99), bytes(5000))
    assert cache.get(key(99)) is None


def test_the_file_stays_within_its_bounds_and_the_oldest_go_first(tmp_path):
    cache = fresh(tmp_path, most_bytes=1 << 20)
    for i in range(1000):
        cache.put(key(i), os.urandom(5000))
    assert cache.get(key(0)) is None
    assert cache.get(key(999)) is not None
    cache.close()
    assert (tmp_path / "tiles.sqlite").stat().st_size < 3 << 20


@pytest.mark.parametrize("damage", [b"no database at all" * 99, b""], ids=["damaged", "empty"])
def test_a_damaged_file_is_made_anew(tmp_path, damage):
    (tmp_path / "tiles.sqlite").write_bytes(damage)
    cache = fresh(tmp_path)
    cache.put(key(1), b"one")
    assert cache.get(key(1)) == b"one"
    cache.close()


def test_without_a_place_to_write_tiles_are_made_each_time(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = fresh(tmp_path / "file" / "tiles")
    cache.put(key(1), b"one")
    assert cache.get(key(1)) is None


def test_a_busy_file_delays_nobody_for_long(tmp_path):
    cache = fresh(tmp_path)
    cache.put(key(1), b"one")
    with sqlite3.connect(tmp_path / "tiles.sqlite", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        cache.put(key(2), b"two")
        assert cache.get(key(1)) == b"one"
        other.execute("ROLLBACK")
    other.close()
    cache.put(key(3), b"three")
    assert cache.get(key(3)) == b"three"
    cache.close()


def test_threads_share_it(tmp_path):
    cache = fresh(tmp_path)
    wrong = []

    def work(n):
        for i in range(200):
            cache.put(key(i), bytes([i]))
            if cache.get(key(i)) not in {bytes([i]), None}:
                wrong.append((n, i))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert all(cache.get(key(i)) == bytes([i]) for i in range(200))
    cache.close()
