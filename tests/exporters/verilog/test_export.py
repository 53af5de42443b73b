"""A whole small network in Verilog: what is written, what is found, what is refused."""

import shutil
from collections.abc import Mapping
from fractions import Fraction
from math import prod
from pathlib import Path

import numpy as np
import pytest

from adequate.exporters.verilog import export_verilog, hardware_of, simulate, verify_verilog
from adequate.kernels.columns import Window
from adequate.kernels.contraction import parse
from adequate.program import Program, ToFixed
from adequate.program.steps import (
    Add,
    Choose,
    Clamp,
    Concat,
    Contract,
    Convolve,
    Multiply,
    Pool,
    Rearrange,
    Reduce,
    Round,
    Scale,
    Table,
)
from tests.exporters.verilog.building import Building, image, integers, narrowed

SHAPE = (1, 2, 6, 5)
IMAGES = [image(SHAPE, 8, seed) for seed in range(2)]


def network(seed: int, channels: int = 3) -> Program:
    """Convolution, pooling of both kinds, every function of two elements, moves, a product of two activations."""
    one, plane, square = Building(), (1, channels, 3, 3), {"kernel": (2, 2)}
    exact = {"products": None, "register": None}
    x, w = one.input(SHAPE), one.constant(integers((channels, 2, 3, 3), 4, seed))
    bias, window = integers((channels, 1, 1), 9, seed), Window((2, 2), ((1, 1), (1, 1)), (1, 1))
    sums = one.add(Convolve, plane, (-(2**15), 2**15 - 1), x=x, w=w, bias=bias, window=window, **exact)
    factor, to = (Fraction(1, 2 + seed),) * channels, ToFixed(-128, 127)
    y = one.add(Round, plane, (-128, 127), x=sums, factor=factor, to=to, axis=1)
    before, after = (Window((1, 1), (pad, pad), (1, 1)) for pad in ((1, 0), (0, 1)))
    a = one.add(Pool, plane, (-128, 127), x=y, window=before, largest=True, **square)
    b = one.add(Pool, plane, (-512, 511), x=y, window=after, largest=False, **square)
    c = one.add(Add, plane, (-4096, 4095), x=a, y=b, factors=(3, -2))
    high = one.add(Reduce, (1, channels, 1, 1), (-128, 127), x=a, axes=(2, -1), largest=True)
    c = one.add(Choose, plane, (-4096, 4095), x=c, y=high, largest=bool(seed % 2))
    c = one.add(Clamp, plane, (-20, 50), x=c, low=-20, high=50)
    d = one.add(Table, plane, (-64, 63), x=c, entries=integers((71,), 7, seed))
    d = one.add(Multiply, plane, (-8192, 8191), x=d, y=high)
    joined = one.add(Concat, (1, channels, 6, 3), (-8192, 8191), parts=(d, c), along=2)
    flat = one.add(Rearrange, (1, 18 * channels), (-8192, 8191), x=joined)
    index = integers((1, channels, 6, 3), 3, seed) + 3
    moved = one.add(Rearrange, (1, channels, 6, 3), (-8192, 8191), x=flat, index=index)
    scaled = one.add(Scale, (1, channels, 6, 3), (-81920, 81919), x=moved, factor=-10)
    contraction = parse("bcij,bckj->bik", 4, 4)
    one.add(Contract, (1, 6, 3), (-(2**40), 2**40 - 1), x=scaled, w=d, bias=None, contraction=contraction, **exact)
    return one.program()


def test_a_network_end_to_end(tmp_path: Path, builds: Path) -> None:
    export_verilog(network(0), tmp_path / "out", rows=2, columns=2, images=IMAGES)
    found = simulate(tmp_path / "out", builds=builds)
    assert found.verification.mismatch is None, found
    values = network(0).values
    reshaped = {step.value.name for step in network(0).steps if isinstance(step, Rearrange) and step.index is None}
    rounded = next(step.x for step in network(0).steps if isinstance(step, Round))
    assert rounded in network(0).layers.values()
    sizes = [prod(values[name].shape) for name in network(0).layers.values() if name not in reshaped]
    assert found.verification.values == 2 * sum(sizes)
    assert sum(found.cycles.values()) > max(sizes)


def test_networks_share_verilog_that_depends_on_hardware_alone(tmp_path: Path, builds: Path) -> None:
    one, two = network(0), network(1)
    assert hardware_of(one, 2, 2) != hardware_of(two, 2, 2)
    both = hardware_of(one, 2, 2).joined(hardware_of(two, 2, 2))
    assert both == hardware_of(two, 2, 2).joined(hardware_of(one, 2, 2)) == both.joined(both)
    for name, program in (("one", one), ("two", two)):
        assert export_verilog(program, tmp_path / name, images=IMAGES, hardware=both) == both
        assert verify_verilog(tmp_path / name, builds=builds)
    for path in (tmp_path / "one").glob("*.v"):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    with pytest.raises(ValueError, match="does not run this program"):
        export_verilog(one, tmp_path / "other", images=IMAGES, hardware=hardware_of(two, 2, 2))
    with pytest.raises(ValueError, match="2 x 2 processing elements does not join"):
        both.joined(hardware_of(one, 1, 2))


