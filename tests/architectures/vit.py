"""Vision transformer: a class token before the patches, attention by torch's own call (Dosovitskiy et al. 2021).

Source: arXiv:2010.11929, figure 1.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.architectures.architecture import Architecture, Row, images

WIDTH, HEADS, TOKENS = 8, 2, 4 + 1


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        batch, count, width = x.shape
        qkv = self.qkv(x).reshape(batch, count, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        y = functional.scaled_dot_product_attention(q, k, v)
        return self.proj(y.transpose(1, 2).reshape(batch, count, width))


class VisionTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, 4, stride=4)
        self.token = nn.Parameter(torch.full((1, 1, WIDTH), 0.5))
        self.positions = nn.Parameter(torch.linspace(-1, 1, TOKENS * WIDTH).reshape(1, TOKENS, WIDTH))
        self.norm1 = nn.LayerNorm(WIDTH)
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 16), nn.GELU(approximate="tanh"), nn.Linear(16, WIDTH))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        x = x + self.attn(self.norm1(x))
        x = x + self.mlp(self.norm2(x))
        return self.head(self.norm(x)[:, 0])


VIT = Architecture(
    VisionTransformer,
    images(3, 8, 8),
    layers=(
        Row("patches", "conv2d", macs=2 * 2 * 8 * 4 * 4 * 3, weights=8 * 4 * 4 * 3),
        Row("attn.qkv", "linear", macs=5 * 24 * 8, weights=24 * 8),
        # heads, queries, keys, width of a head
        Row("attn.scaled_dot_product_attention.scores", "matmul", macs=2 * 5 * 5 * 4, weights=0),
        Row("attn.scaled_dot_product_attention.values", "matmul", macs=2 * 5 * 4 * 5, weights=0),
        Row("attn.proj", "linear", macs=5 * 8 * 8, weights=8 * 8),
        Row("mlp.0", "linear", macs=5 * 16 * 8, weights=16 * 8),
        Row("mlp.2", "linear", macs=5 * 8 * 16, weights=8 * 16),
        Row("head", "linear", macs=8 * 10, weights=10 * 8),
    ),
    parameters=(8 * 48 + 8)
    + (8 + 5 * 8)
    + 3 * 2 * 8
    + (24 * 8 + 24 + 8 * 8 + 8)
    + (16 * 8 + 16 + 8 * 16 + 8)
    + (8 * 10 + 10),
)
