"""Trained networks from the literature, ready to be condensed."""

from functools import partial

from adequate.zoo.cifar10_full import Cifar10Full
from adequate.zoo.digits_cnn import PREPROCESSING as DIGITS
from adequate.zoo.digits_cnn import DigitsCNN, train_digits
from adequate.zoo.entry import Entry
from adequate.zoo.lenet import LeNet
from adequate.zoo.lenet_300_100 import LeNet300100
from adequate.zoo.preprocessing import Preprocessing, SubtractMeanImage
from adequate.zoo.resnet_cifar import ResNet
from adequate.zoo.weights import load_weights

__all__ = ["ZOO", "Entry", "Preprocessing", "SubtractMeanImage", "entry", "load_weights"]

_GREY, _COLOUR = (1, 1, 28, 28), (1, 3, 32, 32)
_PIXEL_256 = Preprocessing(scale=1 / 256)  # Caffe, lenet_train_test.prototxt: scale 0.00390625
_IMAGENET = Preprocessing(1 / 255, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))  # akamaster's trainer.py

ZOO = (
    Entry("lenet", LeNet, _GREY, _PIXEL_256, "mnist"),
    Entry("lenet-300-100", LeNet300100, _GREY, Preprocessing(scale=1 / 255), "mnist"),
    Entry("cifar10-full", Cifar10Full, _COLOUR, SubtractMeanImage.of, "cifar10"),
    Entry("resnet20", partial(ResNet, 3), _COLOUR, _IMAGENET, "cifar10"),
    Entry("resnet32", partial(ResNet, 5), _COLOUR, _IMAGENET, "cifar10"),
    Entry("resnet56", partial(ResNet, 9), _COLOUR, _IMAGENET, "cifar10"),
    Entry("digits-cnn", DigitsCNN, (1, 1, 8, 8), DIGITS, "digits", pretrained=train_digits),
)
"""Every network, by rising ambition."""


def entry(name: str) -> Entry:
    """The entry of a network's name.

    >>> entry("lenet").dataset
    'mnist'

    Raises:
        ValueError: no such network; the message lists them.
    """
    for candidate in ZOO:
        if candidate.name == name:
            return candidate
    raise ValueError(f"no such network {name!r}; the zoo has {', '.join(repr(e.name) for e in ZOO)}")
