"""RegNet: residual blocks of 3x3 convolutions in groups of fixed width (Radosavovic et al. 2020, arXiv:2003.13678)."""

from collections import OrderedDict

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images

WIDTH = 4
"""Channels of a group."""


class XBlock(nn.Module):
    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.proj = None
        if stride != 1 or channels != out:
            self.proj = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.f = nn.Sequential(
            OrderedDict(
                a=nn.Conv2d(channels, out, 1, bias=False),
                a_bn=nn.BatchNorm2d(out),
                a_relu=nn.ReLU(inplace=True),
                b=nn.Conv2d(out, out, 3, stride, 1, groups=out // WIDTH, bias=False),
                b_bn=nn.BatchNorm2d(out),
                b_relu=nn.ReLU(inplace=True),
                c=nn.Conv2d(out, out, 1, bias=False),
                c_bn=nn.BatchNorm2d(out),
            )
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu((x if self.proj is None else self.proj(x)) + self.f(x))


class RegNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.trunk = nn.Sequential(XBlock(8, 8, 1), XBlock(8, 16, 2))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.avgpool(self.trunk(self.stem(x))).flatten(start_dim=1))


REGNET = Architecture(
    RegNet,
    images(3, 16, 16),
    layers=(
        Row("stem.0", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("trunk.0.f.a", "conv2d", macs=8 * 8 * 8 * 8, weights=8 * 8),
        Row("trunk.0.f.b", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 4, weights=8 * 3 * 3 * 4),
        Row("trunk.0.f.c", "conv2d", macs=8 * 8 * 8 * 8, weights=8 * 8),
        Row("trunk.1.proj.0", "conv2d", macs=4 * 4 * 16 * 8, weights=16 * 8),
        Row("trunk.1.f.a", "conv2d", macs=8 * 8 * 16 * 8, weights=16 * 8),
        Row("trunk.1.f.b", "conv2d", macs=4 * 4 * 16 * 3 * 3 * 4, weights=16 * 3 * 3 * 4),
        Row("trunk.1.f.c", "conv2d", macs=4 * 4 * 16 * 16, weights=16 * 16),
        Row("fc", "linear", macs=16 * 10, weights=16 * 10),
    ),
    parameters=(8 * 27 + 2 * 8)
    + (8 * 8 + 8 * 36 + 8 * 8 + 3 * 2 * 8)
    + (16 * 8 + 16 * 8 + 16 * 36 + 16 * 16 + 4 * 2 * 16)
    + (16 * 10 + 10),
)
