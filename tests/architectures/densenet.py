"""DenseNet: each layer reads all before it; 1x1 bottlenecks, a transition (Huang et al. 2017, arXiv:1608.06993)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class DenseLayer(nn.Sequential):
    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, 8, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 4, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, super().forward(x)], 1)


class DenseNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.dense1 = nn.Sequential(DenseLayer(8), DenseLayer(12))
        self.transition = nn.Sequential(nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 8, 1, bias=False), nn.AvgPool2d(2))
        self.dense2 = nn.Sequential(DenseLayer(8))
        self.norm = nn.BatchNorm2d(12)
        self.classifier = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dense2(self.transition(self.dense1(self.stem(x))))
        x = nn.functional.adaptive_avg_pool2d(torch.relu(self.norm(x)), (1, 1))
        return self.classifier(torch.flatten(x, 1))


DENSENET = Architecture(
    DenseNet,
    images(3, 8, 8),
    layers=(
        Row("stem", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("dense1.0.2", "conv2d", macs=8 * 8 * 8 * 8, weights=8 * 8),
        Row("dense1.0.5", "conv2d", macs=8 * 8 * 4 * 3 * 3 * 8, weights=4 * 3 * 3 * 8),
        Row("dense1.1.2", "conv2d", macs=8 * 8 * 8 * 12, weights=8 * 12),
        Row("dense1.1.5", "conv2d", macs=8 * 8 * 4 * 3 * 3 * 8, weights=4 * 3 * 3 * 8),
        Row("transition.2", "conv2d", macs=8 * 8 * 8 * 16, weights=8 * 16),
        Row("dense2.0.2", "conv2d", macs=4 * 4 * 8 * 8, weights=8 * 8),
        Row("dense2.0.5", "conv2d", macs=4 * 4 * 4 * 3 * 3 * 8, weights=4 * 3 * 3 * 8),
        Row("classifier", "linear", macs=12 * 10, weights=12 * 10),
    ),
    parameters=8 * 27
    + (2 * 8 + 8 * 8 + 2 * 8 + 4 * 72)
    + (2 * 12 + 8 * 12 + 2 * 8 + 4 * 72)
    + (2 * 16 + 8 * 16)
    + (2 * 8 + 8 * 8 + 2 * 8 + 4 * 72)
    + (2 * 12 + 12 * 10 + 10),
)
