"""MLP-Mixer: one MLP across patches, one across channels (Tolstikhin et al. 2021, arXiv:2105.01601, figure 1)."""

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


def mlp(width: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))


class MLPMixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.norm1 = nn.LayerNorm(8)
        self.across_patches = mlp(16, 12)
        self.norm2 = nn.LayerNorm(8)
        self.across_channels = mlp(8, 20)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = x + self.across_patches(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.across_channels(self.norm2(x))
        return self.head(self.norm(x).mean(dim=1))


MLP_MIXER = Architecture(
    MLPMixer,
    images(3, 16, 16),
    layers=(
        Row("patches", "conv2d", macs=4 * 4 * 8 * 4 * 4 * 3, weights=8 * 4 * 4 * 3),
        Row("across_patches.0", "linear", macs=8 * 12 * 16, weights=12 * 16),
        Row("across_patches.2", "linear", macs=8 * 16 * 12, weights=16 * 12),
        Row("across_channels.0", "linear", macs=16 * 20 * 8, weights=20 * 8),
        Row("across_channels.2", "linear", macs=16 * 8 * 20, weights=8 * 20),
        Row("head", "linear", macs=8 * 10, weights=10 * 8),
    ),
    parameters=(8 * 48 + 8) + 3 * 2 * 8 + (12 * 16 + 12 + 16 * 12 + 16) + (20 * 8 + 20 + 8 * 20 + 8) + (8 * 10 + 10),
)
