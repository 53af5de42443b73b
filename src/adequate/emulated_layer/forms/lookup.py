"""Functions of one number: a table over the codes of the input format.

    table[code] = output.quantize(f(input.decode(code)))

f in float64, evaluated once for all codes; the emulation looks the table up, and a program holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import nan
from typing import Any, cast

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.coding import Coding
from adequate.emulated_layer.forms.form import Given, IntegerForm, formats_of
from adequate.emulated_layer.forms.multiples import has_one_scale
from adequate.formats import Format
from adequate.network import Layer
from adequate.operators import Operand
from adequate.quantization import quantize

# fmt: off
TABULATED = frozenset({
    "sigmoid", "special_expit", "log_sigmoid", "hardsigmoid", "tanh", "hardswish", "silu", "mish", "gelu", "softplus",
    "elu", "celu", "selu", "leaky_relu", "rrelu", "hardshrink", "softshrink", "threshold", "exp", "exp2",
    "special_exp2", "expm1", "special_expm1", "log", "log1p", "special_log1p", "log2", "log10", "logit",
    "special_logit", "sqrt", "rsqrt", "reciprocal", "square", "pow", "erf", "special_erf", "erfc", "special_erfc",
    "erfinv", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "sinc",
    "special_sinc", "sign", "round", "floor", "ceil", "trunc", "frac", "deg2rad", "rad2deg",
})
# fmt: on
"""Operations that give each element a function of itself and of numbers that are known."""

CODE_BITS = 16
"""The widest code that a table is made for."""


@dataclass(frozen=True, eq=False)
class Lookup(IntegerForm):
    """y = table[code of x]."""

    _tables: dict[tuple[torch.dtype, torch.device], tuple[Tensor, bool]] = field(default_factory=dict)

    def __call__(self, x: Tensor, given: Given) -> Tensor:
        key = x.dtype, x.device
        if key not in self._tables:
            exact = self.entries(given).to(x.device)
            undefined = ~exact.isfinite()
            table = self.settled(exact.where(~undefined, 0.0), x.dtype).where(~undefined, exact.to(x.dtype))
            self._tables[key] = table, bool(undefined.any())
        table, partial = self._tables[key]
        patterns = self._coding.encode(x, self.what("input")).int()
        y = torch.index_select(table, 0, patterns.reshape(-1)).reshape(x.shape)
        return quantize(y, self.output, self.what("output")) if partial else y

    def entries(self, given: Given) -> Tensor:
        """The table, by the bit pattern of the input's code, float64; as f gives it where that is no finite number."""
        return _entries(given.function, tuple(sorted(given.arguments.items())), self.input, self.output)

    @cached_property
    def _coding(self) -> Coding:
        return Coding(self.input, Operand(self.input.bits), 0)


def lookup(layer: Layer, chosen: LayerDesign) -> Lookup | None:
    """The table of a layer, if its formats and arguments allow one."""
    formats, attributes = formats_of(chosen), dict(layer.attributes)
    if formats is None or not all(map(has_one_scale, formats)) or formats[0].bits > CODE_BITS:
        return None
    if len(layer.input_shapes) != 1 or attributes.get("training", False):
        return None
    if layer.operation == "pow" and attributes.keys().isdisjoint({"exponent", "self"}):
        return None
    return Lookup(layer, *formats)


@lru_cache(maxsize=64)
def _entries(
    function: Callable[..., Tensor], given: tuple[tuple[str, Any], ...], input: Format, output: Format
) -> Tensor:
    values = values_of(input).clone()  # the function may work in place
    names = (argument.name for argument in cast(Any, function)._schema.arguments)
    data = next(name for name in names if name not in dict(given))
    results = function(**{data: values}, **dict(given))
    finite = results.isfinite()
    return torch.where(finite, output.quantize(results.where(finite, 0.0)), results)


@lru_cache(maxsize=16)
def values_of(format: Format) -> Tensor:
    """The value of every bit pattern, float64; NaN for what is no number."""
    values = [nan] * 2**format.bits
    for code in format.word:
        try:
            values[code % len(values)] = float(format.decode(code))
        except ValueError:
            continue
    return torch.tensor(values, dtype=torch.float64)
