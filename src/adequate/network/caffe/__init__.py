"""Caffe's files: the text of a network, its weights, a mean image."""

from adequate.network.caffe.reading import CaffeModel, read_prototxt
from adequate.network.caffe.wire import read_caffemodel, read_mean

__all__ = ["CaffeModel", "read_caffemodel", "read_mean", "read_prototxt"]
