"""Where the formats of a file go: outputs, operands, or a layer of their own; and that the emulation computes them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import ModelProto, helper

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.formats import Binary, Fixed, Scaled
from adequate.network import Network, trace
from adequate.network.onnx import example_inputs, module_of
from adequate.network.onnx.quantized import design_of, take_formats
from tests.network.onnx.quantized_models import graph_of, model, qdq, quant, run, single

EIGHT, FOUR = Fixed(8, 4), Fixed(4, 1)
SCALES = {
    "s": single(2.0**-4),
    "z": np.zeros((), np.int8),
    "s4": single(0.5),
    "f0": single(0),
    "bits4": single(4),
    "one": single(1),
}
RANDOM = np.random.default_rng(0)
CODES = RANDOM.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8)
KERNEL = [helper.make_node("DequantizeLinear", ["codes", "s", "z"], ["w"], "w_numbers")]


def read(proto: ModelProto, folder: Path) -> tuple[Network, Design]:
    taken = take_formats(graph_of(proto, folder))
    network = trace(module_of(taken.graph), example_inputs(taken.graph))
    return network, design_of(taken.formats, network)


def check(proto: ModelProto, folder: Path, expected: dict[str, LayerDesign], size: tuple[int, ...]) -> Network:
    """The design is the expected one, and its emulation onnxruntime's result, exactly: all scales are powers of two."""
    network, design = read(proto, folder)
    assert dict(design) == expected
    x = (np.random.default_rng(1).standard_normal((8, *size)) * 3).astype(np.float32)
    outputs = emulate(network, design)(torch.from_numpy(x))
    ours = outputs if isinstance(outputs, tuple) else (outputs,)
    for got, reference in zip(ours, run(proto, x), strict=True):
        assert np.array_equal(got.detach().numpy(), reference)
    return network


