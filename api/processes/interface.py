"""The addresses of processes and jobs, as the description of the interface has them."""

from collections.abc import Iterable

from api.jobs.job import JobState
from api.ogc.openapi_nodes import BINARY, PROBLEM, SHARED_F, SHARED_LANG, Node, path, query
from api.ogc.openapi_schemas import NUMBER, TEXT, WHOLE, listed, one_of, reference, thing
from api.processes.descriptions import JSON
from api.processes.descriptions import PATH as PROCESSES
from api.processes.form import FORM
from api.processes.registry import PROCESSES as OFFERED
from api.processes.statuses import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from api.processes.statuses import PATH as JOBS
from api.wording import words
from layers.wording import Language

_SHARED = (SHARED_F, SHARED_LANG)
_PAGE: Node = {"text/html": {"schema": TEXT}}
_GEOJSON = "application/geo+json"
_LINKS = listed(reference("Link"))


def process_paths(language: Language) -> Node:
    """Return the paths of processes and jobs."""
    page = [_limit(language), _offset(language)]
    one, job = f"{PROCESSES}/{{processId}}", f"{JOBS}/{{jobId}}"
    process_id = path("processId", language) | {"schema": one_of(*OFFERED)}
    job_id = path("jobId", language)
    results: Node = {kind: {"schema": _result(kind)} for kind in _media_types()}
    conditions = [*_conditions(language), *page]

    def operation(name: str, parameters: list[Node], content: Node, *fails: str) -> Node:
        return _operation(name, language, parameters, content, fails)

    status, gone = _document("JobStatus"), ("400", "404", "406")
    return {
        PROCESSES: {
            "get": operation("processes", [*page, *_SHARED], _document("Processes")),
        },
        one: {"get": operation("process", [process_id, *_SHARED], _document("Process"))},
        f"{one}/execution": {"post": _execute(process_id, results, language)},
        JOBS: {"get": operation("jobs", [*conditions, *_SHARED], _document("Jobs"))},
        job: {
            "get": operation("job", [job_id, *_SHARED], status),
            "delete": operation("dismiss", [job_id, *_SHARED], status, *gone),
            "post": _dismiss_by_form(job_id, language),
        },
        f"{job}/results": {
            "get": operation(
                "job-results", [job_id, _of_results(language), SHARED_LANG], results | _PAGE
            )
        },
    }


def process_schemas() -> Node:
    """Return the schemas of what is asked and answered."""
    about = {"title": TEXT, "description": TEXT}
    process = {"id": TEXT, "version": TEXT, **about, "links": _LINKS}
    controls = listed(one_of("sync-execute", "async-execute", "dismiss"))
    ways = {"jobControlOptions": controls, "outputTransmission": listed(one_of("value"))}
    value = thing({"schema": thing({})}, {**about, "minOccurs": WHOLE, "maxOccurs": WHOLE})
    values = {"type": "object", "additionalProperties": value}
    instant = {"type": "string", "format": "date-time"}
    percent = {"type": "integer", "minimum": 0, "maximum": 100}
    states = one_of(*(state.value for state in JobState))
    status = thing(
        {"jobID": TEXT, "type": one_of("process"), "status": states, "processID": TEXT},
        {
            "message": TEXT,
            "progress": percent,
            **dict.fromkeys(("created", "started", "updated", "finished", "expires"), instant),
            "links": _LINKS,
        },
    )
    form = {"type": "object", "properties": {"mediaType": one_of(*_media_types())}}
    output = thing({}, {"format": form, "transmissionMode": one_of("value")})
    execute = thing(
        {},
        {
            "inputs": {"type": "object", "additionalProperties": {}},
            "outputs": {"type": "object", "additionalProperties": output},
            "response": one_of("raw", "document") | {"default": "raw"},
        },
    )
    group = {"value": {}, "label": TEXT, "count": WHOLE}
    sizes = {"area_m2": NUMBER, "length_m": NUMBER}
    figures = thing(
        {"collection": TEXT, "title": TEXT, "count": WHOLE},
        {**sizes, "share": NUMBER, "by": TEXT, "groups": listed(thing(group, sizes))},
    )
    zone = thing({"zone": TEXT, "area_m2": NUMBER, "collections": listed(figures)})
    return {
        "Process": thing(process, {**ways, "inputs": values, "outputs": values}),
        "Processes": thing({"processes": listed(thing(process, ways)), "links": _LINKS}),
        "JobStatus": status,
        "Jobs": thing({"jobs": listed(reference("JobStatus")), "links": _LINKS}),
        "Execute": execute | {"additionalProperties": False},
        "Statistics": thing({"zones": listed(zone)}),
        "Output": {
            "type": "object",
            "additionalProperties": thing({"value": {}, "mediaType": TEXT}, {"encoding": TEXT}),
        },
    }


