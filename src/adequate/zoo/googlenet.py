"""GoogLeNet, as Caffe ships it."""

import torch
from torch import Tensor, nn


class Inception(nn.Module):
    """Four branches side by side: 1 x 1; 1 x 1 then 3 x 3; 1 x 1 then 5 x 5; pooling then 1 x 1 (figure 2b)."""

    def __init__(self, channels: int, one: int, reduce3: int, three: int, reduce5: int, five: int, pooled: int) -> None:
        super().__init__()
        self.conv1x1 = nn.Conv2d(channels, one, 1)
        self.relu_1x1 = nn.ReLU()
        self.conv3x3_reduce = nn.Conv2d(channels, reduce3, 1)
        self.relu_3x3_reduce = nn.ReLU()
        self.conv3x3 = nn.Conv2d(reduce3, three, 3, padding=1)
        self.relu_3x3 = nn.ReLU()
        self.conv5x5_reduce = nn.Conv2d(channels, reduce5, 1)
        self.relu_5x5_reduce = nn.ReLU()
        self.conv5x5 = nn.Conv2d(reduce5, five, 5, padding=2)
        self.relu_5x5 = nn.ReLU()
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.pool_proj = nn.Conv2d(channels, pooled, 1)
        self.relu_pool_proj = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        three = self.relu_3x3(self.conv3x3(self.relu_3x3_reduce(self.conv3x3_reduce(x))))
        five = self.relu_5x5(self.conv5x5(self.relu_5x5_reduce(self.conv5x5_reduce(x))))
        pooled = self.relu_pool_proj(self.pool_proj(self.pool(x)))
        return torch.cat([self.relu_1x1(self.conv1x1(x)), three, five, pooled], 1)


class GoogLeNet(nn.Module):
    """Three convolutions, nine inception modules, one linear layer; 6,998,552 parameters.

    Input (N, 3, 224, 224), BGR 0..255 minus 104, 117, 123; output (N, 1000). Without the auxiliary classifiers, which
    serve training alone.
    Source: Szegedy et al., CVPR 2015, table 1; Caffe, ``models/bvlc_googlenet/deploy.prototxt``.
    """

    def __init__(self) -> None:
        super().__init__()

        def pool() -> nn.Module:
            return nn.MaxPool2d(3, stride=2, ceil_mode=True)

        def norm() -> nn.Module:
            return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)

        self.conv1 = nn.Sequential(nn.Conv2d(3, 64, 7, stride=2, padding=3), nn.ReLU(), pool(), norm())
        self.conv2 = nn.Sequential(
            nn.Conv2d(64, 64, 1), nn.ReLU(), nn.Conv2d(64, 192, 3, padding=1), nn.ReLU(), norm(), pool()
        )
        self.inception_3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception_3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.pool3 = pool()
        self.inception_4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.inception_4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception_4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception_4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.inception_4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.pool4 = pool()
        self.inception_5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception_5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.pool5 = nn.AvgPool2d(7)
        self.drop = nn.Dropout(0.4)
        self.classifier = nn.Linear(1024, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool3(self.inception_3b(self.inception_3a(self.conv2(self.conv1(x)))))
        x = self.inception_4c(self.inception_4b(self.inception_4a(x)))
        x = self.pool4(self.inception_4e(self.inception_4d(x)))
        x = self.pool5(self.inception_5b(self.inception_5a(x)))
        return self.classifier(self.drop(x.flatten(1)))
