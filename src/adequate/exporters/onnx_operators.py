"""The operators of ONNX that layers become, by the function that the network's graph calls."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch.fx import Node

from adequate.exporters.onnx_call import OnnxCall, Operand
from adequate.exporters.onnx_movement import MOVEMENTS, axis_of, dims_of, integers, number
from adequate.network.graph import arguments, function_of
from adequate.network.listing import OPERATIONS

Call = Callable[[Node], OnnxCall]


def onnx_call(node: Node) -> OnnxCall:
    """The call of an operator that computes what a node of the network's graph does.

    Raises:
        ValueError: ONNX has no operator for it, or not with these arguments; the message says what it is.
    """
    return CALLS[OPERATIONS.get(function_of(node), function_of(node))](node)


def _sizes(values: Sequence[int], count: int) -> tuple[int, ...]:
    """One number a dimension, where torch may have one for all."""
    return tuple(values) * count if len(values) == 1 else tuple(values)


def _operand(value: Node | float) -> Operand:
    return value if isinstance(value, Node) else number(value)


def _convolution(node: Node) -> OnnxCall:
    a = arguments(node)
    weight, count = a["weight"], dims_of(a["weight"]) - 2
    if dims_of(a["input"]) != count + 2:
        raise ValueError("convolves an image without a batch")
    kernel = tuple(weight.meta["val"].shape[2:])
    dilations = _sizes(a["dilation"], count)
    around = [d * (k - 1) for d, k in zip(dilations, kernel, strict=True)]
    match a["padding"]:
        case "same":
            before, after = [p // 2 for p in around], [p - p // 2 for p in around]
        case "valid":
            before = after = [0] * count
        case padding:
            before = after = list(_sizes(padding, count))
    attributes = {
        "kernel_shape": kernel,
        "strides": _sizes(a["stride"], count),
        "pads": (*before, *after),
        "dilations": dilations,
        "group": a["groups"],
    }
    transposed = "output_padding" in a
    if transposed:
        attributes["output_padding"] = _sizes(a["output_padding"], count)
    return OnnxCall("ConvTranspose" if transposed else "Conv", (a["input"], weight, a["bias"]), attributes)


def _linear(node: Node) -> OnnxCall:
    a = arguments(node)
    if dims_of(a["input"]) < 2 or dims_of(a["weight"]) != 2:
        raise ValueError("multiplies a vector, not a batch of them")
    return OnnxCall("Gemm", (a["input"], a["weight"], a["bias"]), {"transB": 1}, rows=dims_of(a["input"]) > 2)


def _matmul(node: Node) -> OnnxCall:
    a = arguments(node)
    return OnnxCall("MatMul", (a["self"], a["mat2"] if "mat2" in a else a["other"]))


def _of_two(operator: str) -> Call:
    def call(node: Node) -> OnnxCall:
        a = arguments(node)
        if a.get("alpha", 1) != 1 or a.get("rounding_mode") is not None:
            raise ValueError("scales its second operand, or rounds the quotient")
        return OnnxCall(operator, (a["self"], _operand(a["other"])))

    return call


def _pow(node: Node) -> OnnxCall:
    a = arguments(node)
    return OnnxCall("Pow", (a["self"], _operand(a["exponent"])))


def _of_one(operator: str) -> Call:
    return lambda node: OnnxCall(operator, (arguments(node)["self"],))


def _clip(low: str, high: str) -> Call:
    def call(node: Node) -> OnnxCall:
        a = arguments(node)
        limits = (a.get(low), a.get(high))
        return OnnxCall("Clip", (a["self"], *(None if one is None else _operand(one) for one in limits)))

    return call


def _relu6(node: Node) -> OnnxCall:
    return OnnxCall("Clip", (arguments(node)["self"], number(0), number(6)))


def _softmax(node: Node) -> OnnxCall:
    a = arguments(node)
    if a.get("dtype") is not None:
        raise ValueError("changes the type of its numbers")
    return OnnxCall("Softmax", (a["self"],), {"axis": axis_of(a["dim"], node)})


def _pool(count: int, operator: str) -> Call:
    def call(node: Node) -> OnnxCall:
        a = arguments(node)
        if dims_of(a["self"]) != count + 2 or a.get("divisor_override") is not None:
            raise ValueError("pools an image without a batch, or divides by a number of its own")
        kernel = _sizes(a["kernel_size"], count)
        attributes = {
            "kernel_shape": kernel,
            "strides": _sizes(a["stride"], count) if a["stride"] else kernel,
            "pads": 2 * _sizes(a["padding"], count),
            "ceil_mode": int(a["ceil_mode"]),
        }
        if operator == "MaxPool":
            attributes["dilations"] = _sizes(a["dilation"], count)
        else:
            attributes["count_include_pad"] = int(a["count_include_pad"])
        return OnnxCall(operator, (a["self"],), attributes)

    return call


def _adaptive(count: int, operator: str) -> Call:
    def call(node: Node) -> OnnxCall:
        a = arguments(node)
        x, wanted = a["self"], _sizes(a["output_size"], count)
        if dims_of(x) != count + 2:
            raise ValueError("pools an image without a batch")
        if set(wanted) == {1}:
            return OnnxCall(f"Global{operator}", (x,))
        sizes = tuple(x.meta["val"].shape[2:])
        if any(not isinstance(s, int) or s % w for s, w in zip(sizes, wanted, strict=True)):
            raise ValueError(f"pools {sizes} to {wanted}, for which there are no windows of one size")
        kernel = tuple(s // w for s, w in zip(sizes, wanted, strict=True))
        return OnnxCall(operator, (x,), {"kernel_shape": kernel, "strides": kernel})

    return call


def _mean(node: Node) -> OnnxCall:
    a = arguments(node)
    if a.get("dtype") is not None:
        raise ValueError("changes the type of its numbers")
    chosen = a.get("dim") or range(dims_of(a["self"]))
    axes = integers([axis_of(d, a["self"]) for d in chosen])
    return OnnxCall("ReduceMean", (a["self"], axes), {"keepdims": int(a.get("keepdim", False))})


def _batch_norm(node: Node) -> OnnxCall:
    a = arguments(node)
    mean, variance = a["running_mean"], a["running_var"]
    if a.get("training") or mean is None or variance is None:
        raise ValueError("normalises by the batch's own mean and variance")
    channels = mean.meta["val"].shape
    weight = torch.ones(channels) if a["weight"] is None else a["weight"]
    bias = torch.zeros(channels) if a["bias"] is None else a["bias"]
    return OnnxCall("BatchNormalization", (a["input"], weight, bias, mean, variance), {"epsilon": a["eps"]})


CALLS: Mapping[str, Call] = {
    **{f"conv{kind}{d}d": _convolution for kind in ("", "_transpose") for d in (1, 2, 3)},
    "linear": _linear,
    "matmul": _matmul,
    "relu": _of_one("Relu"),
    "sigmoid": _of_one("Sigmoid"),
    "tanh": _of_one("Tanh"),
    "relu6": _relu6,
    "hardtanh": _clip("min_val", "max_val"),
    "clamp": _clip("min", "max"),
    "clamp_min": _clip("min", ""),
    "clamp_max": _clip("", "max"),
    "softmax": _softmax,
    **{f"max_pool{d}d": _pool(d, "MaxPool") for d in (1, 2, 3)},
    **{f"avg_pool{d}d": _pool(d, "AveragePool") for d in (1, 2, 3)},
    **{f"adaptive_max_pool{d}d": _adaptive(d, "MaxPool") for d in (1, 2, 3)},
    **{f"adaptive_avg_pool{d}d": _adaptive(d, "AveragePool") for d in (1, 2, 3)},
    "mean": _mean,
    "add": _of_two("Add"),
    "sub": _of_two("Sub"),
    "mul": _of_two("Mul"),
    "div": _of_two("Div"),
    "pow": _pow,
    "batch_norm": _batch_norm,
    **MOVEMENTS,
}
"""By the field's name of the function."""
