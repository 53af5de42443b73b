"""Identities taken out: outputs stay bit for bit, and what is none stays."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from adequate.network import drop_identities, trace
from tests.network.rewrites.same_function import images


class Function(nn.Module):
    def __init__(self, call: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.call = call

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.call(x))


IDENTITIES: dict[str, Callable[[Tensor], Tensor]] = {
    "dropout": lambda x: functional.dropout(x, 0.5, training=False),
    "clone": lambda x: x.clone(),
    "cast": lambda x: x.to(torch.float64),
    "reshape": lambda x: x.reshape(x.shape),
    "flatten": lambda x: x.flatten(2),
    "permute": lambda x: x.permute(0, 1, 2),
    "transpose": lambda x: x.transpose(1, -2),
    "slice": lambda x: x[:, :],
    "pad": lambda x: functional.pad(x, (0, 0)),
    "times one": lambda x: x * 1,
    "over one": lambda x: x / 1.0,
    "plus nothing": lambda x: x + 0.0,
    "minus nothing": lambda x: x - 0,
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_identities_are_taken_out(name: str) -> None:
    x = images(2, 3, 4)
    network = trace(Function(IDENTITIES[name]), x)
    dropped = drop_identities(network)
    assert [layer.operation for layer in dropped.layers] == ["relu"]
    assert len(dropped.rewrites) == len(network.layers) - 1
    for batch in (x, images(5, 3, 4)):
        assert torch.equal(dropped.graph(batch), network.graph(batch))
    assert drop_identities(dropped) is dropped


OTHERS: dict[str, Callable[[Tensor], Tensor]] = {
    "reshape": lambda x: x.reshape(-1, 4, 3),
    "transpose": lambda x: x[:, :, :3].transpose(1, 2),
    "slice": lambda x: x[:, 1:],
    "pad": lambda x: functional.pad(x, (1, -1)),
    "flip": lambda x: x.flip(1),
    "times": lambda x: x * 2,
    "plus": lambda x: x + 1,
    "over": lambda x: torch.div(x, 1, rounding_mode="floor"),
    "cast": lambda x: x.to(torch.float32),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_changes_something_stays(name: str) -> None:
    network = trace(Function(OTHERS[name]), images(2, 3, 4))
    assert drop_identities(network) is network or len(drop_identities(network).layers) > 1
    x = images(2, 3, 4)
    assert torch.equal(drop_identities(network).graph(x), network.graph(x))


def test_a_clone_that_is_written_to_stays() -> None:
    class Written(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.clone().add_(1) * x

    x = images(2, 3)
    network = trace(Written(), x)
    assert torch.equal(drop_identities(network).graph(x), network.graph(x))
