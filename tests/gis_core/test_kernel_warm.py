"""Kernels are compiled once."""

from gis_core.merge.kernels import warm


def test_every_kernel_is_compiled_beforehand_and_only_once():
    warm.compile_kernels()
    left = [f.py_func.__qualname__ for f in warm._kernels() if not warm._lies_compiled(f)]
    assert left == []
    said = []
    assert warm.is_warm()
    assert warm.compile_kernels(said.append) is False
    assert said == []
