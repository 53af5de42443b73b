"""The compiled kernels: there where a compiler is, and told by the environment which of them to use."""

import os
import subprocess
import sys

import pytest

from adequate import native
from adequate.native import Processor

SAID = "import warnings; warnings.simplefilter('ignore'); from adequate import native; print(native.processor.name)"


def processor_of(wanted: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ADEQUATE_PROCESSOR": wanted}
    return subprocess.run([sys.executable, "-c", SAID], env=environment, capture_output=True, text=True)


@pytest.mark.skipif("CI" not in os.environ, reason="without a compiler torch computes the same")
def test_continuous_integration_has_compiled_kernels() -> None:
    assert native.kernels is not None or os.environ.get("ADEQUATE_PROCESSOR") == "torch"


@pytest.mark.skipif(native.kernels is None, reason="nothing is compiled")
@pytest.mark.parametrize("wanted", [one for one in Processor if one <= native.processor])
def test_the_environment_may_choose_less(wanted: Processor) -> None:
    assert processor_of(wanted.name.lower()).stdout.strip() == wanted.name


@pytest.mark.skipif(native.kernels is None, reason="nothing is compiled")
def test_an_unknown_processor_is_refused_with_those_there_are() -> None:
    assert "ADEQUATE_PROCESSOR is 'z80'; this processor has torch, portable" in processor_of("z80").stderr


def test_a_missing_module_is_said_once_and_torch_computes() -> None:
    code = (
        "import sys; sys.modules['adequate.native._native'] = None; import adequate.native;"
        "import torch; from adequate.formats import Fixed; print(Fixed(8, 4).quantize(torch.tensor([0.1])).item())"
    )
    found = subprocess.run([sys.executable, "-W", "default", "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "0.125"
    assert found.stderr.count("adequate's kernels are not compiled") == 1
