"""Which fields tell when a feature was."""

from typing import Self

from pydantic import model_validator

from layers.spec.terms import Identifier, Strict


class TimeSpec(Strict):
    """A feature happened ``at`` a moment, or was there from ``begin`` until before ``end``.

    Where nobody says when it began, it was always there; without an end it still is.
    """

    at: Identifier | None = None
    begin: Identifier | None = None
    end: Identifier | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.at is None) == (self.begin is None and self.end is None):
            raise ValueError("time: expected either at, or begin and end or one of them")
        return self

    def fields(self) -> tuple[str, ...]:
        """Return the names of the fields."""
        return tuple(filter(None, (self.at, self.begin, self.end)))
