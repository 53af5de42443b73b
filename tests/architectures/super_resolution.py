"""Sub-pixel super-resolution: channels rearranged into a finer picture (Shi et al. 2016, arXiv:1609.05158)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class SuperResolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, padding=2, padding_mode="replicate")
        self.conv2 = nn.Conv2d(8, 6, 3, padding=1, padding_mode="reflect")
        self.conv3 = nn.Conv2d(6, 2 * 2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.conv2(torch.tanh(self.conv1(x))))
        return self.shuffle(self.conv3(y)) + nn.functional.interpolate(x, scale_factor=2, mode="nearest")


SUPER_RESOLUTION = Architecture(
    SuperResolution,
    images(1, 7, 9),
    layers=(
        # padding other than with zeros is a layer of its own in the same module: conv1.pad, conv1.conv2d
        Row("conv1.conv2d", "conv2d", macs=7 * 9 * 8 * 5 * 5 * 1, weights=8 * 5 * 5 * 1),
        Row("conv2.conv2d", "conv2d", macs=7 * 9 * 6 * 3 * 3 * 8, weights=6 * 3 * 3 * 8),
        Row("conv3", "conv2d", macs=7 * 9 * 4 * 3 * 3 * 6, weights=4 * 3 * 3 * 6),
    ),
    parameters=(8 * 25 + 8) + (6 * 72 + 6) + (4 * 54 + 4),
)
