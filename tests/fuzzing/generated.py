"""Seeds of every kind, made here."""

import io
import json
import math
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn
from torch.export import Dim, export
from torch.export import save as save_program

from adequate.design import Design
from adequate.design.json import design_to_json
from adequate.formats import parse
from adequate.operators import Accumulator, Order
from adequate.ranges import LayerRanges, Range, Ranges
from adequate.run import Run
from tests.fuzzing.doors import trained_on
from tests.fuzzing.onnx_seeds import external_seeds, onnx_seeds
from tests.fuzzing.seeds import Seed
from tests.network.caffe.encoding import blob, model

NET = """name: "small"  # as Caffe writes it
input: "data"
input_shape { dim: 1 dim: 2 dim: 6 dim: 6 }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" param { lr_mult: 1.0 }
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 1 group: 2 weight_filler { type: "xavier" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv1" top: "conv1" batch_norm_param { eps: 1e-5 } }
layer { name: "scale" type: "Scale" bottom: "conv1" top: "conv1" scale_param { bias_term: true } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" relu_param { negative_slope: 0.1 } }
layer { name: "norm1" type: "LRN" bottom: "conv1" top: "norm1" lrn_param { local_size: 3 alpha: 5e-05 beta: 0.75 } }
layer { name: "pool1" type: "Pooling" bottom: "norm1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layer { name: "slice" type: "Slice" bottom: "pool1" top: "left" top: "right" slice_param { axis: 1 slice_point: 2 } }
layer { name: "sum" type: "Eltwise" bottom: "left" bottom: "right" top: "sum"
  eltwise_param { operation: SUM coeff: [1, -1] } }
layer { name: "concat" type: "Concat" bottom: "sum" bottom: "pool1" top: "concat" concat_param { axis: 1 } }
layer { name: "up" type: "Deconvolution" bottom: "concat" top: "up"
  convolution_param { num_output: 3 kernel_h: 2 kernel_w: 2 stride_h: 2 stride_w: 2 dilation: 1 } }
layer { name: "reshape" type: "Reshape" bottom: "up" top: "reshape" reshape_param { shape { dim: 0 dim: -1 } } }
layer { name: "fc" type: "FcRistretto" bottom: "reshape" top: "fc" inner_product_param { num_output: 5 }
  quantization_param { precision: DYNAMIC_FIXED_POINT bw_layer_in: 8 bw_layer_out: 8 bw_params: 4
    fl_layer_in: 5 fl_layer_out: 3 fl_params: 7 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" include { phase: TRAIN } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""

V1_NET = """input: 'data' input_dim: 1 input_dim: 1 input_dim: 5 input_dim: 5
layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv" blobs_lr: 1
  convolution_param < num_output: 2, kernel_size: 3; > }
