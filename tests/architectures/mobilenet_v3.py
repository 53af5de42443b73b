"""MobileNetV3: squeeze-and-excite with a hard sigmoid, hard swish (Howard et al. 2019, arXiv:1905.02244)."""

from torch import Tensor, nn
from torch.nn import functional

from tests.architectures.architecture import Architecture, Row, images


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int, narrow: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, narrow, 1)
        self.expand = nn.Conv2d(narrow, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.expand(functional.relu(self.reduce(self.pool(x))))
        return x * functional.hardsigmoid(gate)


class MobileNetV3(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.block = nn.Sequential(
            nn.Conv2d(8, 16, 1, bias=False),
            nn.BatchNorm2d(16),
            nn.Hardswish(inplace=True),
            nn.Conv2d(16, 16, 5, 1, 2, groups=16, bias=False),
            nn.BatchNorm2d(16),
            nn.Hardswish(inplace=True),
            SqueezeExcite(16, 4),
            nn.Conv2d(16, 8, 1, bias=False),
            nn.BatchNorm2d(8),
        )
        self.head = nn.Sequential(nn.Linear(8, 16), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(16, 10))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.head((x + self.block(x)).mean([2, 3]))


MOBILENET_V3 = Architecture(
    MobileNetV3,
    images(3, 8, 8),
    layers=(
        Row("stem.0", "conv2d", macs=4 * 4 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("block.0", "conv2d", macs=4 * 4 * 16 * 8, weights=16 * 8),
        Row("block.3", "conv2d", macs=4 * 4 * 16 * 5 * 5, weights=16 * 5 * 5),
        Row("block.6.reduce", "conv2d", macs=4 * 16, weights=4 * 16),
        Row("block.6.expand", "conv2d", macs=16 * 4, weights=16 * 4),
        Row("block.7", "conv2d", macs=4 * 4 * 8 * 16, weights=8 * 16),
        Row("head.0", "linear", macs=8 * 16, weights=8 * 16),
        Row("head.3", "linear", macs=16 * 10, weights=16 * 10),
    ),
    parameters=(8 * 27 + 2 * 8)
    + (16 * 8 + 16 * 25 + 8 * 16 + 2 * (16 + 16 + 8))
    + (4 * 16 + 4 + 16 * 4 + 16)
    + (8 * 16 + 16 + 16 * 10 + 10),
)
