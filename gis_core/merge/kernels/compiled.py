"""How kernels are compiled: once, then loaded from the cache beside the source or the user's."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

import numba


def kernel[F: Callable[..., object]](function: F) -> F:
    """Compile a function of arrays at its first call and keep the machine code on disk.

    No fused or reordered arithmetic and no threads inside: the same arrays give the same bits
    on any runner. The interpreter's lock is free while it runs.
    """
    compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    # numba would look at the function's own file only, and keep machine code of former callees.
    compiled._cache._cache_file._source_stamp = _sources()  # noqa: SLF001
    # Called like the function, but its type does not say so.
    return cast("F", compiled)


def part_of_kernel[F: Callable[..., object]](function: F) -> F:
    """Copy a function into the kernels that call it, where they call it millions of times.

    A call counts its arrays in and out, which costs more than a few compares do.
    """
    inlined = numba.njit(nogil=True, error_model="numpy", inline="always")
    return cast("F", inlined(function))


@cache
def _sources() -> str:
    """Return a hash of all kernels: any of them may be part of any other."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
