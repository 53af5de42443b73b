"""What cannot be a format is refused, all of it at once; what is stored as integers becomes numbers."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from adequate.formats import Fixed, Scaled
from adequate.network.onnx.quantized import take_formats
from tests.network.onnx.quantized_models import graph_of, model, qdq, quant, single

SCALE = {"s": single(0.5), "z": np.int8(0) * np.ones((), np.int8)}


def test_stored_integers_become_the_numbers_they_stand_for(tmp_path: Path) -> None:
    codes = np.arange(-6, 6, dtype=np.int8).reshape(4, 3)
    constants = {
        "codes": codes,
        "scales": single([0.1, 0.2, 0.5]),
        "zeros": np.array([1, 0, -1], np.int8),
        "sums": np.array([70_000, -5, 7], np.int32),
        "unit": single(0.001),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["codes", "scales", "zeros"], ["w"], "w_numbers", axis=1),
        helper.make_node("DequantizeLinear", ["sums", "unit"], ["b"], "b_numbers"),
        helper.make_node("Gemm", ["x", "w", "b"], ["y"], "fc"),
    ]
    taken = take_formats(graph_of(model(nodes, constants, shape=["n", 4]), tmp_path))
    assert [node.name for node in taken.graph.nodes] == ["fc"]
    weight, bias = taken.graph.constants["w"], taken.graph.constants["b"]
    assert np.array_equal(weight.numpy(), (codes - constants["zeros"]).astype(np.float32) * constants["scales"])
    assert bias.tolist() == (constants["sums"].astype(np.float32) * constants["unit"]).tolist()
    format = taken.formats.operands["fc", 1]
    assert format == Scaled(Fixed(8, 0), tuple(map(float, constants["scales"])), (1, 0, -1), axis=0)
    assert {"w", "b"} <= taken.graph.trained
    assert taken.formats.outputs == {}


@pytest.mark.parametrize("kind", ["weights", "codes"])
def test_a_quantised_constant_quantises_to_itself(kind: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    scales, zeros = random.uniform(0.001, 0.1, 40).astype(np.float32), random.integers(-128, 128, 40).astype(np.int8)
    constants = {"s": scales, "z": zeros}
    if kind == "weights":
        constants["w"] = (random.standard_normal((40, 1000)) * 3).astype(np.float32)
        nodes = qdq("w_dq", "w", "v", "s", "z", axis=0)
    else:
        constants["w"] = random.integers(-128, 128, (40, 1000)).astype(np.int8)
        nodes = [helper.make_node("DequantizeLinear", ["w", "s", "z"], ["v"], "w_dq", axis=0)]
    nodes.append(helper.make_node("Gemm", ["x", "v"], ["y"], "fc", transB=1))
    taken = take_formats(graph_of(model(nodes, constants, shape=["n", 1000]), tmp_path))
    weight, format = taken.graph.constants["v"], taken.formats.operands["fc", 1]
    assert format.quantize(weight).equal(weight)


def test_four_bit_weights_with_a_clip(tmp_path: Path) -> None:
    constants = SCALE | {
        "w": np.array([[-9, 3, 8], [0, 1, 7]], np.int8),
        "low": np.array(-8, np.int8),
        "high": np.array(7, np.int8),
    }
    nodes = [
        helper.make_node("Clip", ["w", "low", "high"], ["c"], "clip"),
        helper.make_node("DequantizeLinear", ["c", "s", "z"], ["v"], "numbers"),
        helper.make_node("MatMul", ["x", "v"], ["y"], "fc"),
    ]
    taken = take_formats(graph_of(model(nodes, constants, shape=["n", 2]), tmp_path))
    assert taken.formats.operands == {("fc", 1): Fixed(4, 1)}
    assert taken.graph.constants["v"].tolist() == [[-4, 1.5, 3.5], [0, 0.5, 3.5]]


def test_packed_four_bit_weights(tmp_path: Path) -> None:
    constants = {
        "w": helper.make_tensor("w", TensorProto.INT4, (2, 3), [-8, 3, 7, 0, 1, -1]),
        "s": single(0.25),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s"], ["v"], "numbers"),
        helper.make_node("MatMul", ["x", "v"], ["y"], "fc"),
    ]
    taken = take_formats(graph_of(model(nodes, constants, shape=["n", 2]), tmp_path))
    assert taken.formats.operands == {("fc", 1): Fixed(4, 2)}
    assert taken.graph.constants["v"].tolist() == [[-2, 0.75, 1.75], [0, 0.25, -0.25]]


def test_an_unquantised_graph_is_left_alone(tmp_path: Path) -> None:
    graph = graph_of(model([helper.make_node("Relu", ["x"], ["y"], "r")], {}), tmp_path)
    taken = take_formats(graph)
    assert taken.graph is graph
    assert (taken.formats.outputs, taken.formats.operands) == ({}, {})


def test_clips_of_numbers_stay(tmp_path: Path) -> None:
    constants = SCALE | {"low": single(0), "high": single(6)}
    nodes = [helper.make_node("Clip", ["x", "low", "high"], ["c"], "clip"), *qdq("q", "c", "y", "s", "z")]
    taken = take_formats(graph_of(model(nodes, constants), tmp_path))
    assert [node.operator for node in taken.graph.nodes] == ["Clip"]
    assert taken.formats.outputs == {"clip": Fixed(8, 1)}


def linear(*operands: str, **attributes: object) -> list:
    return [
        helper.make_node("QuantizeLinear", ["x", *operands], ["c"], "q", **attributes),  # type: ignore[arg-type]
        helper.make_node("DequantizeLinear", ["c", *operands], ["y"], "dq"),
    ]


REFUSED = {
    "blocks": (
        linear("blocks", "blocks_z", axis=1, block_size=2),
        r"DequantizeLinear 'dq' quantises in blocks \(scales of shape \(2, 2\)\), which is not read",
    ),
    "computed scale": (
        [helper.make_node("Abs", ["x"], ["a"], "abs"), *linear("a", "z")],
        r"DequantizeLinear 'dq' its operand 1 \('a'\) is no constant",
    ),
    "other scale": (
        [
            helper.make_node("QuantizeLinear", ["x", "s", "z"], ["c"], "q"),
            helper.make_node("DequantizeLinear", ["c", "t", "z"], ["y"], "dq"),
        ],
        r"DequantizeLinear 'dq' its scale, zero point or axis is not that of QuantizeLinear 'q'",
    ),
    "negative scale": (linear("negative", "z"), r"'dq' scale of scaled must be positive, not -1.0"),
    "wide": (linear("s", "wide"), r"'dq' quantises to int32; element types with a format are int2 to int16"),
    "odd clip": (
        qdq("dq", "x", "y", "s", "z", clip=("low", "high")),
        r"'dq' has the codes -3 to 9, which are no word; fixed\(5,0\) has -16 to 15",
    ),
    "codes leave": (
        [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"], "q")],
        r"no formats for the codes 'y' are an output",
    ),
    "codes are read": (
        [
            helper.make_node("QuantizeLinear", ["x", "s", "z"], ["c"], "q"),
            helper.make_node("Transpose", ["c"], ["turned"], "turn"),
            helper.make_node("DequantizeLinear", ["turned", "s", "z"], ["y"], "dq"),
        ],
        r"Transpose 'turn' reads the codes 'c'; DequantizeLinear 'dq' reads 'turned', neither stored codes nor those",
    ),
    "integer arithmetic": (
        [
            helper.make_node("DynamicQuantizeLinear", ["x"], ["c", "cs", "cz"], "dyn"),
            helper.make_node("MatMulInteger", ["c", "wide_w"], ["i"], "product"),
            helper.make_node("Cast", ["i"], ["y"], "cast", to=1),
        ],
        r"DynamicQuantizeLinear 'dyn' computes with codes.*; MatMulInteger 'product' computes with codes",
    ),
    "truncation": (
        [quant("t", "x", "y", "s", "s", "s", "s", operator="Trunc")],
        r"qonnx.custom_op.general.Trunc 't' is not read; Quant, IntQuant, BipolarQuant and FloatQuant are",
    ),
    "a float that overflows": (
        [quant("q", "x", "y", "s", "f4", "f3", "f7", "f480", operator="FloatQuant", has_subnormal=1, saturation=0)],
        r"'q' does not saturate, has no subnormal numbers or no mantissa",
    ),
    "a float with another end": (
        [quant("q", "x", "y", "s", "f4", "f3", "f7", "f4", operator="FloatQuant", has_subnormal=1)],
        r"'q' has the largest value 4.0; that of float\(4,3\) is 480.0",
    ),
    "a float with infinities": (
        [quant("q", "x", "y", "s", "f4", "f3", "f7", "f480", operator="FloatQuant", has_subnormal=1, has_inf=1)],
        r"'q' has infinities, but no NaN",
    ),
    "half an exponent": (
        [quant("q", "x", "y", "s", "t", "f3", "f7", "f480", operator="FloatQuant", has_subnormal=1)],
        r"'q' has 0.25 bits of exponent, 3.0 of mantissa and a bias of 7.0",
    ),
    "many exponents": (
        [quant("q", "x", "y", "s", "blocks", "f3", "f7", "f480", operator="FloatQuant", has_subnormal=1)],
        r"'q' has 4 numbers for its operand 2",
    ),
    "half a bit": ([quant("q", "x", "y", "s", "f0", "s")], r"'q' has the bit widths \[0.5\]"),
    "ceiling": (
        [quant("q", "x", "y", "s", "f0", "f4", rounding_mode="CEIL")],
        r"'q' has the rounding_mode 'CEIL'; formats have ROUND, HALF_EVEN, HALF_UP, FLOOR, DOWN",
    ),
    "narrow unsigned": (
        [quant("q", "x", "y", "s", "f0", "f4", signed=0, narrow=1)],
        r"'q' has the codes 0 to 14, which are no word; fixed\(4,0,unsigned\) has 0 to 15",
    ),
    "zero point toward zero": (
        [quant("q", "x", "y", "s", "f4", "f4", rounding_mode="DOWN")],
        r"'q' has a zero point and a rounding_mode that depends on the sign",
    ),
    "half a zero point": ([quant("q", "x", "y", "s", "s", "f4")], r"'q' has zero points that are no whole numbers"),
    "two axes": ([quant("q", "x", "y", "blocks", "f0", "f4")], r"'q' has scales of shape \(2, 2\); those of a format"),
    "no operand": ([helper.make_node("QuantizeLinear", [], ["y"], "q")], r"'q' has 0 inputs and 1 outputs"),
    "two results": (
        [helper.make_node("DequantizeLinear", ["x", "s", "z"], ["y", "y2"], "dq")],
        r"'dq' has 3 inputs and 2 outputs",
    ),
    "no zero points that fit": (linear("three", "two_z", axis=1), r"shapes \(3,\) and \(2,\), which do not fit"),
    "an integer scale": (linear("z", "z"), r"has scales of torch.int8; those read are torch.float32"),
    "two limits": (
        qdq("dq", "x", "y", "s", "z", clip=("two_z", "high")),
        r"Clip 'dq_clip' has no one integer for its limit 'two_z'",
    ),
    "an infinite zero point": ([quant("q", "x", "y", "s", "inf", "f4")], r"'q' has zero points that are no whole"),
    "an axis too many": (
        [helper.make_node("DequantizeLinear", ["wide_w", "three"], ["y"], "dq", axis=2)],
        r"'dq' has 3 scales along axis 2 of a tensor of shape \(3, 2\)",
    ),
    "a text for an axis": (
        [helper.make_node("DequantizeLinear", ["wide_w", "three"], ["y"], "dq", axis="last")],
        r"'dq' its axis is 'last', no integer",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_format_stands_for_is_refused(name: str, tmp_path: Path) -> None:
    nodes, message = REFUSED[name]
    constants = SCALE | {
        "t": single(0.25),
        "negative": single(-1),
        "blocks": single([[1, 2], [3, 4]]),
        "blocks_z": np.zeros((2, 2), np.int8),
        "wide": np.zeros((), np.int32),
        "wide_w": np.zeros((3, 2), np.uint8),
        "low": np.array(-3, np.int8),
        "high": np.array(9, np.int8),
        "three": single([1, 2, 3]),
        "two_z": np.zeros(2, np.int8),
        "inf": single(np.inf),
        "f0": single(0),
        "f3": single(3),
        "f4": single(4),
        "f7": single(7),
        "f480": single(480),
    }
    graph = graph_of(model(nodes, constants), tmp_path)
    with pytest.raises(ValueError, match=message) as error:
        take_formats(graph)
    assert "\n" not in str(error.value)
