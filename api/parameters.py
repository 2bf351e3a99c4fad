"""Query parameters: each at most once, and none that means nothing where it stands."""

from collections.abc import Iterable

from starlette.requests import Request

from api.errors import ParameterError

_EVERYWHERE = ("f", "lang")


def given_once(request: Request) -> dict[str, str]:
    """Return the query parameters of a request.

    Raises
    ------
    ParameterError
        One is given twice.
    """
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) != len(pairs):
        raise ParameterError("a parameter is given twice", advice="Give each parameter once.")
    return given


def refuse_unknown(given: Iterable[str], *names: str) -> None:
    """Refuse what is no parameter here; ``f`` and ``lang`` are everywhere.

    Raises
    ------
    ParameterError
        One is none of ``names``.
    """
    for name in given:
        if name not in {*_EVERYWHERE, *names}:
            raise ParameterError(
                f"{name[:80]!r} is not a parameter here",
                advice=f"Parameters: {', '.join((*_EVERYWHERE, *names))}",
                parameter=name[:80],
            )


def parameters(request: Request, *names: str) -> dict[str, str]:
    """Return the query parameters of a request, of which these may be given.

    Raises
    ------
    ParameterError
        One is unknown, or given twice.
    """
    given = given_once(request)
    refuse_unknown(given, *names)
    return given
