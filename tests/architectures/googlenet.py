"""GoogLeNet: inception modules and an auxiliary classifier (Szegedy et al. 2015, arXiv:1409.4842, figure 2b)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class Inception(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(channels, 4, 1)
        self.reduce3 = nn.Conv2d(channels, 4, 1)
        self.three = nn.Conv2d(4, 6, 3, padding=1)
        self.reduce5 = nn.Conv2d(channels, 2, 1)
        self.five = nn.Conv2d(2, 4, 5, padding=2)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.project = nn.Conv2d(channels, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        relu = torch.relu
        return torch.cat(
            [
                relu(self.one(x)),
                relu(self.three(relu(self.reduce3(x)))),
                relu(self.five(relu(self.reduce5(x)))),
                relu(self.project(self.pool(x))),
            ],
            dim=1,
        )


class GoogLeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.LocalResponseNorm(5)
        self.inception1 = Inception(8)
        self.auxiliary = nn.Linear(16, 10)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception2 = Inception(16)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.inception1(self.norm(torch.relu(self.stem(x))))
        auxiliary = self.auxiliary(x.mean(dim=(2, 3)))
        x = self.inception2(self.pool(x))
        return self.fc(self.dropout(x.mean(dim=(2, 3)))), auxiliary


GOOGLENET = Architecture(
    GoogLeNet,
    images(3, 16, 16),
    layers=(
        Row("stem", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("inception1.one", "conv2d", macs=8 * 8 * 4 * 8, weights=4 * 8),
        Row("inception1.reduce3", "conv2d", macs=8 * 8 * 4 * 8, weights=4 * 8),
        Row("inception1.three", "conv2d", macs=8 * 8 * 6 * 3 * 3 * 4, weights=6 * 3 * 3 * 4),
        Row("inception1.reduce5", "conv2d", macs=8 * 8 * 2 * 8, weights=2 * 8),
        Row("inception1.five", "conv2d", macs=8 * 8 * 4 * 5 * 5 * 2, weights=4 * 5 * 5 * 2),
        Row("inception1.project", "conv2d", macs=8 * 8 * 2 * 8, weights=2 * 8),
        Row("auxiliary", "linear", macs=16 * 10, weights=16 * 10),
        # 8x8 pooled by 3 with stride 2: (8 - 3) / 2 + 1 = 3.5, the ceiling mode makes it 4
        Row("inception2.one", "conv2d", macs=4 * 4 * 4 * 16, weights=4 * 16),
        Row("inception2.reduce3", "conv2d", macs=4 * 4 * 4 * 16, weights=4 * 16),
        Row("inception2.three", "conv2d", macs=4 * 4 * 6 * 3 * 3 * 4, weights=6 * 3 * 3 * 4),
        Row("inception2.reduce5", "conv2d", macs=4 * 4 * 2 * 16, weights=2 * 16),
        Row("inception2.five", "conv2d", macs=4 * 4 * 4 * 5 * 5 * 2, weights=4 * 5 * 5 * 2),
        Row("inception2.project", "conv2d", macs=4 * 4 * 2 * 16, weights=2 * 16),
        Row("fc", "linear", macs=16 * 10, weights=16 * 10),
    ),
    parameters=(8 * 27 + 8)
    + (4 * 8 + 4 * 8 + 6 * 36 + 2 * 8 + 4 * 50 + 2 * 8 + (4 + 4 + 6 + 2 + 4 + 2))
    + (4 * 16 + 4 * 16 + 6 * 36 + 2 * 16 + 4 * 50 + 2 * 16 + (4 + 4 + 6 + 2 + 4 + 2))
    + 2 * (16 * 10 + 10),
)
