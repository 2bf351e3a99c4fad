"""What a format is, and what it is told besides the features."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from layers.reader.batches import Batches


@dataclass(frozen=True, slots=True)
class About:
    """What a document says besides its features.

    Attributes
    ----------
    url
        Address of the collection.
    links
        Of the document.
    matched
        How many features match in all; None in the document of one feature.
    crs
        URI of the CRS of the answer.
    """

    url: str
    links: Sequence[Mapping[str, str]]
    matched: int | None
    crs: str


@dataclass(frozen=True, slots=True)
class Format:
    """One format of features.

    Attributes
    ----------
    name
        The value of ``f`` that asks for it.
    title
        What people call it, in any language.
    suffix
        Of file names.
    write
        Yields the document; nothing of it is held for longer than needed.
    text
        Whether it is text rather than bytes.
    attached
        Whether browsers are to save it as a file.
    in_storage
        Whether it is written from geometry in the storage CRS, and names that where no other
        CRS is asked for; else from geometry in the CRS of the answer, CRS84 by default.
    size
        Features of a batch.
    """

    name: str
    title: str
    media_type: str
    suffix: str
    write: Callable[[Batches, About], Iterator[bytes]]
    text: bool = False
    attached: bool = True
    in_storage: bool = False
    size: int = 2000
