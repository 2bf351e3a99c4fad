"""Where a job stands, and the list of one's own jobs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.errors import ParameterError
from api.jobs.job import Job, JobState
from api.processes.descriptions import PATH as PROCESSES
from api.processes.descriptions import RELATIONS, Document, link, own_links, page_links
from api.processes.running import problem_of
from api.settings import Settings
from api.wording import words
from layers.wording import Language

PATH = "/jobs"
JSON = "application/json"
PARAMETERS = ("type", "processID", "status", "datetime", "minDuration", "maxDuration")
DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 10, 1000, 10_000
_WHOLE = re.compile(r"[0-9]{1,12}", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_TIME = "an RFC 3339 instant, or an interval of two such, '..' for an open end"


def status(settings: Settings, job: Job, language: Language) -> Document:
    """Return where a job stands."""
    path = f"{PATH}/{job.id}"
    document: Document = {
        "type": "process",
        "jobID": job.id,
        "processID": job.subject,
        "status": job.state.value,
        "message": message(job, language),
        "created": moment(job.created),
        "updated": moment(job.updated),
        "progress": job.progress,
    }
    for name in ("started", "finished", "expires"):
        instant = getattr(job, name)
        if instant is not None:
            document[name] = moment(instant)
    links = own_links(settings, path, language)
    links.append(link(settings, "up", f"{PROCESSES}/{job.subject}", JSON, language))
    if job.state in {JobState.SUCCESSFUL, JobState.FAILED}:
        results = f"{RELATIONS}/results"
        links.append(link(settings, results, f"{path}/results", JSON, language))
    return document | {"links": links}


def message(job: Job, language: Language) -> str:
    """Say where a job stands; of a failed one, why."""
    if job.state is JobState.FAILED:
        problem = problem_of(job)
        return ": ".join(str(problem[name]) for name in ("title", "detail") if name in problem)
    return words("job", job.state.value, language)


def moment(instant: float) -> str:
    """Return an instant as RFC 3339 writes it."""
    text = datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


@dataclass(frozen=True)
class AskedJobs:
    """Which of one's jobs are asked for; conditions that are None narrow nothing."""

    given: Mapping[str, str]
    types: frozenset[str] | None
    processes: frozenset[str] | None
    states: frozenset[str] | None
    period: tuple[float, float] | None
    least_s: int | None
    most_s: int | None
    limit: int
    offset: int

    def matches(self, job: Job, now: float) -> bool:
        """Say whether a job meets every condition."""
        lasted = job.duration(now)
        if (self.least_s, self.most_s) != (None, None) and lasted is None:
            return False
        return (
            (self.types is None or "process" in self.types)
            and (self.processes is None or job.subject in self.processes)
            and (self.states is None or job.state.value in self.states)
            and (self.period is None or self.period[0] <= job.created <= self.period[1])
            and (self.least_s is None or lasted is None or lasted >= self.least_s)
            and (self.most_s is None or lasted is None or lasted <= self.most_s)
        )


def read_asked(given: Mapping[str, str]) -> AskedJobs:
    """Read the parameters of the list of jobs.

    Raises
    ------
    ParameterError
        A value is not allowed.
    """
    limit, offset = read_page(given)
    states = _listed(given, "status")
    unknown = (states or frozenset()) - {state.value for state in JobState}
    if unknown:
        raise _refused("status", min(unknown), ", ".join(JobState))
    return AskedJobs(
        given=given,
        types=_listed(given, "type"),
        processes=_listed(given, "processID"),
        states=states,
        period=_period(given["datetime"]) if "datetime" in given else None,
        least_s=_seconds(given, "minDuration"),
        most_s=_seconds(given, "maxDuration"),
        limit=limit,
        offset=offset,
    )


def read_page(given: Mapping[str, str]) -> tuple[int, int]:
    """Return how many of a list are asked for at most, and how many before them are left out."""
    limit, offset = given.get("limit", str(DEFAULT_LIMIT)), given.get("offset", "0")
    if not _WHOLE.fullmatch(limit) or int(limit) < 1:
        raise _refused("limit", limit, "a whole number, 1 or more")
    if not _WHOLE.fullmatch(offset) or int(offset) > MAX_OFFSET:
        raise _refused("offset", offset, f"a whole number, at most {MAX_OFFSET}")
    return min(int(limit), MAX_LIMIT), int(offset)


def job_list(
    settings: Settings, asked: AskedJobs, jobs: Sequence[Job], now: float, language: Language
) -> Document:
    """Return a page of those of one's jobs that are asked for."""
    found = [job for job in jobs if asked.matches(job, now)]
    shown = found[asked.offset : asked.offset + asked.limit]
    kept = {name: text for name, text in asked.given.items() if name in PARAMETERS}
    page = page_links(settings, PATH, asked.limit, asked.offset, len(found), language, given=kept)
    return {
        "jobs": [status(settings, job, language) for job in shown],
        "links": [
            *own_links(settings, PATH, language),
            *page,
        ],
    }


def _listed(given: Mapping[str, str], name: str) -> frozenset[str] | None:
    if name not in given:
        return None
    return frozenset(part.strip() for part in given[name].split(",") if part.strip())


def _seconds(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not _WHOLE.fullmatch(given[name]):
        raise _refused(name, given[name], "whole seconds")
    return int(given[name])


def _period(text: str) -> tuple[float, float]:
    ends = text.split("/")
    if len(ends) > 2 or (len(ends) == 1 and ends[0] in {"", ".."}):
        raise _refused("datetime", text, _TIME)
    first, last = _instant(text, ends[0], 0.0), _instant(text, ends[-1], float("inf"))
    if first > last:
        raise _refused("datetime", text, "the earlier end first")
    return first, last


def _instant(text: str, end: str, when_open: float) -> float:
    if end in {"", ".."}:
        return when_open
    if _INSTANT.fullmatch(end):
        try:
            return datetime.fromisoformat(end.upper()).timestamp()
        except ValueError:  # a day such as 2025-02-30
            pass
    raise _refused("datetime", text, _TIME)


def _refused(name: str, found: str, expected: str) -> ParameterError:
    return ParameterError(
        f"{name}: found {found[:80]!r}, expected {expected}", parameter=name, expected=expected
    )
