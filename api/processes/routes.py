"""``/processes``: what can be asked, and asking it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic
from typing import ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.answers import json_answer
from api.context import caller_of
from api.errors import InputError, TooLargeError
from api.jobs.job import Job, NewJob
from api.jobs.queue import Queue
from api.jobs.task import Task
from api.negotiation import Wanted, language_of, wanted
from api.ogc.conformance import classes_of
from api.pages.render import Pages
from api.parameters import parameters
from api.processes import outcome
from api.processes.asking import MAX_BODY, Execution, read_execution
from api.processes.descriptions import (
    PATH,
    description,
    input_schemas,
    process_list,
)
from api.processes.form import FORM, as_request, controls, read_form
from api.processes.process import Process
from api.processes.references import resolved
from api.processes.registry import PROCESSES, process_called
from api.processes.running import KIND, Slots, run
from api.processes.statuses import PATH as JOBS
from api.processes.statuses import read_page, status
from api.settings import Settings
from gis_core.errors import FlurbuchError
from layers.access import Actor
from layers.reader import Reader
from layers.spec import GeometryKind
from layers.view import CollectionView
from layers.wording import Language

SYNC_S = 20.0
"""Longest time that somebody waits for an answer."""
_FORM_WAITS_S = 3.0
_FORM_LOOKS_S = 0.1
Answer = Callable[[Request, Wanted], Response]


@dataclass(frozen=True)
class Processes:
    """The routes of processes, over one reader and one queue of jobs."""

    CONFORMS: ClassVar[tuple[str, ...]] = classes_of(
        "ogcapi-processes-1/1.0",
        *("core", "dismiss", "html", "job-list", "json", "oas30", "ogc-process-description"),
    )

    settings: Settings
    reader: Reader
    pages: Pages
    queue: Queue
    slots: Slots = field(default_factory=Slots)

    def routes(self) -> list[Route]:
        """Return the routes."""
        one = f"{PATH}/{{processId}}"
        return [
            Route(PATH, self._threaded(self._list)),
            Route(one, self._threaded(self._one)),
            Route(f"{one}/execution", self.execution, methods=["POST"]),
        ]

    def _threaded(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            asked_for = wanted(request, self.settings.language)
            return await run_in_threadpool(answer, request, asked_for)

        return endpoint

    def _list(self, request: Request, asked_for: Wanted) -> Response:
        limit, offset = read_page(parameters(request, "limit", "offset"))
        processes, language = list(PROCESSES.values()), asked_for.language
        document = process_list(self.settings, processes, limit, offset, language)
        if asked_for.html:
            return self.pages.answer("processes", request, asked_for, document=document)
        return json_answer(document, language)

    def _one(self, request: Request, asked_for: Wanted) -> Response:
        parameters(request)
        process = process_called(request.path_params["processId"])
        if asked_for.html:
            return self._page(request, asked_for, process, {})
        names = [view.id for view in self._views(request)]
        document = description(self.settings, process, names, asked_for.language)
        return json_answer(document, asked_for.language)

    async def execution(self, request: Request) -> Response:
        """Execute a process: at once, or as a job where the caller prefers so."""
        parameters(request)
        process = process_called(request.path_params["processId"])
        kind = request.headers.get("content-type", "application/json").split(";")[0].strip()
        body = await _body(request)
        if kind.lower() == FORM:
            asked_for = Wanted("html", language_of(request, self.settings.language))
            return await self._fill_in(request, asked_for, process, body)
        if not kind.lower().endswith("json"):
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        return await run_in_threadpool(self._execute, request, process, body)

    def _execute(self, request: Request, process: Process, body: bytes) -> Response:
        language, actor = language_of(request, self.settings.language), _actor(request)
        execution = self._read(actor, process, body, language)
        execution.inputs()
        if "respond-async" in _preferences(request):
            job = self._submit(actor, execution)
            document = status(self.settings, job, language)
            response = json_answer(document, language)
            response.status_code = HTTPStatus.CREATED
            response.headers["Location"] = f"{self.settings.url}{JOBS}/{job.id}"
            response.headers["Preference-Applied"] = "respond-async"
            response.headers["Cache-Control"] = "no-store"
            return response
        with self.slots.one():
            result = run(self.settings, self.reader, actor, execution, Task(SYNC_S))
        return outcome.answer(execution, result)

    async def _fill_in(
        self, request: Request, asked_for: Wanted, process: Process, body: bytes
    ) -> Response:
        """Answer a form: the page of the job, which is often done by then."""
        actor, filled = _actor(request), read_form(body)
        try:
            told = as_request(process, filled)
            job = await run_in_threadpool(self._begin, actor, process, told, asked_for.language)
        except InputError as error:
            return await run_in_threadpool(self._page, request, asked_for, process, filled, error)
        path, until = f"{JOBS}/{job.id}", monotonic() + _FORM_WAITS_S
        found: Job | None = job
        while found is not None and not found.state.final and monotonic() < until:
            await asyncio.sleep(_FORM_LOOKS_S)
            found = await run_in_threadpool(self.queue.find, job.id, actor)
        return RedirectResponse(f"{path}?f=html&lang={asked_for.language}", HTTPStatus.SEE_OTHER)

    def _begin(self, actor: Actor, process: Process, body: bytes, language: Language) -> Job:
        execution = self._read(actor, process, body, language)
        execution.inputs()
        return self._submit(actor, execution)

    def _read(self, actor: Actor, process: Process, body: bytes, language: Language) -> Execution:
        def resolve(href: str) -> object:
            return resolved(self.settings, self.reader, actor, href)

        return read_execution(process, body, language, resolve)

    def _submit(self, actor: Actor, execution: Execution) -> Job:
        return self.queue.submit(NewJob(KIND, execution.process.id, actor, execution.payload()))

    def _page(
        self,
        request: Request,
        asked_for: Wanted,
        process: Process,
        filled: dict[str, list[str]],
        error: FlurbuchError | None = None,
    ) -> Response:
        views, language = self._views(request), asked_for.language
        names = [view.id for view in views]
        return self.pages.answer(
            "process",
            request,
            asked_for,
            status=HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST,
            process=description(self.settings, process, names, language),
            schemas=input_schemas(process, names),
            controls=controls(process, views, filled, language),
            error=error,
        )

    def _views(self, request: Request) -> list[CollectionView]:
        """Return the collections with a place that the caller may read."""
        views = self.reader.collections(_actor(request))
        return [view for view in views if view.spec.geometry is not GeometryKind.NONE]


async def _body(request: Request) -> bytes:
    """Return the body of a request, as long as it is small.

    Raises
    ------
    TooLargeError
        It is not.
    """
    read = bytearray()
    async for piece in request.stream():
        read += piece
        if len(read) > MAX_BODY:
            raise TooLargeError(
                f"the request has more than {MAX_BODY >> 10} KiB", advice="Send simpler shapes."
            )
    return bytes(read)


def _preferences(request: Request) -> set[str]:
    """Return the preferences of a request (RFC 7240), without their values."""
    told = ",".join(request.headers.getlist("prefer"))
    return {part.split(";")[0].split("=")[0].strip().lower() for part in told.split(",")}


def _actor(request: Request) -> Actor:
    return caller_of(request.scope).actor
