"""Triton compiles every kernel to a GPU's own code, where no floating-point operations are fused or contracted."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adequate.kernels import triton


@pytest.mark.slow
@pytest.mark.skipif("CI" not in os.environ, reason="Triton is an extra")
def test_continuous_integration_has_triton() -> None:
    assert triton.INSTALLED


@pytest.mark.slow
@pytest.mark.skipif(not triton.INSTALLED, reason="Triton is not installed")
def test_the_compiler_accepts_every_kernel_and_fuses_nothing(tmp_path: Path) -> None:
    """The interpreter knows neither types of loops nor a compiler's freedom; this knows no values.

    PTX marks a rounded operation ``.rn``; ``mul.f32`` and ``add.f32`` without it may be fused later, and ``fma`` is.
    """
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment["TRITON_CACHE_DIR"] = str(tmp_path)
    script = [sys.executable, "-W", "error", str(Path(__file__).with_name("triton_to_ptx.py"))]
    run = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    made = json.loads(run.stdout)
    assert len(made) == 5
    for name, code in made.items():
        assert code["cubin"] > 0
        arithmetic = set(re.findall(r"\b(?:add|sub|mul|fma|mad|div)[.\w]*\.f(?:32|64)\b", code["ptx"]))
        lane = "f64" if "float64" in name else "f32"
        expected = {f"{operation}.rn.{lane}" for operation in ("add", "sub", "mul")}
        assert arithmetic <= expected, name
        assert bool(arithmetic) == ("lookup" not in name), name
