"""What the layer says about a file, where the file itself may be silent.

Nothing about reference systems: readers report what the file says, and the import decides.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hints:
    """Help for reading a file; every part may be absent.

    Attributes
    ----------
    x, y
        Column names of easting or longitude and northing or latitude in tables, in
        order of preference; compared without case, blanks and punctuation.
    encoding
        Character encoding of tables and shapefiles that do not declare one.
    """

    x: tuple[str, ...] = ()
    y: tuple[str, ...] = ()
    encoding: str | None = None
