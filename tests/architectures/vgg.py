"""VGG: stacks of 3x3 convolutions (Simonyan and Zisserman 2015, arXiv:1409.1556)."""

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class VGG(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 4 * 4, 32), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(32, 10)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


VGG_NET = Architecture(
    VGG,
    images(3, 16, 16),
    layers=(
        Row("features.0", "conv2d", macs=16 * 16 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("features.2", "conv2d", macs=16 * 16 * 8 * 3 * 3 * 8, weights=8 * 3 * 3 * 8),
        Row("features.5", "conv2d", macs=8 * 8 * 16 * 3 * 3 * 8, weights=16 * 3 * 3 * 8),
        Row("classifier.0", "linear", macs=256 * 32, weights=256 * 32),
        Row("classifier.3", "linear", macs=32 * 10, weights=32 * 10),
    ),
    parameters=(8 * 27 + 8) + (8 * 72 + 8) + (16 * 72 + 16) + (256 * 32 + 32) + (32 * 10 + 10),
)
