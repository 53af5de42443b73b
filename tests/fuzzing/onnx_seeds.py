"""Small ONNX models as text, from opset 9 to 21; between them they meet most of what the importer does."""

import re
import struct
from collections.abc import Iterator
from math import prod
from random import Random

from onnx import ModelProto, TensorProto, parser

from tests.fuzzing.seeds import Seed

MODELS = {
    "convolutions, opset 9": """
        <ir_version: 4, opset_import: ["" : 9]>
        net (float[1,2,6,6] x) => (float[1,5] y)
        <float[3,2,3,3] w = {*}, float[3] b = {*}, float[3] g = {*}, float[3] u = {*}, float[3] v = {+},
         float[27,5] m = {*}, int64[2] s = {1, -1}>
        { [conv1] a = Conv <auto_pad = "SAME_UPPER"> (x, w, b)
          [norm] c = BatchNormalization <epsilon = 0.001> (a, g, b, u, v)
          [relu] d = Relu (c)
          [pool] e = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (d)
          [flat] f = Reshape (e, s)
          [fc] h = MatMul (f, m)
          [soft] y = Softmax (h) }""",
    "sizes, opset 13": """
        <ir_version: 7, opset_import: ["" : 13]>
        net (float[N,2,4,4] x) => (float[N,K] y, float[M] z)
        <int64[1] zero = {0}, int64[1] one = {1}, int64[1] rest = {-1}, int64[4] twice = {1, 2, 1, 1},
         int64[1] last = {9223372036854775807}, int64 index0 = {0}, int64 index = {1}>
        { [shape] s = Shape (x)
          [first] n = Slice (s, zero, one)
          [pair] t = Concat <axis = 0> (n, rest)
          [flat] f = Reshape (x, t)
          [more] u = Slice (s, one, last)
          [full] c = Concat <axis = 0> (one, u)
          [filled] o = ConstantOfShape <value = float[1] {0.5}> (c)
          [spread] e = Expand (o, s)
          [tiled] i = Tile (e, twice)
          [mean] r = ReduceMean <axes = [2, 3], keepdims = 0> (i)
          [both] y = Concat <axis = 1> (f, r)
          k = Constant <value_ints = [0, 2]> ()
          [step] p = Gather (k, index)
          [count] l = Squeeze (n)
          [range] q = Range (index0, l, p)
          [cast] z = Cast <to = 1> (q) }""",
    "constants, opset 17": """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N,8] x) => (float[N,8] y)
        <int64[2] size = {2, 4}, int64[1] eight = {8}, int64[2] reps = {1, 1}, float three = {3.0}>
        { [fill] a = ConstantOfShape <value = float[1] {0.25}> (size)
          [tile] b = Tile (a, reps)
          [flat] c = Reshape (b, eight)
          [pow] d = Pow (c, three)
          [clip] e = Clip (x, , three)
          [sum] f = Add (e, d)
          [where0] g = Greater (f, d)
          [where] h = Where (g, f, d)
          [gelu0] i = Erf (h)
          [gelu] y = Mul (h, i) }""",
    "images, opset 13": """
        <ir_version: 7, opset_import: ["" : 13]>
        net (float[N,4,4,4] x) => (float[N,C,H,W] y)
        <float[4] scales = {1.0, 1.0, 2.0, 2.0}, int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}, float fill = {0.0},
         float[4,2,2,2] w = {*}, int64[4] sizes = {1, 1, 5, 5}, int64[2] cut = {2, 2}>
        { [grown] a = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel"> (x, , scales)
          [padded] b = Pad <mode = "constant"> (a, pads, fill)
          [up] c = ConvTranspose <strides = [2, 2], group = 2, output_padding = [1, 1]> (b, w)
          [lrn] d = LRN <size = 3> (c)
          [halves] e, f = Split <axis = 1> (d, cut)
          [sum] g = Add (e, f)
          [mean] h = AveragePool <kernel_shape = [3, 3], ceil_mode = 1, strides = [2, 2], count_include_pad = 1> (g)
          [depth] i = Concat <axis = 1> (h, h)
          [space] j = DepthToSpace <blocksize = 2> (i)
          [turned] y = Transpose <perm = [0, 1, 3, 2]> (j) }""",
    "upsample, opset 9": """
        <ir_version: 4, opset_import: ["" : 9]>
        net (float[1,2,3,3] x) => (float[1,2,6,6] y)
        <float[4] scales = {1.0, 1.0, 2.0, 2.0}>
        { [up] a = Upsample <mode = "nearest"> (x, scales)
          [act] b = LeakyRelu <alpha = 0.1> (a)
          [squeezed] c = Squeeze <axes = [0]> (b)
          [back] y = Unsqueeze <axes = [0]> (c) }""",
    "recurrent, opset 14": """
        <ir_version: 7, opset_import: ["" : 14]>
        net (float[5,N,3] x) => (float[N,4] y)
        <float[1,8,3] w = {*}, float[1,8,2] r = {*}, float[1,16] b = {*}, float[2,4] m = {*}, float[4] c = {*},
         int64[1] zero = {0}>
        { [lstm] h, last, cell = LSTM <hidden_size = 2> (x, w, r, b)
          [flat] f = Squeeze (last, zero)
          [fc] y = Gemm <alpha = 0.5> (f, m, c) }""",
    "indices, opset 18": """
        <ir_version: 8, opset_import: ["" : 18]>
        net (float[N,4,6] x) => (float[N,A,B] y, int64[N,4] z)
        <int64[2] picks = {0, -1}, int64[1] two = {2}, float[6,6] w = {*}, float[6] g = {*}, float depth = {1.0}>
        { [gathered] a = Gather <axis = 1> (x, picks)
          [normal] b = LayerNormalization <axis = -1> (a, g, g)
          [product] c = Einsum <equation = "nij,jk->nik"> (b, w)
          [sums] d = ReduceSum <keepdims = 1> (c, two)
          [scaled] e = Div (c, d)
          [running] f = CumSum (e, two)
          [upper] h = Trilu (f)
          [one] i = Softmax <axis = -1> (h)
          [y] y = Max (i, c, d)
          [best] z = ArgMax <axis = 2, keepdims = 0> (x) }""",
    "quantised, opset 13": """
        <ir_version: 7, opset_import: ["" : 13]>
        net (float[N,2,4,4] x) => (float[N,3,2,2] y)
        <float s = {0.05}, uint8 z = {3}, float[3] ws = {0.01, 0.02, 0.03}, int8[3] wz = {0, 0, 0},
         int8[3,2,3,3] w = {*}, int32[3] b = {1, 2, 3}, float[3] bs = {0.0005, 0.001, 0.0015}, int32[3] bz = {0, 0, 0}>
        { [xq] a = QuantizeLinear (x, s, z)
          [xd] c = DequantizeLinear (a, s, z)
          [wd] d = DequantizeLinear <axis = 0> (w, ws, wz)
          [bd] e = DequantizeLinear <axis = 0> (b, bs, bz)
          [conv] f = Conv (c, d, e)
          [relu] g = Relu (f)
          [yq] h = QuantizeLinear (g, s, z)
          [yd] y = DequantizeLinear (h, s, z) }""",
    "QCDQ, opset 21": """
        <ir_version: 10, opset_import: ["" : 21]>
        net (float[N,4] x) => (float[N,2] y)
        <float s = {0.125}, int8 z = {0}, int8 low = {-4}, int8 high = {3}, float[4,2] w = {*}>
        { [xq] a = QuantizeLinear (x, s, z)
          [xc] b = Clip (a, low, high)
          [xd] c = DequantizeLinear (b, s, z)
          [wq] d = QuantizeLinear (w, s, z)
          [wc] e = Clip (d, low, high)
          [wd] f = DequantizeLinear (e, s, z)
          [fc] y = MatMul (c, f) }""",
    "QONNX, opset 11": """
        <ir_version: 6, opset_import: ["" : 11, "qonnx.custom_op.general" : 1]>
        net (float[N,4] x) => (float[N,2] y)
        <float s = {0.25}, float z = {0.0}, float bits = {4.0}, float[4,2] w = {*}>
        { [xq] a = qonnx.custom_op.general.Quant <signed = 1, narrow = 0, rounding_mode = "ROUND"> (x, s, z, bits)
          [wq] b = qonnx.custom_op.general.BipolarQuant (w, s)
          [fc] y = MatMul (a, b) }""",
    "functions, opset 17": """
        <ir_version: 8, opset_import: ["" : 17, "local" : 1]>
        net (float[N,4] x) => (float[N,4] y)
        { [one] a = local.twice (x)
          [two] y = local.four (a) }
        <domain: "local", opset_import: ["" : 17]>
        twice (p) => (q) { q = Add (p, p) }
        <domain: "local", opset_import: ["" : 17, "local" : 1]>
        four (p) => (q) { r = local.twice (p) q = local.twice (r) }""",
}

