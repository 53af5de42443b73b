"""Functions in integers: the program computes what the emulation computes, bit for bit."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from adequate import Design, LayerDesign, emulate, float_inside, lower, trace
from adequate.exporters.program_file import load_program, save_program
from adequate.formats import E4M3, E5M2, Fixed, Format, PowerOfTwo, Scaled
from adequate.network import Network
from adequate.network.normalization import WithinChannelLRN
from adequate.program.steps import Table
from tests.emulated_layer.forms_of_all_kinds import (
    FORMATS,
    NORMALIZATIONS,
    TABULATED,
    WIDE,
    Function,
    designed,
    drawn,
    traced,
)

KINDS = {"functions": tuple(TABULATED), "normalizations": tuple(NORMALIZATIONS)}


def differing(network: Network, design: Design, x: Tensor) -> list[str]:
    """The outputs that program and emulation give otherwise for an image of x, and values outside their ranges."""
    program, emulated = lower(network, design), emulate(network, design)
    found: list[str] = []
    for image in x.split(1):
        values = program.trace(*program.encode(image))
        for name, integers in values.items():
            value = program.values[name]
            if not value.low <= integers.min() <= integers.max() <= value.high:
                found.append(name)
        with torch.no_grad():
            wanted = emulated(image)
        for name, output in zip(program.outputs, [wanted] if isinstance(wanted, Tensor) else wanted, strict=True):
            if not torch.equal(program.decode(name, values[name]).to(x.dtype), output):
                found.append(name)
    return found


SHORT = [("functions", pair) for pair in FORMATS] + [("normalizations", FORMATS[0])]
LONG = [("normalizations", pair) for pair in (*FORMATS[1:], WIDE)] + [("functions", WIDE)]
LONG = [pytest.param(*one, marks=pytest.mark.slow) for one in LONG]


@pytest.mark.parametrize(("kind", "formats"), [*SHORT, *LONG], ids=str)
def test_the_program_computes_what_the_emulation_computes(kind: str, formats: tuple[Format, Format]) -> None:
    network = traced(*KINDS[kind])
    assert float_inside(network, designed(network, *formats)) == ()
    assert differing(network, designed(network, *formats), drawn(1)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", KINDS)
def test_with_other_parameters_and_widths(kind: str, seed: int) -> None:
    network, generator = traced(*KINDS[kind], seed=seed), torch.Generator().manual_seed(seed)
    bits, more = torch.randint(2, 17, (2,), generator=generator).tolist()
    frac, other = torch.randint(-2, 15, (2,), generator=generator).tolist()
    assert differing(network, designed(network, Fixed(bits, min(frac, bits)), Fixed(more, other)), drawn(seed, 3)) == []


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_normalizations_of_few_bits(name: str) -> None:
    network = traced(name)
    assert differing(network, designed(network, Fixed(5, 2), E4M3), drawn(2)) == []


@pytest.mark.parametrize("input", [PowerOfTwo(4), E5M2, Scaled(E5M2, 0.75)], ids=str)
def test_a_table_of_few_numbers_has_no_entry_for_others(input: Format, tmp_path: Path) -> None:
    network = traced("tanh")
    design = designed(network, input, Fixed(8, 6))
    assert differing(network, design, drawn(1)) == []
    program = lower(network, design)
    (table,) = [step for step in program.steps if isinstance(step, Table)]
    assert table.numbers is not None
    assert len(table.entries) == len(table.numbers) <= 2**input.bits
    assert list(table.numbers) == sorted(set(table.numbers))
    save_program(program, tmp_path)
    image = program.encode(drawn(1))
    assert np.array_equal(load_program(tmp_path).run(*image), program.run(*image))


class Mixed(nn.Module):
    """What a network has of each, one behind the other."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 6, 3), nn.BatchNorm2d(6)
        self.lrn, self.within = nn.LocalResponseNorm(3, 0.2), WithinChannelLRN(3, 0.2, 0.75)
        self.act, self.norm, self.fc = nn.SiLU(inplace=True), nn.LayerNorm(54), nn.Linear(54, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.within(self.lrn(self.act(self.bn(self.conv(x)))))
        x = self.norm(torch.max_pool2d(x, 2).flatten(1))
        return self.fc(x).softmax(1)


def test_a_network_of_all_kinds() -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 2, 8, 8)
    network = trace(Mixed(), x)
    design = Design(
        {
            layer.name: LayerDesign(Fixed(8, 4), Fixed(8, 6) if layer.multiplies else None, output=Fixed(9, 5))
            for layer in network.layers
        }
    )
    assert differing(network, design, x) == []


@pytest.mark.parametrize("name", ["softmax", "layer_norm", "across", "batch_norm", "gelu"])
@pytest.mark.parametrize("missing", ["input", "output"])
def test_a_function_without_both_formats_is_refused_by_name(name: str, missing: str) -> None:
    class After(nn.Module):
        def __init__(self, layer: nn.Module) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(torch.relu(x))

    model = Function(TABULATED[name]) if name in TABULATED else NORMALIZATIONS[name]()
    network = trace(After(model), drawn(0, 2))
    layer = network.layers[-1]
    chosen = {"input": Fixed(8, 4), "output": Fixed(8, 4), missing: None}
    design = Design({"relu": LayerDesign(Fixed(8, 4)), layer.name: LayerDesign(**chosen)})
    with pytest.raises(
        ValueError, match=f"^layer '{layer.name}': {layer.operation} has an integer form only with an i"
    ):
        lower(network, design)


def test_a_logarithm_needs_numbers_that_have_one() -> None:
    design = LayerDesign(Fixed(8, 4), output=Fixed(8, 4))
    network = trace(Function(torch.log), drawn(0, 2))
    with pytest.raises(ValueError, match=r"^layer 'log': log of -8 is no finite number; keep its operand away"):
        lower(network, Design({"log": design}))
    with pytest.raises(ValueError, match="^output of layer 'log': "):
        emulate(network, Design({"log": design}))(torch.zeros(1, 6, 4, 4))
    clamped = trace(Function(lambda x: torch.log(x.clamp_min(0.0625))), drawn(0, 2))
    assert differing(clamped, Design({"log": design, "clamp_min": design}), drawn(1)) == []
