"""Archives: unpacked into a private folder under names of our own, within limits."""

import errno
import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from layers.errors import SourceFileError
from layers.scratch import scratch_folder

_CHUNK: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_ARCHIVES: Final = (_GZIP, *_ZIP, b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")

# Parts of a shapefile find one another by these. Other suffixes go with the rest of the name.
_SUFFIXES: Final = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg"})
_BESIDE_SHP: Final = frozenset({".shx", ".dbf", ".prj", ".cpg"})
# What lies beside data in deliveries and is none itself; .txt may be a table, see below.
_NOT_DATA: Final = frozenset(
    {
        *{".qix", ".sbn", ".sbx", ".atx", ".qpj", ".qml", ".sld", ".lyr", ".lyrx", ".mxd", ".qgs"},
        *{".qgz", ".xsd", ".xsl", ".gfs", ".md", ".html", ".htm", ".pdf", ".doc", ".docx", ".rtf"},
        *{".odt", ".png", ".jpg", ".jpeg", ".gif", ".url", ".ini", ".log", ".md5", ".sha256"},
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an archive may swell before it is refused.

    Attributes
    ----------
    ratio
        Unpacked size divided by the archive's size.
    total
        Unpacked size in bytes.
    entries
        Number of entries, folders included.
    free
        Bytes that may be unpacked before the ratio counts: small text is often
        packed better than 1:100.
    """

    ratio: float = 100.0
    total: int = 2 << 30
    entries: int = 1_000
    free: int = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read: where its bytes are, and the name that the sender knows it by."""

    path: Path
    name: str

    @property
    def stem(self) -> str:
        """The sender's name of it without folder, archive and suffix."""
        return PurePosixPath(self.name).stem


@contextmanager
def unpacked(path: Path, limits: Limits | None = None) -> Iterator[tuple[SourceFile, ...]]:
    """Hand out the data files in a .gz or .zip; any other file is handed out as it is.

    The names inside the archive are only shown, never used as paths. A shapefile's parts
    stay together. Plans, notes and styles that lie beside data are left out. The folder
    with the unpacked files is gone when the block ends.

    Parameters
    ----------
    path
        The archive or plain file.
    limits
        Largest expansion to accept.

    Raises
    ------
    SourceFileError
        The archive is damaged, encrypted, holds an archive itself, holds no data, or
        swells beyond the limits; or the disk is full.
    """
    limits = limits or Limits()
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise SourceFileError(
            f"{path.name}: cannot be opened: {error.strerror}",
            advice="Check the path and the permissions.",
            file=path.name,
        ) from error
    if not magic.startswith((_GZIP, *_ZIP)):
        yield (SourceFile(path, path.name),)
        return
    with scratch_folder() as folder:
        job = _Unpacking(path, folder, limits)
        with _failures_explained(path):
            files = job.gunzip() if magic.startswith(_GZIP) else job.unzip()
        yield files


class _Unpacking:
    """One archive on its way into one folder; counts what it has written."""

    def __init__(self, archive: Path, folder: Path, limits: Limits) -> None:
        self._archive = archive
        self._folder = folder
        self._limits = limits
        self._packed = max(archive.stat().st_size, 1)
        self._written = 0

    def gunzip(self) -> tuple[SourceFile, ...]:
        """Unpack the one file that a .gz holds."""
        name = self._archive.name
        inner = name[:-3] if name.lower().endswith(".gz") else name
        target = self._folder / f"0000{_suffix(inner)}"
        with gzip.open(self._archive) as stream:
            self._copy(stream, target, inner)
        return (SourceFile(target, inner),)

    def unzip(self) -> tuple[SourceFile, ...]:
        """Unpack the data files of a .zip."""
        with zipfile.ZipFile(self._archive) as archive:
            members = archive.infolist()
            if len(members) > self._limits.entries:
                raise self._refusal(
                    "has too many entries",
                    found=f"{len(members):,} entries",
                    expected=f"at most {self._limits.entries:,}",
                )
            wanted = _data_members(members)
            if not wanted:
                raise self._refusal(
                    "holds no data file",
                    found=", ".join(m.filename for m in members[:5]) or "nothing",
                    expected="a table, shapefile, GeoPackage, GeoJSON, GML or NAS file",
                )
            declared = sum(member.file_size for member in wanted)
            self._check(declared)
            return tuple(self._extract(archive, wanted))

    def _extract(
        self, archive: zipfile.ZipFile, wanted: list[zipfile.ZipInfo]
    ) -> Iterator[SourceFile]:
        numbers: dict[str, int] = {}
        taken: set[str] = set()
        parts = {_whole_name(member) for member in wanted}
        for member in wanted:
            if member.flag_bits & 0x1:
                raise self._refusal(
                    "is encrypted",
                    advice="Unpack it with its password and deliver the files.",
                    found=f"{member.filename}: encrypted",
                    expected="no password",
                )
            name, group = _whole_name(member), str(_inner(member).with_suffix("")).casefold()
            if name in taken:  # two entries of one name: neither may overwrite the other
                group = f"{group}/{len(taken)}"
            taken.add(name)
            number = numbers.setdefault(group, len(numbers))
            target = self._folder / f"{number:04d}{_suffix(name)}"
            with archive.open(member) as stream:
                self._copy(stream, target, member.filename)
            if not _goes_with(name, group, parts):
                yield SourceFile(target, f"{self._archive.name}/{member.filename}")

    def _copy(self, stream: IO[bytes] | gzip.GzipFile, target: Path, name: str) -> None:
        with target.open("wb") as out:
            first = True
            while chunk := stream.read(_CHUNK):
                if first and chunk.startswith(_ARCHIVES):
                    raise self._refusal(
                        "holds another archive",
                        advice="Unpack it by hand and deliver the files in it.",
                        found=f"{name}: an archive",
                        expected="data files",
                    )
                first = False
                self._written += len(chunk)
                self._check(self._written)
                out.write(chunk)

    def _check(self, size: int) -> None:
        """Refuse a size beyond the limits."""
        ratio = size / self._packed
        if size > self._limits.total:
            found, expected = f"{size:,} bytes", f"at most {self._limits.total:,}"
        elif size > self._limits.free and ratio > self._limits.ratio:
            found = f"more than {int(ratio)} times the archive's size"
            expected = f"at most {self._limits.ratio:g} times"
        else:
            return
        raise self._refusal("swells too much when unpacked", found=found, expected=expected)

    def _refusal(
        self,
        what: str,
        *,
        advice: str = "If the file is trustworthy, unpack it by hand and deliver the files.",
        found: str,
        expected: str,
    ) -> SourceFileError:
        name = self._archive.name
        return SourceFileError(
            f"{name} {what}: found {found}, expected {expected}",
            advice=advice,
            file=name,
            found=found,
            expected=expected,
        )


@contextmanager
def _failures_explained(path: Path) -> Iterator[None]:
    """Turn what the unpackers raise into an error that says what to do."""
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise _damaged(path, error) from error
    except NotImplementedError as error:
        raise SourceFileError(
            f"{path.name}: packed in a way that cannot be read here: {error}",
            advice="Unpack it by hand and deliver the files.",
            file=path.name,
            found=str(error),
            expected="zip with deflate",
        ) from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # a position in the index that cannot be
            raise _damaged(path, error) from error
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise SourceFileError(
            f"{path.name}: no room left to unpack it in {tempfile.gettempdir()}",
            advice="Free space there, or set TMPDIR to a folder on a larger disk.",
            file=path.name,
        ) from error


def _damaged(path: Path, error: Exception) -> SourceFileError:
    return SourceFileError(
        f"{path.name}: the archive is damaged or cut off: {error}",
        advice="Fetch it again and compare its size with the sender's.",
        file=path.name,
        found=str(error),
        expected="a whole archive",
    )


def _inner(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _whole_name(member: zipfile.ZipInfo) -> str:
    return str(_inner(member)).casefold()


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix in _SUFFIXES else ".bin"


def _data_members(members: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """Choose the entries that may be data; text files only where nothing else is."""
    kept: list[zipfile.ZipInfo] = []
    texts: list[zipfile.ZipInfo] = []
    for member in members:
        inner = _inner(member)
        suffix = inner.suffix.lower()
        hidden = inner.name.startswith((".", "~$")) or "__MACOSX" in inner.parts
        metadata = inner.name.lower().endswith(".shp.xml")
        if member.is_dir() or hidden or metadata or suffix in _NOT_DATA:
            continue
        (texts if suffix == ".txt" else kept).append(member)
    return kept or texts


def _goes_with(name: str, group: str, parts: set[str]) -> bool:
    """Tell whether an entry is a part of a shapefile or DBF that another entry stands for."""
    suffix = PurePosixPath(name).suffix
    if suffix not in _BESIDE_SHP:
        return False
    return f"{group}.shp" in parts or (suffix != ".dbf" and f"{group}.dbf" in parts)
