"""A network with its design written as nodes of ONNX, in a dialect."""

from torch import Tensor, float32
from torch.fx import Node
from torch.utils import _pytree as pytree

from adequate.design import Design
from adequate.emulated_layer.function import ELEMENTWISE
from adequate.emulation import check
from adequate.exporters.onnx_bias import bias_of
from adequate.exporters.onnx_call import OnnxCall, Operand
from adequate.exporters.onnx_dialect import Bias, Dialect
from adequate.exporters.onnx_file import OnnxFile, Sizes
from adequate.exporters.onnx_formats import Parts, is_float32, parts_of
from adequate.exporters.onnx_lrn import onnx_lrn
from adequate.exporters.onnx_movement import integers, new_sizes
from adequate.exporters.onnx_operators import CALLS, onnx_call
from adequate.formats import Format
from adequate.network import Layer, Network
from adequate.network.graph import arguments, function_of, shape_of, tensor_of
from adequate.network.listing import BOOKKEEPING
from adequate.network.operands import operand_nodes, weight_first

PASSING = frozenset({"dropout", "feature_dropout", "clone", "contiguous", "identity"})
"""Operations that pass their operand on: no operator stands for them, and their format is a layer of its own."""

BATCH = "N"
"""The name of a free size."""


LISTED = 20
"""The most layers an error names; it counts the others."""


def written(network: Network, design: Design, dialect: Dialect) -> bytes:
    """The content of the file.

    Raises:
        ValueError: layers or formats that cannot be said, all of them by name; or the design is not for the network.
    """
    check(network, design)
    known = {*CALLS, *PASSING, "lrn"}
    unknown = [f"{layer.name!r} ({layer.operation})" for layer in network.layers if layer.operation not in known]
    if unknown:
        raise ValueError(f"{dialect.name} is not written of {_listed(unknown)}; it is of {', '.join(sorted(known))}")
    writing = _Writing(network, design, dialect)
    for node in network.expanded.graph.nodes:
        writing.write(node)
    if writing.problems:
        raise ValueError(f"{dialect.name} cannot say {_listed(writing.problems)}")
    return writing.file.content()


