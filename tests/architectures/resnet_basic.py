"""Residual network of basic blocks, one of them with a projection (He et al. 2016, arXiv:1512.03385, figure 5 left)."""

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class BasicBlock(nn.Module):
    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = (
            nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)) if stride > 1 else None
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)


class ResNetBasic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = nn.Sequential(BasicBlock(8, 8))
        self.layer2 = nn.Sequential(BasicBlock(8, 16, stride=2))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer2(self.layer1(x))
        return self.fc(self.avgpool(x).flatten(1))


RESNET_BASIC = Architecture(
    ResNetBasic,
    images(3, 8, 8),
    layers=(
        Row("conv1", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("layer1.0.conv1", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 8, weights=8 * 3 * 3 * 8),
        Row("layer1.0.conv2", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 8, weights=8 * 3 * 3 * 8),
        Row("layer2.0.conv1", "conv2d", macs=4 * 4 * 16 * 3 * 3 * 8, weights=16 * 3 * 3 * 8),
        Row("layer2.0.conv2", "conv2d", macs=4 * 4 * 16 * 3 * 3 * 16, weights=16 * 3 * 3 * 16),
        Row("layer2.0.downsample.0", "conv2d", macs=4 * 4 * 16 * 8, weights=16 * 8),
        Row("fc", "linear", macs=16 * 10, weights=16 * 10),
    ),
    parameters=8 * 27 + 2 * 8 * 72 + 16 * 72 + 16 * 144 + 16 * 8 + 2 * (3 * 8 + 3 * 16) + (16 * 10 + 10),
)
