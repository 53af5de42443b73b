"""SqueezeNet, as small as AlexNet is accurate."""

import torch
from torch import Tensor, nn


class Fire(nn.Module):
    """A 1 x 1 convolution to few channels, then 1 x 1 and 3 x 3 ones side by side (section 3.2 of the paper)."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.relu_squeeze = nn.ReLU()
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.relu_expand1x1 = nn.ReLU()
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)
        self.relu_expand3x3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu_squeeze(self.squeeze(x))
        return torch.cat([self.relu_expand1x1(self.expand1x1(x)), self.relu_expand3x3(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """SqueezeNet v1.0: eight fire modules between two convolutions; 1,248,424 parameters.

    Input (N, 3, 227, 227), BGR 0..255 minus 104, 117, 123; output (N, 1000). The last convolution pads by one, and
    its mean goes over 15 x 15, as in the published network.
    Source: Iandola et al., arXiv:1602.07360, table 1; forresti/SqueezeNet, ``SqueezeNet_v1.0/deploy.prototxt``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 7, stride=2)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.fire2 = Fire(96, 16, 64)
        self.fire3 = Fire(128, 16, 64)
        self.fire4 = Fire(128, 32, 128)
        self.pool4 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.fire5 = Fire(256, 32, 128)
        self.fire6 = Fire(256, 48, 192)
        self.fire7 = Fire(384, 48, 192)
        self.fire8 = Fire(384, 64, 256)
        self.pool8 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.fire9 = Fire(512, 64, 256)
        self.drop9 = nn.Dropout(0.5)
        self.conv10 = nn.Conv2d(512, 1000, 1, padding=1)
        self.relu10 = nn.ReLU()
        self.pool10 = nn.AvgPool2d(15)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool4(self.fire4(self.fire3(self.fire2(x))))
        x = self.pool8(self.fire8(self.fire7(self.fire6(self.fire5(x)))))
        x = self.relu10(self.conv10(self.drop9(self.fire9(x))))
        return self.pool10(x).flatten(1)
