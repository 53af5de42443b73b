"""The networks for ImageNet: their layers, counted by hand from the papers, without a weight in memory."""

from functools import cache

import pytest
import torch

from adequate.network import Network, trace
from adequate.zoo import entry
from adequate.zoo.caffenet import CaffeNet


@cache
def traced(name: str) -> Network:
    member = entry(name)
    return trace(member.skeleton(), torch.zeros(member.example_shape, device="meta"))


def products(network: Network) -> list[tuple[str, int, int]]:
    """Name, weights and MACs of each layer that multiplies."""
    return [(layer.name, layer.weights, layer.macs) for layer in network.multiplying]


VGG16 = [
    # name, output pixels, input channels, output channels (Simonyan and Zisserman, table 1, D)
    ("conv1_1", 224 * 224, 3, 64),
    ("conv1_2", 224 * 224, 64, 64),
    ("conv2_1", 112 * 112, 64, 128),
    ("conv2_2", 112 * 112, 128, 128),
    ("conv3_1", 56 * 56, 128, 256),
    ("conv3_2", 56 * 56, 256, 256),
    ("conv3_3", 56 * 56, 256, 256),
    ("conv4_1", 28 * 28, 256, 512),
    ("conv4_2", 28 * 28, 512, 512),
    ("conv4_3", 28 * 28, 512, 512),
    ("conv5_1", 14 * 14, 512, 512),
    ("conv5_2", 14 * 14, 512, 512),
    ("conv5_3", 14 * 14, 512, 512),
]


def test_vgg16() -> None:
    """The figures of Gross and Meyer (EPEPS 2019): conv1_1 1,728 weights, conv1_2 36,864, ..., fc6 102,760,448."""
    convolutions = [(name, 9 * before * after, 9 * before * after * pixels) for name, pixels, before, after in VGG16]
    connected = [(name, before * after, before * after) for name, before, after in
                 (("fc6", 512 * 7 * 7, 4096), ("fc7", 4096, 4096), ("fc8", 4096, 1000))]  # fmt: skip
    network = traced("vgg16")
    assert products(network) == convolutions + connected
    weights = {name: count for name, count, _ in products(network)}
    assert (weights["conv1_1"], weights["conv1_2"]) == (1_728, 36_864)
    assert (weights["fc6"], weights["fc7"], weights["fc8"]) == (102_760_448, 16_777_216, 4_096_000)
    assert sum(weights.values()) == 138_344_128
    assert network.parameters == 138_344_128 + sum(after for _, _, _, after in VGG16) + 4096 + 4096 + 1000
    assert network.parameters == 138_357_544
    assert network.macs == 15_470_264_320
    assert network.macs == sum(macs for _, _, macs in convolutions + connected)


CAFFENET = [
    # name, output pixels, input channels, output channels, window, groups as published
    ("conv1", 55 * 55, 3, 96, 11 * 11, 1),
    ("conv2", 27 * 27, 96, 256, 5 * 5, 2),
    ("conv3", 13 * 13, 256, 384, 3 * 3, 1),
    ("conv4", 13 * 13, 384, 384, 3 * 3, 2),
    ("conv5", 13 * 13, 384, 256, 3 * 3, 2),
]
CONNECTED = [("fc6", 256 * 6 * 6, 4096), ("fc7", 4096, 4096), ("fc8", 4096, 1000)]


