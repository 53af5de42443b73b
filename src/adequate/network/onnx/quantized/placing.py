"""Where the formats of quantisers belong: to an output, to operands, or to a layer of their own."""

from collections.abc import Iterator, Mapping
from itertools import islice

from adequate.formats import Format
from adequate.network.onnx.graph import OnnxNode
from adequate.network.onnx.quantized.following import PRODUCTS, RESHAPING, takes
from adequate.network.onnx.quantized.merging import Merging
from adequate.network.onnx.quantized.slots import NodeFormats

SIZES = frozenset({"Shape", "Size"})
"""Operators that read no values."""

VANISHING = frozenset({"Cast", "CastLike", "Dropout", "Identity"})
"""Operators that may become no layer."""

ELEMENTWISE = frozenset({"Add", "Sub", "Mul", "Div"})
"""Operators that as layers quantise constant operands too."""


def found(merging: Merging, formats: Mapping[str, Format]) -> NodeFormats:
    """By what reads the results: the formats of quantisers that are taken out, and of those that stay."""
    outputs: dict[str, Format] = {}
    operands: dict[tuple[str, int], Format] = {}
    for result, format in formats.items():
        if _owns(merging, result, outputs):
            _merge_into_output(merging, result, format, outputs)
        elif places := _operands(merging, result, format):
            _merge_into_operands(merging, result, format, places, operands)
        else:
            outputs[merging.producers[result].name] = format
    return NodeFormats(outputs, operands)


def said(merging: Merging, formats: Mapping[str, Format]) -> NodeFormats:
    """By the slots that the file says, where its nodes agree; a quantiser of which they do not agree stays."""
    outputs: dict[str, Format] = {}
    operands: dict[tuple[str, int], Format] = {}
    whole = set(_wholly_quantized(merging, formats))
    for result, format in formats.items():
        quantizer = merging.producers[result]
        if quantizer.slot == "output" and _owns(merging, result, outputs):
            _merge_into_output(merging, result, format, outputs)
        elif quantizer.slot in ("input", "weight") and (places := _said_operands(merging, result, format, whole)):
            _merge_into_operands(merging, result, format, places, operands)
        else:
            outputs[quantizer.name] = format
    return NodeFormats(outputs, operands)


def _merge_into_output(merging: Merging, result: str, format: Format, outputs: dict[str, Format]) -> None:
    quantizer = merging.producers[result]
    source = merging.source(quantizer)
    outputs[merging.producers[source].name] = format
    merging.merge(quantizer, source, result)


def _merge_into_operands(
    merging: Merging,
    result: str,
    format: Format,
    places: list[tuple[str, int]],
    operands: dict[tuple[str, int], Format],
) -> None:
    quantizer = merging.producers[result]
    operands.update(dict.fromkeys(places, format))
    merging.merge(quantizer, result, merging.source(quantizer))


def _owns(merging: Merging, result: str, outputs: Mapping[str, Format]) -> bool:
    """Whether what is quantised is the one output of a node, and its only reader may give that output a format."""
    source = merging.source(merging.producers[result])
    producer = merging.producers.get(source)
    return (
        producer is not None
        and len(producer.outputs) == 1
        and producer.operator not in VANISHING
        and producer.name not in outputs
        and source not in merging.start.outputs
        and len(list(islice(_readers(merging, source), 2))) == 1
    )


def _operands(merging: Merging, result: str, format: Format) -> list[tuple[str, int]]:
    """Where a quantiser's result is read, if all its readers can take the format at their operand; else nothing."""
    places = _places(merging, result)
    fitting = all(i == 0 if r.operator in RESHAPING else takes(merging.start, r, i, format) for r, i in places)
    return [(r.name, i) for r, i in places] if fitting else []


def _said_operands(merging: Merging, result: str, format: Format, whole: set[str]) -> list[tuple[str, int]]:
    """The same where other layers than products and reshaping ones may take an input too."""
    places = _places(merging, result)
    fitting = all(r.name in whole or takes(merging.start, r, i, format) for r, i in places)
    return [(r.name, i) for r, i in places] if fitting else []


def _wholly_quantized(merging: Merging, formats: Mapping[str, Format]) -> Iterator[str]:
    """Nodes, other than products, all of whose operands are inputs quantised to one format."""
    for node in merging.start.nodes:
        constants = [merging.start.constants[value] for value in node.inputs if value in merging.start.constants]
        read = [merging.called(value) for value in node.inputs if value and value not in merging.start.constants]
        formats_read = {formats.get(value) if _is_input(merging, value) else None for value in read}
        format = formats_read.pop() if len(formats_read) == 1 else None
        if node.operator in PRODUCTS or format is None:
            continue
        if node.operator in ELEMENTWISE and any(c.dim() and not format.quantize(c).equal(c) for c in constants):
            continue
        yield node.name


def _is_input(merging: Merging, value: str) -> bool:
    return value in merging.producers and merging.producers[value].slot == "input"


def _places(merging: Merging, result: str) -> list[tuple[OnnxNode, int]]:
    """Where a quantiser's result is read; nowhere if it leaves the graph."""
    if result in merging.start.outputs:
        return []
    return [(node, i) for node, i in merging.places(result) if node.operator not in SIZES]


def _readers(merging: Merging, value: str) -> Iterator[OnnxNode]:
    return (reader for reader in merging.readers(value) if reader.operator not in SIZES)