class _Writing:
    """The file so far: what each node of the network's graph is called in it, and what could not be said."""

    def __init__(self, network: Network, design: Design, dialect: Dialect) -> None:
        self.graph, self.design, self.dialect = network.expanded, design, dialect
        self.file = OnnxFile(dialect.domains, [layer.name for layer in network.layers])
        self.problems: list[str] = []
        self._layers = {layer.nodes[-1]: layer for layer in network.layers}
        self._nodes = {node.name: node for node in self.graph.graph.nodes}
        self._order = {node: place for place, node in enumerate(self.graph.graph.nodes)}
        self._values: dict[Node, str] = {}

    def write(self, node: Node) -> None:
        """One node of the network's graph, all before it being there."""
        if node.op == "placeholder":
            value = node.meta["val"]
            self._values[node] = self.file.input(str(node.target), value.dtype, _sizes(value))
        elif node.op == "output":
            for value in pytree.tree_leaves(node.args):
                self._output(value)
        elif node.name in self._layers:
            layer = self._layers[node.name]
            try:
                self._values[node] = self._layer(layer, [self._nodes[name] for name in layer.nodes])
            except ValueError as error:
                self.problems.append(f"layer {layer.name!r} ({layer.operation}): {error}")
                self._values[node] = self.file.input(layer.name, float32, ())  # so that those that follow are looked at
        elif function_of(node) in BOOKKEEPING and _is_first(node):
            for source in operand_nodes(node)[:1]:
                self._values |= {node: self._values[source]} if source in self._values else {}

    def _output(self, value: object) -> None:
        if not isinstance(value, Node) or value not in self._values or value.meta["val"].dtype != float32:
            self.problems.append(f"output {value}: it is not computed in float32 numbers")
        else:
            self.file.output(self._values[value], _sizes(value.meta["val"]))

    def _layer(self, layer: Layer, nodes: list[Node]) -> str:
        """The value of the layer's result."""
        design, last = self.design[layer.name], nodes[-1]
        if design.multiplier is not None or design.accumulator is not None:
            raise ValueError("its multiplier or accumulator, of which there are none but the exact ones")
        self._refuse_what_differs(layer, last)
        if layer.operation in PASSING:
            return self._passed(layer, last)
        if layer.operation != "lrn":
            return self._called(layer, last, onnx_call(last))
        across = onnx_lrn(nodes)
        if across is not None:
            return self._called(layer, last, across)
        if design.input is not None:
            raise ValueError("its input, which it reads in several places")
        for node in nodes[:-1]:
            operands = [self._operand(layer, node, place, one) for place, one in enumerate(onnx_call(node).operands)]
            name, call = f"{layer.name}/{function_of(node)}", onnx_call(node)
            self._values[node] = self.file.node(name, call.operator, operands, call.attributes)
        return self._called(layer, last, onnx_call(last))

    def _refuse_what_differs(self, layer: Layer, node: Node) -> None:
        """Numbers that float32 has not, where they are computed with exactly; results that are written elsewhere."""
        numbers = [value for value in node.args if isinstance(value, float)]
        if layer.operation in ELEMENTWISE and self.design[layer.name] and not all(map(is_float32, numbers)):
            raise ValueError(f"its operand {numbers[0]}, which is no float32 number")
        if function_of(node).endswith("_"):
            source = operand_nodes(node)[0]
            if any(self._order[user] > self._order[node] for user in source.users):
                raise ValueError("its result in the place of its operand, which is read again")
        if layer.calls > 1:
            raise ValueError("its calls, of which there are several")

    def _passed(self, layer: Layer, node: Node) -> str:
        """The operand itself, or quantised by a node that is the layer."""
        design = self.design[layer.name]
        if design.input is not None or arguments(node).get("train"):
            raise ValueError("its input, or its dropout in evaluation; it may have an output")
        [source] = operand_nodes(node)
        value = self._operand(layer, node, 0, source)
        if design.output is None:
            return value
        parts = self._parts(design.output, node.meta["val"].dim(), "output")
        return self.dialect.quantize(self.file, layer.name, value, parts, "layer")

    def _called(self, layer: Layer, node: Node, call: OnnxCall) -> str:
        design = self.design[layer.name]
        operands = [self._operand(layer, node, place, one, call.rows) for place, one in enumerate(call.operands)]
        value = self.file.node(layer.name, call.operator, _trimmed(operands), call.attributes, layer=True)
        if design.output is not None:
            rank = 2 if call.rows else node.meta["val"].dim()
            parts = self._parts(design.output, rank, "output", whole=call.rows)
            value = self.dialect.quantize(self.file, f"{layer.name}/output", value, parts, "output")
        if not call.rows:
            return value
        sizes = self.file.constant(f"{layer.name}/sizes", integers(new_sizes(node, None)))
        return self.file.node(f"{layer.name}/unflatten", "Reshape", [value, sizes])

    def _operand(self, layer: Layer, node: Node, place: int, operand: Operand, rows: bool = False) -> str:
        """An operand as the layer reads it, quantised by the format of its slot."""
        if operand is None:
            return ""
        if isinstance(operand, Tensor):
            return self.file.constant(f"{layer.name}/constant{place}", operand)
        design, slot = self.design[layer.name], _slot(layer, node, place)
        format = None if slot == "bias" else getattr(design, slot)
        if operand.op == "get_attr":
            return self._held(layer, operand, slot, format)
        if operand not in self._values:
            raise ValueError("an operand that is made of nothing, or a further result of another layer")
        value = self._values[operand]
        if rows and place == 0:
            sizes = self.file.constant(f"{layer.name}/rows/sizes", integers([-1, operand.meta["val"].shape[-1]]))
            value = self.file.node(f"{layer.name}/rows", "Reshape", [value, sizes])
        if format is None:
            return value
        rank = 2 if rows else operand.meta["val"].dim()
        parts = self._parts(format, rank, slot, whole=rows)
        return self.dialect.quantize(self.file, f"{layer.name}/{slot}", value, parts, slot)

    def _held(self, layer: Layer, node: Node, slot: str, format: Format | None) -> str:
        """A parameter, buffer or constant."""
        name, value = str(node.target), tensor_of(self.graph, str(node.target))
        if value.dtype != float32:
            raise ValueError(f"{name!r} in {value.dtype}; there is torch.float32")
        if slot == "bias":
            bias = self._bias(layer, value)
            return self.dialect.bias(self.file, f"{layer.name}/bias", name, bias)
        if slot == "weight" and format is not None:
            parts = self._parts(format, value.dim(), slot)
            return self.dialect.weight(self.file, f"{layer.name}/weight", name, format.quantize(value), parts)
        if layer.operation in ELEMENTWISE and format is not None:
            return self.file.constant(name, format.quantize(value))
        return self.file.constant(name, value)

    def _bias(self, layer: Layer, value: Tensor) -> Bias:
        if layer.weight is None:
            return Bias(value)
        return bias_of(layer, self.design[layer.name], tensor_of(self.graph, layer.weight), value)

    def _parts(self, format: Format, rank: int, slot: str, whole: bool = False) -> Parts:
        """The parts of a slot's format; with ``whole`` they must not differ along an axis."""
        try:
            parts = parts_of(format, rank)
            self.dialect.refuse(parts)
            if whole and parts.axis is not None:
                raise ValueError("has scales along an axis of what is made a matrix")
        except ValueError as error:
            raise ValueError(f"its {slot}, which {error}") from None
        return parts


def _slot(layer: Layer, node: Node, place: int) -> str:
    """The slot of an operand; a bias has none."""
    if not layer.multiplies:
        return "input"
    if place > 1:
        return "bias"
    return "weight" if (place == 1) != weight_first(node, layer.operation) else "input"


def _is_first(node: Node) -> bool:
    """Whether it is not one of the further results of a call."""
    return function_of(node) != "getitem" or node.args[1] in (0,)


def _trimmed(operands: list[str]) -> list[str]:
    """Without absent ones at the end."""
    return operands if not operands or operands[-1] else _trimmed(operands[:-1])


def _sizes(value: Tensor) -> Sizes:
    free = shape_of(value)
    return [s if isinstance(s, int) else BATCH if free[d] is None else None for d, s in enumerate(value.shape)]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return "; ".join(names[:LISTED]) + more
