"""Published networks with their own weights on real images, from the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
"""Runs a command and gives its answer."""


CAFFE = "models/caffe_small"
RESNET = "models/cifar10_resnet_pytorch/resnet20-12fca82f.th"


def test_lenet(adequate: Command, data_root: Path) -> None:
    weights = data_root / CAFFE / "lenet_iter_10000.caffemodel"
    answer = adequate("evaluate", "lenet", "--weights", weights, "--data", "mnist", "--json").json
    assert (answer["accuracy"], answer["images"]) == (0.9905, 10_000)


def test_lenet_in_eight_bits(adequate: Command, data_root: Path) -> None:
    weights = data_root / CAFFE / "lenet_iter_10000.caffemodel"
    answer = adequate("evaluate", "lenet", "--weights", weights, "--data", "mnist", "--bits", 8, "--json").json
    assert answer["accuracy"] >= 0.9905 - 0.001


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "weights", "accuracy"),
    [("resnet20", RESNET, 0.915), ("cifar10-full", f"{CAFFE}/cifar10_full_iter_70000.caffemodel", 0.828)],
)
def test_cifar10(
    adequate: Command, data_root: Path, cifar10_dir: Path, model: str, weights: str, accuracy: float
) -> None:
    answer = adequate(
        "evaluate", model, "--weights", data_root / weights, "--data", "cifar10", "--data-dir", cifar10_dir, "--json"
    ).json
    assert (answer["accuracy"], answer["images"]) == (accuracy, 1000)


ONNX = "models/mnist_onnx"


def test_a_convolutional_network_in_onnx(adequate: Command, data_root: Path) -> None:
    model = data_root / ONNX / "mnist-cntk.onnx"
    answer = adequate("evaluate", model, "--data", "mnist", "--scale", 1, "--json").json
    assert (answer["accuracy"], answer["images"]) == (0.9891, 10_000)
    assert "design" not in answer


@pytest.mark.slow
@pytest.mark.parametrize(("model", "accuracy"), [("TFC_1W1A.onnx", 0.9296), ("TFC_2W2A.onnx", 0.9660)])
def test_quantised_networks_in_onnx(adequate: Command, data_root: Path, model: str, accuracy: float) -> None:
    answer = adequate("evaluate", data_root / ONNX / model, "--data", "mnist", "--json").json
    assert (answer["accuracy"], answer["images"], answer["design"]) == (accuracy, 10_000, "of the file")


@pytest.mark.slow
def test_lenet_from_caffes_text(adequate: Command, data_root: Path) -> None:
    folder = data_root / CAFFE
    files = (folder / "lenet.prototxt", "--weights", folder / "lenet_iter_10000.caffemodel")
    answer = adequate("evaluate", *files, "--data", "mnist", "--scale", 0.00390625, "--json").json
    assert (answer["accuracy"], answer["images"]) == (0.9905, 10_000)


@pytest.mark.slow
def test_cifar10_full_from_caffes_text(adequate: Command, data_root: Path, cifar10_dir: Path) -> None:
    folder = data_root / CAFFE
    files = (folder / "cifar10_full.prototxt", "--weights", folder / "cifar10_full_iter_70000.caffemodel")
    images = ("--data", "cifar10", "--data-dir", cifar10_dir, "--mean", folder / "mean.binaryproto", "--scale", 1)
    answer = adequate("evaluate", *files, *images, "--json").json
    assert (answer["accuracy"], answer["images"]) == (0.828, 1000)
