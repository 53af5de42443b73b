"""Normalisation layers that torch lacks."""

from torch import Tensor, nn


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
