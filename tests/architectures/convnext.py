"""ConvNeXt: depthwise 7x7, layer norm over channels, GELU, layer scale (Liu et al. 2022, arXiv:2201.03545)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class ConvNeXtBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.act = nn.GELU()
        self.pwconv2 = nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(0.5 * torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.gamma * self.pwconv2(self.act(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, stride=4)
        self.block = ConvNeXtBlock(8)
        self.downsample = nn.Conv2d(8, 16, 2, stride=2)
        self.norm = nn.LayerNorm(16, eps=1e-6)
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.downsample(self.block(self.stem(x)))
        return self.head(self.norm(x.mean([-2, -1])))


CONVNEXT = Architecture(
    ConvNeXt,
    images(3, 16, 16),
    layers=(
        Row("stem", "conv2d", macs=4 * 4 * 8 * 4 * 4 * 3, weights=8 * 4 * 4 * 3),
        Row("block.dwconv", "conv2d", macs=4 * 4 * 8 * 7 * 7, weights=8 * 7 * 7),
        Row("block.pwconv1", "linear", macs=4 * 4 * 32 * 8, weights=32 * 8),
        Row("block.pwconv2", "linear", macs=4 * 4 * 8 * 32, weights=8 * 32),
        Row("downsample", "conv2d", macs=2 * 2 * 16 * 2 * 2 * 8, weights=16 * 2 * 2 * 8),
        Row("head", "linear", macs=16 * 10, weights=16 * 10),
    ),
    parameters=(8 * 48 + 8)
    + (8 * 49 + 8 + 2 * 8 + 32 * 8 + 32 + 8 * 32 + 8 + 8)
    + (16 * 32 + 16)
    + (2 * 16 + 16 * 10 + 10),
)
