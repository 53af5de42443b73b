"""Functions in integers, simulated: quotients, powers by leading bits, tables of floats."""

from pathlib import Path

import pytest
import torch
from torch import nn

from adequate.design import Design, LayerDesign
from adequate.exporters.verilog import export_verilog, simulate
from adequate.exporters.verilog.float_table import place_of
from adequate.formats import Fixed, Minifloat
from adequate.lowering import lower
from adequate.network import trace

HALVES = LayerDesign(input=Fixed(6, 3), output=Fixed(8, 6))
FLOAT = LayerDesign(input=Minifloat(3, 2), output=Fixed(8, 6))


@pytest.mark.parametrize(
    ("module", "chosen"),
    [
        (nn.Softmax(1), HALVES),
        (nn.LayerNorm(6), HALVES),
        (nn.LocalResponseNorm(3), HALVES),
        (nn.GELU(), FLOAT),
        (nn.RMSNorm(6), FLOAT),
    ],
    ids=["softmax", "layer norm", "response norm", "table of a float", "norm of a float"],
)
def test_functions(module: nn.Module, chosen: LayerDesign, tmp_path: Path, builds: Path) -> None:
    images = torch.randn(3, 6, generator=torch.Generator().manual_seed(0)) * 3
    if isinstance(module, nn.LocalResponseNorm):
        images = images.reshape(3, 6, 1)
    program = lower(trace(nn.Sequential(module).eval(), images), Design({"0": chosen}))
    export_verilog(program, tmp_path / "out", rows=1, columns=1, images=list(images.split(1)))
    found = simulate(tmp_path / "out", builds=builds).verification
    assert found.mismatch is None, found
    assert found.values == images.numel()


@pytest.mark.parametrize("mantissa", [0, 1, 3])
def test_floats_lie_side_by_side(mantissa: int) -> None:
    """The numbers of a float, and no others, are 0, 1, 2, ..."""
    known = [n for n in range(2**9) if n % 2 ** max(n.bit_length() - 1 - mantissa, 0) == 0]
    assert [place_of(n, mantissa) for n in known] == list(range(len(known)))
    assert [place_of(-n, mantissa) for n in known] == [-place for place in range(len(known))]
