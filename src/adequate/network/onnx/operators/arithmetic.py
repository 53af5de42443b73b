"""Arithmetic, element by element, with ONNX's broadcasting, which is torch's."""

from collections.abc import Callable
from functools import reduce
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from adequate.network.onnx.operator import Operand

UNARY = {
    "Neg": torch.neg,
    "Abs": torch.abs,
    "Exp": torch.exp,
    "Log": torch.log,
    "Sqrt": torch.sqrt,
    "Reciprocal": torch.reciprocal,
    "Erf": torch.erf,
    "Floor": torch.floor,
    "Ceil": torch.ceil,
    "Round": torch.round,
    "Sign": torch.sign,
    "Sin": torch.sin,
    "Cos": torch.cos,
    "Tan": torch.tan,
    "Asin": torch.asin,
    "Acos": torch.acos,
    "Atan": torch.atan,
    "Sinh": torch.sinh,
    "Cosh": torch.cosh,
    "Asinh": torch.asinh,
    "Acosh": torch.acosh,
    "Atanh": torch.atanh,
    "Not": torch.logical_not,
    "IsNaN": torch.isnan,
    "Relu": torch.relu,
    "Sigmoid": torch.sigmoid,
    "Tanh": torch.tanh,
    "BitwiseNot": torch.bitwise_not,
    "HardSwish": F.hardswish,
    "Mish": F.mish,
    "Softsign": F.softsign,
}
"""Operators of one tensor without attributes. Round takes halves to even, as ONNX does."""

BINARY = {
    "Add": torch.add,
    "Sub": torch.sub,
    "Mul": torch.mul,
    "Equal": torch.eq,
    "Greater": torch.gt,
    "GreaterOrEqual": torch.ge,
    "Less": torch.lt,
    "LessOrEqual": torch.le,
    "And": torch.logical_and,
    "Or": torch.logical_or,
    "Xor": torch.logical_xor,
    "BitwiseAnd": torch.bitwise_and,
    "BitwiseOr": torch.bitwise_or,
    "BitwiseXor": torch.bitwise_xor,
}
"""Operators of two tensors without attributes."""


def div(input: Tensor, other: Operand) -> Tensor:
    """Div; integers are divided towards zero."""
    return torch.div(input, other) if input.is_floating_point() else torch.div(input, other, rounding_mode="trunc")


def pow(input: Tensor, exponent: Operand) -> Tensor:
    """Pow; the result has the base's type."""
    return torch.pow(input, exponent).to(input.dtype)


def mod(input: Tensor, other: Operand, *, fmod: int = 0) -> Tensor:
    """Mod: the remainder has the divisor's sign, with ``fmod`` the dividend's."""
    return torch.fmod(input, other) if fmod else torch.remainder(input, other)


def bit_shift(input: Tensor, other: Tensor, *, direction: Literal["LEFT", "RIGHT"]) -> Tensor:
    """BitShift: ``input`` times or divided by 2^other, what falls off the end being lost."""
    return torch.bitwise_left_shift(input, other) if direction == "LEFT" else torch.bitwise_right_shift(input, other)


def _of_many(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """A function of two tensors on any number of them, from left to right."""

    def folded(first: Tensor, *rest: Tensor) -> Tensor:
        return reduce(function, rest, first)

    return folded


def mean(first: Tensor, *rest: Tensor) -> Tensor:
    """Mean of the operands, number by number."""
    return torch.div(reduce(torch.add, rest, first), 1 + len(rest)) if rest else first


def is_inf(x: Tensor, *, detect_negative: int = 1, detect_positive: int = 1) -> Tensor:
    """IsInf: whether a number is infinite with a sign that is looked for."""
    nothing = torch.zeros_like(x, dtype=torch.bool)
    return (torch.isposinf(x) if detect_positive else nothing) | (torch.isneginf(x) if detect_negative else nothing)


def where(condition: Tensor, input: Tensor, other: Operand) -> Tensor:
    """Where: ``input`` where the condition is true, else ``other``, which may be a plain number."""
    return torch.where(condition, input, other)


ARITHMETIC = {
    "Div": div,
    "Pow": pow,
    "Mod": mod,
    "BitShift": bit_shift,
    "Min": _of_many(torch.minimum),
    "Max": _of_many(torch.maximum),
    "Sum": _of_many(torch.add),
    "Mean": mean,
    "IsInf": is_inf,
    "Where": where,
}
