"""Inputs that hold values of their format already, so that the layer need not round them again."""

from torch.fx import GraphModule, Node

from adequate.emulated_layer.exact_sums import ExactSums
from adequate.emulated_layer.formed_function import FormedFunction
from adequate.emulated_layer.function import EmulatedFunction, Quantizer
from adequate.emulated_layer.product import EmulatedProduct
from adequate.formats import Fixed, Format, Minifloat, Rounding
from adequate.network.graph import function_of

KEEPING = frozenset({
    "relu", "max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "flatten", "view", "reshape", "unflatten", "squeeze", "unsqueeze", "permute", "transpose",
    "contiguous", "clone", "identity", "alias", "detach",
})  # fmt: skip
"""Operations whose results are elements of their first operand or zero."""


def leave_out_roundings(graph: GraphModule) -> None:
    """Tells every exact sum of ``graph`` whether its input needs no rounding, in evaluation.

    It needs none where, through operations that only choose among values, it comes from layers that have rounded to a
    format whose values the input's format has too: format.quantize(x) = x for each of them.
    """
    calls: dict[EmulatedProduct, list[Node]] = {}
    for node in graph.graph.nodes:
        module = _module(graph, node)
        if isinstance(module, EmulatedProduct) and isinstance(module.sums, ExactSums) and not module.sums.weight_first:
            calls.setdefault(module, []).append(node)
    for module, nodes in calls.items():
        assert isinstance(module.sums, ExactSums)
        module.sums.input_rounded = all(
            _rounded_to(graph, value, module.design.input) for node in nodes for value in node.args[:1] or (None,)
        )


def has_values_of(format: Format, other: Format) -> bool:
    """Whether every value of ``other``, and zero, is one of ``format``, as far as is known without enumerating them.

    >>> has_values_of(Fixed(8, 4), Fixed(4, 2)), has_values_of(Fixed(8, 4), Fixed(8, 5))
    (True, False)
    """
    if not isinstance(format, Fixed | Minifloat) or Rounding.STOCHASTIC in (format.rounding, _rule(other)):
        return False
    if isinstance(format, Fixed) and isinstance(other, Fixed):
        inside = format.minimum <= other.minimum and other.maximum <= format.maximum
        return inside and other.frac <= format.frac
    return format == other


def _rule(format: Format) -> object:
    return getattr(format, "rounding", None)


def _rounded_to(graph: GraphModule, value: object, format: Format | None) -> bool:
    while isinstance(value, Node) and value.op == "call_function" and function_of(value) in KEEPING:
        value = value.args[0]
    module = _module(graph, value) if isinstance(value, Node) else None
    if format is None or not isinstance(module, EmulatedProduct | EmulatedFunction | FormedFunction | Quantizer):
        return False
    output = module.format if isinstance(module, Quantizer) else module.design.output
    return output is not None and has_values_of(format, output)


def _module(graph: GraphModule, node: Node) -> object:
    return graph.get_submodule(str(node.target)) if node.op == "call_module" else None
