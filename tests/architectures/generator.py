"""DCGAN's generator: a vector grown to a picture by transposed convolutions (Radford et al. 2016, arXiv:1511.06434)."""

from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(6, 8, 4, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(True),
            nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(True),
            nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.main(z[:, :, None, None])


GENERATOR = Architecture(
    Generator,
    images(6),
    layers=(
        # every input meets all weights of its channel: 1x1, then 4x4, then 8x8 places
        Row("main.0", "conv_transpose2d", macs=1 * 1 * 6 * 4 * 4 * 8, weights=6 * 8 * 4 * 4),
        Row("main.3", "conv_transpose2d", macs=4 * 4 * 8 * 4 * 4 * 4, weights=8 * 4 * 4 * 4),
        Row("main.6", "conv_transpose2d", macs=8 * 8 * 4 * 3 * 3 * 3, weights=4 * 3 * 3 * 3),
    ),
    parameters=6 * 8 * 16 + 2 * 8 + 8 * 4 * 16 + 2 * 4 + (4 * 3 * 9 + 3),
)
