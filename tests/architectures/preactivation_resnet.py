"""Pre-activation residual network: norm and ReLU before each convolution (He et al. 2016, arXiv:1603.05027)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class PreactivationBlock(nn.Module):
    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(channels, out, 1, stride, bias=False) if channels != out else None

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(x))
        shortcut = x if self.shortcut is None else self.shortcut(y)
        y = self.conv2(torch.relu(self.bn2(self.conv1(y))))
        return y + shortcut


class PreactivationResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.blocks = nn.ModuleList([PreactivationBlock(8, 8, 1), PreactivationBlock(8, 16, 2)])
        self.bn = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        for block in self.blocks:
            x = block(x)
        x = nn.functional.avg_pool2d(self.bn(x).relu(), 4)
        return self.fc(x.view(x.size(0), -1))


PREACTIVATION_RESNET = Architecture(
    PreactivationResNet,
    images(3, 8, 8),
    layers=(
        Row("conv", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("blocks.0.conv1", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 8, weights=8 * 3 * 3 * 8),
        Row("blocks.0.conv2", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 8, weights=8 * 3 * 3 * 8),
        Row("blocks.1.shortcut", "conv2d", macs=4 * 4 * 16 * 8, weights=16 * 8),
        Row("blocks.1.conv1", "conv2d", macs=4 * 4 * 16 * 3 * 3 * 8, weights=16 * 3 * 3 * 8),
        Row("blocks.1.conv2", "conv2d", macs=4 * 4 * 16 * 3 * 3 * 16, weights=16 * 3 * 3 * 16),
        Row("fc", "linear", macs=16 * 10, weights=16 * 10),
    ),
    parameters=8 * 27 + 2 * 8 * 72 + 16 * 72 + 16 * 144 + 16 * 8 + 2 * (3 * 8 + 2 * 16) + (16 * 10 + 10),
)
