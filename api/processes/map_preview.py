"""``map-preview``: the Flurkarte around a parcel as an image, as it would be printed."""

from typing import Annotated, Literal

from pydantic import Field

from api.processes.inputs import Key
from api.processes.process import Inputs, Process, Work
from cartography.preview import preview_flurkarte
from cartography.sheet import Orientation

_FORMS: dict[str, Literal["png", "svg"]] = {"image/png": "png", "image/svg+xml": "svg"}


class PreviewInputs(Inputs):
    """Which parcel, on which sheet, at which scale."""

    parcel: Key
    scale: Literal[500, 1000, 2000] = 1000
    paper: Literal["A4", "A3", "A2", "A1", "A0"] = "A4"
    orientation: Literal["portrait", "landscape"] | None = None
    width: Annotated[int, Field(ge=200, le=2400)] = 1000


def _run(work: Work) -> bytes:
    asked: PreviewInputs = work.inputs
    work.task.step(0.1)
    return preview_flurkarte(
        work.reader,
        work.actor,
        asked.parcel,
        asked.scale,
        asked.paper,
        work.language,
        form=_FORMS[work.media_type],
        width_px=asked.width,
        orientation=Orientation(asked.orientation) if asked.orientation else None,
        synthetic=work.settings.synthetic,
    )


MAP_PREVIEW = Process(
    id="map-preview",
    inputs=PreviewInputs,
    output="map",
    media_types=tuple(_FORMS),
    run=_run,
)
