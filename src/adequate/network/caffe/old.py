"""Networks from before 2015: ``layers { type: CONVOLUTION }`` for ``layer { type: "Convolution" }``."""

from adequate.network.caffe.message import Message

VERSION_1 = {
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
}
"""``V1LayerParameter.LayerType`` (Caffe, ``caffe.proto``) and the types that took their place
(``upgrade_proto.cpp``)."""


def is_version_0(layer: Message) -> bool:
    """Whether a layer is in the format of 2013: a ``layer`` within ``layers``."""
    return layer.has("layer")


def upgraded_type(layer: Message) -> str | None:
    """Today's name of an old layer's type; None where the type is a string, as today."""
    if not layer.is_word("type"):
        return None
    old = layer.word("type", "")
    if old not in VERSION_1:
        raise ValueError(f"line {layer.line}: no such layer type {old}")
    return VERSION_1[old]
