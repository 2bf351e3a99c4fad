"""A place for datasets, by address: a folder or an ``s3://`` bucket; files appear whole or not."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit, urlunsplit

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from gis_core.errors import StoreError
from gis_core.store.disk import fsync

_ADVICE = (
    "Check the address and that the storage is reachable from every worker, with rights to read "
    "and write. S3: s3://BUCKET/PATH?endpoint_override=HOST:PORT&region=NAME, keys as the cloud's "
    "own tools find them."
)


@dataclass(frozen=True, slots=True)
class Storage:
    """One folder on a file system that pyarrow knows.

    Attributes
    ----------
    url
        What it was opened by; all that another process needs to open it, too.
    shown
        The same for people, without user names, passwords and parameters.
    """

    url: str = field(repr=False)
    shown: str
    root: str = field(repr=False)
    filesystem: pafs.FileSystem = field(repr=False, compare=False)

    @classmethod
    def open(cls, place: str | Path) -> Self:
        """Open a folder or an address that pyarrow understands.

        Parameters
        ----------
        place
            A path, or an address such as ``s3://bucket/folder``.

        Raises
        ------
        StoreError
            The address means nothing, or its file system is not built into pyarrow.
        """
        text = str(place)
        if "://" not in text:
            path = str(Path(text).resolve())
            return cls(path, path, path, pafs.LocalFileSystem())
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
        shown = urlunsplit((parts.scheme, host, parts.path, "", ""))
        with storage_faults(shown):
            if parts.scheme == "s3":
                filesystem, root = _object_store(parts, shown), host + parts.path
            else:
                filesystem, root = pafs.FileSystem.from_uri(text)
        return cls(text, shown, root.rstrip("/"), filesystem)

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return isinstance(self.filesystem, pafs.LocalFileSystem)

    def path(self, name: str) -> str:
        """Return the file system's path of a file."""
        return f"{self.root}/{name}" if name else self.root

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        with storage_faults(self.shown):
            return bool(self.filesystem.get_file_info(self.path(name)).type == pafs.FileType.File)

    def names(self, folder: str) -> list[str]:
        """Return the files of a folder and those below it, sorted; none where there is none."""
        chosen = pafs.FileSelector(self.path(folder), recursive=True, allow_not_found=True)
        with storage_faults(self.shown):
            found = self.filesystem.get_file_info(chosen)
        start = len(self.root) + 1
        return sorted(f.path[start:] for f in found if f.type == pafs.FileType.File)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        with (
            storage_faults(f"{self.shown}/{name}"),
            self.filesystem.open_input_stream(self.path(name)) as file,
        ):
            return bytes(file.read())

    def write(self, name: str, data: bytes | pa.Buffer) -> None:
        """Write a file: others see all of it or none, also when this process is killed.

        Notes
        -----
        A folder gets a temporary name, which is renamed; an object store shows an object only
        when it is complete.
        """
        path = self.path(name)
        aside = f"{path}.{uuid.uuid4().hex}.tmp" if self.is_local else path
        with storage_faults(f"{self.shown}/{name}"):
            if self.is_local:
                self.filesystem.create_dir(path.rpartition("/")[0], recursive=True)
            with self.filesystem.open_output_stream(aside) as file:
                file.write(data)
            if self.is_local:
                fsync(Path(aside))
                self.filesystem.move(aside, path)

    def delete(self, names: list[str]) -> None:
        """Delete files."""
        for name in names:
            with storage_faults(f"{self.shown}/{name}"):
                self.filesystem.delete_file(self.path(name))

    def read_json(self, name: str) -> dict[str, object]:
        """Return a JSON document.

        Raises
        ------
        StoreError
            It is absent, or no JSON object.
        """
        try:
            found = json.loads(self.read(name))
        except ValueError as fault:
            raise _damaged(f"{self.shown}/{name}") from fault
        if not isinstance(found, dict):
            raise _damaged(f"{self.shown}/{name}")
        return found

    def write_json(self, name: str, document: Mapping[str, object]) -> None:
        """Write a JSON document."""
        text = json.dumps(document, ensure_ascii=False, indent=1)
        self.write(name, text.encode() + b"\n")

    def write_table(
        self, name: str, table: pa.Table, *, rows_per_group: int = 65_536, brief: bool = False
    ) -> None:
        """Write a table as one Parquet file; the same table gives the same bytes.

        What is ``brief`` is read whole and soon replaced: half as dear to write, half as large
        again, and without the ranges of values by which rows are searched for.
        """
        sink = pa.BufferOutputStream()
        pq.write_table(
            table,
            sink,
            row_group_size=rows_per_group,
            compression="snappy" if brief else "zstd",
            write_statistics=not brief,
            store_schema=not brief,
            use_dictionary=_repetitive(table.schema),
        )
        self.write(name, sink.getvalue())

    def write_batches(self, name: str, tables: Sequence[pa.Table]) -> None:
        """Write tables of one schema as one Arrow file, each as a batch of its own.

        For what is soon read and thrown away: a fifth as dear as Parquet, twice as large.
        """
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(sink, tables[0].schema, options=options) as writer:
            for table in tables:
                writer.write_table(table.combine_chunks())
        self.write(name, sink.getvalue())

    def read_batch(self, name: str, number: int) -> pa.Table:
        """Return one of the tables that `write_batches` wrote.

        Raises
        ------
        StoreError
            As `parquet`.
        """
        shown = f"{self.shown}/{name}"
        with storage_faults(shown), self.filesystem.open_input_file(self.path(name)) as file:
            return pa.Table.from_batches([pa.ipc.open_file(file).get_batch(number)])

    def read_table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """Return a Parquet file's rows."""
        with self.parquet(name) as file:
            return file.read(columns, use_threads=False)

    @contextmanager
    def parquet(self, name: str) -> Iterator[pq.ParquetFile]:
        """Open a Parquet file.

        Raises
        ------
        StoreError
            It is absent, cannot be reached, or is no Parquet.
        """
        shown = f"{self.shown}/{name}"
        with storage_faults(shown), self.filesystem.open_input_file(self.path(name)) as file:
            yield pq.ParquetFile(file, pre_buffer=not self.is_local)


