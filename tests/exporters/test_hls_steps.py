"""C++ and the integer program, step by step: equal on extreme and on random integers."""

from math import prod
from pathlib import Path

import pytest

from adequate.exporters import Verification, export_hls, verify_hls
from tests.circuits.running import require_tool
from tests.exporters.every_step import every_step
from tests.exporters.sketch import images

IMAGES = 3


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every step, in one source: compiling it once is compiling all."""
    require_tool("g++")
    folder, program = tmp_path_factory.mktemp("hls") / "every_step", every_step()
    export_hls(program, folder, images=images(program, IMAGES))
    return folder


def every_value() -> Verification:
    program = every_step()
    observed = [*program.layers.values(), *program.outputs]
    return Verification(IMAGES * sum(prod(program.values[name].shape) for name in observed), None)


def test_every_step_computes_what_the_program_says(export: Path) -> None:
    assert verify_hls(export, flags=["-O0"]) == every_value()


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags",
    [["-O3", "-march=native"], ["-O1", "-fsanitize=undefined,address", "-fno-sanitize-recover=all"]],
    ids=["quick", "sanitized"],
)
def test_it_does_so_however_it_is_compiled(export: Path, flags: list[str]) -> None:
    assert verify_hls(export, flags=flags) == every_value()
