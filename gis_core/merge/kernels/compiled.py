"""How kernels are compiled: once, then loaded from the cache beside the source or the user's."""

from collections.abc import Callable
from typing import cast

import numba


def kernel[F: Callable[..., object]](function: F) -> F:
    """Compile a function of arrays at its first call and keep the machine code on disk.

    No fused or reordered arithmetic and no threads inside: the same arrays give the same bits
    on any runner. The interpreter's lock is free while it runs.
    """
    # Called like the function, but its type does not say so.
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def part_of_kernel[F: Callable[..., object]](function: F) -> F:
    """Copy a function into the kernels that call it, where they call it millions of times.

    A call counts its arrays in and out, which costs more than a few compares do.
    """
    inlined = numba.njit(nogil=True, error_model="numpy", inline="always")
    return cast("F", inlined(function))
