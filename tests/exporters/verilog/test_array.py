"""Arrays of processing elements on convolutions and matrix products, against the program's own integers."""

from functools import reduce
from pathlib import Path

import pytest

from adequate.exporters.folder import read_manifest
from adequate.exporters.verilog import Hardware, export_verilog, hardware_of, simulate
from adequate.kernels.columns import Window, output_size
from adequate.kernels.contraction import parse
from adequate.program import Program
from adequate.program.steps import Contract, Convolve
from tests.exporters.verilog.building import Building, image, integers

CONVOLUTIONS = [
    ((1, 3, 5, 6), (4, 3, 3, 2), Window((1, 1), ((1, 1), (0, 2)), (1, 1))),
    ((1, 4, 7, 5), (6, 2, 3, 3), Window((2, 1), ((0, 0), (2, 2)), (1, 2), groups=2)),
    ((1, 5, 4, 3), (5, 1, 2, 2), Window((1, 1), ((0, 1), (1, 0)), (1, 1), groups=5)),
    ((1, 3, 3, 3), (7, 3, 1, 1), Window((2, 2), ((0, 0), (0, 0)), (1, 1))),
    ((1, 1, 9), (3, 1, 4), Window((3,), ((2, 0),), (2,))),
    ((1, 1, 1, 1), (1, 1, 1, 1), Window((1, 1), ((0, 0), (0, 0)), (1, 1))),
    ((1, 2, 3, 3, 3), (3, 2, 2, 2, 2), Window((1, 1, 1), ((0, 0), (1, 1), (0, 0)), (1, 1, 1))),
]
PRODUCTS = ["bk,ok->bo", "bk,ok->ob", "bijk,ijo->bok", "bhik,hjk->bihj", "bk,k->b"]
SIZES = {"b": 1, "h": 2, "i": 3, "j": 4, "k": 5, "o": 3}


def convolution(number: int) -> tuple[Program, tuple[int, ...]]:
    shape, kernel, window = CONVOLUTIONS[number]
    building = Building()
    x, w = building.input(shape), building.constant(integers(kernel, 5, number))
    out = (1, kernel[0], *output_size(shape[2:], kernel[2:], window))
    bias = integers((kernel[0], *(1 for _ in kernel[2:])), 10, number) if number % 2 else None
    fields = {"x": x, "w": w, "bias": bias, "products": None, "register": None, "window": window}
    building.add(Convolve, out, (-(2**17), 2**17 - 1), **fields)
    return building.program(), shape


def contraction(equation: str) -> tuple[Program, tuple[int, ...]]:
    left, _, output = equation.replace("->", ",").split(",")
    right = equation.split(",")[1].split("->")[0]
    shape, kernel, out = (tuple(SIZES[label] for label in labels) for labels in (left, right, output))
    building = Building()
    x, w = building.input(shape), building.constant(integers(kernel, 5, 0) if len(kernel) > 1 else range(SIZES["k"]))
    fields = {"x": x, "w": w, "bias": None, "products": None, "register": None}
    building.add(Contract, out, (-(2**17), 2**17 - 1), contraction=parse(equation, len(left), len(right)), **fields)
    return building.program(), shape


CASES = [convolution(number) for number in range(len(CONVOLUTIONS))] + [contraction(one) for one in PRODUCTS]


@pytest.mark.parametrize(("rows", "columns"), [(2, 3), *(pytest.param(n, n, marks=pytest.mark.slow) for n in (1, 4))])
def test_every_size_of_the_array(rows: int, columns: int, tmp_path: Path, builds: Path) -> None:
    """All programs share the hardware that joins what each needs, so that one simulation is compiled."""
    hardware = reduce(Hardware.joined, [hardware_of(program, rows, columns) for program, _ in CASES])
    for number, (program, shape) in enumerate(CASES):
        folder = tmp_path / str(number)
        images = [image(shape, 8, seed) for seed in range(2)]
        export_verilog(program, folder, rows=rows, columns=columns, images=images, hardware=hardware)
        found = simulate(folder, builds=builds)
        assert found.verification.mismatch is None, (number, found)
        stated: dict[str, int] = {}
        for layer, cycles in read_manifest(folder)["passes"]:
            stated[layer] = stated.get(layer, 0) + cycles
        assert found.cycles == stated
