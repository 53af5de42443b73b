"""The constants of ``tests/error_rules`` against the slopes themselves."""

import pytest
import torch

from tests.error_rules import LIPSCHITZ

FUNCTIONS = {name: getattr(torch.nn.functional, name) for name in LIPSCHITZ} | {
    "tanh by gelu": lambda x: torch.nn.functional.gelu(x, approximate="tanh")
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_lipschitz_constants(name: str) -> None:
    """No slope is larger, and some slope is within 3 % of it: the constant is no guess on the safe side."""
    x = torch.linspace(-12, 12, 480_001, dtype=torch.float64, requires_grad=True)
    [slope] = torch.autograd.grad(FUNCTIONS[name](x).sum(), x)
    constant = LIPSCHITZ[name.rpartition(" ")[2]]
    assert 0.97 * constant < float(slope.abs().max()) <= constant
