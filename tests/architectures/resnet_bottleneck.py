"""Residual network of bottleneck blocks (He et al. 2016, arXiv:1512.03385, figure 5 right)."""

from torch import Tensor, nn
from torch.nn import functional

from tests.architectures.architecture import Architecture, Row, images


class Bottleneck(nn.Module):
    def __init__(self, channels: int, narrow: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, narrow, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(narrow)
        self.conv3 = nn.Conv2d(narrow, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if channels != out:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


class ResNetBottleneck(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        self.blocks = nn.Sequential(Bottleneck(8, 4, 16, stride=2), Bottleneck(16, 4, 16, stride=1))
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


RESNET_BOTTLENECK = Architecture(
    ResNetBottleneck,
    images(3, 16, 16),
    layers=(
        Row("stem.0", "conv2d", macs=8 * 8 * 8 * 7 * 7 * 3, weights=8 * 7 * 7 * 3),
        Row("blocks.0.conv1", "conv2d", macs=4 * 4 * 4 * 8, weights=4 * 8),
        Row("blocks.0.conv2", "conv2d", macs=2 * 2 * 4 * 3 * 3 * 4, weights=4 * 3 * 3 * 4),
        Row("blocks.0.conv3", "conv2d", macs=2 * 2 * 16 * 4, weights=16 * 4),
        Row("blocks.0.shortcut.0", "conv2d", macs=2 * 2 * 16 * 8, weights=16 * 8),
        Row("blocks.1.conv1", "conv2d", macs=2 * 2 * 4 * 16, weights=4 * 16),
        Row("blocks.1.conv2", "conv2d", macs=2 * 2 * 4 * 3 * 3 * 4, weights=4 * 3 * 3 * 4),
        Row("blocks.1.conv3", "conv2d", macs=2 * 2 * 16 * 4, weights=16 * 4),
        Row("fc", "linear", macs=16 * 10, weights=16 * 10),
    ),
    parameters=(8 * 147 + 2 * 8)
    + (4 * 8 + 4 * 36 + 16 * 4 + 16 * 8 + 2 * (4 + 4 + 16 + 16))
    + (4 * 16 + 4 * 36 + 16 * 4 + 2 * (4 + 4 + 16))
    + (16 * 10 + 10),
)
