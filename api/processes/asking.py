"""A request to execute a process: read, checked, and kept as plain JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.errors import InputError
from api.processes.process import Inputs, Process
from layers.wording import Language

MAX_BODY = 256 << 10
"""Bytes of a request at most."""
_QUALIFIED = {"value", "mediaType", "encoding", "schema", "format"}
_SHOWN = 60

Resolve = Callable[[str], object]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Format(_Strict):
    media_type: str | None = Field(default=None, alias="mediaType")
    encoding: str | None = None
    schema_: object = Field(default=None, alias="schema")


class _Output(_Strict):
    format: _Format = _Format()
    transmissionMode: str = Field(default="value", pattern="^value$")  # noqa: N815 - the standard's


class _Body(_Strict):
    inputs: dict[str, Any] = {}
    outputs: dict[str, _Output] = {}
    response: str = Field(default="raw", pattern="^(raw|document)$")


@dataclass(frozen=True)
class Execution:
    """What is to be done, as it is kept with a job.

    Attributes
    ----------
    given
        The inputs as JSON, links resolved.
    document
        Whether the output comes within a JSON document, rather than as it is.
    """

    process: Process
    given: Mapping[str, Any]
    media_type: str
    document: bool
    language: Language

    def inputs(self) -> Inputs:
        """Return the inputs, checked.

        Raises
        ------
        InputError
            One is missing, unknown or not allowed.
        """
        try:
            return self.process.inputs.model_validate_json(orjson.dumps(self.given), strict=True)
        except ValidationError as error:
            raise _refused(error, "input") from None

    def payload(self) -> dict[str, Any]:
        """Return what a job keeps."""
        return {
            "inputs": self.given,
            "mediaType": self.media_type,
            "document": self.document,
            "language": self.language,
        }

    @classmethod
    def of(cls, process: Process, payload: Mapping[str, Any]) -> "Execution":
        """Return what a job kept."""
        return cls(
            process,
            payload["inputs"],
            payload["mediaType"],
            payload["document"],
            payload["language"],
        )


def read_execution(
    process: Process, body: bytes, language: Language, resolve: Resolve
) -> Execution:
    """Read the body of a request.

    Parameters
    ----------
    resolve
        Returns the value that a link leads to.

    Raises
    ------
    InputError
        It is no JSON, or asks for what is not offered.
    """
    try:
        asked = _Body.model_validate(orjson.loads(body))
        given = {name: _value(value, resolve) for name, value in asked.inputs.items()}
        orjson.dumps(given)  # refuses what is nested deeper than anything that is asked for
    except orjson.JSONDecodeError as error:
        raise InputError(f"the body is no JSON: {error}") from None
    except orjson.JSONEncodeError:
        raise InputError("the body is nested too deeply") from None
    except ValidationError as error:
        raise _refused(error, "member") from None
    media_type = _media_type(process, asked.outputs)
    return Execution(process, given, media_type, asked.response == "document", language)


def _media_type(process: Process, outputs: Mapping[str, _Output]) -> str:
    unknown = set(outputs) - {process.output}
    if unknown:
        raise InputError(
            f"{process.id} has no output {min(unknown)[:_SHOWN]!r}",
            advice=f"Its output is called {process.output}.",
        )
    asked = outputs[process.output].format if outputs else _Format()
    if asked.media_type is None:
        return process.media_types[0]
    if asked.media_type not in process.media_types:
        raise InputError(
            f"{process.output} does not come as {asked.media_type[:_SHOWN]!r}",
            advice=f"It comes as {', '.join(process.media_types)}.",
        )
    return asked.media_type


def _value(given: object, resolve: Resolve) -> object:
    """Return a value, or each of several, without what qualifies it; or what a link leads to."""
    if isinstance(given, list):
        return [_value(one, resolve) if isinstance(one, dict) else one for one in given]
    if isinstance(given, dict):
        if isinstance(given.get("href"), str):
            return resolve(given["href"])
        if "value" in given and set(given) <= _QUALIFIED:
            return given["value"]
    return given


def _refused(error: ValidationError, what: str) -> InputError:
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return InputError(f"{what} {where} is missing", **{what: where})
    if first["type"] == "extra_forbidden":
        return InputError(f"there is no {what} {where[:_SHOWN]!r}", **{what: where[:_SHOWN]})
    said = first["msg"].removeprefix("Value error, ")
    if not where:
        return InputError(f"{what}s: {said}")
    found = repr(first["input"])
    shown = found if len(found) <= _SHOWN else f"{found[:_SHOWN]}…"
    return InputError(f"{what} {where}: {said}, found {shown}", **{what: where})
