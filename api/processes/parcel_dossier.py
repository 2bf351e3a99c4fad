"""``parcel-dossier``: everything on one parcel, as data, as a page or to print."""

from pydantic import Field

from api.dossier_files import WRITERS, Asked
from api.processes.inputs import Day, Key
from api.processes.process import Inputs, Process, Work
from layers.dossier import build_dossier

_ENDINGS = {"application/json": ".json", "text/html": ".html", "application/pdf": ".pdf"}


class DossierInputs(Inputs):
    """Which parcel, of which day, and how much of each register."""

    parcel: Key
    as_of: Day | None = None
    rows: int = Field(default=100, ge=0, le=1000)


def _run(work: Work) -> bytes:
    asked: DossierInputs = work.inputs
    work.task.step(0.1)
    dossier = build_dossier(
        work.reader, work.actor, asked.parcel, limit=asked.rows, as_of=asked.as_of
    )
    work.task.step(0.5)
    write = WRITERS[_ENDINGS[work.media_type]]
    return write(Asked(dossier, work.reader, work.actor, work.settings, work.language))


PARCEL_DOSSIER = Process(
    id="parcel-dossier",
    inputs=DossierInputs,
    output="dossier",
    media_types=tuple(_ENDINGS),
    run=_run,
)
