"""MobileNetV2: inverted residuals with linear bottlenecks and ReLU6 (Sandler et al. 2018, arXiv:1801.04381)."""

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class InvertedResidual(nn.Module):
    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        wide = 2 * channels
        self.residual = stride == 1 and channels == out
        self.conv = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(inplace=True),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(inplace=True),
            nn.Conv2d(wide, out, 1, bias=False),
            nn.BatchNorm2d(out),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, 1, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU6(inplace=True),
            InvertedResidual(8, 8, 1),
            InvertedResidual(8, 12, 2),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(12, 10))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(nn.functional.adaptive_avg_pool2d(self.features(x), 1).squeeze(-1).squeeze(-1))


MOBILENET_V2 = Architecture(
    MobileNetV2,
    images(3, 8, 8),
    layers=(
        Row("features.0", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("features.3.conv.0", "conv2d", macs=8 * 8 * 16 * 8, weights=16 * 8),
        Row("features.3.conv.3", "conv2d", macs=8 * 8 * 16 * 3 * 3, weights=16 * 3 * 3),
        Row("features.3.conv.6", "conv2d", macs=8 * 8 * 8 * 16, weights=8 * 16),
        Row("features.4.conv.0", "conv2d", macs=8 * 8 * 16 * 8, weights=16 * 8),
        Row("features.4.conv.3", "conv2d", macs=4 * 4 * 16 * 3 * 3, weights=16 * 3 * 3),
        Row("features.4.conv.6", "conv2d", macs=4 * 4 * 12 * 16, weights=12 * 16),
        Row("classifier.1", "linear", macs=12 * 10, weights=12 * 10),
    ),
    parameters=(8 * 27 + 2 * 8)
    + (16 * 8 + 16 * 9 + 8 * 16 + 2 * (16 + 16 + 8))
    + (16 * 8 + 16 * 9 + 12 * 16 + 2 * (16 + 16 + 12))
    + (12 * 10 + 10),
)