def contents(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_equal_programs_give_equal_bytes_and_hostile_names_give_none(tmp_path: Path) -> None:
    for name in ("one", "two"):
        export_verilog(network(0), tmp_path / name, images=IMAGES)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    export_verilog(narrowed(network(0)), tmp_path / "hostile", images=IMAGES)
    hostile, plain = contents(tmp_path / "hostile"), contents(tmp_path / "one")
    assert {name for name in plain if plain[name] != hostile[name]} == {
        "README.md",
        "manifest.json",
        "memory/layers.txt",
    }
    assert b"$finish" not in hostile["README.md"]
    assert b"$" not in hostile["memory/layers.txt"]
    assert str(tmp_path).encode() not in b"".join(plain.values())


def flipped(text: str, line: int) -> str:
    """Another hexadecimal digit at the end of a line."""
    lines = text.splitlines()
    lines[line] = lines[line][:-1] + format(int(lines[line][-1], 16) ^ 1, "x")
    return "\n".join([*lines, ""])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "out"
    export_verilog(network(0), folder, images=IMAGES)
    return folder


@pytest.mark.parametrize(
    ("memory", "line"),
    [
        ("weights", 2),
        ("biases", 1),
        ("parameters", 1),
        ("parameters", 4),
        ("indices", 3),
        ("inputs", 0),
        ("expected", 9),
    ],
    ids=["weight", "bias", "factor", "table entry", "index", "input", "expected value"],
)
def test_one_wrong_bit_is_found(memory: str, line: int, exported: Path, tmp_path: Path, builds: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(exported, folder)
    path = folder / "memory" / f"{memory}.hex"
    path.write_text(flipped(path.read_text(), line))
    found = verify_verilog(folder, builds=builds)
    assert found.mismatch is not None
    assert found.mismatch.expected != found.mismatch.found


def test_a_wrong_shift_and_a_program_that_ends_early_are_found(exported: Path, tmp_path: Path, builds: Path) -> None:
    for name in ("shift", "halt"):
        shutil.copytree(exported, tmp_path / name)
    source = tmp_path / "shift" / "function_unit.v"
    assert source.read_text().count(" >> ") == 1
    source.write_text(source.read_text().replace(" >> ", " << "))
    assert not verify_verilog(tmp_path / "shift", builds=builds)
    program = tmp_path / "halt" / "memory" / "instructions.hex"
    program.write_text(flipped(program.read_text(), 3))
    with pytest.raises(RuntimeError, match=r"values were written, not 852"):
        verify_verilog(tmp_path / "halt", builds=builds)


def test_what_the_machine_cannot_run_is_refused_by_name_before_anything_is_written(tmp_path: Path) -> None:
    one = Building()
    x, w = one.input((1, 2, 4)), one.constant(integers((2, 4), 4, 0))
    numbers = np.array([-(2**17), 2**17 - 1], dtype=object)
    fields = {"x": x, "w": w, "products": None, "register": None}
    linear = parse("brk,ok->bro", 3, 2)
    one.add(Contract, (1, 2, 2), (-9, 9), bias=integers((1, 2, 2), 4, 0), contraction=linear, **fields)
    wide = one.add(Scale, (1, 2, 4), (-(2**17), 2**17), x=x, factor=2**10)
    one.add(Table, (1, 2, 4), (0, 1), x=wide, entries=integers((2,), 2, 0), numbers=numbers)
    with pytest.raises(
        ValueError, match=r"layer 'layer contract 2', step Contract: .*; layer 'layer table 4', step Table"
    ):
        export_verilog(one.program(), tmp_path / "out", images=[image((1, 2, 4), 8, 0)])
    assert not list(tmp_path.iterdir())


def test_other_folders_stay_and_bad_arguments_are_named(tmp_path: Path, builds: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="something else than an export"):
        export_verilog(network(0), tmp_path / "mine", images=IMAGES)
    with pytest.raises(ValueError, match="at least 1 x 1"):
        export_verilog(network(0), tmp_path / "out", rows=0, images=IMAGES)
    with pytest.raises(ValueError, match="needs an image"):
        export_verilog(network(0), tmp_path / "out", images=[])
    with pytest.raises(ValueError, match="no export to Verilog"):
        verify_verilog(tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert (tmp_path / "mine" / "notes.txt").read_text() == "mine"


def test_simulators_are_named(exported: Path) -> None:
    with pytest.raises(ValueError, match="no such simulator 'spice'; there are iverilog, verilator"):
        verify_verilog(exported, "spice")