@pytest.mark.parametrize(("grouped", "operations"), [(True, 1_331_569_728), (False, 2_153_268_288)])
def test_caffenet_has_fewer_operations_than_counted_without_its_groups(grouped: bool, operations: int) -> None:
    """1.33 G operations in its convolutions, two a MAC; Gysel (2016, table 2.4) prints 2.15 G, which is what they
    would be without groups, and 117 M in the fully connected layers."""
    if grouped:
        network = traced("caffenet")
    else:
        with torch.device("meta"):
            ungrouped = CaffeNet(groups=1)
        network = trace(ungrouped, torch.zeros(1, 3, 227, 227, device="meta"))
    convolutions = [
        (name, weights, weights * pixels)
        for name, pixels, before, after, window, groups in CAFFENET
        if (weights := before // (groups if grouped else 1) * after * window)
    ]
    assert products(network) == convolutions + [(name, a * b, a * b) for name, a, b in CONNECTED]
    assert 2 * sum(macs for _, _, macs in convolutions) == operations
    assert 2 * sum(a * b for _, a, b in CONNECTED) == 117_243_904


def test_caffenets_parameters() -> None:
    """The published 60,965,224, 235 MB of them fully connected in float32 (Gysel 2016, by table 2.4: 235 of 250)."""
    biases = sum(after for _, _, _, after, _, _ in CAFFENET)
    weights = sum(before // groups * after * window for _, _, before, after, window, groups in CAFFENET)
    connected = sum(a * b + b for _, a, b in CONNECTED)
    assert traced("caffenet").parameters == weights + connected + biases == 60_965_224
    assert round(4 * connected / 1e6) == 235


FIRES = [
    # output pixels, input channels, squeezed, expanded (each way) (Iandola et al., table 1)
    (55 * 55, 96, 16, 64),
    (55 * 55, 128, 16, 64),
    (55 * 55, 128, 32, 128),
    (27 * 27, 256, 32, 128),
    (27 * 27, 256, 48, 192),
    (27 * 27, 384, 48, 192),
    (27 * 27, 384, 64, 256),
    (13 * 13, 512, 64, 256),
]


def test_squeezenet() -> None:
    expected = [("conv1", 96 * 3 * 49, 96 * 3 * 49 * 111 * 111)]
    for number, (pixels, channels, squeezed, expanded) in enumerate(FIRES, 2):
        for layer, weights in (
            ("squeeze", channels * squeezed),
            ("expand1x1", squeezed * expanded),
            ("expand3x3", squeezed * expanded * 9),
        ):
            expected.append((f"fire{number}.{layer}", weights, weights * pixels))
    expected.append(("conv10", 512_000, 512_000 * 15 * 15))
    assert products(traced("squeezenet")) == expected
    biases = 96 + sum(squeezed + 2 * expanded for _, _, squeezed, expanded in FIRES) + 1000
    assert traced("squeezenet").parameters == sum(weights for _, weights, _ in expected) + biases == 1_248_424


def test_resnet50() -> None:
    """The published 25,557,032 parameters; He et al. (table 1) print 3.8 G multiply-adds for the stride in the first
    1 x 1 convolution, here it is in the 3 x 3 one."""
    network = traced("resnet50")
    weights = 64 * 3 * 49 + 2048 * 1000
    macs = 64 * 3 * 49 * 112 * 112 + 2048 * 1000
    channels, count = 64, 1
    for width, blocks, pixels, stride in ((64, 3, 56, 1), (128, 4, 28, 2), (256, 6, 14, 2), (512, 3, 7, 2)):
        for block in range(blocks):
            before = pixels * (stride if block == 0 else 1)
            sizes = [(channels * width, before), (9 * width * width, pixels), (4 * width * width, pixels)]
            sizes += [(4 * channels * width, pixels)] if block == 0 else []
            weights += sum(size for size, _ in sizes)
            macs += sum(size * side * side for size, side in sizes)
            channels, count = 4 * width, count + len(sizes)
    assert len(network.multiplying) == count + 1 == 54
    assert sum(layer.weights for layer in network.multiplying) == weights
    assert network.macs == macs == 4_089_184_256
    norms = sum(2 * layer.weight_shape[0] for layer in network.multiplying[:-1] if layer.weight_shape)
    assert network.parameters == weights + norms + 1000 == 25_557_032


def test_mobilenet() -> None:
    """569 million multiply-adds and 4.2 million parameters (Howard et al., table 4)."""
    network = traced("mobilenet-v1")
    assert round(network.macs / 1e6) == 569
    depthwise = [layer for layer in network.multiplying if layer.name.endswith("depthwise")]
    assert [layer.terms for layer in depthwise] == [9] * 13
    assert network.parameters == 4_231_976


INCEPTIONS = [
    # pixels, channels, then #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj (Szegedy et al., table 1)
    (28 * 28, 192, 64, 96, 128, 16, 32, 32),
    (28 * 28, 256, 128, 128, 192, 32, 96, 64),
    (14 * 14, 480, 192, 96, 208, 16, 48, 64),
    (14 * 14, 512, 160, 112, 224, 24, 64, 64),
    (14 * 14, 512, 128, 128, 256, 24, 64, 64),
    (14 * 14, 512, 112, 144, 288, 32, 64, 64),
    (14 * 14, 528, 256, 160, 320, 32, 128, 128),
    (7 * 7, 832, 256, 160, 320, 32, 128, 128),
    (7 * 7, 832, 384, 192, 384, 48, 128, 128),
]


def test_googlenet() -> None:
    network = traced("googlenet")
    sizes = [(64 * 3 * 49, 112 * 112), (64 * 64, 56 * 56), (192 * 64 * 9, 56 * 56), (1024 * 1000, 1)]
    biases = 64 + 64 + 192 + 1000
    for pixels, channels, one, reduce3, three, reduce5, five, pooled in INCEPTIONS:
        inner = (channels * (one + reduce3 + reduce5 + pooled), 9 * reduce3 * three, 25 * reduce5 * five)
        sizes += [(weights, pixels) for weights in inner]
        biases += one + reduce3 + three + reduce5 + five + pooled
    assert sum(layer.weights for layer in network.multiplying) == sum(weights for weights, _ in sizes)
    assert network.macs == sum(weights * pixels for weights, pixels in sizes)
    assert network.parameters == sum(weights for weights, _ in sizes) + biases == 6_998_552


@pytest.mark.parametrize("name", ["squeezenet", "caffenet", "googlenet", "mobilenet-v1", "resnet50", "vgg16"])
def test_a_thousand_classes_and_no_weight_in_memory(name: str) -> None:
    network, member = traced(name), entry(name)
    assert network.layers[-1].output_shape == (None, 1000)
    assert member.classes == 1000
    assert all(tensor.is_meta for tensor in network.graph.parameters())
    assert member.reads((3, 256, 256))
    assert not member.reads((3, 32, 32))
    assert not member.reads((1, 256, 256))
