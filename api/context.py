"""Who asks: decided once for each request, read by everything that answers it."""

from dataclasses import dataclass

from starlette.types import Scope

from layers.access import CITIZEN, Actor

KEY = "caller"
"""Where middleware that identifies people puts the `Caller` into the scope of a request."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as answers depend on it."""

    actor: Actor

    @property
    def anybody(self) -> bool:
        """Whether the caller reads what everybody may, so that the answer may be shared."""
        return self.actor == CITIZEN

    @property
    def fields_key(self) -> str:
        """A text that is equal where the same fields are released: part of every key of an answer.

        It tells role from role, and whether a purpose was stated; not who it is, nor why.
        """
        return f"{self.actor.role}{'+' if self.actor.purpose.strip() else ''}"

    @property
    def purposeless(self) -> Actor:
        """The caller's role without a purpose, for documents about the data: no secrets in them."""
        return Actor(role=self.actor.role, name=self.actor.name)


EVERYBODY = Caller(CITIZEN)


def caller_of(scope: Scope) -> Caller:
    """Return who asks; a citizen, unless somebody was identified.

    Nothing of this comes from the request itself: the scope is the server's.
    """
    caller: Caller = scope.get(KEY, EVERYBODY)
    return caller
