"""Each layer computes what Caffe's source says: loops over single numbers here, torch's kernels there."""

from collections.abc import Callable
from math import ceil, prod
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adequate.network import fold_batchnorm, trace
from adequate.network.caffe import read_prototxt
from tests.network.caffe.encoding import write_weights

INPUT = 'input: "data" input_shape {{ dim: 1 {} }}\n'


def net(text: str, *shape: int) -> str:
    """A net of one layer that reads ``data``, or of several layers where the text has them."""
    layers = text if "layer {" in text else f'layer {{ name: "x" bottom: "data" top: "x" {text} }}'
    return INPUT.format(" ".join(f"dim: {size}" for size in shape)) + layers


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def run(folder: Path, text: str, x: Tensor, blobs: dict[str, list[Tensor]] | None = None) -> Tensor:
    path = folder / "net.prototxt"
    path.write_text(net(text, *x.shape[1:]))
    weights = None if blobs is None else write_weights(folder / "net.caffemodel", blobs)
    with torch.inference_mode():
        return read_prototxt(path, weights).module(x)


def pooled(x: Tensor, kernel: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int], largest: bool) -> Tensor:
    """``PoolingLayer::Reshape`` and ``Forward_cpu``, written out."""
    height, width = x.shape[2:]
    sizes = []
    for size, k, s, p in zip((height, width), kernel, stride, pad, strict=True):
        count = ceil((size + 2 * p - k) / s) + 1
        if any(pad) and (count - 1) * s >= size + p:
            count -= 1
        sizes.append(count)
    y = torch.empty(*x.shape[:2], *sizes)
    for i in range(sizes[0]):
        for j in range(sizes[1]):
            top, left = i * stride[0] - pad[0], j * stride[1] - pad[1]
            bottom, right = min(top + kernel[0], height + pad[0]), min(left + kernel[1], width + pad[1])
            area = (bottom - top) * (right - left)
            window = x[:, :, max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
            y[:, :, i, j] = window.amax((2, 3)) if largest else window.sum((2, 3)) / area
    return y


@pytest.mark.parametrize("method", ["MAX", "AVE"])
@pytest.mark.parametrize(
    ("parameters", "kernel", "stride", "pad"),
    [
        ("kernel_size: 2 stride: 2", (2, 2), (2, 2), (0, 0)),
        ("kernel_size: 3 stride: 2", (3, 3), (2, 2), (0, 0)),
        ("kernel_size: 3 stride: 2 pad: 1", (3, 3), (2, 2), (1, 1)),
        ("kernel_size: 3 pad: 1", (3, 3), (1, 1), (1, 1)),
        ("kernel_h: 3 kernel_w: 2 stride_h: 2 stride_w: 1", (3, 2), (2, 1), (0, 0)),
        ("kernel_size: 2 stride: 2 pad_h: 1 pad_w: 0", (2, 2), (2, 2), (1, 0)),
        ("kernel_size: 5 stride: 3 pad: 2", (5, 5), (3, 3), (2, 2)),
    ],
)
@pytest.mark.parametrize("size", [(6, 6), (7, 6), (8, 11), (9, 9)])
def test_pooling(
    tmp_path: Path,
    method: str,
    parameters: str,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    size: tuple[int, int],
) -> None:
    x = random(2, 3, *size)
    y = run(tmp_path, f'type: "Pooling" pooling_param {{ pool: {method} {parameters} }}', x)
    expected = pooled(x, kernel, stride, pad, method == "MAX")
    assert y.shape == expected.shape
    torch.testing.assert_close(y, expected, rtol=1e-6, atol=1e-6)  # float32 sums of at most 25 numbers


def test_global_pooling_gives_one_number_a_channel(tmp_path: Path) -> None:
    x = random(2, 3, 5, 7)
    y = run(tmp_path, 'type: "Pooling" pooling_param { pool: AVE global_pooling: true }', x)
    torch.testing.assert_close(y, x.double().mean((2, 3)).float(), rtol=1e-6, atol=1e-6)


def across(x: Tensor, size: int, alpha: float, beta: float, k: float) -> Tensor:
    """``LRNLayer::CrossChannelForward_cpu``, written out in float64."""
    x, y = x.double(), torch.empty_like(x, dtype=torch.float64)
    for c in range(x.shape[1]):
        near = x[:, max(0, c - size // 2) : c + size // 2 + 1]
        y[:, c] = x[:, c] * (k + alpha / size * near.square().sum(1)) ** -beta
    return y.float()


def within(x: Tensor, size: int, alpha: float, beta: float) -> Tensor:
    """``LRNLayer::WithinChannelForward``, written out in float64."""
    x, y = x.double(), torch.empty_like(x, dtype=torch.float64)
    r = size // 2
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            near = x[:, :, max(0, i - r) : i + r + 1, max(0, j - r) : j + r + 1]
            y[:, :, i, j] = x[:, :, i, j] * (1 + alpha * near.square().sum((2, 3)) / size**2) ** -beta
    return y.float()


def test_local_response_across_channels(tmp_path: Path) -> None:
    x = random(2, 7, 3, 3)
    y = run(tmp_path, 'type: "LRN" lrn_param { local_size: 5 alpha: 0.5 beta: 0.75 k: 2 }', x)
    torch.testing.assert_close(y, across(x, 5, 0.5, 0.75, 2.0), rtol=1e-5, atol=1e-6)
    defaults = run(tmp_path, 'type: "LRN"', x)
    torch.testing.assert_close(defaults, across(x, 5, 1.0, 0.75, 1.0), rtol=1e-5, atol=1e-6)


def test_local_response_within_channels(tmp_path: Path) -> None:
    x = random(2, 2, 5, 4)
    text = 'type: "LRN" lrn_param { local_size: 3 alpha: 0.5 beta: 0.75 norm_region: WITHIN_CHANNEL }'
    torch.testing.assert_close(run(tmp_path, text, x), within(x, 3, 0.5, 0.75), rtol=1e-5, atol=1e-6)


POINTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    'type: "ReLU"': lambda x: torch.where(x > 0, x, torch.zeros(())),
    'type: "ReLU" relu_param { negative_slope: 0.25 }': lambda x: torch.where(x > 0, x, x / 4),
    'type: "AbsVal"': lambda x: torch.where(x < 0, -x, x),
    'type: "Sigmoid"': lambda x: 1 / (1 + (-x.double()).exp()),
    'type: "TanH"': lambda x: 1 - 2 / ((2 * x.double()).exp() + 1),
    'type: "ELU" elu_param { alpha: 0.5 }': lambda x: torch.where(x > 0, x.double(), 0.5 * (x.double().exp() - 1)),
    'type: "Power" power_param { power: 2 scale: 0.5 shift: 3 }': lambda x: (3 + 0.5 * x.double()) ** 2,
    'type: "Power" power_param { scale: 0.5 }': lambda x: x / 2,
    'type: "Power"': lambda x: x,
    'type: "Dropout" dropout_param { dropout_ratio: 0.9 }': lambda x: x,
    'type: "Softmax"': lambda x: x.double().exp() / x.double().exp().sum(1, keepdim=True),
    'type: "Softmax" softmax_param { axis: -1 }': lambda x: x.double().exp() / x.double().exp().sum(3, keepdim=True),
    'type: "Flatten"': lambda x: x.reshape(2, -1),
    'type: "Flatten" flatten_param { axis: 2 }': lambda x: x.reshape(2, 4, -1),
    'type: "Flatten" flatten_param { axis: 1 end_axis: 2 }': lambda x: x.reshape(2, 8, 3),
    'type: "Reshape" reshape_param { shape { dim: 0 dim: -1 } }': lambda x: x.reshape(2, -1),
    'type: "Reshape" reshape_param { shape { dim: 1 dim: 6 dim: 4 } }': lambda x: x.reshape(2, 6, 4),
    'type: "Reshape" reshape_param { shape { dim: 0 dim: 0 dim: 6 } }': lambda x: x.reshape(2, 4, 6),
    'type: "Reshape" reshape_param { shape { dim: 6 } axis: 2 }': lambda x: x.reshape(2, 4, 6),
    'type: "Reshape" reshape_param { shape { dim: 8 } axis: 1 num_axes: 2 }': lambda x: x.reshape(2, 8, 3),
    'type: "Reshape" reshape_param { shape { dim: 2 dim: 2 } axis: 1 num_axes: 1 }': lambda x: x.reshape(2, 2, 2, 2, 3),
}


@pytest.mark.parametrize("text", POINTWISE)
def test_layers_of_one_operand(tmp_path: Path, text: str) -> None:
    x = random(2, 4, 2, 3)
    y = run(tmp_path, text, x)
    torch.testing.assert_close(y, POINTWISE[text](x).float(), rtol=1e-6, atol=1e-6)


TWO = """layer {{ name: "r" type: "ReLU" bottom: "data" top: "r" }}
    layer {{ name: "x" bottom: "data" bottom: "r" top: "x" {} }}"""
COMBINING: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    'type: "Eltwise"': lambda a, b: a + b,
    'type: "Eltwise" eltwise_param { operation: SUM coeff: 1 coeff: -0.5 }': lambda a, b: a - b / 2,
    'type: "Eltwise" eltwise_param { operation: PROD }': lambda a, b: a * b,
    'type: "Eltwise" eltwise_param { operation: MAX }': lambda a, b: torch.where(a > b, a, b),
    'type: "Concat"': lambda a, b: torch.cat([a, b], 1),
    'type: "Concat" concat_param { axis: -1 }': lambda a, b: torch.cat([a, b], 3),
    'type: "Concat" concat_param { concat_dim: 2 }': lambda a, b: torch.cat([a, b], 2),
    'type: "Scale" scale_param { axis: 0 }': lambda a, b: a * b,
    'type: "Bias" bias_param { axis: 0 }': lambda a, b: a + b,
}


@pytest.mark.parametrize("text", COMBINING)
def test_layers_of_two_operands(tmp_path: Path, text: str) -> None:
    x = random(2, 4, 2, 3)
    assert torch.equal(run(tmp_path, TWO.format(text), x), COMBINING[text](x, x.clamp(min=0)))


def test_slices(tmp_path: Path) -> None:
    parts = 'top: "a" top: "b" slice_param { slice_point: 1 }'
    text = f"""layer {{ name: "x" type: "Slice" bottom: "data" {parts} }}
        layer {{ name: "y" type: "Concat" bottom: "b" bottom: "a" top: "y" }}"""
    x = random(2, 4, 2, 3)
    assert torch.equal(run(tmp_path, text, x), torch.cat([x[:, 1:], x[:, :1]], 1))
    equal = text.replace("slice_param { slice_point: 1 }", "")
    assert torch.equal(run(tmp_path, equal, x), torch.cat([x[:, 2:], x[:, :2]], 1))


def convolved(x: Tensor, w: Tensor, b: Tensor, s: int, p: int, d: int, groups: int) -> Tensor:
    """A convolution as its definition, in float64."""
    x = nn.functional.pad(x.double(), (p, p, p, p))
    height, width = (((size - d * (k - 1) - 1) // s) + 1 for size, k in zip(x.shape[2:], w.shape[2:], strict=True))
    y = b.double().reshape(1, -1, 1, 1).repeat(len(x), 1, height, width)
    per_in, per_out = w.shape[1], w.shape[0] // groups
    for o in range(w.shape[0]):
        for c in range(per_in):
            source = x[:, o // per_out * per_in + c]
            for i in range(w.shape[2]):
                for j in range(w.shape[3]):
                    part = source[:, i * d : i * d + s * (height - 1) + 1 : s, j * d : j * d + s * (width - 1) + 1 : s]
                    y[:, o] += w[o, c, i, j].double() * part
    return y.float()


@pytest.mark.parametrize(
    ("s", "p", "d", "groups"), [(1, 0, 1, 1), (2, 1, 1, 1), (1, 2, 2, 1), (2, 1, 1, 2), (1, 1, 1, 4)]
)
def test_convolution(tmp_path: Path, s: int, p: int, d: int, groups: int) -> None:
    x, w, b = random(2, 4, 7, 6), random(8, 4 // groups, 3, 3, seed=1), random(8, seed=2)
    parameters = f"num_output: 8 kernel_size: 3 stride: {s} pad: {p} dilation: {d} group: {groups}"
    y = run(tmp_path, f'type: "Convolution" convolution_param {{ {parameters} }}', x, {"x": [w, b]})
    torch.testing.assert_close(y, convolved(x, w, b, s, p, d, groups), rtol=1e-5, atol=1e-5)


def test_convolution_of_another_window_in_each_direction(tmp_path: Path) -> None:
    parameters = "num_output: 5 bias_term: false kernel_h: 3 kernel_w: 1 stride_h: 2 stride_w: 1 pad_h: 1 pad_w: 0"
    x, w = random(1, 2, 8, 8), random(5, 2, 3, 1)
    y = run(tmp_path, f'type: "Convolution" convolution_param {{ {parameters} }}', x, {"x": [w]})
    assert torch.equal(y, nn.functional.conv2d(x, w, stride=(2, 1), padding=(1, 0)))
    twice = parameters.replace("kernel_h: 3 kernel_w: 1", "kernel_size: [3, 1]")
    assert torch.equal(run(tmp_path, f'type: "Convolution" convolution_param {{ {twice} }}', x, {"x": [w]}), y)


@pytest.mark.parametrize("dimensions", [1, 3])
def test_convolutions_of_other_dimensions(tmp_path: Path, dimensions: int) -> None:
    x, w = random(2, 2, *[5] * dimensions), random(3, 2, *[3] * dimensions)
    text = 'type: "Convolution" convolution_param { num_output: 3 kernel_size: 3 bias_term: false }'
    function = nn.functional.conv1d if dimensions == 1 else nn.functional.conv3d
    assert torch.equal(run(tmp_path, text, x, {"x": [w]}), function(x, w))


def test_deconvolution_is_the_convolutions_transpose(tmp_path: Path) -> None:
    """<deconvolution(x), z> = <x, convolution(z)> for every z."""
    x, w, z = random(1, 4, 5, 5), random(4, 3, 4, 4, seed=1), random(1, 6, 10, 10, seed=2)
    parameters = "num_output: 6 kernel_size: 4 stride: 2 pad: 1 group: 2 bias_term: false"
    y = run(tmp_path, f'type: "Deconvolution" convolution_param {{ {parameters} }}', x, {"x": [w]})
    back = convolved(z, w, torch.zeros(4), 2, 1, 1, 2)
    assert y.shape == z.shape
    assert (y * z).sum().item() == pytest.approx((x * back).sum().item(), rel=1e-4)


@pytest.mark.parametrize(("axis", "transpose"), [(1, False), (1, True), (2, False), (-1, True)])
def test_inner_product(tmp_path: Path, axis: int, transpose: bool) -> None:
    x, b = random(2, 3, 4, 5), random(7, seed=2)
    axis_ = axis % 4
    w = random(7, prod(x.shape[axis_:]), seed=1)
    parameters = f"num_output: 7 axis: {axis} transpose: {str(transpose).lower()}"
    blobs = {"x": [w.T.contiguous() if transpose else w, b]}
    y = run(tmp_path, f'type: "InnerProduct" inner_product_param {{ {parameters} }}', x, blobs)
    torch.testing.assert_close(y, x.flatten(axis_) @ w.T + b, rtol=1e-5, atol=1e-5)


def test_blobs_of_old_files_have_ones_in_front(tmp_path: Path) -> None:
    x, w, b = random(2, 3, 2, 2), random(7, 12, seed=1), random(7, seed=2)
    text = 'type: "InnerProduct" inner_product_param { num_output: 7 }'
    old = run(tmp_path, text, x, {"x": [w[None, None], b[None, None, None]]})
    assert torch.equal(old, run(tmp_path, text, x, {"x": [w, b]}))


@pytest.mark.parametrize("shared", [False, True])
def test_prelu(tmp_path: Path, shared: bool) -> None:
    x, slope = random(2, 3, 2, 2), random(1 if shared else 3, seed=1)
    y = run(tmp_path, f'type: "PReLU" prelu_param {{ channel_shared: {str(shared).lower()} }}', x, {"x": [slope]})
    assert torch.equal(y, torch.where(x > 0, x, x * slope.reshape(-1, 1, 1)))


@pytest.mark.parametrize(
    ("axis", "num_axes", "shape"), [(1, 1, (3, 1, 1)), (1, 2, (3, 4, 1)), (2, -1, (4, 5)), (1, 0, ())]
)
def test_scale_and_bias(tmp_path: Path, axis: int, num_axes: int, shape: tuple[int, ...]) -> None:
    x, w, b = random(2, 3, 4, 5), random(*shape, seed=1), random(*shape, seed=2)
    stored = [one.squeeze() for one in (w, b)]
    which = f"axis: {axis} num_axes: {num_axes}"
    y = run(tmp_path, f'type: "Scale" scale_param {{ {which} bias_term: true }}', x, {"x": stored})
    assert torch.equal(y, x * w + b)
    y = run(tmp_path, f'type: "Bias" bias_param {{ {which} }}', x, {"x": stored[1:]})
    assert torch.equal(y, x + b)


BATCH_NORM = """layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 3 kernel_size: 1 bias_term: false } }
    layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" batch_norm_param { eps: 0.001 } }
    layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }"""


def batch_norm_blobs(factor: float) -> dict[str, list[Tensor]]:
    mean, variance = random(3, seed=1), random(3, seed=2).square() + 0.5
    return {
        "conv": [random(3, 2, 1, 1, seed=3)],
        "bn": [mean * factor, variance * factor, torch.tensor([factor])],
        "scale": [random(3, seed=4), random(3, seed=5)],
    }


def test_batch_norm_with_its_scale(tmp_path: Path) -> None:
    """Statistics are stored times a factor; the scale is the batch norm's own weight and bias, and folds with it."""
    x, blobs = random(2, 2, 4, 4), batch_norm_blobs(8.0)
    y = run(tmp_path, BATCH_NORM, x, blobs)
    mean, variance = (blob.double() / 8 for blob in blobs["bn"][:2])
    z = nn.functional.conv2d(x, blobs["conv"][0]).double()
    normal = (z - mean.reshape(-1, 1, 1)) / (variance.reshape(-1, 1, 1) + 0.001).sqrt()
    expected = normal * blobs["scale"][0].reshape(-1, 1, 1) + blobs["scale"][1].reshape(-1, 1, 1)
    torch.testing.assert_close(y, expected.float(), rtol=1e-5, atol=1e-5)

    model = read_prototxt(tmp_path / "net.prototxt", tmp_path / "net.caffemodel")
    network = trace(model.module, model.example)
    assert [layer.name for layer in network.layers] == ["conv", "bn"]
    folded = fold_batchnorm(network)
    assert [layer.name for layer in folded.layers] == ["conv"]
    torch.testing.assert_close(folded.graph(x), y, rtol=1e-5, atol=1e-5)


def test_batch_norm_without_statistics_yet(tmp_path: Path) -> None:
    """A factor of 0 makes them 0 (``batch_norm_layer.cpp``), and the epsilon is all that divides."""
    x, blobs = random(2, 2, 4, 4), batch_norm_blobs(0.0)
    y = run(tmp_path, BATCH_NORM.rpartition("layer {")[0], x, blobs)
    torch.testing.assert_close(y, nn.functional.conv2d(x, blobs["conv"][0]) / 0.001**0.5, rtol=1e-5, atol=1e-5)


def test_a_scale_whose_batch_norm_is_read_elsewhere_stays_a_layer(tmp_path: Path) -> None:
    text = BATCH_NORM.replace('top: "conv" scale_param', 'top: "scaled" scale_param')
    text += ' layer { name: "sum" type: "Eltwise" bottom: "conv" bottom: "scaled" top: "sum" }'
    x, blobs = random(2, 2, 4, 4), batch_norm_blobs(1.0)
    alone = run(tmp_path, BATCH_NORM.rpartition("layer {")[0], x, blobs)
    w, b = (blob.reshape(-1, 1, 1) for blob in blobs["scale"])
    assert torch.equal(run(tmp_path, text, x, blobs), alone + (alone * w + b))