@contextmanager
def storage_faults(shown: str) -> Iterator[None]:
    """Turn every fault of a file system inside the block into a `StoreError` naming the place."""
    try:
        yield
    except FileNotFoundError as fault:
        raise StoreError(f"{shown}: not there", advice=_ADVICE, place=shown) from fault
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
        raise _damaged(shown) from fault
    except OSError as fault:
        raise StoreError(f"{shown}: the storage cannot be used", advice=_ADVICE) from fault


def _object_store(parts: SplitResult, shown: str) -> pafs.S3FileSystem:
    """Open an object store with less patience than the library has: a wrong address is told."""
    options = dict(parse_qsl(parts.query))
    unknown = options.keys() - {"endpoint_override", "region", "scheme"}
    if unknown:
        raise StoreError(
            f"{shown}: unknown parameter {min(unknown)!r}", advice=_ADVICE, place=shown
        )
    if parts.username and parts.password:
        options["access_key"] = unquote(parts.username)
        options["secret_key"] = unquote(parts.password)
    return pafs.S3FileSystem(
        **options,
        connect_timeout=5,
        request_timeout=60,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=3),
    )


def _damaged(shown: str) -> StoreError:
    return StoreError(f"{shown}: not readable as what it should be", advice=_ADVICE, place=shown)


def _repetitive(schema: pa.Schema) -> list[str]:
    """Return the columns in which a dictionary of values saves space: neither ids nor shapes."""
    return [
        f.name
        for f in schema
        if pa.types.is_dictionary(f.type)
        or (pa.types.is_string(f.type) and f.name not in {"feature_id", "parcel_key"})
    ]
