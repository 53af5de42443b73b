"""Outputs of whatever structure: a model's own, and how two differ."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten


@torch.no_grad()
def evaluated(model: nn.Module, inputs: tuple[Tensor, ...]) -> Any:
    """The model's own outputs; torch's other transformer layer, for inference, rounds otherwise."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        return model.eval()(*inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def assert_identical(got: Any, wanted: Any) -> None:
    """The same structure, and the same bits in every tensor."""
    (gots, structure), (wanteds, wanted_structure) = tree_flatten(got), tree_flatten(wanted)
    assert structure == wanted_structure
    for one, other in zip(gots, wanteds, strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


def furthest(got: Any, wanted: Any) -> float:
    """The largest difference of any output in units of that output's range, its maximum less its minimum."""
    pairs = zip(tree_flatten(got)[0], tree_flatten(wanted)[0], strict=True)
    return max(float((one - other).abs().max() / (other.max() - other.min())) for one, other in pairs)
