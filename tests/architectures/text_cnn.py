"""Convolutions of several widths over word vectors, the maximum over time of each (Kim 2014, arXiv:1408.5882)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, tokens


class TextCNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(17, 6)
        self.convs = nn.ModuleList(nn.Conv1d(6, 5, width) for width in (2, 3, 4))
        self.fc = nn.Linear(15, 2)

    def forward(self, words: Tensor) -> Tensor:
        x = self.words(words).transpose(1, 2)
        found = [torch.relu(conv(x)).amax(dim=2) for conv in self.convs]
        return self.fc(torch.cat(found, 1))


TEXT_CNN = Architecture(
    TextCNN,
    tokens(9, 17),
    layers=(
        Row("convs.0", "conv1d", macs=8 * 5 * 2 * 6, weights=5 * 2 * 6),
        Row("convs.1", "conv1d", macs=7 * 5 * 3 * 6, weights=5 * 3 * 6),
        Row("convs.2", "conv1d", macs=6 * 5 * 4 * 6, weights=5 * 4 * 6),
        Row("fc", "linear", macs=15 * 2, weights=2 * 15),
    ),
    parameters=17 * 6 + (5 * 12 + 5) + (5 * 18 + 5) + (5 * 24 + 5) + (2 * 15 + 2),
)
