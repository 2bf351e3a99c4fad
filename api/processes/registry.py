"""The processes that are offered."""

from collections.abc import Mapping

from api.errors import UnknownProcessError
from api.processes.area_statistics import AREA_STATISTICS
from api.processes.buffer_query import BUFFER_QUERY
from api.processes.map_preview import MAP_PREVIEW
from api.processes.parcel_dossier import PARCEL_DOSSIER
from api.processes.process import Process

PROCESSES: Mapping[str, Process] = {
    process.id: process for process in (PARCEL_DOSSIER, BUFFER_QUERY, AREA_STATISTICS, MAP_PREVIEW)
}


def process_called(name: str) -> Process:
    """Return a process.

    Raises
    ------
    UnknownProcessError
        There is none of that name.
    """
    found = PROCESSES.get(name)
    if found is None:
        raise UnknownProcessError(
            f"there is no process {name[:80]!r}", advice=f"There are: {', '.join(PROCESSES)}."
        )
    return found
