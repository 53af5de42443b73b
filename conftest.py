"""What is not collected: a script that a test runs, and, where Triton is not installed, the modules that import it."""

from importlib.util import find_spec

SCRIPT = ["tests/kernels/triton_to_ptx.py"]
NEED_TRITON = ["src/adequate/kernels/triton/[!_]*.py", "tests/kernels/test_triton_accumulate.py"]
collect_ignore_glob = SCRIPT if find_spec("triton") else [*SCRIPT, *NEED_TRITON]
