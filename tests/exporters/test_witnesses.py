"""One program, four witnesses: emulation, Python integers, compiled C++ and simulated Verilog, on random networks.

A group of cases runs on one machine in Verilog, which has what they all need; the programs enter as memory images. A
case that fails is made smaller before it is told.
"""

from dataclasses import dataclass, fields
from functools import reduce
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exporters import export_hls, verify_hls
from adequate.exporters.verilog import Hardware, export_verilog, hardware_of, simulate
from adequate.lowering import lower
from adequate.network import Network
from adequate.program import Program
from adequate.program.value import bits
from tests.circuits.running import require_tool
from tests.lowering.cases import NETWORKS, images, lowered, network

GROUPS, SIZE = 4, 10
WIDEST = 127
"""Bits of the widest integer in C++."""
VERILATED = 25
"""Of so many cases one is simulated by Verilator too: it compiles for long."""


@dataclass(frozen=True, eq=False)
class Case:
    """A network with a design, its program, and images."""

    number: int
    network: Network
    design: Design
    program: Program
    batch: Tensor

    @property
    def hardware(self) -> Hardware | None:
        """What runs it; None where the machine refuses it."""
        try:
            return hardware_of(self.program, 2, 2)
        except ValueError:
            return None


def case(number: int) -> Case:
    kind, seed = NETWORKS[number % len(NETWORKS)], 5000 + number
    one = network(kind, seed)
    return Case(number, one, *lowered(one, seed), images(kind, seed, 2))


def disagreement(one: Case, folder: Path, hardware: Hardware | None) -> str | None:
    """What the first witness says who does not agree with Python's integers; None if all agree."""
    for image in one.batch.split(1):
        outputs, wanted = one.program.run(*one.program.encode(image)), emulate(one.network, one.design)(image)
        for name, integers, real in zip(
            one.program.outputs, outputs, [wanted] if isinstance(wanted, Tensor) else wanted, strict=True
        ):
            if not torch.equal(one.program.decode(name, integers).to(real.dtype), real):
                return f"the emulation differs in {name!r}"
    if max(bits(*value.range)[0] for value in one.program.values.values()) <= WIDEST:
        vectors = [one.program.encode(image) for image in one.batch.split(1)]
        export_hls(one.program, folder / "hls", images=vectors)
        if not (found := verify_hls(folder / "hls", flags=["-O0"])):
            return f"C++: {found}"
    if one.hardware is not None:
        (folder / "builds").mkdir(exist_ok=True)
        export_verilog(one.program, folder / "verilog", images=list(one.batch.split(1)), hardware=hardware)
        for simulator in ("iverilog", *(["verilator"] if one.number % VERILATED == 0 else [])):
            found = simulate(folder / "verilog", simulator, builds=folder / "builds").verification
            if not found:
                return f"{simulator}: {found}"
    return None


def smaller(one: Case, folder: Path) -> Case:
    """The case with as few slots away from plain integers as still disagree."""
    for name, chosen in one.design.items():
        for field in fields(LayerDesign):
            if getattr(chosen, field.name) is None or field.name in ("input", "weight"):
                continue
            design = one.design.with_layers(name, **{field.name: None})
            try:
                reduced = Case(one.number, one.network, design, lower(one.network, design), one.batch)
            except ValueError:
                continue
            if disagreement(reduced, folder, None) is not None:
                one = reduced
    return one


@pytest.mark.parametrize("group", [-1, *(pytest.param(at, marks=pytest.mark.slow) for at in range(GROUPS))])
def test_all_witnesses_agree(group: int, tmp_path: Path) -> None:
    for tool in ("g++", "iverilog", "verilator"):
        require_tool(tool)
    cases = [case(group * SIZE + at) for at in range(SIZE)] if group >= 0 else [case(3)]
    machines = [found for one in cases if (found := one.hardware) is not None]
    hardware = reduce(Hardware.joined, machines) if machines else None
    assert len(machines) >= len(cases) // 2
    for one in cases:
        said = disagreement(one, tmp_path, hardware)
        if said is not None:
            least = smaller(one, tmp_path)
            pytest.fail(
                f"case {one.number}: {said}; at least {disagreement(least, tmp_path, None)} with {least.design}"
            )
