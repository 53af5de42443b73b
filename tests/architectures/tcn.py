"""TCN: causal dilated 1-d convolutions in residual blocks (Bai et al. 2018, arXiv:1803.01271)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class CausalBlock(nn.Module):
    def __init__(self, channels: int, out: int, dilation: int) -> None:
        super().__init__()
        self.padding = 2 * dilation
        self.conv1 = nn.Conv1d(channels, out, 3, padding=2 * dilation, dilation=dilation)
        self.conv2 = nn.Conv1d(out, out, 3, padding=2 * dilation, dilation=dilation)
        self.dropout = nn.Dropout(0.2)
        self.match = nn.Conv1d(channels, out, 1) if channels != out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.dropout(torch.relu(self.conv1(x)[:, :, : -self.padding]))
        y = self.dropout(torch.relu(self.conv2(y)[:, :, : -self.padding]))
        return torch.relu(y + self.match(x))


class TCN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(CausalBlock(2, 6, 1), CausalBlock(6, 6, 2))
        self.linear = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.blocks(x)[:, :, -1])


TEMPORAL = Architecture(
    TCN,
    images(2, 20),
    layers=(
        # 20 places padded by 2 * dilation on both sides: the convolution computes 20 + 2 * dilation
        Row("blocks.0.conv1", "conv1d", macs=22 * 6 * 3 * 2, weights=6 * 3 * 2),
        Row("blocks.0.conv2", "conv1d", macs=22 * 6 * 3 * 6, weights=6 * 3 * 6),
        Row("blocks.0.match", "conv1d", macs=20 * 6 * 2, weights=6 * 2),
        Row("blocks.1.conv1", "conv1d", macs=24 * 6 * 3 * 6, weights=6 * 3 * 6),
        Row("blocks.1.conv2", "conv1d", macs=24 * 6 * 3 * 6, weights=6 * 3 * 6),
        Row("linear", "linear", macs=6 * 4, weights=6 * 4),
    ),
    parameters=(6 * 6 + 6) + (6 * 18 + 6) + (6 * 2 + 6) + 2 * (6 * 18 + 6) + (6 * 4 + 4),
)
