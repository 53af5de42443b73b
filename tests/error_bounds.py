"""How far an emulated network can be from the real numbers: a bound on every element, derived from the formats.

The graph is run in float64 on pairs (value, error): the emulation, in a dtype of unit roundoff u, is within ``error``
of ``value``. With gamma_n = n u / (1 - n u) (Higham 2002, Accuracy and Stability of Numerical Algorithms, lemma 3.1):

- a saturating fixed-point format moves x, known up to e, to within max |clamp(x +- e) - x| + step / 2;
- a sum of products of operands known up to e and d errs by sum (|x| + e) d + e |w|; computed in float by another
  gamma_K sum (|x| + e) (|w| + d) in any order of summation (Higham 2002, eq. 3.5), exactly if both have formats; then
  a bias is rounded to the products' grid;
- what moves values, or takes the largest of some, moves the errors alike;
- what is computed in float has its own rule (``tests/error_rules``).

Float64's own rounding is that of the value; adding 2**-53 to u covers it.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.fx import Interpreter, Node
from torch.utils._pytree import tree_leaves, tree_map

from adequate.design import Design
from adequate.formats import Fixed, Format
from adequate.network import Layer, Network
from tests.error_rules import RULES, Bounded, Unit, known

SHAPING = {"view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "expand", "permute", "transpose", "t"}
CUTTING = {"slice", "narrow", "select", "unbind", "split", "chunk", "getitem", "cat", "stack", "flip"}
COPYING = {"clone", "contiguous", "dropout", "pixel_shuffle", "upsample_nearest2d"}
LARGEST = {"relu", "abs", "amax", "max_pool2d", "max_pool3d"}
MOVING = SHAPING | CUTTING | COPYING | LARGEST
"""f(x) errs by f(e) at most: the values are moved, or are the largest of some."""

AVERAGES = {"mean", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool2d"}
"""f(x) errs by f(e) at most, and by its own sum."""

CONSTANT = {"embedding", "zeros", "zeros_like", "new_zeros", "arange"}
"""What depends on no computed value."""

BIASED = {"linear"} | {f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)}
PRODUCTS = BIASED | {"matmul", "bmm", "mm", "einsum"}


class ErrorBounds(Interpreter):
    """Runs the taken-apart float64 ``network`` beside what ``design`` makes of it in ``dtype``.

    Formats are ``Fixed`` ones that saturate; layers other than sums of products have an output format at most.
    """

    def __init__(self, network: Network, design: Design, dtype: torch.dtype) -> None:
        super().__init__(network.expanded)
        self.extra_traceback = False
        self._unit = Unit(torch.finfo(dtype).eps / 2 + 2.0**-53)
        self._design = design
        self._layer = {name: layer for layer in network.layers for name in layer.nodes}
        self._output = {name: design[layer.name].output for layer in network.layers for name in layer.outputs}

    def run_node(self, n: Node) -> Any:
        self._node = n
        result = super().run_node(n)
        if n.op == "placeholder" and _has_floats(result):
            return known(result)
        return _quantised(result, self._output.get(n.name)) if isinstance(result, Bounded) else result

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        def run(part: Callable[[Any], Any]) -> Any:
            return target(*tree_map(part, args), **tree_map(part, kwargs))

        value = run(lambda a: a.value if isinstance(a, Bounded) else a)
        name = getattr(target, "__name__", str(target)).partition(".")[0].rstrip("_")
        if name in CONSTANT or not _has_floats(value):
            return value
        if name in MOVING:
            return tree_map(Bounded, value, run(_error))
        if name in AVERAGES:
            operations = math.prod(args[0].value.shape[1:]) + 1
            return Bounded(value, run(_error) + self._unit.gamma(operations) * run(_magnitude))
        if name in PRODUCTS:
            return self._product(self._layer[self._node.name], name, target, args)
        if name in RULES:
            return RULES[name](self._unit, value, *args, **kwargs)
        raise NotImplementedError(f"no error bound for {name!r} ({self._node.name}); there are {', '.join(RULES)}")

    def _product(self, layer: Layer, name: str, target: Any, args: tuple[Any, ...]) -> Bounded:
        chosen = self._design[layer.name]
        formats = [chosen.input, chosen.weight]
        if "weight_first" in dict(layer.attributes):
            formats.reverse()
        operands = args[1] if name == "einsum" else args[:2]
        a, b = (_quantised(known(one), format) for one, format in zip(operands, formats, strict=True))
        rest = (None, *args[3:]) if name in BIASED else ()

        def product(x: Tensor, y: Tensor) -> Tensor:
            return target(args[0], [x, y]) if name == "einsum" else target(x, y, *rest)

        value = product(a.value, b.value)
        error = product(a.magnitude, b.error) + product(a.error, b.value.abs())
        exact = None not in formats
        if not exact:
            error = error + self._unit.gamma(layer.terms) * product(a.magnitude, b.magnitude)
        if name in BIASED and len(args) > 2 and args[2] is not None:
            bias = known(args[2])
            along = [-1] if name == "linear" else [-1] + [1] * (value.dim() - 2)
            value, error = value + bias.value.reshape(along), error + bias.error.reshape(along)
            error = error + (math.prod(map(_step, formats)) / 2 if exact else 0.0)
        return self._unit.rounded(value, error)


def _quantised(x: Bounded, format: Format | None) -> Bounded:
    if format is None:
        return x
    low, high = float(format.minimum), float(format.maximum)
    above, below = ((end.clamp(low, high) - x.value).abs() for end in (x.value + x.error, x.value - x.error))
    return Bounded(x.value, torch.maximum(above, below) + _step(format) / 2)


def _step(format: Format | None) -> float:
    assert isinstance(format, Fixed)
    return 2.0**-format.frac


def _error(a: Any) -> Any:
    """The error of a tensor of floats; sizes and the like as they are."""
    return known(a).error if isinstance(a, Bounded) or _has_floats(a) else a


def _magnitude(a: Any) -> Any:
    return a.magnitude if isinstance(a, Bounded) else a


def _has_floats(a: Any) -> bool:
    return any(isinstance(one, Tensor) and one.is_floating_point() for one in tree_leaves(a))
