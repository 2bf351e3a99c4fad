"""What a process is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from api.jobs.task import Task
from api.settings import Settings
from layers.access import Actor
from layers.reader import Reader
from layers.wording import Language


class Inputs(BaseModel):
    """What goes into a process; each field is an input, described in ``messages/documents``."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


@dataclass(frozen=True, slots=True)
class Work:
    """All that a process may use: as whom it reads, what went in, in which form it answers."""

    settings: Settings
    reader: Reader
    actor: Actor
    inputs: Any
    media_type: str
    language: Language
    task: Task


@dataclass(frozen=True, slots=True)
class Process:
    """A question that can be asked.

    Attributes
    ----------
    output
        Name of the one thing that comes out.
    media_types
        In which it can be had; the first one when nobody says.
    run
        Answers it as bytes of `Work.media_type`. What it reads, it reads through the reader as
        the actor; between any two pieces of work it asks the task whether to go on.
    """

    VERSION: ClassVar[str] = "1.0.0"

    id: str
    inputs: type[Inputs]
    output: str
    media_types: tuple[str, ...]
    run: Callable[[Work], bytes]