def test_the_only_reader_of_an_output_is_that_output_s_format(tmp_path: Path) -> None:
    nodes = [
        *qdq("x_q", "x", "a", "s", "z"),
        *KERNEL,
        helper.make_node("Conv", ["a", "w"], ["b"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["b"], ["c"], "relu"),
        *qdq("c_q", "c", "y", "s4", "z"),
    ]
    proto = model(nodes, SCALES | {"codes": CODES}, shape=["n", 3, 6, 6])
    expected = {"conv": LayerDesign(input=EIGHT, weight=EIGHT), "relu": LayerDesign(output=Fixed(8, 1))}
    network = check(proto, tmp_path, expected, (3, 6, 6))
    assert [layer.name for layer in network.layers] == ["conv", "relu"]


def test_formats_pass_layers_that_move_values(tmp_path: Path) -> None:
    """The product is told in which format its operand arrives; the edge has it twice."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], "relu"),
        *qdq("a_q", "a", "b", "s", "z"),
        helper.make_node("MaxPool", ["b"], ["c"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["c"], ["d"], "flat"),
        helper.make_node("DequantizeLinear", ["codes", "s", "z"], ["w"], "w_numbers"),
        helper.make_node("MatMul", ["d", "w"], ["y"], "fc"),
    ]
    codes = RANDOM.integers(-127, 128, (12, 5)).astype(np.int8)
    expected = {"relu": LayerDesign(output=EIGHT), "fc": LayerDesign(input=EIGHT, weight=EIGHT)}
    check(model(nodes, SCALES | {"codes": codes}, shape=["n", 3, 4, 4]), tmp_path, expected, (3, 4, 4))


def test_an_input_with_a_reader_of_another_kind_keeps_a_layer(tmp_path: Path) -> None:
    """The quantiser feeds a convolution and a sum with a constant, whose input slot would round the constant too."""
    nodes = [
        *qdq("x_q", "x", "a", "s", "z"),
        *KERNEL,
        helper.make_node("Conv", ["a", "w"], ["y"], "conv"),
        helper.make_node("Add", ["a", "third"], ["y2"], "sum"),
    ]
    proto = model(nodes, SCALES | {"codes": CODES, "third": single(1 / 3)}, shape=["n", 3, 6, 6], outputs=["y", "y2"])
    expected = {"x_q": LayerDesign(output=EIGHT), "conv": LayerDesign(input=EIGHT, weight=EIGHT)}
    check(proto, tmp_path, expected, (3, 6, 6))


def test_one_of_several_readers_of_an_output_takes_its_own_format(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], "relu"),
        *qdq("a_q", "a", "b", "s", "z"),
        *KERNEL,
        helper.make_node("Conv", ["b", "w"], ["y"], "conv"),
        helper.make_node("Neg", ["a"], ["y2"], "negated"),
    ]
    proto = model(nodes, SCALES | {"codes": CODES}, shape=["n", 3, 6, 6], outputs=["y", "y2"])
    check(proto, tmp_path, {"conv": LayerDesign(input=EIGHT, weight=EIGHT)}, (3, 6, 6))


def test_a_residual_sum(tmp_path: Path) -> None:
    """Both operands' formats are their producers' outputs."""
    nodes = [
        *qdq("x_q", "x", "a", "s", "z"),
        *KERNEL,
        helper.make_node("Conv", ["a", "w"], ["b"], "conv", pads=[1, 1, 1, 1]),
        *qdq("b_q", "b", "c", "one", "z"),
        helper.make_node("Sigmoid", ["a"], ["g"], "gate"),
        *qdq("g_q", "g", "h", "s", "z"),
        helper.make_node("Add", ["c", "h"], ["d"], "sum"),
        *qdq("d_q", "d", "y", "one", "z"),
    ]
    codes = RANDOM.integers(-127, 128, (3, 3, 3, 3)).astype(np.int8)
    expected = {
        "x_q": LayerDesign(output=EIGHT),
        "conv": LayerDesign(input=EIGHT, weight=EIGHT, output=Fixed(8, 0)),
        "gate": LayerDesign(output=EIGHT),
        "sum": LayerDesign(output=Fixed(8, 0)),
    }
    check(model(nodes, SCALES | {"codes": codes}, shape=["n", 3, 6, 6]), tmp_path, expected, (3, 6, 6))


def test_an_edge_quantised_twice(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], "relu"),
        *qdq("first", "a", "b", "s", "z"),
        *qdq("second", "b", "c", "s4", "z"),
        *KERNEL,
        helper.make_node("Conv", ["c", "w"], ["y"], "conv"),
    ]
    expected = {"relu": LayerDesign(output=EIGHT), "conv": LayerDesign(input=Fixed(8, 1), weight=EIGHT)}
    check(model(nodes, SCALES | {"codes": CODES}, shape=["n", 3, 6, 6]), tmp_path, expected, (3, 6, 6))


def test_a_quantiser_for_each_reader_is_one(tmp_path: Path) -> None:
    """Some tools dequantise anew for each reader."""
    nodes = [
        helper.make_node("Relu", ["x"], ["r"], "relu"),
        helper.make_node("QuantizeLinear", ["r", "s", "z"], ["c"], "r_q"),
        helper.make_node("DequantizeLinear", ["c", "s", "z"], ["a1"], "first"),
        helper.make_node("DequantizeLinear", ["c", "s", "z"], ["a2"], "second"),
        *KERNEL,
        helper.make_node("Conv", ["a1", "w"], ["y"], "conv"),
        helper.make_node("Neg", ["a2"], ["y2"], "negated"),
    ]
    proto = model(nodes, SCALES | {"codes": CODES}, shape=["n", 3, 6, 6], outputs=["y", "y2"])
    expected = {"relu": LayerDesign(output=EIGHT), "conv": LayerDesign(input=EIGHT, weight=EIGHT)}
    check(proto, tmp_path, expected, (3, 6, 6))


def test_a_product_of_two_activations(tmp_path: Path) -> None:
    nodes = [
        *qdq("a_q", "x", "a", "s", "z"),
        helper.make_node("Relu", ["x"], ["r"], "relu"),
        *qdq("b_q", "r", "b", "s4", "z"),
        helper.make_node("Transpose", ["b"], ["t"], "turn", perm=[0, 2, 1]),
        helper.make_node("MatMul", ["a", "t"], ["y"], "scores"),
    ]
    expected = {"relu": LayerDesign(output=Fixed(8, 1)), "scores": LayerDesign(input=EIGHT, weight=Fixed(8, 1))}
    check(model(nodes, SCALES, shape=["n", 5, 4]), tmp_path, expected, (5, 4))


@pytest.mark.parametrize("operator", ["MatMul", "Gemm", "Gemm turned", "Conv", "ConvTranspose"])
def test_scales_per_output_channel(operator: str, tmp_path: Path) -> None:
    """The axis is that of the layer's weight, which a linear layer has turned."""
    kind, _, turned = operator.partition(" ")
    shape, axis, size = {
        "MatMul": ((6, 4), 1, (6,)),
        "Gemm": ((4, 6), 0, (6,)) if turned else ((6, 4), 1, (6,)),
        "Conv": ((4, 3, 3, 3), 0, (3, 6, 6)),
        "ConvTranspose": ((3, 4, 3, 3), 1, (3, 6, 6)),
    }[kind]
    scales = single([0.5, 0.25, 2.0, 1.0])
    constants = SCALES | {
        "codes": RANDOM.integers(-127, 128, shape).astype(np.int8),
        "t": scales,
        "zs": np.zeros(4, np.int8),
    }
    attributes: dict[str, Any] = {"transB": 1} if turned else {}
    nodes = [
        *qdq("x_q", "x", "a", "s", "z"),
        helper.make_node("DequantizeLinear", ["codes", "t", "zs"], ["w"], "w_numbers", axis=axis),
        helper.make_node(kind, ["a", "w"], ["b"], "product", **attributes),
        *qdq("b_q", "b", "y", "one", "z"),
    ]
    weight = Scaled(Fixed(8, 0), tuple(map(float, scales)), axis=0 if kind in ("MatMul", "Gemm", "Conv") else 1)
    expected = {"product": LayerDesign(input=EIGHT, weight=weight, output=Fixed(8, 0))}
    check(model(nodes, constants, shape=["n", *size]), tmp_path, expected, size)


def test_a_weight_turned_after_it_is_quantised(tmp_path: Path) -> None:
    """As Brevitas writes a linear layer."""
    constants = SCALES | {
        "w": RANDOM.standard_normal((5, 6)).astype(np.float32),
        "ws": single([[0.5], [0.25], [1], [2], [4]]),
    }
    nodes = [
        quant("w_q", "w", "v", "ws", "f0", "bits4", narrow=1),
        helper.make_node("Transpose", ["v"], ["t"], "turn", perm=[1, 0]),
        quant("x_q", "x", "a", "s4", "f0", "bits4"),
        helper.make_node("MatMul", ["a", "t"], ["y"], "fc"),
    ]
    network, design = read(model(nodes, constants, shape=["n", 6]), tmp_path)
    weight = Scaled(Fixed(4, 0, narrow=True), (0.5, 0.25, 1, 2, 4), axis=0)
    assert dict(design) == {"fc": LayerDesign(input=FOUR, weight=weight)}
    x = np.random.default_rng(1).standard_normal((8, 6)) * 3
    codes = np.clip(np.rint(constants["w"] / constants["ws"]), -7, 7)
    expected = np.clip(np.rint(x / 0.5), -8, 7) * 0.5 @ (codes * constants["ws"]).T
    got = emulate(network, design)(torch.from_numpy(x.astype(np.float32)))
    assert np.array_equal(got.detach().numpy(), expected)


def test_signs_are_not_put_where_zeros_are_padded_before_the_layer(tmp_path: Path) -> None:
    """Zeros are no signs: an asymmetric padding is done before the convolution, which then stays float."""
    constants = SCALES | {"w": RANDOM.choice([-1.0, 1.0], (4, 3, 2, 2)).astype(np.float32)}
    nodes = [
        quant("x_q", "x", "a", "one", operator="BipolarQuant"),
        helper.make_node("Conv", ["a", "w"], ["y"], "conv", pads=[0, 0, 1, 1]),
    ]
    network, design = read(model(nodes, constants, shape=["n", 3, 4, 4]), tmp_path)
    assert dict(design) == {"x_q": LayerDesign(output=Binary())}
    x = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    signs = torch.where(x >= 0, 1.0, -1.0)
    padded = torch.nn.functional.pad(signs, (0, 1, 0, 1))
    expected = torch.nn.functional.conv2d(padded, torch.from_numpy(constants["w"]))
    assert emulate(network, design)(x).equal(expected)


def test_a_factor_of_gemm_leaves_its_weight_without_a_format(tmp_path: Path) -> None:
    """The layer's weight is alpha times what was quantised."""
    nodes = [
        *qdq("x_q", "x", "a", "s", "z"),
        helper.make_node("DequantizeLinear", ["codes", "s", "z"], ["w"], "w_numbers"),
        helper.make_node("Gemm", ["a", "w"], ["y"], "fc", alpha=0.5),
    ]
    codes = RANDOM.integers(-127, 128, (6, 4)).astype(np.int8)
    proto = model(nodes, SCALES | {"codes": codes}, shape=["n", 6])
    check(proto, tmp_path, {"x_q": LayerDesign(output=EIGHT)}, (6,))


def test_a_quantised_output_of_the_network(tmp_path: Path) -> None:
    """Of its input as well: nothing is left but the quantiser."""
    proto = model(qdq("q", "x", "y", "s", "z"), SCALES, shape=["n", 4])
    check(proto, tmp_path, {"q": LayerDesign(output=EIGHT)}, (4,))
