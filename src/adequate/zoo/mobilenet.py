"""MobileNet, of depthwise and pointwise convolutions."""

from torch import Tensor, nn

BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
"""Output channels and stride of the thirteen pairs (table 1)."""


class Separable(nn.Module):
    """A 3 x 3 convolution in each channel, then a 1 x 1 over them, each with batch norm and ReLU (figure 3)."""

    def __init__(self, channels: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, stride=stride, padding=1, groups=channels, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.pointwise = nn.Conv2d(channels, outputs, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu2(self.bn2(self.pointwise(self.relu1(self.bn1(self.depthwise(x))))))


class MobileNetV1(nn.Module):
    """A convolution, thirteen separable ones, a linear layer; 4,231,976 parameters.

    Input (N, 3, 224, 224), RGB / 127.5 - 1; output (N, 1000).
    Source: Howard et al., arXiv:1704.04861, table 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(32)
        self.relu = nn.ReLU()
        channels = [32, *(outputs for outputs, _ in BLOCKS)]
        self.blocks = nn.Sequential(
            *(Separable(before, outputs, stride) for before, (outputs, stride) in zip(channels, BLOCKS, strict=False))
        )
        self.pool = nn.AvgPool2d(7)
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.blocks(self.relu(self.bn(self.conv(x))))).flatten(1))
