"""DS-CNN for keyword spotting: separable convolutions over a spectrogram (Zhang et al. 2017, arXiv:1711.07128)."""

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class DSCNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, (10, 4), stride=2, padding=(4, 1))
        self.bn = nn.BatchNorm2d(8)
        self.depthwise = nn.Conv2d(8, 8, 3, padding="same", groups=8)
        self.bn_depthwise = nn.BatchNorm2d(8)
        self.pointwise = nn.Conv2d(8, 8, 1)
        self.bn_pointwise = nn.BatchNorm2d(8)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(8, 12)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(self.relu(self.bn(self.conv(x))))
        x = self.relu(self.bn_depthwise(self.depthwise(x)))
        x = self.dropout(self.relu(self.bn_pointwise(self.pointwise(x))))
        return self.fc(nn.functional.avg_pool2d(x, x.shape[2:]).squeeze((2, 3))).softmax(dim=-1)


DS_CNN = Architecture(
    DSCNN,
    images(1, 24, 10),
    layers=(
        # rows (24 + 8 - 10) / 2 + 1 = 12, columns (10 + 2 - 4) / 2 + 1 = 5
        Row("conv", "conv2d", macs=12 * 5 * 8 * 10 * 4, weights=8 * 10 * 4),
        Row("depthwise", "conv2d", macs=12 * 5 * 8 * 3 * 3, weights=8 * 3 * 3),
        Row("pointwise", "conv2d", macs=12 * 5 * 8 * 8, weights=8 * 8),
        Row("fc", "linear", macs=8 * 12, weights=8 * 12),
    ),
    parameters=(8 * 40 + 8) + (8 * 9 + 8) + (8 * 8 + 8) + 3 * 2 * 8 + (8 * 12 + 12),
)
