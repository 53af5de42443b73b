"""One program, four witnesses: emulation, Python integers, compiled C++ and simulated Verilog, on random networks.

A group of cases is one compilation in C++ and runs on one machine in Verilog, which has what they all need; the
programs enter as memory images. Verilator's compiled machine takes less than a tenth of a second a case. Icarus Verilog
takes seconds, and knows unknown values: it runs some of the cases, each on a machine of its own. A case that fails is
made smaller before it is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import reduce
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exporters import export_hls
from adequate.exporters.verilog import Hardware, export_verilog, hardware_of, simulate
from adequate.lowering import lower
from adequate.network import Network
from adequate.program import Program
from adequate.program.value import bits
from tests.circuits.running import require_tool
from tests.exporters.together import wrong_together
from tests.lowering.cases import NETWORKS, images, lowered, network

SIZE = 125
"""Cases of a group; with 250 they take eight minutes each."""
ARRAYS = ((2, 1), (1, 2))
"""Rows and columns of processing elements of each group's machine, whose compilation takes minutes."""
WIDEST = 127
"""Bits of the widest integer in C++."""
SHARED = 63
"""Bits of the widest word in a machine that cases share: all of them would pay for a wider one."""
ICARUS = 50
"""Of so many cases Icarus Verilog simulates one too."""


@dataclass(frozen=True, eq=False)
class Case:
    """A network with a design, its program, and images."""

    number: int
    network: Network
    design: Design
    program: Program
    batch: Tensor

    def hardware(self, array: tuple[int, int]) -> Hardware | None:
        """What runs it; None where the machine refuses it."""
        try:
            return hardware_of(self.program, *array)
        except ValueError:
            return None


def case(number: int) -> Case:
    kind, seed = NETWORKS[number % len(NETWORKS)], 5000 + number
    one = network(kind, seed)
    return Case(number, one, *lowered(one, seed), images(kind, seed, 2))


def emulated_otherwise(one: Case) -> str | None:
    """Where the emulation differs from Python's integers, or these leave the range that their value states."""
    emulated = emulate(one.network, one.design)
    for image in one.batch.split(1):
        values, wanted = one.program.trace(*one.program.encode(image)), emulated(image)
        for name, integers in values.items():
            value = one.program.values[name]
            if integers.shape != value.shape or not all(value.low <= n <= value.high for n in integers.flat):
                return f"{name!r} is not of its shape or range"
        for name, real in zip(one.program.outputs, [wanted] if isinstance(wanted, Tensor) else wanted, strict=True):
            if not torch.equal(one.program.decode(name, values[name]).to(real.dtype), real):
                return f"the emulation differs in {name!r}"
    return None


def compiled_otherwise(cases: Sequence[Case], folder: Path) -> dict[int, str]:
    """Where C++ differs from Python's integers, by the case's number; ``folder`` holds the exports, by number."""
    narrow = [one for one in cases if max(bits(*value.range)[0] for value in one.program.values.values()) <= WIDEST]
    for one in narrow:
        vectors = [one.program.encode(image) for image in one.batch.split(1)]
        export_hls(one.program, folder / str(one.number), images=vectors)
    wrong = wrong_together([folder / str(one.number) for one in narrow], folder) if narrow else {}
    return {int(export.name): said for export, said in wrong.items()}


def simulated_otherwise(
    cases: Sequence[Case], folder: Path, simulator: str, array: tuple[int, int], hardware: Hardware | None = None
) -> dict[int, str]:
    """Where Verilog differs from Python's integers; without ``hardware`` each case has its own."""
    said: dict[int, str] = {}
    for one in cases:
        export, (rows, columns), batch = folder / "verilog", array, list(one.batch.split(1))
        export_verilog(one.program, export, rows=rows, columns=columns, images=batch, hardware=hardware)
        found = simulate(export, simulator, builds=folder, flags=["-O1"]).verification
        if not found:
            said[one.number] = f"{simulator}: {found}"
    return said


def disagreement(one: Case, folder: Path) -> str | None:
    """What the first witness says who does not agree with Python's integers; None if all agree."""
    said = [emulated_otherwise(one), *compiled_otherwise([one], folder).values()]
    if one.hardware(ARRAYS[-1]) is not None:
        said += simulated_otherwise([one], folder, "iverilog", ARRAYS[-1]).values()
    return next((found for found in said if found is not None), None)


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
            if disagreement(reduced, folder) is not None:
                one = reduced
    return one


@pytest.fixture(autouse=True)
def tools() -> None:
    for tool in ("g++", "iverilog", "verilator"):
        require_tool(tool)


def test_all_witnesses_agree_on_one_case(tmp_path: Path) -> None:
    assert disagreement(case(3), tmp_path) is None


@pytest.mark.slow
@pytest.mark.parametrize("group", range(len(ARRAYS)))
def test_all_witnesses_agree(group: int, tmp_path: Path) -> None:
    cases, array = [case(group * SIZE + at) for at in range(SIZE)], ARRAYS[group]
    machines = {one: found for one in cases if (found := one.hardware(array)) is not None}
    shared = {one: found for one, found in machines.items() if max(found.word, found.sum) <= SHARED}
    alone = [one for one in machines if one not in shared or one.number % ICARUS == 0]
    assert len(shared) >= SIZE * 9 // 10
    said = {one.number: found for one in cases if (found := emulated_otherwise(one)) is not None}
    said |= compiled_otherwise(cases, tmp_path)
    said |= simulated_otherwise([*shared], tmp_path, "verilator", array, reduce(Hardware.joined, shared.values()))
    said |= simulated_otherwise(alone, tmp_path, "iverilog", array)
    for one in cases:
        if one.number in said:
            least = smaller(one, tmp_path)
            pytest.fail(
                f"case {one.number}: {said[one.number]}; at least {disagreement(least, tmp_path)} with {least.design}"
            )
