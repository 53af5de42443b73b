"""Every operator against onnxruntime, over opsets that write it differently."""

# ruff: noqa: E501 (tables, a case a line)

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from _pytest.mark import ParameterSet
from onnx import helper

from adequate.network.onnx import read_onnx
from tests.network.onnx.models import by_onnxruntime, model_of, normal, saved, tensors


@dataclass(frozen=True)
class Case:
    """One node ``operator(x, *constants)``; an empty constant is an absent operand, ``operands`` are more inputs."""

    operator: str
    x: np.ndarray
    constants: tuple[np.ndarray | None, ...] = ()
    attributes: dict[str, object] = field(default_factory=dict)
    opset: int = 17
    operands: tuple[np.ndarray, ...] = ()
    outputs: int = 1

    def __str__(self) -> str:
        return "-".join([self.operator, str(self.opset), *(f"{k}={v}" for k, v in self.attributes.items())])


def integers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


IMAGE = normal(2, 4, 9, 7)
KERNEL = normal(6, 4, 3, 3, seed=1)
BIAS = normal(6, seed=2)
LINE, VOLUME = normal(2, 4, 11), normal(2, 4, 5, 6, 7)
MATRIX = normal(5, 8)
POSITIVE = np.abs(IMAGE) + np.float32(0.5)
CHANNELS = [normal(4, seed=s) for s in range(3)] + [np.abs(normal(4, seed=3)) + np.float32(0.1)]

