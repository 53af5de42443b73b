"""Local response normalisation: the layer that torch lacks, and what a graph's calls say of one."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.fx import Node

from adequate.network.graph import arguments, function_of


class WithinChannelLRN(nn.Module):
    """Local response normalisation over a square window inside each channel, as Caffe computes it.

    y = x / (k + alpha * mean(x^2))^beta, the mean over a ``size`` x ``size`` window whose positions outside the
    image count as zeros: the divisor is size^2 everywhere. Input and output (N, C, H, W).

    Source: Caffe, ``lrn_layer.cpp``, ``WITHIN_CHANNEL``: an average pooling of stride 1 padded by (size - 1) / 2,
    then the power layer (1 + alpha s)^-beta. Caffe fixes k at 1. (``pooling_layer.cpp`` divides by the window clipped
    to the *padded* image, which at this stride and padding clips nothing.)

    Raises:
        ValueError: ``size`` is even or not positive.
    """

    def __init__(self, size: int, alpha: float, beta: float, k: float = 1.0) -> None:
        super().__init__()
        if size < 1 or size % 2 == 0:
            raise ValueError(f"the window of a within-channel LRN must be odd and positive, not {size}")
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x: Tensor) -> Tensor:
        energy = nn.functional.avg_pool2d(x * x, self.size, stride=1, padding=self.size // 2)
        return x * (self.k + self.alpha * energy).pow(-self.beta)

    def extra_repr(self) -> str:
        return f"size={self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def response_attributes(nodes: Sequence[Node]) -> dict[str, Any]:
    """The arguments of a local response normalisation by the calls it consists of: an average, then (k + alpha e)^beta.

    ``size`` is that of the window, ``across`` whether it lies across channels. Empty where the calls are others.
    """
    calls = {function_of(node): arguments(node) for node in nodes}
    pool = next((calls[name] for name in ("avg_pool2d", "avg_pool3d") if name in calls), None)
    scales = [node.args[1] for node in nodes if function_of(node) == "mul" and not isinstance(node.args[1], Node)]
    if pool is None or len(scales) != 1 or not {"add", "pow"} <= calls.keys():
        return {}
    size, *others = pool["kernel_size"]
    return {
        "size": size,
        "alpha": scales[0],
        "beta": abs(calls["pow"]["exponent"]),
        "k": calls["add"]["other"],
        "across": all(one == 1 for one in others),
    }
