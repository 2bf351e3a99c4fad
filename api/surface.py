"""What every part of the service says of itself; ``api.app`` lists the parts."""

from typing import ClassVar, Protocol

from starlette.routing import Route


class Surface(Protocol):
    """A part of the service: the routes that it answers, the conformance classes that it meets.

    A class is named only when it is served and tested.
    """

    CONFORMS: ClassVar[tuple[str, ...]]

    def routes(self) -> list[Route]:
        """Return the routes, in the order in which they are tried."""
        ...
