"""A network in the arithmetic of a design, as a program of integers."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_arg

from adequate.design import Design, LayerDesign
from adequate.emulated_layer import check
from adequate.emulated_layer.call import BIASED
from adequate.emulated_layer.calls import outside
from adequate.emulated_layer.forms import FORMS, Given, arguments_of, form_of
from adequate.emulated_layer.function import AVERAGES, ELEMENTWISE
from adequate.emulated_layer.inside import SHAPING
from adequate.lowering.between import Refused, flat, of_shapes, placeholder_shape
from adequate.lowering.builder import Builder, NotLowered, Raw
from adequate.lowering.elementwise import ARGUMENTS, BOUNDS, bounded, combined, constant, ends_of
from adequate.lowering.functions import computed
from adequate.lowering.moving import JOINING, joined, moved
from adequate.lowering.products import product
from adequate.lowering.rounding import quantized
from adequate.lowering.windows import pooled, reduced
from adequate.network import Layer, Network
from adequate.network.graph import arguments, function_of, tensor_of
from adequate.network.listing import OPERATIONS
from adequate.program.program import Program
from adequate.program.value import Value, exponent

CLAMPING = BOUNDS.keys() | ARGUMENTS.keys()
POOLING = frozenset(
    f"{kind}_pool{dims}d" for kind in ("max", "avg", "adaptive_max", "adaptive_avg") for dims in (1, 2, 3)
)
CHOICES = {"maximum": True, "max": True, "minimum": False, "min": False}
HELD = {torch.float32: 24, torch.float64: 53, torch.float16: 11, torch.bfloat16: 8}
"""Significant bits of the dtypes that the emulation holds values in."""

FORMS_NEED = "with an input and an output format, of one scale each and few bits, and with arguments that are known"


def lower(network: Network, design: Design) -> Program:
    """The integers that ``network`` computes in the arithmetic of ``design``; ``emulate`` gives the same numbers.

    Every sum of products needs an input and a weight format, and every value whose exact numbers the emulation's dtype
    may not hold an output format. A function of one number, softmax, or a normalisation needs both (see
    ``emulated_layer.forms``).

    Raises:
        ValueError: the design does not fit the network, or layers have no integer form: all are named, with reasons.
    """
    check(network, design)
    return _Lowering(network, design).program()


class _Lowering:
    def __init__(self, network: Network, design: Design) -> None:
        self.network, self.design, self.builder = network, design, Builder()
        self.graph = network.expanded
        self.nodes: dict[str, Node] = {node.name: node for node in self.graph.graph.nodes}
        self.known: dict[Node, Any] = {}
        self.refused: dict[str, str] = {}
        self.layers: dict[str, str] = {}

    def program(self) -> Program:
        calls = {calls[-1]: (layer, calls) for layer in self.network.layers for calls in _calls(layer)}
        inside = {name for _, nodes in calls.values() for name in nodes[:-1]}
        outputs: tuple[Any, ...] = ()
        for node in self.graph.graph.nodes:
            if node.op == "output":
                outputs = tuple(flat(self._value(node.args[0])))
            elif node.name in calls:
                self.known[node] = self._layer(calls[node.name][0], node, calls[node.name][1])
            elif node.name not in inside:
                self.known[node] = self._other(node)
        if self.refused:
            raise ValueError("; ".join(f"layer {name!r}: {reason}" for name, reason in self.refused.items()))
        names = [one.name if isinstance(one, Value) else None for one in outputs]
        if not names or None in names:
            raise ValueError("the network's output is no layer's: there is nothing to compute")
        return Program(tuple(self.builder.steps), tuple(map(str, names)), self.layers)

    def _layer(self, layer: Layer, node: Node, call: tuple[str, ...]) -> Any:
        read = (tuple(outside([self.nodes[name] for name in call])), {}) if len(call) > 1 else (node.args, node.kwargs)
        args, kwargs = (self._value(one) for one in read)
        if any(isinstance(one, Refused) for one in flat((args, kwargs))):
            return Refused()
        if not any(isinstance(one, Value | Raw) for one in flat((args, kwargs))):
            return node.target(*args, **kwargs)  # type: ignore[operator]
        chosen, builder = self.design[layer.name], self.builder
        builder.layer = layer.name
        try:
            return self._settled(layer, chosen, self._computed(layer, chosen, node, args, kwargs))
        except NotLowered as reason:
            self.refused.setdefault(layer.name, str(reason))
            return Refused()

    def _computed(self, layer: Layer, chosen: LayerDesign, node: Node, args: Any, kwargs: dict[str, Any]) -> Any:
        builder, operation = self.builder, layer.operation
        given = {**arguments(node), **_named(node, args, kwargs)}
        if layer.multiplies:
            x, w, bias = _operands(layer, args, kwargs)
            sums = product(builder, layer, chosen, x, w, bias)
            return sums if chosen.output is None else quantized(builder, sums, chosen.output, sums=True)
        if (form := form_of(layer, chosen)) is not None:
            named = {} if len(layer.nodes) > layer.calls else arguments_of(node.target, args, kwargs)  # type: ignore[arg-type]
            data = next(one for one in (*args, *kwargs.values()) if isinstance(one, Value | Raw))
            others = {name: one for name, one in named.items() if one is not data}
            return computed(builder, form, self._read(chosen, data), Given(node.target, others))  # type: ignore[arg-type]
        if operation in FORMS:
            raise NotLowered(f"{operation} has an integer form only {FORMS_NEED}")
        if len(layer.nodes) > layer.calls:
            raise NotLowered(f"{operation} has no integer form")
        if operation in SHAPING - JOINING:
            x = self._read(chosen, args[0], moving=True)
            new = tuple(x if one is args[0] else one for one in args)
            return moved(builder, node.target, new, kwargs, x)  # type: ignore[arg-type]
        if operation in JOINING:
            parts = [self._read(chosen, one) for one in args[0]]
            return joined(builder, operation, parts, given["dim"])
        if operation in ELEMENTWISE and given.get("rounding_mode") is None:
            pair = [one if isinstance(one, int | float) else self._read(chosen, one) for one in args[:2]]
            return combined(builder, operation, pair, float(given.get("alpha", 1)), chosen.output)
        x = self._read(chosen, args[0])
        if operation in CLAMPING:
            return bounded(builder, x, *ends_of(operation, given))
        if operation in POOLING:
            return pooled(builder, operation, x, given, layer.output_shape)
        if operation in ("mean", "amax"):
            return reduced(builder, x, _axes(given.get("dim")), bool(given["keepdim"]), operation == "amax")
        if operation in CHOICES and len(args) == 2 and not isinstance(args[1], int):
            return builder.choose(x, self._read(chosen, args[1]), CHOICES[operation])
        if operation == "neg":
            return builder.negative(x)
        if operation == "abs":
            return builder.choose(x, builder.negative(x), largest=True)
        raise NotLowered(f"{operation} has no integer form")

    def _read(self, chosen: LayerDesign, x: Any, *, moving: bool = False) -> Any:
        """An operand, through the layer's input format."""
        if isinstance(x, Tensor):
            return constant(self.builder, x, chosen.input)
        if chosen.input is not None:
            return quantized(self.builder, x, chosen.input)
        if isinstance(x, Raw) and not moving:
            raise NotLowered("it reads the network's input, which has no format yet: give it an input format")
        return x

    def _settled(self, layer: Layer, chosen: LayerDesign, result: Any) -> Any:
        """The result through the output format, or as it is if the emulation holds it exactly."""
        settled = [self._settle(layer, chosen, one) for one in flat(result)]
        values = [one for one in settled if isinstance(one, Value)]
        if values:
            self.layers[layer.name] = values[-1].name
        return settled[0] if not isinstance(result, list) else settled

    def _settle(self, layer: Layer, chosen: LayerDesign, x: Any) -> Any:
        if chosen.output is not None:
            return quantized(self.builder, x, chosen.output, quotient=layer.operation in AVERAGES)
        if isinstance(x, Raw) or (not layer.multiplies and layer.operation not in AVERAGES | ELEMENTWISE):
            return x
        digits = HELD.get(self._dtype(layer), 24)
        if any(exponent(unit) is None for unit in x.unit):
            raise NotLowered("its results lie under a scale that is no power of two: give it an output format")
        if max(-x.low, x.high) > 2**digits:
            bits = max(-x.low, x.high).bit_length()
            raise NotLowered(f"its exact results have up to {bits} bits: give it an output format")
        return x

    def _dtype(self, layer: Layer) -> Any:
        node = next(n for n in self.graph.graph.nodes if n.name == layer.outputs[-1])
        return getattr(node.meta.get("val"), "dtype", torch.float32)

    def _other(self, node: Node) -> Any:
        """Inputs, parameters, and calls that only concern shapes or constants."""
        if node.op == "placeholder":
            return Raw(str(node.target), placeholder_shape(node))
        if node.op == "get_attr":
            return tensor_of(self.graph, str(node.target))
        args, kwargs = (self._value(one) for one in (node.args, dict(node.kwargs)))
        values = [one for one in flat((args, kwargs)) if isinstance(one, Value | Raw)]
        if not values or any(isinstance(one, Refused) for one in flat((args, kwargs))):
            return of_shapes(node, args, kwargs)
        return self._wired(node, args, kwargs, values)

    def _wired(self, node: Node, args: Any, kwargs: dict[str, Any], values: list[Value | Raw]) -> Any:
        """What only moves numbers between the parts of an attention or a recurrent network, and is no layer."""
        name, self.builder.layer = OPERATIONS.get(function_of(node), function_of(node)), node.name
        try:
            if name in JOINING:
                parts = [one if isinstance(one, Value) else self._read(LayerDesign(), one) for one in args[0]]
                return joined(self.builder, name, parts, _named(node, args, kwargs).get("dim", 0))
            if name in SHAPING and len(values) == 1:
                return moved(self.builder, node.target, args, kwargs, values[0])  # type: ignore[arg-type]
        except NotLowered as reason:
            self.refused.setdefault(node.name, str(reason))
            return Refused()
        return of_shapes(node, args, kwargs)

    def _value(self, argument: Any) -> Any:
        return map_arg(argument, lambda node: self.known[node])


def _calls(layer: Layer) -> Iterator[tuple[str, ...]]:
    size = len(layer.nodes) // layer.calls
    for start in range(0, len(layer.nodes), size):
        yield layer.nodes[start : start + size]


def _operands(layer: Layer, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
    """What fills the input and the weight slot, and the bias."""
    first, second, *rest = (*args[1],) if layer.operation == "einsum" else args
    bias = kwargs.get("bias", rest[0] if rest and layer.operation in BIASED else None)
    return (second, first, bias) if dict(layer.attributes).get("weight_first", False) else (first, second, bias)


def _named(node: Node, args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The call's arguments by the names of its schema."""
    schema = getattr(node.target, "_schema", None)
    names = [] if schema is None else [argument.name for argument in schema.arguments]
    return {**dict(zip(names, args, strict=False)), **kwargs}


def _axes(given: Any) -> tuple[int, ...]:
    return () if given is None else tuple(given) if isinstance(given, list | tuple) else (given,)
