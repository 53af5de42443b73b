"""Auto-encoder with tied weights: the decoder multiplies by the encoder's transposed (Vincent et al. 2010, JMLR 11)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.architectures.architecture import Architecture, Row, images


class AutoEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.outer = nn.Linear(36, 16)
        self.inner = nn.Linear(16, 4)
        self.inner_bias = nn.Parameter(torch.zeros(16))
        self.decoder = nn.Sequential(nn.Tanh(), nn.Linear(16, 36), nn.Sigmoid())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        code = self.inner(torch.tanh(self.outer(x.flatten(1))))
        hidden = functional.linear(code, self.inner.weight.t(), self.inner_bias)
        return self.decoder(hidden).reshape(x.shape), code


AUTOENCODER = Architecture(
    AutoEncoder,
    images(1, 6, 6),
    layers=(
        Row("outer", "linear", macs=36 * 16, weights=16 * 36),
        Row("inner", "linear", macs=16 * 4, weights=4 * 16),
        # its weight is computed by the transposition: no tensor of its own
        Row("linear", "linear", macs=4 * 16, weights=0),
        Row("decoder.1", "linear", macs=16 * 36, weights=36 * 16),
    ),
    parameters=(16 * 36 + 16) + (4 * 16 + 4) + 16 + (36 * 16 + 36),
)
