"""SqueezeNet: fire modules and a classifier that is a convolution (Iandola et al. 2016, arXiv:1602.07360)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class Fire(nn.Module):
    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.relu = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.squeeze(x))
        return torch.cat([self.relu(self.expand1x1(x)), self.relu(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Fire(8, 4, 8),
            Fire(16, 4, 8),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), nn.Conv2d(16, 10, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(self.classifier(self.features(x)), 1)


SQUEEZENET = Architecture(
    SqueezeNet,
    images(3, 17, 17),
    layers=(
        Row("features.0", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("features.3.squeeze", "conv2d", macs=4 * 4 * 4 * 8, weights=4 * 8),
        Row("features.3.expand1x1", "conv2d", macs=4 * 4 * 8 * 4, weights=8 * 4),
        Row("features.3.expand3x3", "conv2d", macs=4 * 4 * 8 * 3 * 3 * 4, weights=8 * 3 * 3 * 4),
        Row("features.4.squeeze", "conv2d", macs=4 * 4 * 4 * 16, weights=4 * 16),
        Row("features.4.expand1x1", "conv2d", macs=4 * 4 * 8 * 4, weights=8 * 4),
        Row("features.4.expand3x3", "conv2d", macs=4 * 4 * 8 * 3 * 3 * 4, weights=8 * 3 * 3 * 4),
        Row("classifier.1", "conv2d", macs=4 * 4 * 10 * 16, weights=10 * 16),
    ),
    parameters=(8 * 27 + 8)
    + (4 * 8 + 4 + 8 * 4 + 8 + 8 * 36 + 8)
    + (4 * 16 + 4 + 8 * 4 + 8 + 8 * 36 + 8)
    + (10 * 16 + 10),
)
