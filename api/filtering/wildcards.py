r"""``*`` in the value of a field: any text; ``\*`` is the star itself."""

import re

from gis_core.filters import ast
from gis_core.filters.ast import Condition, Filter, Prop, Type

_STEPS = re.compile(r"\\([*\\])|(\*)|(.)", re.DOTALL)


def pattern(text: str) -> tuple[str, bool]:
    r"""Return a value as it is compared, and whether it is a pattern of LIKE.

    A backslash takes a following star or backslash as it is; where there is no star, the text
    stands for itself.

    Examples
    --------
    >>> pattern("Schad*"), pattern(r"3\*"), pattern("50 %"), pattern("50 %*")
    (('Schad%', True), ('3*', False), ('50 %', False), ('50 \\%%', True))
    """
    if "*" not in text:
        return text, False
    steps = [match.groups() for match in _STEPS.finditer(text)]
    if not any(star for _, star, _ in steps):
        return "".join(taken or plain for taken, _, plain in steps), False
    pieces = (
        "%" if star else re.sub(r"([\\%_])", r"\\\1", taken or plain)
        for taken, star, plain in steps
    )
    return "".join(pieces), True


def alike(field: str, wanted: str) -> Condition:
    """Return the condition that a text field fits a pattern."""
    return ast.Like(Prop(field, type=Type.TEXT), ast.Literal(wanted))


def also(where: Filter | None, conditions: dict[str, Condition]) -> Filter | None:
    """Return a filter that asks for conditions besides; each is said as it was given."""
    for said, condition in conditions.items():
        where = Filter(condition, said) if where is None else where.also(condition, said)
    return where
