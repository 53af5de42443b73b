"""Stored bits, counted by hand."""

import pytest
import torch
from torch import nn

from adequate.design import Design
from adequate.formats import Binary, Fixed, Minifloat, Scaled, SharedExponent
from adequate.network import Network, trace
from adequate.reporting import activation_bits, memory, stored_bits


def test_weights_take_their_format_or_32_bits(network: Network) -> None:
    assert stored_bits(network, Design()) == 32 * (36 + 40)
    design = Design().with_layers("conv", weight=Fixed(3, 2))
    assert stored_bits(network, design) == 3 * 36 + 32 * 40
    assert stored_bits(network, design.with_layers("fc", weight=Binary(), input=Fixed(8, 4))) == 3 * 36 + 40


@pytest.mark.parametrize(
    ("format", "bits"),
    [
        (Scaled(Fixed(8, 0), 0.5), 40 * 8 + 32),
        (Scaled(Fixed(8, 0), (0.5,) * 10, axis=0), 40 * 8 + 10 * 32),
        (Scaled(Minifloat(2, 1), SharedExponent(32), axis=-1), 40 * 4 + 10 * 8),  # ten rows of one short block
        (Scaled(Minifloat(2, 1), SharedExponent(3), axis=0), 40 * 4 + 4 * 4 * 8),  # four columns of ceil(10 / 3) blocks
    ],
)
def test_scales_are_stored_too(network: Network, format: Scaled, bits: int) -> None:
    assert stored_bits(network, Design().with_layers("fc", weight=format)) == 32 * 36 + bits


def test_a_shared_weight_is_stored_once_in_its_widest_format() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(5, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.fc(x))

    network = trace(Twice(), torch.zeros(2, 5))
    names = network.select(operation="linear")
    assert len(names) == 2
    assert stored_bits(network, Design()) == 32 * 25
    assert stored_bits(network, Design().with_layers(names, weight=Fixed(4, 2))) == 4 * 25
    for name in names:
        assert stored_bits(network, Design().with_layers(name, weight=Fixed(4, 2))) == 32 * 25


def test_activations_pass_their_bits_on(network: Network) -> None:
    conv, relu, pool, fc = 4 * 2 * 2, 4 * 2 * 2, 4, 10
    assert activation_bits(network, Design()) == 32 * (conv + relu + pool + fc)  # flatten moves nothing
    design = Design().with_layers("conv", output=Fixed(4, 2))
    assert activation_bits(network, design) == 4 * (conv + relu + pool) + 32 * fc
    design = design.with_layers("relu", output=Fixed(3, 2)).with_layers("fc", output=Minifloat(4, 3))
    assert activation_bits(network, design) == 4 * conv + 3 * (relu + pool) + 8 * fc


def test_together(network: Network) -> None:
    found = memory(network, Design().with_layers(["conv", "fc"], weight=Fixed(4, 2), output=Fixed(8, 2)))
    assert (found.weights, found.weight_bits, found.bits_per_weight) == (76, 304, 4.0)
    assert (found.activations, found.activation_bits, found.bits_per_activation) == (46, 46 * 8, 8.0)
