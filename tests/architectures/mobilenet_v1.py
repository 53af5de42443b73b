"""MobileNet: depthwise separable convolutions (Howard et al. 2017, arXiv:1704.04861, figure 3)."""

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


def separable(channels: int, out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, out, 1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    )


class MobileNetV1(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.block1 = separable(8, 16, 1)
        self.block2 = separable(16, 32, 2)
        self.pool = nn.AvgPool2d(4)
        self.fc = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.block2(self.block1(self.stem(x))))
        return self.fc(x.reshape(-1, 32))


MOBILENET_V1 = Architecture(
    MobileNetV1,
    images(3, 16, 16),
    layers=(
        Row("stem.0", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("block1.0", "conv2d", macs=8 * 8 * 8 * 3 * 3, weights=8 * 3 * 3),
        Row("block1.3", "conv2d", macs=8 * 8 * 16 * 8, weights=16 * 8),
        Row("block2.0", "conv2d", macs=4 * 4 * 16 * 3 * 3, weights=16 * 3 * 3),
        Row("block2.3", "conv2d", macs=4 * 4 * 32 * 16, weights=32 * 16),
        Row("fc", "linear", macs=32 * 10, weights=32 * 10),
    ),
    parameters=(8 * 27 + 2 * 8)
    + (8 * 9 + 2 * 8 + 16 * 8 + 2 * 16)
    + (16 * 9 + 2 * 16 + 32 * 16 + 2 * 32)
    + (32 * 10 + 10),
)
