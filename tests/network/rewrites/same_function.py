"""What every rewrite owes: the same function up to rounding, and the network it was given untouched."""

import copy

import torch
from torch import Tensor, nn

from adequate.network import Network

TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}
"""Of the output's range: some tens of roundings."""


def images(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def randomised(model: nn.Module, dtype: torch.dtype = torch.float64) -> nn.Module:
    """Random statistics and affine parameters, some gains negative."""
    generator = torch.Generator().manual_seed(1)
    model = copy.deepcopy(model).to(dtype).eval()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            if module.running_mean is not None:
                module.running_mean.copy_(torch.randn(module.num_features, generator=generator))
                module.running_var.copy_(torch.rand(module.num_features, generator=generator) + 0.2)
            if module.affine:
                nn.init.normal_(module.weight, generator=generator)
                nn.init.normal_(module.bias, generator=generator)
    return model


def check_equal(network: Network, rewritten: Network, x: Tensor, tolerance: float) -> None:
    with torch.no_grad():
        before, after = network.graph(x), rewritten.graph(x)
    assert (after - before).abs().max() <= tolerance * before.abs().max()
