"""``/jobs``: one's own jobs, where each stands, what came out of it; and ending it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.answers import json_answer
from api.context import caller_of
from api.errors import ResultNotReadyError, UnknownJobError
from api.jobs.job import Job, JobState
from api.jobs.queue import Queue
from api.negotiation import Wanted, wanted
from api.pages.render import Pages
from api.parameters import parameters
from api.problems import problem_response
from api.processes import outcome
from api.processes.asking import Execution
from api.processes.registry import process_called
from api.processes.running import problem_of
from api.processes.statuses import PARAMETERS, PATH, job_list, read_asked, status
from api.settings import Settings
from api.wording import words
from layers.access import Actor
from layers.errors import AccessError
from layers.view import NO_PURPOSE

Answer = Callable[[Request, Wanted], Response]


@dataclass(frozen=True)
class Jobs:
    """The routes of jobs, over one queue.

    A job is its owner's alone. Whoever was not identified knows it by its name, which cannot be
    guessed; to all others it is as absent as one that never was.
    """

    CONFORMS: ClassVar[tuple[str, ...]] = ()

    settings: Settings
    pages: Pages
    queue: Queue

    def routes(self) -> list[Route]:
        """Return the routes."""
        one = f"{PATH}/{{jobId}}"
        return [
            Route(PATH, self._threaded(self._list)),
            Route(one, self._threaded(self._one), methods=["GET", "DELETE", "POST"]),
            Route(f"{one}/results", self.results),
        ]

    def _threaded(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            asked_for = wanted(request, self.settings.language)
            return await run_in_threadpool(answer, request, asked_for)

        return endpoint

    def _list(self, request: Request, asked_for: Wanted) -> Response:
        given = parameters(request, *PARAMETERS, "limit", "offset")
        asked, language = read_asked(given), asked_for.language
        jobs = self.queue.jobs_of(_actor(request))
        document = job_list(self.settings, asked, jobs, self.queue.clock(), language)
        if asked_for.html:
            return _kept_by_nobody(self.pages.answer("jobs", request, asked_for, document=document))
        return _kept_by_nobody(json_answer(document, language))

    def _one(self, request: Request, asked_for: Wanted) -> Response:
        parameters(request)
        if request.method == "DELETE":
            return self._told(self._dismissed(request), request, asked_for)
        if request.method == "POST":  # the button of the page
            self._dismissed(request)
            path = f"{PATH}/{request.path_params['jobId']}?f=html&lang={asked_for.language}"
            return RedirectResponse(path, HTTPStatus.SEE_OTHER)
        return self._told(self._job(request), request, asked_for)

    def _dismissed(self, request: Request) -> Job:
        job = self.queue.dismiss(request.path_params["jobId"], _actor(request))
        if job is None:
            raise _unknown()
        return job

    def _told(self, job: Job, request: Request, asked_for: Wanted) -> Response:
        document = status(self.settings, job, asked_for.language)
        if asked_for.html:
            page = self.pages.answer(
                "job",
                request,
                asked_for,
                job=document,
                title=words("process", job.subject, asked_for.language),
                state=words("job", job.state.value, asked_for.language),
                final=job.state.final,
            )
            return _kept_by_nobody(page)
        return _kept_by_nobody(json_answer(document, asked_for.language))

    async def results(self, request: Request) -> Response:
        """Answer what came out of a job, as it was asked for; or why nothing did."""
        parameters(request)
        return await run_in_threadpool(self._results, request)

    def _results(self, request: Request) -> Response:
        job = self._job(request)
        if job.state is JobState.FAILED:
            return _kept_by_nobody(problem_response(dict(problem_of(job)), {}))
        if not job.state.final:
            raise ResultNotReadyError(f"the job is {job.state.value}", advice="Ask again later.")
        result = self.queue.result(job)
        if result is None:
            raise _unknown()
        execution = Execution.of(process_called(job.subject), job.payload)
        also = (("file", result.media_type),)
        asked_for = wanted(request, self.settings.language, also=also)
        if not asked_for.html:
            return outcome.answer(execution, result)
        way, content = outcome.shown(result)
        page = self.pages.answer(
            "results",
            request,
            asked_for,
            job=status(self.settings, job, asked_for.language),
            title=words("process", job.subject, asked_for.language),
            form=words("output", result.media_type, asked_for.language),
            way=way,
            content=content,
            parcel=execution.given.get("parcel", ""),
            bytes=len(result.body),
        )
        return _kept_by_nobody(page)

    def _job(self, request: Request) -> Job:
        actor = _actor(request)
        job = self.queue.find(request.path_params["jobId"], actor)
        if job is None:
            raise _unknown()
        if job.actor.purpose and not actor.purpose.strip():
            raise AccessError("the job was done for a purpose", advice=NO_PURPOSE)
        return job


def _unknown() -> UnknownJobError:
    return UnknownJobError(
        "there is no such job, and nothing came out of one",
        advice="Jobs and their results are deleted some time after their end.",
    )


def _kept_by_nobody(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _actor(request: Request) -> Actor:
    return caller_of(request.scope).actor
