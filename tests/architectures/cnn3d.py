"""C3D: 3x3x3 convolutions over frames, the first pooling in space alone (Tran et al. 2015, arXiv:1412.0767)."""

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class CNN3d(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(2, 4, 3, padding=1)
        self.bn1 = nn.BatchNorm3d(4)
        self.pool1 = nn.MaxPool3d((1, 2, 2))
        self.conv2 = nn.Conv3d(4, 6, 3, padding=1, stride=(2, 1, 1))
        self.pool2 = nn.AvgPool3d(2)
        self.fc = nn.Linear(6 * 1 * 2 * 2, 5)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.relu(self.bn1(self.conv1(x))))
        x = self.pool2(self.relu(self.conv2(x)))
        return self.fc(x.flatten(1))


CNN_3D = Architecture(
    CNN3d,
    images(2, 4, 8, 8),
    layers=(
        Row("conv1", "conv3d", macs=4 * 8 * 8 * 4 * 3 * 3 * 3 * 2, weights=4 * 3 * 3 * 3 * 2),
        Row("conv2", "conv3d", macs=2 * 4 * 4 * 6 * 3 * 3 * 3 * 4, weights=6 * 3 * 3 * 3 * 4),
        Row("fc", "linear", macs=24 * 5, weights=24 * 5),
    ),
    parameters=(4 * 54 + 4) + 2 * 4 + (6 * 108 + 6) + (24 * 5 + 5),
)
