"""EfficientNet: inverted residuals with swish and squeeze-and-excite (Tan and Le 2019, arXiv:1905.11946)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class MBConv(nn.Module):
    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = 2 * channels
        self.expand = nn.Sequential(nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide, 1e-3), nn.SiLU())
        self.depthwise = nn.Sequential(
            nn.Conv2d(wide, wide, kernel, stride, kernel // 2, groups=wide, bias=False),
            nn.BatchNorm2d(wide, 1e-3),
            nn.SiLU(),
        )
        self.reduce = nn.Conv2d(wide, channels // 2, 1)
        self.excite = nn.Conv2d(channels // 2, wide, 1)
        self.project = nn.Sequential(nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out, 1e-3))
        self.residual = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        y = self.depthwise(self.expand(x))
        gate = nn.functional.adaptive_avg_pool2d(y, 1)
        gate = torch.sigmoid(self.excite(nn.functional.silu(self.reduce(gate))))
        y = self.project(gate * y)
        return y + x if self.residual else y


class EfficientNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8, 1e-3), nn.SiLU())
        self.blocks = nn.Sequential(MBConv(8, 8, 3, 1), MBConv(8, 12, 5, 2))
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, 10))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)))


EFFICIENTNET = Architecture(
    EfficientNet,
    images(3, 16, 16),
    layers=(
        Row("stem.0", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("blocks.0.expand.0", "conv2d", macs=8 * 8 * 16 * 8, weights=16 * 8),
        Row("blocks.0.depthwise.0", "conv2d", macs=8 * 8 * 16 * 3 * 3, weights=16 * 3 * 3),
        Row("blocks.0.reduce", "conv2d", macs=4 * 16, weights=4 * 16),
        Row("blocks.0.excite", "conv2d", macs=16 * 4, weights=16 * 4),
        Row("blocks.0.project.0", "conv2d", macs=8 * 8 * 8 * 16, weights=8 * 16),
        Row("blocks.1.expand.0", "conv2d", macs=8 * 8 * 16 * 8, weights=16 * 8),
        Row("blocks.1.depthwise.0", "conv2d", macs=4 * 4 * 16 * 5 * 5, weights=16 * 5 * 5),
        Row("blocks.1.reduce", "conv2d", macs=4 * 16, weights=4 * 16),
        Row("blocks.1.excite", "conv2d", macs=16 * 4, weights=16 * 4),
        Row("blocks.1.project.0", "conv2d", macs=4 * 4 * 12 * 16, weights=12 * 16),
        Row("head.3", "linear", macs=12 * 10, weights=12 * 10),
    ),
    parameters=(8 * 27 + 2 * 8)
    + (16 * 8 + 16 * 9 + 8 * 16 + 2 * (16 + 16 + 8))
    + (4 * 16 + 4 + 16 * 4 + 16)
    + (16 * 8 + 16 * 25 + 12 * 16 + 2 * (16 + 16 + 12))
    + (4 * 16 + 4 + 16 * 4 + 16)
    + (12 * 10 + 10),
)
