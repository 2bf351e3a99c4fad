"""Districts and municipalities on their way into the cadastre, where no file delivers them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.store import GEOMETRY, Query, Snapshot
from gis_core.store.amended_table import TableAmendment
from gis_core.store.schema import FEATURE_ID
from layers.alkis.districts import (
    DISTRICTS,
    MUNICIPALITIES,
    NEEDED,
    SECTION,
    Cell,
    Fabric,
)
from layers.ingest.checking import Checked
from layers.ingest.job import Job

PARCELS = "flurstueck"
_TABLES = (DISTRICTS, MUNICIPALITIES)


@dataclass(slots=True)
class Districts:
    """Listens to the parcels of an import, and stores what they are parts of at its end."""

    job: Job
    key: str
    fabric: Fabric = field(default_factory=Fabric)

    @classmethod
    def of(cls, job: Job) -> "Districts | None":
        """Begin to listen; None where the layer is another, or nothing is to be stored."""
        there = {spec.id for spec in job.layer.collections}
        if job.writer is None or not there.issuperset({PARCELS, *_TABLES}):
            return None
        districts = cls(job, str(job.layer.collection(PARCELS).relation.key))
        job.intakes[PARCELS].listener = districts.hear
        return districts

    def hear(self, checked: Checked, rows: NDArray[np.intp]) -> None:
        """Take in parcels that are stored."""
        if checked.geometry is not None:
            texts = {name: checked.columns[name][rows] for name in (*NEEDED, self.key)}
            self.fabric.add(texts, self.key, checked.geometry[rows])

    def store(self) -> None:
        """Store what no file has delivered."""
        told = []
        for name, (frame, areas) in self.fabric.rows().items():
            table = self.job.intakes[name].tables[0].writer
            if table is None or table.totals().count or not len(frame):
                continue
            table.append(frame.assign(**{FEATURE_ID: frame["oid"]}), areas)
            self.job.made[name] = len(frame)
            told.append(f"{len(frame):,} {name}")
        if told:
            self.job.notes.append(f"put together from the parcels: {', '.join(told)}")

    def renew(self, snapshot: Snapshot, gone: Mapping[str, pd.DataFrame]) -> None:
        """Store anew what the changed parcels are parts of, after the others were heard.

        Parameters
        ----------
        snapshot
            What was served before.
        gone
            The rows that were taken out of it, by collection.
        """
        parcels = gone.get(PARCELS, pd.DataFrame({"flurschl": []}))
        sections = self.fabric.sections | set(parcels["flurschl"].dropna())
        if not sections:
            return
        whole = self._must_be_whole(snapshot)
        query = Query(
            columns=(*NEEDED, self.key),
            among={} if whole else {"flurschl": tuple(sorted(sections))},
        )
        self._hear_again(snapshot.frame(PARCELS, query), parcels.index)
        if not whole:
            self._put_others(snapshot, sections)
        for name, (frame, areas) in self.fabric.rows().items():
            new = np.ones(len(frame), np.bool_)
            if name == DISTRICTS and not whole:
                changed = sections | {section[:6] for section in sections}
                new = frame["schluessel"].isin(changed).to_numpy()
            self._replace(name, frame, areas, new, snapshot)
            self.job.made[name] = len(frame)

    def _replace(
        self,
        name: str,
        frame: pd.DataFrame,
        areas: NDArray[np.object_],
        new: NDArray[np.bool_],
        snapshot: Snapshot,
    ) -> None:
        """Put in the new ones of all rows, and take out what they replace or is there no more."""
        table = self.job.intakes[name].tables[0].writer
        if isinstance(table, TableAmendment):
            former = snapshot.frame(name, Query(columns=(), geometry=False)).index
            table.delete(former[~former.isin(frame["oid"][~new])])
        if table is not None:
            table.append(frame.assign(**{FEATURE_ID: frame["oid"]})[new], areas[new])

    def _must_be_whole(self, snapshot: Snapshot) -> bool:
        """Tell whether the stored sections do not say all that the others have to be made of."""
        stored = {name: snapshot.info.table(name) for name in _TABLES}
        if any(table is None or not table.count for table in stored.values()):
            return True
        if snapshot.table(MUNICIPALITIES).count > 1:
            return True  # a section may lie in two of them
        return snapshot.count(PARCELS, Query(equals={"flur": None})) > 0

    def _hear_again(self, frame: gpd.GeoDataFrame | pd.DataFrame, gone: Collection[str]) -> None:
        frame = frame[~frame.index.isin(list(gone))]
        texts = {name: _texts(frame[name]) for name in (*NEEDED, self.key)}
        self.fabric.add(texts, self.key, np.asarray(frame[GEOMETRY].array, dtype=object))

    def _put_others(self, snapshot: Snapshot, changed: Collection[str]) -> None:
        """Take the sections in which nothing changed as they are stored."""
        town = snapshot.frame(MUNICIPALITIES, Query(geometry=False)).iloc[0]
        county = _text(town["uebobjekt"])
        stored = snapshot.frame(DISTRICTS, Query(equals={"art": SECTION}))
        days = _texts(stored["aktualit"])
        names = ("schluessel", "ueboname", "gmdschl", "gemeinde")
        told = zip(*(_texts(stored[name]) for name in names), strict=True)
        beyond = (county and county[2:], _text(town["ueboname"]))
        for own, area, day in zip(told, stored[GEOMETRY], days, strict=True):
            if own[0] not in changed:
                self.fabric.put(Cell._make((*own, *beyond)), area, day or "")


def _text(cell: object) -> str | None:
    return cell if isinstance(cell, str) else None


def _texts(column: pd.Series) -> NDArray[np.object_]:
    """Return texts or days as texts, missing ones as None."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.strftime("%Y-%m-%d")
    cells = column.to_numpy(dtype=object)
    return np.array([_text(cell) for cell in cells], dtype=object)
