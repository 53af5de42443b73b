"""Functions of minifloats: tables of some integers only, in simulated Verilog."""

from pathlib import Path

import torch
from torch import nn

from adequate import Design, LayerDesign, lower, trace
from adequate.exporters.verilog import export_verilog, verify_verilog
from adequate.formats import Fixed, Minifloat
from adequate.program.steps import Table


def test_a_table_of_a_minifloat(tmp_path: Path, builds: Path) -> None:
    network = trace(nn.Sequential(nn.Sigmoid()).eval(), torch.zeros(2, 9))
    design = Design({"0": LayerDesign(input=Minifloat(3, 2), output=Fixed(6, 5))})
    program = lower(network, design)
    assert any(isinstance(step, Table) and step.numbers is not None for step in program.steps)
    images = torch.linspace(-14, 14, 36).reshape(4, 9)
    export_verilog(program, tmp_path / "out", images=list(images.split(1)))
    found = verify_verilog(tmp_path / "out", builds=builds)
    assert found, found
    assert found.values >= images.numel()