layers { name: "tanh" type: TANH bottom: "conv" top: "conv" }
layers { name: "ip" type: INNER_PRODUCT bottom: "conv" top: "ip" inner_product_param { num_output: 0x3 } }
"""

FORMATS = (
    "fixed(8,7)",
    "fixed(8,4,unsigned,rounding=down)",
    "float(4,3)",
    "pow2(4)",
    "ternary",
    "codebook(-0.5,0.25,4.0)",
    "scaled(fixed(8,0),0.5,zero=3)",
    "scaled(fixed(4,0,narrow),(0.25,0.5,0.125),axis=0)",
)


def quick_seeds() -> list[Seed]:
    """Those that are made and read in milliseconds."""
    return [
        *onnx_seeds("onnx"),
        *external_seeds(),
        *_caffe_seeds("prototxt"),
        *_binary_seeds(),
        *_weight_seeds(),
        *_json_seeds(),
    ]


def all_seeds() -> list[Seed]:
    """Those too behind whose doors a network is followed symbolically."""
    return [*quick_seeds(), *onnx_seeds("whole onnx"), *_caffe_seeds("whole prototxt"), *_program_seeds()]


def _caffe_seeds(door: str) -> Iterator[Seed]:
    yield Seed("small", door, {"net.prototxt": NET.encode()})
    yield Seed("old", door, {"net.prototxt": V1_NET.encode()})


def _binary_seeds() -> Iterator[Seed]:
    new = {"conv": [_blob(2, 1, 3, 3), _blob(2)], "ip": [_blob(3, 18), _blob(3)]}
    old = {"conv": [_blob(2, 1, 3, 3, old=True), _blob(2, old=True)], "ip": [_blob(3, 18), _blob(3, old=True)]}
    files = {"net.prototxt": V1_NET.encode(), "net.caffemodel": model(new, "new")}
    yield Seed("with weights", "prototxt with weights", files)
    yield Seed("with old weights", "prototxt with weights", {**files, "net.caffemodel": model(old, "old")})
    yield Seed("mean image", "mean image", {"mean.binaryproto": _blob(3, 4, 4, old=True)})
    yield Seed("mean image, doubles", "mean image", {"mean.binaryproto": _blob(1, 3, 4, 4, double=True)})


def _blob(*shape: int, old: bool = False, double: bool = False) -> bytes:
    values = [(i % 17 - 8) / 8 for i in range(math.prod(shape))]
    return blob(values, shape, packed=not double, shaped=not old, double=double)


class _Convolutional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.norm = nn.BatchNorm2d(3)
        self.fc = nn.Linear(12, 4)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = nn.functional.max_pool2d(self.norm(self.conv(images)).relu(), 2)
        left, right = self.fc(x.flatten(1)).chunk(2, 1)
        return left + torch.tensor([1.0, 2.0]), right.softmax(1)


class _Sequences(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.norm = nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
        return torch.cat([y[:, :2], y.mean(1, keepdim=True).expand(-1, 3, -1)], 1).reshape(x.shape[0], -1)


def _program_seeds() -> Iterator[Seed]:
    torch.manual_seed(0)
    for name, module, example in (
        ("convolutional", _Convolutional().eval(), torch.zeros(2, 2, 6, 6)),
        ("sequences", _Sequences().eval(), torch.zeros(2, 5, 4)),
    ):
        content = _program(module, example)
        yield Seed(name, "pt2", {"program.pt2": content})
        yield Seed(name, "whole pt2", {"program.pt2": content})


def _program(module: nn.Module, example: Tensor) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.pt2"
        save_program(export(module, (example,), dynamic_shapes=({0: Dim.AUTO},)), path)
        return path.read_bytes()


def _weight_seeds() -> Iterator[Seed]:
    torch.manual_seed(0)
    state = trained_on().state_dict()
    yield Seed("safetensors", "weights", {"weights.safetensors": save_safetensors(state, {"made": "here"})})
    for name, content in (("checkpoint", {"state_dict": state}), ("bare checkpoint", state)):
        written = io.BytesIO()
        torch.save(content, written)
        yield Seed(name, "weights", {"weights.pt": written.getvalue()})
    layers = {"0": [_blob(3, 2, 3, 3), _blob(3)], "2": [_blob(2, 12), _blob(2)]}
    yield Seed("caffemodel", "weights", {"weights.caffemodel": model(layers, "new")})
    yield Seed("shared weights", "compressed weights", {"weights.net": _shared([(3, 4), (2, 3)])})


def _shared(layers: list[tuple[int, int]]) -> bytes:
    """Deep Compression's file of layers with so many biases and stored weights."""
    content = b"".join(struct.pack("<I", stored) for _, stored in layers)
    for biases, stored in layers:
        values = [i / 256 for i in range(256 + biases)]
        content += struct.pack(f"<{len(values)}f", *values) + bytes(range(1, stored + 1)) + b"\x11" * -(-stored // 2)
    return content


def _json_seeds() -> Iterator[Seed]:
    design = Design()
    for index, text in enumerate(FORMATS):
        design = design.with_layers(f"layer{index}", input=parse("fixed(8,5)"), weight=parse(text))
    design = design.with_layers("layer0", accumulator=Accumulator(parse("float(8,23)"), Order.SEQUENTIAL))
    yield Seed("design", "design", {"design.json": design_to_json(design).encode()})
    seen = Range.of(torch.tensor([-1.5, 0.0, 0.25, 3.0]))
    layer = LayerRanges("conv2d", True, seen, seen, None, seen, ((-1.0, 2.0), (0.0, 0.5)), 0, 1)
    ranges = Ranges({"conv": layer, "relu": LayerRanges("relu", False, seen)}, 3)
    yield Seed("ranges", "ranges", {"ranges.json": json.dumps({"context": "a b", **ranges.to_json()}).encode()})
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        run.claim({"job": "condense", "model": "net", "shape": [1, 2, 3]}, "condense net")
        run.conclude({"accuracy": 0.5})
        yield Seed("facts of a run", "facts of a run", {"run.json": run.facts_file.read_bytes()})
