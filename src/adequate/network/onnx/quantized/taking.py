"""Quantisers taken out of an ONNX graph, their formats kept for a design."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from adequate.formats import Format
from adequate.network.onnx.graph import OnnxGraph, OnnxNode
from adequate.network.onnx.quantized.following import RESHAPING, arriving, moved, permutation, takes
from adequate.network.onnx.quantized.quantizer import Quantizer
from adequate.network.onnx.quantized.recognition import recognize
from adequate.network.onnx.quantized.slots import NodeFormats

SIZES = frozenset({"Shape", "Size"})
"""Operators that read no values."""

VANISHING = frozenset({"Cast", "CastLike", "Dropout", "Identity"})
"""Operators that may become no layer."""


@dataclass(frozen=True)
class QuantizedGraph:
    """A graph without quantisers, and the formats they stood for."""

    graph: OnnxGraph
    formats: NodeFormats


def take_formats(graph: OnnxGraph) -> QuantizedGraph:
    """The graph with its quantisers taken out, and where their formats belong.

    Quantisers are QuantizeLinear, perhaps Clip, and DequantizeLinear (QDQ, QCDQ; ONNX opset 10 and later), and Quant,
    IntQuant and BipolarQuant (QONNX). Their formats go

    - of a constant, to the weight operand of the products that read it; the constant gets its quantised values, which
      quantise to themselves; stored integers become the numbers they stand for;
    - of all that is read from a node's output, to that output;
    - of anything else, to the operand of the nodes it feeds, if those reshape or multiply;
    - where none of these fits, to a ``Clone`` in the quantiser's place, which has the quantiser's name.

    A product is also told the format in which its operands arrive, so that it is computed on codes.

    Raises:
        ValueError: quantised nodes no format stands for; all of them, each with the reason.
    """
    quantizers, parts = recognize(graph)
    if not parts:
        return QuantizedGraph(graph, NodeFormats())
    graph, weights = _without_constants(graph, quantizers, parts)
    graph, remaining = _without_duplicates(graph, quantizers)
    outputs: dict[str, Format] = {}
    operands: dict[tuple[str, int], Format] = {}
    for result, format in remaining.items():
        quantizer = graph.producers[result]
        source = quantizer.inputs[0]
        if _owns(graph, quantizer, outputs):
            outputs[graph.producers[source].name] = format
            graph = _merged(graph, quantizer, source, result)
        elif places := _operands(graph, result, format):
            operands |= dict.fromkeys(places, format)
            graph = _merged(graph, quantizer, result, source)
        else:
            outputs[quantizer.name] = format
    return QuantizedGraph(graph, arriving(graph, weights, outputs, operands))


def _without_constants(
    graph: OnnxGraph, quantizers: Mapping[str, Quantizer], parts: frozenset[str]
) -> tuple[OnnxGraph, dict[str, Format]]:
    """Quantised constants, transposed too, by their values, with their formats; other quantisers as one ``Clone``."""
    constants: dict[str, Tensor] = dict(graph.constants)
    formats: dict[str, Format] = {}
    trained = set(graph.trained)
    nodes: list[OnnxNode] = []
    for node in graph.nodes:
        quantizer = quantizers.get(node.name)
        weight = node.inputs[0] if node.operator == "Transpose" and node.inputs else ""
        if weight in formats and (order := permutation(node, constants[weight].dim())):
            constants[node.outputs[0]] = constants[weight].permute(order).contiguous()
            formats[node.outputs[0]] = moved(node, formats[weight]) or formats[weight]
            continue
        if quantizer is None:
            nodes += [] if node.name in parts else [node]
            continue
        value = _value(node, quantizer, constants)
        if value is None:
            nodes.append(OnnxNode(node.name, "Clone", "", (quantizer.source,), (quantizer.result,)))
            continue
        constants[quantizer.result] = value
        trained.add(quantizer.result)
        if quantizer.format is not None:
            formats[quantizer.result] = quantizer.format
    return replace(graph, nodes=tuple(nodes), constants=constants, trained=frozenset(trained)), formats


def _value(node: OnnxNode, quantizer: Quantizer, constants: Mapping[str, Tensor]) -> Tensor | None:
    """The result of a quantiser of a constant."""
    if quantizer.format is None or quantizer.source not in constants:
        return quantizer.constant
    try:
        return quantizer.format.quantize(constants[quantizer.source])
    except ValueError as error:
        raise ValueError(f"{node}: {error}") from None


def _without_duplicates(graph: OnnxGraph, quantizers: Mapping[str, Quantizer]) -> tuple[OnnxGraph, dict[str, Format]]:
    """One quantiser of each format of a value, where tools write one for each reader; their results' formats."""
    first: dict[tuple[str, Format], str] = {}
    for quantizer in quantizers.values():
        node, format = graph.producers.get(quantizer.result), quantizer.format
        if node is None or format is None:
            continue
        kept = first.setdefault((node.inputs[0], format), quantizer.result)
        if kept != quantizer.result and quantizer.result not in graph.outputs:
            graph = _merged(graph, node, quantizer.result, kept)
    results = {quantizer.result: quantizer.format for quantizer in quantizers.values()}
    return graph, {name: format for name, format in results.items() if format is not None and name in graph.producers}


def _owns(graph: OnnxGraph, quantizer: OnnxNode, outputs: Mapping[str, Format]) -> bool:
    """Whether the quantiser alone reads the one output of a node."""
    source = quantizer.inputs[0]
    producer = graph.producers.get(source)
    return (
        producer is not None
        and len(producer.outputs) == 1
        and producer.operator not in VANISHING
        and producer.name not in outputs
        and source not in graph.outputs
        and len(_readers(graph, source)) == 1
    )


def _operands(graph: OnnxGraph, result: str, format: Format) -> list[tuple[str, int]]:
    """Where a quantiser's result is read, if all its readers can take the format at their operand; else nothing."""
    if result in graph.outputs:
        return []
    places = [(r, i) for r in _readers(graph, result) for i, value in enumerate(r.inputs) if value == result]
    fitting = all(i == 0 if r.operator in RESHAPING else takes(graph, r, i, format) for r, i in places)
    return [(r.name, i) for r, i in places] if fitting else []


def _readers(graph: OnnxGraph, value: str) -> list[OnnxNode]:
    return [reader for reader in graph.readers.get(value, ()) if reader.operator not in SIZES]


def _merged(graph: OnnxGraph, removed: OnnxNode, old: str, new: str) -> OnnxGraph:
    """The graph without a node, the value ``old`` called ``new``."""

    def renamed(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if value == old else value for value in values)

    kept = (node for node in graph.nodes if node is not removed)
    return graph.with_nodes(
        tuple(
            replace(node, inputs=renamed(node.inputs), outputs=renamed(node.outputs))
            if old in (*node.inputs, *node.outputs)
            else node
            for node in kept
        )
    )
