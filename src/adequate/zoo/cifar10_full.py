"""The network Caffe calls CIFAR-10 full."""

from torch import Tensor, nn

from adequate.network.normalization import WithinChannelLRN


class Cifar10Full(nn.Module):
    """Three 5 x 5 convolutions with pooling, two normalisations within channels, one fully connected layer.

    Input (N, 3, 32, 32), RGB 0..255 minus the mean training image; output (N, 10); 89,578 parameters. The first block
    pools before its ReLU. Caffe rounds pooled sizes up, and its average divides by the part of the window inside the
    image, as torch does with ``ceil_mode``. Layers bear Caffe's names.
    Source: Caffe, ``examples/cifar10/cifar10_full.prototxt``; ``pooling_layer.cpp``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 5, padding=2)
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.relu1 = nn.ReLU()
        self.norm1 = WithinChannelLRN(3, alpha=5e-5, beta=0.75)
        self.conv2 = nn.Conv2d(32, 32, 5, padding=2)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.AvgPool2d(3, stride=2, ceil_mode=True)
        self.norm2 = WithinChannelLRN(3, alpha=5e-5, beta=0.75)
        self.conv3 = nn.Conv2d(32, 64, 5, padding=2)
        self.relu3 = nn.ReLU()
        self.pool3 = nn.AvgPool2d(3, stride=2, ceil_mode=True)
        self.ip1 = nn.Linear(1024, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(self.relu1(self.pool1(self.conv1(x))))
        x = self.norm2(self.pool2(self.relu2(self.conv2(x))))
        x = self.pool3(self.relu3(self.conv3(x)))
        return self.ip1(x.flatten(1))
