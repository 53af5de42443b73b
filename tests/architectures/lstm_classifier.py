"""LSTM over a sequence, its last state classified (Hochreiter and Schmidhuber 1997; gates as in torch.nn.LSTM)."""

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images

LENGTH, FEATURES, HIDDEN = 5, 4, 6


class LSTMClassifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, HIDDEN, num_layers=2, batch_first=True, dropout=0.1)
        self.fc = nn.Linear(HIDDEN, 3)

    def forward(self, x: Tensor) -> Tensor:
        _, (hidden, _) = self.lstm(x)
        return self.fc(hidden[-1])


LSTM_CLASSIFIER = Architecture(
    LSTMClassifier,
    images(LENGTH, FEATURES),
    layers=(
        # five steps of four gates of six
        Row("lstm.ih_l0", "linear", macs=5 * 4 * 6 * 4, weights=4 * 6 * 4),
        Row("lstm.hh_l0", "linear", macs=5 * 4 * 6 * 6, weights=4 * 6 * 6),
        Row("lstm.ih_l1", "linear", macs=5 * 4 * 6 * 6, weights=4 * 6 * 6),
        Row("lstm.hh_l1", "linear", macs=5 * 4 * 6 * 6, weights=4 * 6 * 6),
        Row("fc", "linear", macs=6 * 3, weights=3 * 6),
    ),
    parameters=(24 * 4 + 24 * 6 + 2 * 24) + (24 * 6 + 24 * 6 + 2 * 24) + (3 * 6 + 3),
)
