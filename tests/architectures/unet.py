"""U-Net: down, up by transposed convolution, across by concatenation (Ronneberger et al. 2015, arXiv:1505.04597)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


def double(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, padding=1), nn.ReLU(), nn.Conv2d(out, out, 3, padding=1), nn.ReLU()
    )


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = double(1, 4)
        self.bottom = double(4, 8)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.across = double(8, 4)
        self.out = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        level = self.down(x)
        below = self.bottom(nn.functional.max_pool2d(level, 2))
        return self.out(self.across(torch.cat([level, self.up(below)], dim=1)))


UNET = Architecture(
    UNet,
    images(1, 12, 8),
    layers=(
        Row("down.0", "conv2d", macs=12 * 8 * 4 * 3 * 3 * 1, weights=4 * 3 * 3 * 1),
        Row("down.2", "conv2d", macs=12 * 8 * 4 * 3 * 3 * 4, weights=4 * 3 * 3 * 4),
        Row("bottom.0", "conv2d", macs=6 * 4 * 8 * 3 * 3 * 4, weights=8 * 3 * 3 * 4),
        Row("bottom.2", "conv2d", macs=6 * 4 * 8 * 3 * 3 * 8, weights=8 * 3 * 3 * 8),
        # each of the 6x4x8 inputs meets the 2x2x4 weights of its channel
        Row("up", "conv_transpose2d", macs=6 * 4 * 8 * 2 * 2 * 4, weights=8 * 4 * 2 * 2),
        Row("across.0", "conv2d", macs=12 * 8 * 4 * 3 * 3 * 8, weights=4 * 3 * 3 * 8),
        Row("across.2", "conv2d", macs=12 * 8 * 4 * 3 * 3 * 4, weights=4 * 3 * 3 * 4),
        Row("out", "conv2d", macs=12 * 8 * 2 * 4, weights=2 * 4),
    ),
    parameters=(4 * 9 + 4 + 4 * 36 + 4)
    + (8 * 36 + 8 + 8 * 72 + 8)
    + (8 * 16 + 4)
    + (4 * 72 + 4 + 4 * 36 + 4)
    + (2 * 4 + 2),
)
