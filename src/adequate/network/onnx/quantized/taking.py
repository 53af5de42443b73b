"""Quantisers taken out of an ONNX graph, their formats kept for a design."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from adequate.formats import Format
from adequate.network.onnx.graph import OnnxGraph, OnnxNode
from adequate.network.onnx.quantized.following import arriving, moved, permutation
from adequate.network.onnx.quantized.merging import Merging
from adequate.network.onnx.quantized.placing import found, said
from adequate.network.onnx.quantized.quantizer import Quantizer
from adequate.network.onnx.quantized.recognition import recognize
from adequate.network.onnx.quantized.slots import NodeFormats


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

    A file may say the slot of each quantiser (``SLOT``, as exporters here do): then formats go where it says, and
    nothing is told beyond that, as long as the nodes agree.

    Raises:
        ValueError: quantised nodes no format stands for; all of them, each with the reason.
    """
    quantizers, parts = recognize(graph)
    if not parts:
        return QuantizedGraph(graph, NodeFormats())
    graph, weights = _without_constants(graph, quantizers, parts)
    merging = Merging(graph)
    formats = _without_duplicates(merging, quantizers)
    if all(merging.producers[result].slot for result in formats):
        places = said(merging, formats)
        graph = merging.graph()
        of_weights = arriving(graph, weights, {}, {})
        return QuantizedGraph(graph, NodeFormats(places.outputs, {**of_weights.operands, **places.operands}))
    places = found(merging, formats)
    graph = merging.graph()
    return QuantizedGraph(graph, arriving(graph, weights, places.outputs, places.operands))


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
            nodes.append(OnnxNode(node.name, "Clone", "", (quantizer.source,), (quantizer.result,), {}, node.slot))
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


def _without_duplicates(merging: Merging, quantizers: Mapping[str, Quantizer]) -> dict[str, Format]:
    """Leaves one quantiser of each format of a value, where tools write one for each reader; their results' formats.

    Those that are said to be layers are left, each of them.
    """
    first: dict[tuple[str, Format, str], str] = {}
    left: dict[str, Format] = {}
    for quantizer in quantizers.values():
        result, format = quantizer.result, quantizer.format
        node = merging.producers.get(result)
        if node is None or format is None:
            continue
        kept = result
        if node.slot != "layer":
            kept = first.setdefault((merging.source(node), format, node.slot), result)
        if kept != result and result not in merging.start.outputs:
            merging.merge(node, result, kept)
        else:
            left[result] = format
    return left
