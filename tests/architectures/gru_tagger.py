"""Bidirectional GRU that tags every word (Cho et al. 2014, arXiv:1406.1078; Huang et al. 2015, arXiv:1508.01991)."""

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, tokens

LENGTH, WORDS = 5, 13


class GRUTagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, 6, padding_idx=0)
        self.gru = nn.GRU(6, 4, bidirectional=True, batch_first=True)
        self.tag = nn.Linear(8, 3)

    def forward(self, words: Tensor) -> Tensor:
        states, _ = self.gru(self.words(words))
        return self.tag(states).log_softmax(-1)


GRU_TAGGER = Architecture(
    GRUTagger,
    tokens(LENGTH, WORDS),
    layers=(
        # five steps of three gates of four, in both directions
        Row("gru.ih_l0", "linear", macs=5 * 3 * 4 * 6, weights=3 * 4 * 6),
        Row("gru.hh_l0", "linear", macs=5 * 3 * 4 * 4, weights=3 * 4 * 4),
        Row("gru.ih_l0_reverse", "linear", macs=5 * 3 * 4 * 6, weights=3 * 4 * 6),
        Row("gru.hh_l0_reverse", "linear", macs=5 * 3 * 4 * 4, weights=3 * 4 * 4),
        Row("tag", "linear", macs=5 * 8 * 3, weights=3 * 8),
    ),
    parameters=13 * 6 + 2 * (12 * 6 + 12 * 4 + 2 * 12) + (3 * 8 + 3),
)
