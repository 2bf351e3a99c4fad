"""Which character encoding bytes are in: German files rarely say, and often say wrong."""

import codecs
import re
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# ä ö ü Ä Ö Ü ß between letters, in the encoding of DOS and in that of Windows.
_DOS: Final = re.compile(rb"(?<=[A-Za-z])[\x84\x94\x81\xe1](?=[A-Za-z])|[\x8e\x99\x9a](?=[a-z])")
_WINDOWS: Final = re.compile(
    rb"(?<=[A-Za-z])[\xe4\xf6\xfc\xdf](?=[A-Za-z])|[\xc4\xd6\xdc](?=[a-z])"
)
_UNDEFINED_IN_CP1252: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def sniff_encoding(data: bytes, stated: str | None = None) -> str:
    """Return a Python codec under which the bytes are text.

    Parameters
    ----------
    data
        All the bytes; a sample may end within a character.
    stated
        What the file or the operator says; used if the bytes allow it. Text that is
        valid UTF-8 is UTF-8 all the same: umlauts of another encoding never form it.

    Returns
    -------
    str
        ``utf-8``, ``utf-8-sig``, ``utf-16``, ``cp1252``, ``cp850``, ``latin-1`` or the
        stated codec's name.

    Examples
    --------
    >>> sniff_encoding("Straße".encode("cp1252")), sniff_encoding("Straße".encode("cp850"))
    ('cp1252', 'cp850')
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    even, odd = data[0:2000:2].count(0), data[1:2000:2].count(0)
    if max(even, odd) > len(data[:2000]) // 4:
        return "utf-16-be" if even > odd else "utf-16-le"
    if _decodes(data, "utf-8"):
        return "utf-8"
    if stated and (known := _codec(stated)) and _decodes(data, known):
        return known
    if len(_DOS.findall(data)) > len(_WINDOWS.findall(data)):
        return "cp850"
    return "latin-1" if _UNDEFINED_IN_CP1252.search(data) else "cp1252"


def _codec(stated: str) -> str | None:
    """Return Python's name of an encoding as .cpg files and operators spell it."""
    name = stated.strip().lower().removeprefix("oem ").removeprefix("ansi ")
    if name.isdigit():
        name = (
            f"cp{name}" if len(name) < 5 else {"65001": "utf-8", "88591": "latin-1"}.get(name, name)
        )
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _decodes(data: bytes, codec: str) -> bool:
    """Tell whether bytes are text in a codec; a character cut off at the very end is allowed."""
    try:
        codecs.getincrementaldecoder(codec)().decode(data, final=False)
    except UnicodeDecodeError:
        return False
    return True
