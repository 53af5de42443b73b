"""What is emulated and what the integers of the program say are the same numbers."""

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.formats import Fixed, Minifloat, PerChannel, PowerOfTwo, Scaled
from adequate.lowering import lower
from adequate.network import Network, trace
from adequate.operators import Accumulator
from adequate.program import Program
from tests.lowering.cases import NETWORKS, images, lowered, network

CASES = [(kind, seed) for seed in range(5) for kind in NETWORKS]
"""More of the same networks, of other seeds, are in tests/exporters/test_witnesses.py."""


def named(case: object) -> str:
    return case.__name__ if isinstance(case, type) else str(case)


def assert_agree(network: Network, design: Design, program: Program, batch: Tensor) -> None:
    """Every layer's output, image by image."""
    emulated = emulate(network, design)
    for image in batch.split(1):
        values = program.trace(*program.encode(image))
        for name, integers in values.items():
            value = program.values[name]
            assert integers.shape == value.shape, name
            assert all(value.low <= n <= value.high for n in integers.flat), name
        wanted = emulated(image)
        for name, output in zip(program.outputs, [wanted] if isinstance(wanted, Tensor) else wanted, strict=True):
            assert torch.equal(program.decode(name, values[name]).to(output.dtype), output), (name, design)


@pytest.mark.parametrize(("kind", "seed"), CASES, ids=named)
def test_program_and_emulation_agree(kind: type[nn.Module], seed: int) -> None:
    one = network(kind, seed)
    design, program = lowered(one, seed)
    assert_agree(one, design, program, images(kind, seed, 2))


def test_one_scale_along_a_dimension_of_one_channel() -> None:
    """Under scales that are no powers of two, so that a table says what each integer becomes."""
    one = trace(nn.Sequential(nn.ReLU()), torch.zeros(2, 1, 9))
    read, written = Scaled(Fixed(6, 0), 0.375, zero=2), Scaled(Fixed(5, 0), (0.15625,), (3,), axis=1)
    design = Design({"0": LayerDesign(input=read, output=written)})
    assert_agree(one, design, lower(one, design), torch.linspace(-9, 9, 45).reshape(5, 1, 9))


CHANNELS = (Fixed(8, 7), Fixed(3, 1), Minifloat(3, 2), PowerOfTwo(4, 1), Scaled(Fixed(4, 0), 0.25, zero=1), Fixed(2, 2))


@pytest.mark.parametrize("accumulator", [None, Accumulator(Fixed(20, 9))], ids=["exact", "accumulator"])
@pytest.mark.parametrize("outputs", [True, False], ids=["outputs", "inputs"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_weights_of_channels_in_formats_of_their_own(
    kind: type[nn.Module], outputs: bool, accumulator: Accumulator | None
) -> None:
    """Of output channels, which can be taken out of the sum, and of input channels, which are brought to one unit."""
    one, design = network(kind, 0), Design()
    for layer in one.layers:
        slots: dict[str, object] = {"input": Fixed(6, 3), "output": Fixed(8, 3)}
        if layer.multiplies:
            slots |= {"weight": Fixed(5, 3), "accumulator": accumulator}
        if layer.weight_shape is not None:
            axis = int(outputs == layer.operation.startswith("conv_transpose"))
            count = layer.weight_shape[axis]
            slots["weight"] = PerChannel((CHANNELS * count)[:count], axis)
        if layer.multiplies or layer.operation in ("add", "sub", "mean", "avg_pool2d"):
            design = design.with_layers(layer.name, **slots)
    assert_agree(one, design, lower(one, design), images(kind, 0, 2))
