"""The files of a command, unpacked, with what they say of the delivery they are parts of."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from layers.alkis.deliveries import Part, read_head
from layers.formats.archive import unpacked


@contextmanager
def find_parts(files: Sequence[Path]) -> Iterator[tuple[Part, ...]]:
    """Yield the parts of deliveries among files; their unpacked copies are gone afterwards.

    Raises
    ------
    SourceFileError
        A file cannot be opened or unpacked.
    """
    with ExitStack() as stack:
        parts: list[Part] = []
        for path in files:
            if path.exists() and not path.is_file():
                continue  # the import itself says what is wrong with it
            for file in stack.enter_context(unpacked(path)):
                with file.path.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                taken = file.name in {part.name for part in parts}
                name = f"{path.parent.name}/{file.name}" if taken else file.name
                parts.append(Part(file.path, name, digest, read_head(file.path)))
        yield tuple(parts)
