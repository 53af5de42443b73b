"""Causal attention out of matmul, mask and softmax, as language models wrote it (Radford et al. 2019, GPT-2)."""

import math

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, tokens

WIDTH, HEADS, LENGTH, WORDS = 8, 2, 6, 11


class CausalAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH, bias=False)
        self.key = nn.Linear(WIDTH, WIDTH, bias=False)
        self.value = nn.Linear(WIDTH, WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.register_buffer("mask", torch.ones(LENGTH, LENGTH, dtype=torch.bool).tril())

    def forward(self, x: Tensor) -> Tensor:
        def heads(y: Tensor) -> Tensor:
            return y.view(*y.shape[:-1], HEADS, WIDTH // HEADS).transpose(1, 2)

        q, k, v = heads(self.query(x)), heads(self.key(x)), heads(self.value(x))
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(WIDTH // HEADS)
        shares = scores.masked_fill(~self.mask, float("-inf")).softmax(-1)
        return self.out((shares @ v).transpose(1, 2).flatten(2))


class LanguageModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.places = nn.Embedding(LENGTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.attention = CausalAttention()
        self.norm2 = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 16)
        self.down = nn.Linear(16, WIDTH)

    def forward(self, words: Tensor) -> Tensor:
        x = self.words(words) + self.places(torch.arange(LENGTH, device=words.device))
        x = x + self.attention(self.norm1(x))
        x = x + self.down(nn.functional.gelu(self.up(self.norm2(x))))
        return nn.functional.linear(x, self.words.weight)


HAND_WRITTEN_ATTENTION = Architecture(
    LanguageModel,
    tokens(LENGTH, WORDS),
    layers=(
        Row("attention.query", "linear", macs=6 * 8 * 8, weights=8 * 8),
        Row("attention.key", "linear", macs=6 * 8 * 8, weights=8 * 8),
        Row("attention.value", "linear", macs=6 * 8 * 8, weights=8 * 8),
        # heads, queries, keys, width of a head
        Row("attention.matmul", "matmul", macs=2 * 6 * 6 * 4, weights=0),
        Row("attention.matmul#2", "matmul", macs=2 * 6 * 4 * 6, weights=0),
        Row("attention.out", "linear", macs=6 * 8 * 8, weights=8 * 8),
        Row("up", "linear", macs=6 * 16 * 8, weights=16 * 8),
        Row("down", "linear", macs=6 * 8 * 16, weights=8 * 16),
        # the output layer shares the embedding's weight
        Row("linear", "linear", macs=6 * 11 * 8, weights=11 * 8),
    ),
    parameters=11 * 8 + 6 * 8 + 2 * 2 * 8 + 3 * 8 * 8 + (8 * 8 + 8) + (16 * 8 + 16) + (8 * 16 + 8),
)
