"""A TOML file read into its model; what is wrong with it is said in the file's own words."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ValidationError

from gis_core.errors import FlurbuchError

_LARGEST = 4 << 20  # bytes; the largest of ours has 8,000
_SHOWN = 60  # characters of a faulty value


def read_toml[M: BaseModel](
    path: Path,
    model: type[M],
    error: type[FlurbuchError],
    *,
    allowed: Mapping[str, Iterable[str]] = MappingProxyType({}),
    advice: str = "Correct the file; docs name every key and its values.",
) -> M:
    """Read a file and check it.

    Parameters
    ----------
    error
        What to raise, with file, key, what was found and what was expected.
    allowed
        The values that a key takes, by the last part of its name.

    Raises
    ------
    error
        The file cannot be read, is no TOML in UTF-8, or does not fit the model.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise error(f"{path}: larger than {_LARGEST:,} bytes", advice=advice, file=str(path))
        record = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as fault:
        raise error(
            f"{path}: cannot be read as TOML in UTF-8: {fault}", advice=advice, file=str(path)
        ) from fault
    try:
        return model.model_validate(record)
    except ValidationError as fault:
        raise error(**_first_fault(path, record, fault, allowed), advice=advice) from fault


def _first_fault(
    path: Path,
    record: Mapping[str, object],
    fault: ValidationError,
    allowed: Mapping[str, Iterable[str]],
) -> dict[str, str]:
    """Say the first fault in the words of the file; the others are counted."""
    first = fault.errors()[0]
    key = _key(record, first["loc"])
    last = str(first["loc"][-1]) if first["loc"] else ""
    missing = first["type"] == "missing"
    found = "nothing" if missing else _short(first["input"])
    values = ", ".join(allowed.get(last, ()))
    says = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        says, found = "no such key is known", last
    expected = f"one of {values}" if values else says
    text = f"{path}: {key or 'file'}: found {found}, expected {expected}"
    if not missing and not values:
        text = f"{path}: {key or 'file'}: {says}" + (f" (found {found})" if key else "")
    more = len(fault.errors()) - 1
    return {
        "message": text + (f"; {more} more" if more else ""),
        "file": str(path),
        "key": key,
        "found": found,
        "expected": expected,
    }


def _key(record: object, where: Sequence[int | str]) -> str:
    """Name a place in the file by ids and names rather than by positions."""
    parts: list[str] = []
    for step in where:
        if isinstance(record, list) and isinstance(step, int):
            record = record[step] if step < len(record) else None
            name = record.get("id", record.get("name")) if isinstance(record, dict) else None
            parts[-1] += f"[{name or step + 1}]"
        else:
            parts.append(str(step))
            record = record.get(step) if isinstance(record, dict) else None
    return ".".join(parts)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
