"""Trained networks from the literature, ready to be condensed."""

from dataclasses import replace
from functools import partial

from adequate.zoo.caffenet import CaffeNet
from adequate.zoo.cifar10_full import Cifar10Full
from adequate.zoo.deep_compression import load_compressed
from adequate.zoo.digits_cnn import PREPROCESSING as DIGITS
from adequate.zoo.digits_cnn import DigitsCNN, train_digits
from adequate.zoo.entry import Entry
from adequate.zoo.googlenet import GoogLeNet
from adequate.zoo.lenet import LeNet
from adequate.zoo.lenet_300_100 import LeNet300100
from adequate.zoo.mobilenet import MobileNetV1
from adequate.zoo.preprocessing import Preprocessing, SubtractMeanImage
from adequate.zoo.resnet import ResNet50
from adequate.zoo.resnet_cifar import ResNet
from adequate.zoo.squeezenet import SqueezeNet
from adequate.zoo.vgg import VGG16
from adequate.zoo.weights import load_weights

__all__ = ["ZOO", "Entry", "Preprocessing", "SubtractMeanImage", "entry", "load_weights"]

_GREY, _COLOUR, _PHOTO, _PHOTO_227 = (1, 1, 28, 28), (1, 3, 32, 32), (1, 3, 224, 224), (1, 3, 227, 227)
_PIXEL_256 = Preprocessing(scale=1 / 256)  # Caffe, lenet_train_test.prototxt: scale 0.00390625
_IMAGENET = Preprocessing(1 / 255, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))  # akamaster's trainer.py
_CAFFE = Preprocessing(mean=(104.0, 117.0, 123.0), channels="bgr", crop=227)  # bvlc_*_caffenet, SqueezeNet's README
_CAFFE_224 = replace(_CAFFE, crop=224)  # bvlc_googlenet/train_val.prototxt
_VGG = Preprocessing(mean=(103.939, 116.779, 123.68), channels="bgr", crop=224)  # VGG_ILSVRC_16_layers' readme
_MOBILE = Preprocessing(1 / 127.5, mean=(1.0,), crop=224)  # tensorflow/models, inception_preprocessing.py
_TORCHVISION = replace(_IMAGENET, crop=224)

ZOO = (
    Entry("lenet", LeNet, _GREY, _PIXEL_256, "mnist"),
    Entry("lenet-300-100", LeNet300100, _GREY, Preprocessing(scale=1 / 255), "mnist"),
    Entry("cifar10-full", Cifar10Full, _COLOUR, SubtractMeanImage.of, "cifar10"),
    Entry("resnet20", partial(ResNet, 3), _COLOUR, _IMAGENET, "cifar10"),
    Entry("resnet32", partial(ResNet, 5), _COLOUR, _IMAGENET, "cifar10"),
    Entry("resnet56", partial(ResNet, 9), _COLOUR, _IMAGENET, "cifar10"),
    Entry("squeezenet", SqueezeNet, _PHOTO_227, _CAFFE, "imagenet-sample", 1000, load_compressed),
    Entry("caffenet", CaffeNet, _PHOTO_227, _CAFFE, "imagenet-sample", 1000),
    Entry("googlenet", GoogLeNet, _PHOTO, _CAFFE_224, "imagenet-sample", 1000),
    Entry("mobilenet-v1", MobileNetV1, _PHOTO, _MOBILE, "imagenet-sample", 1000),
    Entry("resnet50", ResNet50, _PHOTO, _TORCHVISION, "imagenet-sample", 1000),
    Entry("vgg16", VGG16, _PHOTO, _VGG, "imagenet-sample", 1000),
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