def _execute(process_id: Node, results: Node, language: Language) -> Node:
    prefer = {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "schema": TEXT,
        "description": words("parameter", "prefer", language),
    }
    fails = ("400", "404", "413", "415", "429")
    operation = _operation("execute", language, [process_id, prefer, SHARED_LANG], results, fails)
    form: Node = {"type": "object", "additionalProperties": TEXT}
    content = {JSON: {"schema": reference("Execute")}, FORM: {"schema": form}}
    operation["requestBody"] = {"required": True, "content": content}
    answer = _accepted(language)
    operation["responses"]["303"] = answer
    operation["responses"]["201"] = answer | {"content": {JSON: {"schema": reference("JobStatus")}}}
    return operation


def _dismiss_by_form(job_id: Node, language: Language) -> Node:
    operation = _operation("dismiss", language, [job_id, *_SHARED], {}, ("400", "404", "406"))
    del operation["responses"]["200"]
    operation["responses"]["303"] = _accepted(language)
    return operation | {"operationId": "dismiss.form"}


def _accepted(language: Language) -> Node:
    said = words("operation", "job", language)
    return {"description": said, "headers": {"Location": {"schema": TEXT}}}


def _operation(
    name: str, language: Language, parameters: list[Node], content: Node, fails: Iterable[str]
) -> Node:
    said = words("operation", name, language)
    return {
        "operationId": name,
        "summary": said,
        "parameters": parameters,
        "responses": {
            "200": {"description": said, "content": content},
            **{status: {"$ref": f"#/components/responses/{status}"} for status in fails},
            "default": PROBLEM,
        },
    }


def _document(name: str) -> Node:
    return {JSON: {"schema": reference(name)}, **_PAGE}


def _media_types() -> list[str]:
    """Return in what outputs come; JSON first."""
    return list(dict.fromkeys([JSON, *(m for p in OFFERED.values() for m in p.media_types)]))


def _result(media_type: str) -> Node:
    """Return what is known of an output in that form."""
    if media_type == JSON:
        return {"anyOf": [reference(name) for name in ("Dossier", "Statistics", "Output")]}
    if media_type == _GEOJSON:
        numbers = {"numberMatched": WHOLE, "numberReturned": WHOLE}
        features = listed({"type": "object", "required": ["id", "geometry", "properties"]})
        return thing({"type": one_of("FeatureCollection"), "features": features, **numbers})
    return TEXT if media_type.startswith("text/") else BINARY


def _limit(language: Language) -> Node:
    number = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    return query("limit", number, language, said="list-limit")


def _offset(language: Language) -> Node:
    number = {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0}
    return query("offset", number, language, said="list-offset")


def _of_results(language: Language) -> Node:
    return query("f", one_of("json", "file", "html"), language)


def _conditions(language: Language) -> list[Node]:
    states = listed(one_of(*(state.value for state in JobState)))
    described: dict[str, tuple[Node, str]] = {
        "type": (listed(TEXT), "job-type"),
        "processID": (listed(TEXT), "processID"),
        "status": (states, "status"),
        "datetime": (TEXT, "created"),
        "minDuration": (WHOLE, "minDuration"),
        "maxDuration": (WHOLE, "maxDuration"),
    }
    return [query(name, schema, language, said=said) for name, (schema, said) in described.items()]