CONVOLUTIONS = [
    Case("Conv", IMAGE, (KERNEL, BIAS)),
    Case("Conv", IMAGE, (KERNEL, BIAS), {"pads": [1, 1, 1, 1], "strides": [2, 1], "dilations": [1, 2]}, 9),
    Case("Conv", IMAGE, (KERNEL,), {"pads": [0, 1, 2, 3], "kernel_shape": [3, 3]}, 11),
    *[Case("Conv", IMAGE, (KERNEL,), {"auto_pad": p, "strides": s}) for p in ("SAME_UPPER", "SAME_LOWER", "VALID") for s in ([1, 1], [2, 2])],
    Case("Conv", IMAGE, (normal(4, 2, 4, 2), normal(4)), {"group": 2, "auto_pad": "SAME_LOWER"}),
    Case("Conv", LINE, (normal(3, 4, 3),), {"pads": [2, 0]}),
    Case("Conv", VOLUME, (normal(4, 1, 2, 3, 3), normal(4)), {"group": 4, "pads": [1, 1, 1, 1, 1, 1]}),
    Case("ConvTranspose", IMAGE, (normal(4, 3, 3, 3), normal(3)), {"strides": [2, 2], "output_padding": [1, 1], "pads": [1, 1, 1, 1]}),
    Case("ConvTranspose", IMAGE, (normal(4, 3, 3, 3), normal(3)), {"strides": [2, 3], "pads": [0, 1, 1, 2]}),
    Case("ConvTranspose", IMAGE, (normal(4, 3, 3, 3), normal(3)), {"strides": [2, 2], "output_shape": [18, 14]}),
    Case("ConvTranspose", IMAGE, (normal(4, 3, 3, 3),), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    Case("ConvTranspose", LINE, (normal(4, 2, 3),), {"group": 2, "dilations": [2]}, 9),
]  # fmt: skip

POOLINGS = [
    Case("MaxPool", IMAGE, (), {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]}),
    Case("MaxPool", IMAGE, (), {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}, 10),
    Case("MaxPool", IMAGE, (), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1], "ceil_mode": 1}),
    Case("MaxPool", IMAGE, (), {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, 9),
    Case("MaxPool", LINE, (), {"kernel_shape": [3], "dilations": [2]}),
    Case("AveragePool", IMAGE, (), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    Case("AveragePool", IMAGE, (), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, 9),
    Case("AveragePool", IMAGE, (), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 1, 1, 0]}),
    Case("AveragePool", IMAGE, (), {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}, 11),
    Case("AveragePool", IMAGE, (), {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    Case("AveragePool", IMAGE, (), {"kernel_shape": [2, 2], "dilations": [2, 3]}, 19),
    Case("AveragePool", VOLUME, (), {"kernel_shape": [2, 2, 2], "strides": [2, 2, 2]}),
    Case("LpPool", IMAGE, (), {"kernel_shape": [3, 2], "p": 3, "pads": [1, 0, 1, 0]}),
    *[Case(operator, IMAGE) for operator in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")],
]  # fmt: skip

NORMALIZATIONS = [
    *[Case("BatchNormalization", IMAGE, tuple(CHANNELS), {"epsilon": 1e-3}, opset) for opset in (9, 14, 15)],
    Case("InstanceNormalization", IMAGE, tuple(CHANNELS[:2])),
    Case("LayerNormalization", IMAGE, (normal(7), normal(7, seed=1))),
    Case("LayerNormalization", IMAGE, (normal(9, 7),), {"axis": 2}),
    Case("GroupNormalization", IMAGE, tuple(CHANNELS[:2]), {"num_groups": 2}, 21),
    Case("LRN", IMAGE, (), {"size": 3, "alpha": 0.02, "beta": 0.6, "bias": 2.0}),
    Case("LpNormalization", IMAGE, (), {"axis": 1, "p": 2}),
    Case("MeanVarianceNormalization", IMAGE),
]

ACTIVATIONS = [
    *[Case(operator, IMAGE) for operator in (
        "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "HardSigmoid", "HardSwish", "Sigmoid", "Tanh",
        "Softplus", "Softsign", "Shrink", "Softmax", "LogSoftmax", "Hardmax", "Erf", "Neg", "Abs", "Exp", "Floor",
        "Ceil", "Round", "Sign", "Sin", "Cos", "Identity")],
    *[Case(operator, POSITIVE) for operator in ("Log", "Sqrt", "Reciprocal")],
    *[Case(o, IMAGE, (), {"axis": a}, s) for o in ("Softmax", "LogSoftmax", "Hardmax") for a, s in ((1, 11), (3, 9), (1, 13))],
    *[Case("Gelu", IMAGE, (), {"approximate": a}, 20) for a in ("none", "tanh")],
    Case("Mish", IMAGE, (), {}, 18),
    Case("LeakyRelu", IMAGE, (), {"alpha": 0.3}),
    Case("HardSigmoid", IMAGE, (), {"alpha": 1 / 6}),
    *[Case("PRelu", IMAGE, (slope,)) for slope in (normal(4, 1, 1), normal(1), normal(9, 7))],
    Case("Clip", IMAGE, (), {"min": 0.0, "max": 0.5}, 9),
    Case("Clip", IMAGE, (np.float32(-0.2), np.float32(0.5))),
    Case("Clip", IMAGE, (None, np.float32(0.5))),
]  # fmt: skip

ARITHMETIC = [
    *[Case(o, POSITIVE, operands=(normal(4, 1, 1) + 3,)) for o in ("Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean")],
    *[Case(o, IMAGE, (np.float32(0.5),)) for o in ("Add", "Sub", "Mul", "Div", "Greater", "Less", "Equal")],
    Case("Div", integers(-7, 7, 8), (integers(2, -2, 3),)),
    Case("Mod", integers(-7, 7, 8), (integers(3, -3, 3),)),
    Case("Mod", IMAGE, (np.float32(0.7),), {"fmod": 1}),
    Case("Where", IMAGE > 0, operands=(IMAGE, normal(7))),
    *[Case(o, IMAGE > 0, operands=(IMAGE > 1,)) for o in ("And", "Or", "Xor")],
    Case("Not", IMAGE > 0),
    Case("MatMul", normal(2, 3, 8), operands=(normal(2, 8, 4),)),
    Case("MatMul", normal(2, 3, 8), (normal(8, 4),)),
    *[Case("Gemm", MATRIX.T if a else MATRIX, (normal(4, 8) if b else normal(8, 4), c), {"transA": a, "transB": b, "alpha": 0.5, "beta": 2.0})
      for a in (0, 1) for b in (0, 1) for c in (normal(4), normal(1), normal(5, 4))],
    Case("Gemm", MATRIX, (normal(4, 8), normal(4)), {"transB": 1}, 9),
    Case("Einsum", normal(2, 3, 4), attributes={"equation": "bij, bkj -> bik"}, operands=(normal(2, 5, 4),)),
]  # fmt: skip

REDUCTIONS = [
    *[Case(f"Reduce{o}", POSITIVE, (), {"axes": [1, -1], "keepdims": k}, 11) for k in (0, 1)
      for o in ("Sum", "Mean", "Max", "Min", "Prod", "SumSquare", "L1", "L2", "LogSum", "LogSumExp")],
    *[Case(f"Reduce{o}", POSITIVE, (integers(2),), {"keepdims": 0}, 18) for o in ("Sum", "Mean", "Max", "L2")],
    Case("ReduceSum", POSITIVE, (integers(0, 2),), {}, 13),
    Case("ReduceMean", POSITIVE),
    Case("ReduceSum", POSITIVE, (None,), {"noop_with_empty_axes": 1}, 13),
    *[Case(o, IMAGE, (), {"axis": 2, "keepdims": 0}) for o in ("ArgMax", "ArgMin")],
    Case("TopK", IMAGE, (integers(3),), {"axis": 2}, 11, outputs=2),
    *[Case("CumSum", IMAGE, (np.int64(2),), {"exclusive": e, "reverse": r}) for e in (0, 1) for r in (0, 1)],
]  # fmt: skip

MOVEMENTS = [
    Case("Concat", IMAGE, operands=(normal(2, 3, 9, 7),), attributes={"axis": 1}),
    Case("Split", IMAGE, (), {"axis": 2, "split": [4, 5]}, 11, outputs=2),
    Case("Split", IMAGE, (integers(1, 3),), {"axis": 1}, 13, outputs=2),
    Case("Split", IMAGE, (), {"axis": 1}, 13, outputs=2),
    Case("Split", IMAGE, (), {"axis": 2, "num_outputs": 2}, 18, outputs=2),
    Case("Slice", IMAGE, (), {"starts": [1, -3], "ends": [3, 1000], "axes": [1, 2]}, 9),
    Case("Slice", IMAGE, (integers(-1, 1), integers(-1000, 6), integers(2, 3), integers(-2, 2)), {}, 10),
    Case("Gather", IMAGE, (integers(1, -1),), {"axis": 1}),
    Case("Gather", IMAGE, (np.int64(2),), {"axis": 2}),
    Case("Gather", MATRIX, operands=(np.array([[0, 4], [2, 2]]),)),
    Case("GatherElements", MATRIX, operands=(np.array([[0, 1], [-1, 3]]),), attributes={"axis": 1}),
    Case("GatherND", IMAGE, operands=(np.array([[0, 1], [1, -1]]),)),
    Case("GatherND", IMAGE, operands=(np.array([[1], [-1]]),), attributes={"batch_dims": 1}),
    Case("ScatterElements", MATRIX, operands=(np.array([[0, 1]]), normal(1, 2)), attributes={"axis": 1}),
    Case("ScatterND", MATRIX, operands=(np.array([[1], [3]]), normal(2, 8)), opset=16),
    Case("Transpose", IMAGE, (), {"perm": [0, 2, 3, 1]}),
    Case("Transpose", IMAGE),
    *[Case("Reshape", IMAGE, (integers(*shape),)) for shape in ((0, -1), (2, 2, 2, -1), (-1,), (0, 0, 63))],
    *[Case("Flatten", IMAGE, (), {"axis": axis}) for axis in (0, 1, 2, 4, -1)],
    Case("Squeeze", normal(2, 1, 3, 1), (), {"axes": [1]}, 11),
    Case("Squeeze", normal(2, 1, 3, 1), (integers(-1),), {}, 13),
    Case("Squeeze", normal(2, 1, 3, 1)),
    Case("Unsqueeze", MATRIX, (), {"axes": [0, 3]}, 11),
    Case("Unsqueeze", MATRIX, (integers(-1, 1),), {}, 13),
    Case("Expand", normal(3, 1), (integers(2, 1, 5),)),
    Case("Tile", MATRIX, (integers(2, 3),)),
    Case("Pad", IMAGE, (), {"pads": [0, 0, 1, 2, 0, 0, 3, 0], "value": 1.5}, 9),
    Case("Pad", IMAGE, (integers(0, 1, 1, 2, 0, 0, 3, -1), np.float32(2)), {}, 13),
    *[Case("Pad", IMAGE, (integers(*pads),), {"mode": mode}) for mode in ("reflect", "edge")
      for pads in ((0, 0, 1, 2, 0, 0, 3, 0), (1, 2, 1, 2, 0, 1, 3, 0))],
    *[Case("DepthToSpace", IMAGE, (), {"blocksize": 2, "mode": mode}, 13) for mode in ("DCR", "CRD")],
    Case("SpaceToDepth", normal(2, 3, 4, 6), (), {"blocksize": 2}),
    Case("Cast", IMAGE, (), {"to": 7}),
    Case("Dropout", IMAGE, (), {"ratio": 0.4}, 11),
    Case("Trilu", normal(2, 5, 5), (np.int64(1),), {"upper": 0}),
    Case("OneHot", integers(0, 2, -1), (np.int64(4), np.array([1.0, 3.0], np.float32))),
]  # fmt: skip

COORDINATES = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
RESIZES = [
    *[Case("Resize", IMAGE, (None, np.array([1, 1, *s], np.float32)), {"mode": m, "coordinate_transformation_mode": c}, 13)
      for m in ("nearest", "linear", "cubic") for c in COORDINATES for s in ((2, 2), (1.5, 0.7))],
    *[Case("Resize", IMAGE, (np.zeros(0, np.float32), np.array([1, 1, 0.6, 1.7], np.float32)), {"nearest_mode": n}, 11)
      for n in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")],
    *[Case("Resize", IMAGE, (None, None, integers(2, 4, 5, 14)), {"mode": m}, 13) for m in ("nearest", "linear", "cubic")],
    Case("Resize", IMAGE, (np.array([1, 1, 2, 3], np.float32),), {"mode": "nearest"}, 10),
    Case("Resize", IMAGE, (None, np.array([1, 1, 1.5, 0.7], np.float32)), {"mode": "cubic", "exclude_outside": 1}, 13),
    Case("Upsample", IMAGE, (np.array([1, 1, 2, 3], np.float32),), {"mode": "linear"}, 9),
    Case("Upsample", IMAGE, (np.array([1, 1, 10 / 9, 10 / 7], np.float32),), {"mode": "linear"}, 9),  # 10 x 10 in float32, else 9
    Case("Resize", IMAGE, (None, np.array([1, 1, 1.5, 10 / 7], np.float32)), {"mode": "linear"}, 13),
]  # fmt: skip

CASES = [
    *CONVOLUTIONS,
    *POOLINGS,
    *NORMALIZATIONS,
    *ACTIVATIONS,
    *ARITHMETIC,
    *REDUCTIONS,
    *MOVEMENTS,
    *RESIZES,
]


def by_speed(cases: list[Case]) -> list[ParameterSet]:
    """The first case of every operator as an opset writes it, then all the others, which are slow together."""
    seen: set[tuple[str, int]] = set()
    marked = []
    for case in cases:
        key = (case.operator, case.opset)
        marked.append(pytest.param(case, id=str(case), marks=[pytest.mark.slow] if key in seen else []))
        seen.add(key)
    return marked


@pytest.mark.parametrize("case", by_speed(CASES))
def test_an_operator_computes_what_onnxruntime_computes(case: Case, tmp_path: Path) -> None:
    inputs = {"x": np.ascontiguousarray(case.x)} | {f"x{i}": x for i, x in enumerate(case.operands)}
    constants = {f"c{i}": c for i, c in enumerate(case.constants) if c is not None}
    names = [*inputs, *(f"c{i}" if c is not None else "" for i, c in enumerate(case.constants))]
    outputs = [f"y{i}" for i in range(case.outputs)]
    node = helper.make_node(case.operator, names, outputs, name="node", **case.attributes)
    path = saved(model_of([node], inputs, constants, outputs, case.opset), tmp_path)
    module, _ = read_onnx(path)
    with torch.no_grad():
        results = module(*tensors(inputs))
    results = results if isinstance(results, tuple) else (results,)
    for result, wanted in zip(results, by_onnxruntime(path, inputs), strict=True):
        # both are float32, in sums of another order; the coordinates of Resize are products of float32 as well
        np.testing.assert_allclose(result.numpy(), wanted, rtol=1e-4, atol=2e-5)
        assert result.numpy().dtype == wanted.dtype
