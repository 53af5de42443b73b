"""LeNet as Caffe ships it."""

from torch import Tensor, nn


class LeNet(nn.Module):
    """Caffe's LeNet for 28 x 28 digits: two convolutions, two fully connected layers, one ReLU; 431,080 parameters.

    Input (N, 1, 28, 28), grey levels / 256; output (N, 10). Layers bear Caffe's names.
    Source: Caffe, ``examples/mnist/lenet.prototxt``, after LeCun et al., Proc. IEEE 86 (1998).
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.pool2 = nn.MaxPool2d(2)
        self.ip1 = nn.Linear(800, 500)
        self.relu1 = nn.ReLU()
        self.ip2 = nn.Linear(500, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.conv1(x))
        x = self.pool2(self.conv2(x))
        return self.ip2(self.relu1(self.ip1(x.flatten(1))))
