"""Whole quantised networks against onnxruntime, integers and published accuracies."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import ModelProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from torch import Tensor

from adequate.data import load
from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.formats import Binary, Fixed, Scaled
from adequate.network import Network, trace
from adequate.network.onnx import example_inputs, module_of, read_graph
from adequate.network.onnx.quantized import design_of, take_formats
from tests.network.onnx.quantized_models import model, qdq, run, single


def read(path: Path) -> tuple[Network, Design]:
    taken = take_formats(read_graph(path))
    network = trace(module_of(taken.graph), example_inputs(taken.graph))
    return network, design_of(taken.formats, network)


def convnet(opset: int) -> ModelProto:
    """Two convolutions, one with a residual sum, pooling and two matrix products."""
    random = np.random.default_rng(0)
    sizes = {
        "w1": (8, 3, 3, 3),
        "b1": (8,),
        "w2": (8, 8, 3, 3),
        "b2": (8,),
        "w3": (128, 16),
        "b3": (16,),
        "w4": (16, 5),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["a"], "conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"], "relu1"),
        helper.make_node("MaxPool", ["b"], ["c"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["c", "w2", "b2"], ["d"], "conv2", pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["d", "c"], ["e"], "sum"),
        helper.make_node("Relu", ["e"], ["f"], "relu2"),
        helper.make_node("Flatten", ["f"], ["g"], "flat"),
        helper.make_node("Gemm", ["g", "w3", "b3"], ["h"], "fc"),
        helper.make_node("Relu", ["h"], ["i"], "relu3"),
        helper.make_node("MatMul", ["i", "w4"], ["y"], "logits"),
    ]
    weights = {name: (random.standard_normal(size) * 0.2).astype(np.float32) for name, size in sizes.items()}
    return model(nodes, weights, shape=["n", 3, 8, 8], opset=opset)


def images(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 3, 8, 8)).astype(np.float32)


class Calibration(CalibrationDataReader):
    """Four batches."""

    def __init__(self) -> None:
        self.batches: Iterator[dict[str, np.ndarray]] = iter([{"x": images(seed, 4)} for seed in range(4)])

    def get_next(self) -> dict[str, np.ndarray] | None:  # type: ignore[override]
        return next(self.batches, None)


def quantized(
    folder: Path, *, opset: int, signed: bool, symmetric: bool, per_channel: bool, affine_weights: bool = False
) -> Path:
    """``convnet`` as onnxruntime's own tool quantises it."""
    plain, path = folder / "plain.onnx", folder / "quantized.onnx"
    onnx.save(convnet(opset), plain)
    quantize_static(
        plain,
        path,
        Calibration(),
        quant_format=QuantFormat.QDQ,
        per_channel=per_channel,
        activation_type=QuantType.QInt8 if signed else QuantType.QUInt8,
        weight_type=QuantType.QUInt8 if affine_weights else QuantType.QInt8,
        extra_options={"ActivationSymmetric": symmetric, "WeightSymmetric": not affine_weights},
    )
    return path


def with_powers_of_two(path: Path) -> None:
    """Every scale of a file becomes a power of two, those of biases at least the product of the operands'.

    Zero points become odd, where ties would differ if the zero point were added before rounding.
    """
    proto = onnx.load(path)
    scales = {name for node in proto.graph.node if node.op_type == "DequantizeLinear" for name in node.input[1:2]}
    for stored in proto.graph.initializer:
        value = numpy_helper.to_array(stored)
        if stored.name in scales:
            exponents = np.log2(value.astype(np.float64))
            bias = stored.name.startswith("b") and "_quantized" in stored.name
            value = np.exp2(np.ceil(exponents) if bias else np.floor(exponents)).astype(np.float32)
        elif stored.name.endswith("_zero_point") and value.size == 1 and value != 0:
            value = value | value.dtype.type(1)
        stored.CopyFrom(numpy_helper.from_array(value, stored.name))
    onnx.save(proto, path)


