"""Recurrent networks and attention, part by part, as programs of integers."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from adequate import Design, Fixed, LayerDesign, lower, trace
from adequate.emulation import emulate_expanded
from adequate.network.layer import MULTIPLYING

FIXED = Fixed(8, 5)
MOVING = frozenset(
    {"split", "chunk", "select", "view", "transpose", "unbind", "stack", "concat", "unflatten", "permute"}
)


class First(nn.Module):
    """The first of several results."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        if isinstance(self.part, nn.MultiheadAttention):
            return self.part(x, x, x, need_weights=False)[0]
        return self.part(x)[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.RNN(4, 5, batch_first=True),
        lambda: nn.GRU(4, 5, batch_first=True),
        lambda: nn.LSTM(4, 5, batch_first=True),
        lambda: nn.MultiheadAttention(4, 2, batch_first=True),
    ],
    ids=["rnn", "gru", "lstm", "attention"],
)
def test_parts_lower(make: Callable[[], nn.Module]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network, images = trace(First(make()).eval(), torch.zeros(2, 3, 4)), torch.randn(4, 3, 4)
    design = Design()
    with pytest.raises(ValueError, match=r"layer 'part\..*it multiplies, and the design has no input and no weight"):
        lower(network, design)
    for layer in network.layers:
        weight = FIXED if layer.operation in MULTIPLYING else None
        if layer.operation not in MOVING:
            design = design.with_layers(layer.name, **LayerDesign(FIXED, weight, output=FIXED).slots())
    program, emulated = lower(network, design), emulate_expanded(network, design)
    for image in images.split(1):
        [output] = program.run(*program.encode(image))
        assert torch.equal(program.decode(program.outputs[0], output).float(), emulated(image))
