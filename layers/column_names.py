"""Names of a source's columns: as they are shown, and as they are compared."""

import re

from gis_core.folding import fold_name

# Tables exported from dBASE carry type and width behind the name: "hochwert,N,19,11".
_DBASE_TYPE = re.compile(r"(?<=.),[CNFDLMIBO@+](?:,\d+){1,2}$", re.IGNORECASE)


def without_type(name: str) -> str:
    """Return a column's name without the type that dBASE wrote behind it."""
    return _DBASE_TYPE.sub("", name.strip())


def fold_column(name: str) -> str:
    """Return a column's name in the form in which two spellings of it are equal.

    Examples
    --------
    >>> fold_column("hochwert,N,19,11"), fold_column("Höhe (m)") == fold_column("HOEHE_M")
    ('hochwert', True)
    """
    return fold_name(without_type(name))
