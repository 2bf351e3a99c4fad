"""Filters in CQL2 (OGC 21-065r2): read, bounded, checked against fields, carried out.

====================  ===============================================================
`ast`                 the tree: frozen nodes that know their place
`limits`, `lexing`    how large a filter may be; the tokens of the text
`parse`, `building`   text and JSON into one tree
`locating`            where each value of the parser's tree stands in its text
`types`, `placing`    the tree against a schema; its geometries in the storage CRS
`times`, `functions`  relations of instants and sets; folding, arithmetic, functions
`evaluate`            what a filter means for one feature
`columnar`            the same for many at once, where columns can tell
====================  ===============================================================

The store turns the same tree into a query of its own. Every refusal is a ``FilterError`` that
names the place, what was found and what was expected.

Lists are compared as sets. A day beside an instant is all of that day, in UTC. Text is compared
by code point. ``div`` cuts off towards zero. What has no value is unknown, and so is what is
made of it; IS NULL is the only condition that is never unknown.
"""

from gis_core.filters.ast import Filter, Type
from gis_core.filters.evaluate import evaluate
from gis_core.filters.functions import FUNCTIONS, Function
from gis_core.filters.parse import Language, parse
from gis_core.filters.placing import Places
from gis_core.filters.types import Schema, checked

__all__ = [
    "FUNCTIONS",
    "Filter",
    "Function",
    "Language",
    "Places",
    "Schema",
    "Type",
    "checked",
    "evaluate",
    "parse",
]
