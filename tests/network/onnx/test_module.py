"""From a file to a module: names, sharing, batches, sizes, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import helper

from adequate.data.mnist import read_idx
from adequate.network import trace
from adequate.network.onnx import module_of, read_graph, read_onnx
from tests.network.onnx.models import by_onnxruntime, model_of, normal, saved, tensors


def test_layers_have_the_names_of_their_nodes(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="block.0.conv", auto_pad="SAME_UPPER", strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"], name="/block/Relu"),
        helper.make_node("Relu", ["b"], ["c"], name="/block/Relu"),
        helper.make_node("Sigmoid", ["c"], ["d"]),
        helper.make_node("Sigmoid", ["d"], ["e"]),
        helper.make_node("Tanh", ["e"], ["f"], name='"]; forward'),
        helper.make_node("Neg", ["f"], ["g"], name="forward"),
        helper.make_node("Abs", ["g"], ["y"], name="block.0.conv.inner"),
    ]
    path = saved(model_of(nodes, {"x": normal(1, 2, 8, 8)}, {"w": normal(3, 2, 3, 3)}), tmp_path)
    network = trace(*read_onnx(path))
    assert [layer.name for layer in network.layers] == [
        "block.0.conv/pad",
        "block.0.conv",
        "/block/Relu",
        "/block/Relu#2",
        "Sigmoid#1",
        "Sigmoid#2",
        "__; forward".replace(";", "_"),
        "forward_",
        "block_0_conv_inner",
    ]
    assert network["block.0.conv"].weight == "block.0.conv.weight"


def test_products_by_constants_are_linear_layers(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], name="first"),
        helper.make_node("Gemm", ["a", "v", "b"], ["c"], name="second", transB=1),
        helper.make_node("Gemm", ["c", "v", "b"], ["y"], name="third", transB=1),
    ]
    constants = {"w": normal(8, 4), "v": normal(4, 4), "b": normal(4)}
    module, example = read_onnx(saved(model_of(nodes, {"x": normal(2, 8)}, constants), tmp_path))
    assert {name: tuple(p.shape) for name, p in module.named_parameters()} == {
        "first.weight": (4, 8),
        "second.weight": (4, 4),
        "second.bias": (4,),
    }
    assert module.get_parameter("second.weight") is module.get_parameter("third.weight")
    network = trace(module, example)
    assert [(layer.operation, layer.macs) for layer in network.layers] == [
        ("linear", 32),
        ("linear", 16),
        ("linear", 16),
    ]


def test_sizes_are_no_layers_and_leave_the_batch_free(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["n"], axis=0),
        helper.make_node("Unsqueeze", ["n", "axis"], ["ns"]),
        helper.make_node("Concat", ["ns", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["y"], name="flat"),
    ]
    constants = {"zero": np.int64(0), "axis": np.array([0]), "rest": np.array([-1])}
    network = trace(*read_onnx(saved(model_of(nodes, {"x": normal(1, 2, 3)}, constants), tmp_path)))
    assert [(layer.name, layer.output_shape) for layer in network.layers] == [("flat", (None, 6))]


@pytest.mark.parametrize("shape", [[1, 6], [1, -1], [-1, 6]])
def test_a_constant_batch_is_made_free(shape: list[int], tmp_path: Path) -> None:
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    module, example = read_onnx(saved(model_of(nodes, {"x": normal(1, 2, 3)}, {"shape": np.array(shape)}), tmp_path))
    assert example[0].shape == (1, 2, 3)
    x = torch.arange(24.0).reshape(4, 2, 3)
    assert torch.equal(module(x), x.reshape(4, 6))


def test_a_constant_batch_within_positions_is_made_free(tmp_path: Path) -> None:
    """Attention over (position, batch, feature) merges the batch with heads, and positions with the batch."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("Reshape", ["t", "heads"], ["h"]),
        helper.make_node("Transpose", ["h"], ["u"], perm=[1, 0, 2]),
        helper.make_node("Softmax", ["u"], ["s"], axis=1),
        helper.make_node("Transpose", ["s"], ["v"], perm=[1, 0, 2]),
        helper.make_node("Reshape", ["v", "rows"], ["r"]),
        helper.make_node("Reshape", ["r", "whole"], ["w"]),
        helper.make_node("Transpose", ["w"], ["y"], perm=[1, 0, 2]),
    ]
    constants = {"heads": np.array([5, 2, 3]), "rows": np.array([5, 6]), "whole": np.array([5, 1, 6])}
    module, _ = read_onnx(saved(model_of(nodes, {"x": normal(1, 5, 6)}, constants), tmp_path))
    x = torch.from_numpy(normal(3, 5, 6))
    torch.testing.assert_close(module(x), x.softmax(1), rtol=1e-6, atol=1e-7)  # softmax in another memory order


def test_all_unsupported_nodes_are_named_at_once(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Det", ["x"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="fine", slope=2),
        helper.make_node("Own", ["b"], ["y"], name="last", domain="mine"),
    ]
    path = saved(model_of(nodes, {"x": normal(2, 2)}), tmp_path)
    with pytest.raises(ValueError, match=r"Det 'first' is not.*Relu 'fine' has an attribute 'slope'.*mine.Own 'last'"):
        module_of(read_graph(path))


def test_the_published_mnist_network_has_its_accuracy(data_root: Path) -> None:
    """9,891 of the 10,000 test images, pixels 0 to 255 (ONNX model zoo, mnist: trained by CNTK)."""
    module, _ = read_onnx(data_root / "models/mnist_onnx/mnist-cntk.onnx")
    images = read_idx(data_root / "mnist/t10k-images-idx3-ubyte.gz")[:, None].float()
    labels = read_idx(data_root / "mnist/t10k-labels-idx1-ubyte.gz")
    with torch.no_grad():
        right = sum(
            (module(x).argmax(1) == y).sum().item() for x, y in zip(images.split(500), labels.split(500), strict=True)
        )
    assert right == 9891


@pytest.mark.parametrize("operands", [("z", "z", "v"), ("z", "m", "s"), ("z", "z", "s")])
def test_what_is_measured_is_no_parameter_even_where_one_constant_is_both(
    operands: tuple[str, str, str], tmp_path: Path
) -> None:
    nodes = [helper.make_node("BatchNormalization", ["x", "s", *operands], ["y"], name="norm")]
    positive = np.array([0.5, 1.0, 2.0], np.float32)
    constants = {"s": positive, "v": positive[::-1].copy(), "z": normal(3), "m": normal(3, seed=1)}
    inputs = {"x": normal(2, 3, 4, 4)}
    path = saved(model_of(nodes, inputs, constants), tmp_path)
    module, example = read_onnx(path)
    assert [layer.operation for layer in trace(module, example).layers] == ["batch_norm"]
    assert {name for name, _ in module.named_parameters()} == {"norm.weight", "norm.bias"}
    x = tensors(inputs)[0]
    [wanted] = by_onnxruntime(path, inputs)
    before = module(x)
    assert np.allclose(before.numpy(force=True), wanted, atol=1e-6)
    with torch.no_grad():
        module.get_parameter("norm.bias").add_(1.0)
    assert torch.allclose(module(x), before + 1.0, atol=1e-5)
