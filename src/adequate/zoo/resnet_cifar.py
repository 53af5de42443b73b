"""Residual networks for CIFAR-10 with parameter-free shortcuts."""

from torch import Tensor, nn


class PaddedShortcut(nn.Module):
    """Option A of He et al.: every second pixel, new channels filled with zeros, half before and half after.

    (N, C, H, W) -> (N, channels, H/2, W/2).
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.before = (channels - in_channels) // 2
        self.after = channels - in_channels - self.before

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.before, self.after))


class Block(nn.Module):
    """y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)), 3 x 3 convolutions without bias."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        widens = channels != in_channels
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=2 if widens else 1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = PaddedShortcut(in_channels, channels) if widens else nn.Identity()
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(y + self.shortcut(x))


class ResNet(nn.Module):
    """A ResNet of 6n + 2 layers: a convolution, three stages of n blocks (16, 32, 64 channels), a linear layer.

    Input (N, 3, 32, 32), output (N, 10). Parameters: n = 3: 269,722; 5: 464,154; 9: 853,018.
    Source: He et al., CVPR 2016, section 4.2, shortcuts A; parameter names of akamaster/pytorch_resnet_cifar10, whose
    checkpoints load.
    """

    def __init__(self, blocks: int) -> None:
        super().__init__()

        def stage(in_channels: int, channels: int) -> nn.Sequential:
            return nn.Sequential(Block(in_channels, channels), *(Block(channels, channels) for _ in range(blocks - 1)))

        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.layer1 = stage(16, 16)
        self.layer2 = stage(16, 32)
        self.layer3 = stage(32, 64)
        self.pool = nn.AvgPool2d(8)
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(self.pool(x).flatten(1))
