"""The reference systems that a request may name."""

from api.errors import UnsupportedCRSError
from gis_core.offered_crs import supported_crs


def check_crs(uri: str, storage: int, parameter: str) -> str:
    """Return the URI if it is offered.

    Raises
    ------
    UnsupportedCRSError
        Naming the parameter, what was found and what is offered.
    """
    offered = supported_crs(storage)
    if uri not in offered:
        raise UnsupportedCRSError(
            f"{parameter}: {uri!r} is not offered",
            advice=f"Use one of: {', '.join(offered)}",
            parameter=parameter,
        )
    return uri