KINDS = [
    {"opset": 13, "signed": False, "symmetric": False, "per_channel": False},
    {"opset": 13, "signed": True, "symmetric": False, "per_channel": True},
    {"opset": 21, "signed": True, "symmetric": True, "per_channel": True},
    {"opset": 17, "signed": False, "symmetric": False, "per_channel": False, "affine_weights": True},
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_quantize_static_with_powers_of_two_is_equal(kind: dict[str, int], tmp_path: Path) -> None:
    """Then onnxruntime's float32 arithmetic is exact as well, and nothing may differ."""
    path = quantized(tmp_path, **kind)  # type: ignore[arg-type]
    with_powers_of_two(path)
    network, design = read(path)
    x = images(99, 64)
    [reference] = run(onnx.load(path), x)
    ours = emulate(network, design)(torch.from_numpy(x)).detach().numpy()
    assert np.array_equal(ours, reference)
    assert len(np.unique(ours)) > 20
    assert all(design[name].slots().keys() >= {"input", "weight"} for name in ("conv1", "conv2", "fc", "logits"))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_quantize_static_differs_in_few_codes_by_one(kind: dict[str, int], tmp_path: Path) -> None:
    """onnxruntime adds and divides in float32: a sum a hair from a tie becomes the other code."""
    path = quantized(tmp_path, **kind)  # type: ignore[arg-type]
    network, design = read(path)
    x = images(99, 256)
    [reference] = run(onnx.load(path), x)
    ours = emulate(network, design)(torch.from_numpy(x)).detach().numpy()
    output = design["logits"].output
    assert isinstance(output, Scaled)
    steps = np.rint((ours - reference) / output.scale)
    assert np.abs(steps).max() <= 1
    assert (steps != 0).sum() <= 4  # of 1,280; found: 0 or 1


def test_a_product_is_the_integers_of_its_codes(tmp_path: Path) -> None:
    """Codes multiplied and added as integers, scaled by a real number, rounded half to even, the zero point added."""
    random = np.random.default_rng(0)
    codes, w_scale = random.integers(-128, 128, (64, 10)), random.uniform(0.001, 0.01, 10).astype(np.float32)
    constants = {
        "codes": codes.astype(np.int8),
        "ws": w_scale,
        "wz": np.zeros(10, np.int8),
        "xs": single(0.03),
        "xz": np.array(37, np.uint8),
        "ys": single(0.07),
        "yz": np.array(-5, np.int8),
    }
    nodes = [
        *qdq("x_q", "x", "a", "xs", "xz"),
        helper.make_node("DequantizeLinear", ["codes", "ws", "wz"], ["w"], "w_numbers", axis=1),
        helper.make_node("MatMul", ["a", "w"], ["b"], "fc"),
        *qdq("y_q", "b", "y", "ys", "yz"),
    ]
    proto, path = model(nodes, constants, shape=["n", 64]), tmp_path / "model.onnx"
    onnx.save(proto, path)
    x = random.uniform(-1, 6, (2000, 64)).astype(np.float32)
    x_codes = np.clip(np.rint(x.astype(np.float64) / constants["xs"]) + 37, 0, 255)
    sums = (x_codes - 37) @ codes  # integers below 2**21
    real = sums * (float(constants["xs"]) * w_scale.astype(np.float64) / float(constants["ys"]))
    expected = np.clip(np.rint(real) - 5, -128, 127)
    network, design = read(path)
    ours = emulate(network, design)(torch.from_numpy(x)).detach().numpy() / constants["ys"] - 5
    from_tie = np.abs(real - np.floor(real) - 0.5)
    assert from_tie.min() > 2.0**-31 * 2**8  # the multiplier has 31 bits, and codes 8
    assert np.array_equal(np.rint(ours), expected)
    reference = np.rint(run(proto, x)[0] / constants["ys"] - 5)
    assert (from_tie[reference != expected] < 1e-4).all()  # float32 sums of 64 products, to some 2**-20


def test_formats_are_those_of_the_file(tmp_path: Path) -> None:
    path = quantized(tmp_path, opset=13, signed=False, symmetric=False, per_channel=True)
    _, design = read(path)
    stored = {one.name: numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer}
    scales = tuple(map(float, stored["w3_scale"]))
    unsigned = Fixed(8, 0, signed=False)
    assert design["fc"] == LayerDesign(
        input=Scaled(unsigned, float(stored["f_scale"])),
        weight=Scaled(Fixed(8, 0), scales, axis=0),
        output=Scaled(unsigned, float(stored["i_scale"])),  # the tool leaves out relu3: no code is negative
    )
    assert design["logits"].output == Scaled(unsigned, float(stored["y_scale"]), int(stored["y_zero_point"]))


def mnist(data_root: Path) -> tuple[Tensor, Tensor]:
    test = load("mnist", data_root).test
    return test.images.float() / 255, test.labels


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "format", "right"), [("TFC_1W1A", Binary(), 9296), ("TFC_2W2A", Fixed(2, 0, narrow=True), 9660)]
)
def test_the_published_accuracy_of_qonnx_networks(name: str, format: object, right: int, data_root: Path) -> None:
    """QONNX model zoo; all 10,000 test images, pixels divided by 255."""
    network, design = read(data_root / "models" / "mnist_onnx" / f"{name}.onnx")
    products = network.select(operation="linear")
    assert len(products) == 4
    for layer in products:
        assert design[layer] == LayerDesign(input=format, weight=format)  # type: ignore[arg-type]
    assert [design[layer].output for layer in network.select(operation="batch_norm")] == [format] * 3
    images, labels = mnist(data_root)
    emulated = emulate(network, design)
    with torch.no_grad():
        found = torch.cat([emulated(batch).argmax(1) for batch in images.split(1000)])
    assert int((found == labels).sum()) == right
