"""Transformer encoder out of torch's own modules (Vaswani et al. 2017, arXiv:1706.03762, figure 1 left)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class TransformerEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=12, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.classify = nn.Linear(8, 3)
        self.register_buffer("positions", torch.linspace(-1, 1, 6 * 8).reshape(6, 8).sin())

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.encoder(x + self.positions).mean(1))


def layer(name: str) -> tuple[Row, ...]:
    attention = f"{name}.self_attn"
    return (
        Row(f"{attention}.linear", "linear", macs=6 * 24 * 8, weights=24 * 8),
        # heads, queries, keys, width of a head
        Row(f"{attention}.scaled_dot_product_attention.scores", "matmul", macs=2 * 6 * 6 * 4, weights=0),
        Row(f"{attention}.scaled_dot_product_attention.values", "matmul", macs=2 * 6 * 4 * 6, weights=0),
        Row(f"{attention}.linear#2", "linear", macs=6 * 8 * 8, weights=8 * 8),
        Row(f"{name}.linear1", "linear", macs=6 * 12 * 8, weights=12 * 8),
        Row(f"{name}.linear2", "linear", macs=6 * 8 * 12, weights=8 * 12),
    )


TRANSFORMER_ENCODER = Architecture(
    TransformerEncoder,
    images(6, 8),
    layers=(
        *layer("encoder.layers.0"),
        *layer("encoder.layers.1"),
        Row("classify", "linear", macs=8 * 3, weights=3 * 8),
    ),
    parameters=2 * ((24 * 8 + 24) + (8 * 8 + 8) + (12 * 8 + 12) + (8 * 12 + 8) + 2 * 2 * 8) + (3 * 8 + 3),
)
