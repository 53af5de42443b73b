"""CaffeNet, Caffe's AlexNet."""

from collections import OrderedDict

from torch import nn


class CaffeNet(nn.Sequential):
    """Five convolutions and three fully connected layers; 60,965,224 parameters.

    Input (N, 3, 227, 227), BGR 0..255 minus 104, 117, 123; output (N, 1000). Pooling before normalisation, and
    ``groups`` in the second, fourth and fifth convolution: two, as published, or one, as Gysel (2016, table 2.4)
    counts their operations. Layers bear Caffe's names.
    Source: Caffe, ``models/bvlc_reference_caffenet/deploy.prototxt``, after Krizhevsky et al., NIPS 2012.
    """

    def __init__(self, groups: int = 2) -> None:
        def pool() -> nn.Module:
            return nn.MaxPool2d(3, stride=2, ceil_mode=True)

        def norm() -> nn.Module:
            return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)

        layers: dict[str, nn.Module] = {
            "conv1": nn.Conv2d(3, 96, 11, stride=4),
            "relu1": nn.ReLU(),
            "pool1": pool(),
            "norm1": norm(),
            "conv2": nn.Conv2d(96, 256, 5, padding=2, groups=groups),
            "relu2": nn.ReLU(),
            "pool2": pool(),
            "norm2": norm(),
            "conv3": nn.Conv2d(256, 384, 3, padding=1),
            "relu3": nn.ReLU(),
            "conv4": nn.Conv2d(384, 384, 3, padding=1, groups=groups),
            "relu4": nn.ReLU(),
            "conv5": nn.Conv2d(384, 256, 3, padding=1, groups=groups),
            "relu5": nn.ReLU(),
            "pool5": pool(),
            "flatten": nn.Flatten(),
            "fc6": nn.Linear(256 * 6 * 6, 4096),
            "relu6": nn.ReLU(),
            "drop6": nn.Dropout(0.5),
            "fc7": nn.Linear(4096, 4096),
            "relu7": nn.ReLU(),
            "drop7": nn.Dropout(0.5),
            "fc8": nn.Linear(4096, 1000),
        }
        super().__init__(OrderedDict(layers))
