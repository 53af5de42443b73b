"""Modules that import Triton are collected only where it is installed."""

from importlib.util import find_spec

NEED_TRITON = [
    "src/adequate/kernels/triton/[!_]*.py",
    "tests/kernels/test_triton_accumulate.py",
    "tests/kernels/triton_to_ptx.py",
]
collect_ignore_glob = [] if find_spec("triton") else NEED_TRITON
