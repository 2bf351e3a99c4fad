"""Questions to the demo city, which has all registers."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

from tests.bench.serve.answers import Answer, get
from tests.bench.serve.asking import Question
from tests.bench.serve.servers import Server

_ITEMS = "/collections/flurstueck_merkmale/items"
_USE, _TREES, _AREA = "nutzung_ueberwiegend", "baum_anzahl", "flaeche"
_HITS = 10
_DOSSIERS, _PAGES = 20, 10


def questions(server: Server) -> Iterator[Question]:
    """Yield a filter over figures of several registers, and what is gathered of a parcel."""
    rows = _rows(server)
    yield _filter(rows)
    keys = [row["feature_id"] for row in rows[:: len(rows) // _DOSSIERS]][:_DOSSIERS]
    yield _once("parcel dossier (JSON)", [f"/parcels/{key}" for key in keys])
    yield _once("parcel page (HTML)", [f"/parcels/{key}?f=html" for key in keys[:_PAGES]])


def _filter(rows: list[dict[str, str]]) -> Question:
    """Ask for parcels of a use, with some trees, larger than all but ten of these."""
    uses = Counter(row[_USE] for row in rows if int(row[_TREES]) >= 3)
    use = uses.most_common(1)[0][0]
    paths = []
    for trees in range(1, 9):
        areas = sorted(float(r[_AREA]) for r in rows if r[_USE] == use and int(r[_TREES]) >= trees)
        if len(areas) > _HITS and areas[-_HITS - 1] < areas[-_HITS]:
            wanted = f"{_AREA} > {areas[-_HITS - 1]:g} AND {_USE} = '{use}' AND {_TREES} >= {trees}"
            paths.append(f"{_ITEMS}?filter={quote(wanted)}")
    number = [_HITS] * len(paths)
    return Question("CQL2", paths, number, number, _found_and_matched)


def _found_and_matched(answer: Answer) -> int:
    """Count the features; none if the number stated is another."""
    return answer.features if answer.matched == answer.features else 0


def _once(key: str, paths: list[str]) -> Question:
    """Ask for documents that hold no features."""
    none = [0] * len(paths)
    return Question(key, paths, none, none, lambda _: 0)


def _rows(server: Server) -> list[dict[str, str]]:
    """Return the figures of all parcels."""
    answer = get(
        server.port,
        f"{_ITEMS}?f=csv&limit=200000&skipGeometry=true&properties={_AREA},{_USE},{_TREES}",
    )
    assert answer.status == 200
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8"))))
