"""Residual networks for ImageNet, of bottlenecks."""

from torch import Tensor, nn


class Bottleneck(nn.Module):
    """y = relu(shortcut(x) + bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x)))))))): 1 x 1, 3 x 3, 1 x 1 to four times
    ``width``.

    The stride is the 3 x 3 convolution's; the shortcut is a 1 x 1 convolution where the shape changes.
    """

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = (
            nn.Identity()
            if channels == 4 * width
            else nn.Sequential(nn.Conv2d(channels, 4 * width, 1, stride=stride, bias=False), nn.BatchNorm2d(4 * width))
        )
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        return self.relu3(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet50(nn.Module):
    """A 7 x 7 convolution, four stages of 3, 4, 6 and 3 bottlenecks, a linear layer; 25,557,032 parameters.

    Input (N, 3, 224, 224), RGB / 255 normalised by ImageNet's mean and deviation; output (N, 1000). Parameters bear
    the names of torchvision's ``resnet50``, whose checkpoints load.
    Source: He et al., CVPR 2016, table 1; the stride in the 3 x 3 convolution is torchvision's (Goyal et al.,
    arXiv:1706.02677).
    """

    def __init__(self) -> None:
        super().__init__()

        def stage(channels: int, width: int, blocks: int, stride: int) -> nn.Sequential:
            rest = (Bottleneck(4 * width, width, 1) for _ in range(blocks - 1))
            return nn.Sequential(Bottleneck(channels, width, stride), *rest)

        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = stage(64, 64, 3, 1)
        self.layer2 = stage(256, 128, 4, 2)
        self.layer3 = stage(512, 256, 6, 2)
        self.layer4 = stage(1024, 512, 3, 2)
        self.avgpool = nn.AvgPool2d(7)
        self.fc = nn.Linear(2048, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))
