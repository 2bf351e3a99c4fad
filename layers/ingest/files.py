"""What a file is, whatever it holds."""

import hashlib
from pathlib import Path

from layers.errors import SourceFileError
from layers.ingest.report import FileReport


def describe_file(path: Path) -> FileReport:
    """Return name, size and SHA-256 of a file.

    Raises
    ------
    SourceFileError
        It cannot be opened, or is a pipe, a device or a folder.
    """
    if path.exists() and not path.is_file():
        raise SourceFileError(
            f"{path}: is not a file",
            advice="Name files; a pipe or a device has no end that could be relied upon.",
            file=str(path),
        )
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return FileReport(path.name, digest, path.stat().st_size)
    except OSError as fault:
        raise SourceFileError(
            f"{path}: cannot be opened: {fault.strerror}",
            advice="Check the path and the permissions.",
            file=str(path),
        ) from fault