LOOP = """
    <ir_version: 8, opset_import: ["" : 17]>
    net (float[2] x) => (float[2] y)
    <int64 trips = {3}, bool go = {1}>
    { [loop] y = Loop (trips, go, x)
        <body = each (int64 i, bool on, float[2] v) => (bool more, float[2] w)
                { more = Identity (on) w = Add (v, v) }> }"""


def onnx_seeds(door: str) -> Iterator[Seed]:
    """Every model."""
    for name, text in MODELS.items():
        yield Seed(name, door, {"model.onnx": _model(name, text).SerializeToString(deterministic=True)})


def external_seeds() -> Iterator[Seed]:
    """A model with its tensors beside it, and one with control flow, which is refused."""
    name = "convolutions, opset 9"
    model, data = _with_external_data(_model(name, MODELS[name]))
    files = {"model.onnx": model.SerializeToString(deterministic=True), "weights.bin": data}
    yield Seed("external data", "onnx", files)
    yield Seed("control flow", "onnx", {"model.onnx": _model("loop", LOOP).SerializeToString()}, refused=True)


def _model(name: str, text: str) -> ModelProto:
    """The model of a text in which ``{*}`` are small numbers and ``{+}`` those above zero."""
    chance = Random(name)

    def numbers(match: re.Match[str]) -> str:
        kind, sizes, mark = match.groups()
        count = prod(int(size) for size in sizes.split(","))
        low, high = (1 if mark == "+" else -100), 100
        drawn = [chance.randint(low, high) for _ in range(count)]
        return f"{match[0][:-3]}{{{', '.join(str(x if kind == 'int8' else x / 128) for x in drawn)}}}"

    return parser.parse_model(re.sub(r"(\w+)\[([\d,]+)\] \w+ = \{([*+])\}", numbers, text))


def _with_external_data(model: ModelProto) -> tuple[ModelProto, bytes]:
    """The model with its float constants in one file, ``weights.bin``, and that file."""
    data = b""
    for stored in model.graph.initializer:
        if stored.data_type == TensorProto.FLOAT:
            raw = struct.pack(f"<{len(stored.float_data)}f", *stored.float_data)
            stored.ClearField("float_data")
            stored.data_location = TensorProto.EXTERNAL
            for key, value in (("location", "weights.bin"), ("offset", len(data)), ("length", len(raw))):
                stored.external_data.add(key=key, value=str(value))
            data += raw
    return model, data
