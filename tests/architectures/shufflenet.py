"""ShuffleNet: grouped 1x1 convolutions and a channel shuffle (Zhang et al. 2018, arXiv:1707.01083, figures 1 and 2)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class ShuffleUnit(nn.Module):
    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.compress = nn.Conv2d(channels, channels // 2, 1, groups=2, bias=False)
        self.bn1 = nn.BatchNorm2d(channels // 2)
        self.depthwise = nn.Conv2d(channels // 2, channels // 2, 3, stride, 1, groups=channels // 2, bias=False)
        self.bn2 = nn.BatchNorm2d(channels // 2)
        self.expand = nn.Conv2d(channels // 2, channels, 1, groups=2, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = shuffle(torch.relu(self.bn1(self.compress(x))), 2)
        y = self.bn3(self.expand(self.bn2(self.depthwise(y))))
        if self.stride == 1:
            return torch.relu(x + y)
        return torch.relu(torch.cat([nn.functional.avg_pool2d(x, 3, self.stride, 1), y], 1))


def shuffle(x: Tensor, groups: int) -> Tensor:
    batch, channels, height, width = x.shape
    x = x.view(batch, groups, channels // groups, height, width)
    return x.transpose(1, 2).contiguous().view(batch, channels, height, width)


class ShuffleNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.unit1 = ShuffleUnit(8, 2)
        self.unit2 = ShuffleUnit(16, 1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.unit2(self.unit1(torch.relu(self.stem(x)))).mean((2, 3)))


SHUFFLENET = Architecture(
    ShuffleNet,
    images(3, 8, 8),
    layers=(
        Row("stem", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("unit1.compress", "conv2d", macs=8 * 8 * 4 * (8 // 2), weights=4 * (8 // 2)),
        Row("unit1.depthwise", "conv2d", macs=4 * 4 * 4 * 3 * 3, weights=4 * 3 * 3),
        Row("unit1.expand", "conv2d", macs=4 * 4 * 8 * (4 // 2), weights=8 * (4 // 2)),
        Row("unit2.compress", "conv2d", macs=4 * 4 * 8 * (16 // 2), weights=8 * (16 // 2)),
        Row("unit2.depthwise", "conv2d", macs=4 * 4 * 8 * 3 * 3, weights=8 * 3 * 3),
        Row("unit2.expand", "conv2d", macs=4 * 4 * 16 * (8 // 2), weights=16 * (8 // 2)),
        Row("fc", "linear", macs=16 * 10, weights=16 * 10),
    ),
    parameters=(8 * 27 + 8)
    + (4 * 4 + 4 * 9 + 8 * 2 + 2 * (4 + 4 + 8))
    + (8 * 8 + 8 * 9 + 16 * 4 + 2 * (8 + 8 + 16))
    + (16 * 10 + 10),
)
