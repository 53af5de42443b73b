"""From an ONNX file to its graph: the only file that knows the protobuf."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, ValueInfoProto
from torch import Tensor

from adequate.network.onnx.external import read_external
from adequate.network.onnx.functions import inlined
from adequate.network.onnx.graph import SAID, SLOT, Attribute, OnnxGraph, OnnxInput, OnnxNode
from adequate.network.onnx.names import layer_names
from adequate.network.onnx.strings import refuse_undecodable
from adequate.network.onnx.tensors import NARROW, decode, element_type, refuse_large

OPSETS = range(7, 29)
"""Versions of the standard operators that are understood."""

STANDARD = ("", "ai.onnx")
"""Names of the standard operators' domain."""


def read_graph(path: Path) -> OnnxGraph:
    """The graph of an ONNX file, with the tensors it keeps beside it. Functions defined in the file are inlined.

    Raises:
        OSError: the file, or one with its tensors, cannot be read.
        ValueError: the file is no ONNX model, is corrupt, or keeps tensors outside its folder.
    """
    try:
        model = onnx.load_model(path, format="protobuf", load_external_data=False)
        refuse_undecodable(model)
        return _graph(inlined(model), path.parent)
    except DecodeError as error:
        raise ValueError(f"{path} is not an ONNX file, or it is truncated") from error
    except (ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} cannot be read: {reason[:500]}") from error


def _graph(model: ModelProto, folder: Path) -> OnnxGraph:
    constants: dict[str, Tensor] = {}
    narrow: dict[str, str] = {}

    def keep(name: str, stored: TensorProto) -> None:
        if name in constants:
            raise ValueError(f"two constants of the name {name!r}")
        constants[name] = _tensor(stored, folder, name)
        if stored.data_type in NARROW:
            narrow[name] = NARROW[stored.data_type][0]

    if len(model.graph.sparse_initializer):
        raise ValueError("sparse initializers are not supported")
    for stored in model.graph.initializer:
        keep(stored.name, stored)
    trained = frozenset(constants)
    protos = [node for node in model.graph.node if not _is_constant(node)]
    for node in model.graph.node:
        if _is_constant(node):
            _keep_constant(node, keep)
    names = layer_names([(node.name, node.op_type) for node in protos])
    nodes = tuple(_node(node, name, folder) for node, name in zip(protos, names, strict=True))
    inputs = tuple(_input(value) for value in model.graph.input if value.name not in constants)
    outputs = tuple(value.name for value in model.graph.output)
    _check_order(nodes, outputs, {*constants, *(i.name for i in inputs)})
    return OnnxGraph(nodes, constants, inputs, outputs, _opset(model), narrow, trained)


def _opset(model: ModelProto) -> int:
    versions = [entry.version for entry in model.opset_import if entry.domain in STANDARD]
    if not versions:
        raise ValueError("it does not say which opset it uses: not an ONNX model")
    if versions[0] not in OPSETS:
        raise ValueError(f"opset {versions[0]} is not supported; {OPSETS[0]} to {OPSETS[-1]} are")
    return versions[0]


def _tensor(stored: TensorProto, folder: Path, name: str) -> Tensor:
    try:
        if stored.HasField("segment"):
            raise ValueError("it is stored in segments")
        if stored.data_location != TensorProto.EXTERNAL:
            return decode(stored)
        fields = {entry.key: entry.value for entry in stored.external_data}
        return decode(stored, partial(read_external, folder, fields))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"constant {name!r}: {error}") from error


def _is_constant(node: NodeProto) -> bool:
    return node.op_type == "Constant" and node.domain in STANDARD


def _keep_constant(node: NodeProto, keep: Callable[[str, TensorProto], None]) -> None:
    if len(node.output) != 1 or len(node.attribute) != 1:
        raise ValueError(f"Constant {node.name!r} has {len(node.output)} outputs and {len(node.attribute)} attributes")
    [name], [attribute] = node.output, node.attribute
    if attribute.name == "value":
        keep(name, attribute.t)
        return
    typed = {
        "value_float": ([attribute.f], ()),
        "value_floats": (attribute.floats, (len(attribute.floats),)),
        "value_int": ([attribute.i], ()),
        "value_ints": (attribute.ints, (len(attribute.ints),)),
    }
    if attribute.name not in typed:
        raise ValueError(f"Constant {name!r} is given by {attribute.name!r}; value, {', '.join(typed)} are supported")
    numbers, shape = typed[attribute.name]
    if "float" in attribute.name:
        keep(name, TensorProto(data_type=TensorProto.FLOAT, dims=shape, float_data=numbers))
    else:
        keep(name, TensorProto(data_type=TensorProto.INT64, dims=shape, int64_data=numbers))


def _node(node: NodeProto, name: str, folder: Path) -> OnnxNode:
    domain = "" if node.domain in STANDARD else node.domain
    attributes = {a.name: _attribute(a, folder) for a in node.attribute}
    slot = next((entry.value for entry in node.metadata_props if entry.key == SLOT and entry.value in SAID), "")
    return OnnxNode(name, node.op_type, domain, tuple(node.input), tuple(node.output), attributes, slot)


def _attribute(attribute: AttributeProto, folder: Path) -> Attribute:
    """An attribute's value; what no supported operator takes is a string that says what it was."""
    kind = AttributeProto.AttributeType.Name(attribute.type)
    readings: Mapping[str, Attribute] = {
        "FLOAT": attribute.f,
        "INT": attribute.i,
        "STRING": attribute.s.decode("utf-8", "replace"),
        "FLOATS": tuple(attribute.floats),
        "INTS": tuple(attribute.ints),
        "STRINGS": tuple(s.decode("utf-8", "replace") for s in attribute.strings),
    }
    if kind == "TENSOR":
        return _tensor(attribute.t, folder, attribute.name)
    return readings.get(kind, f"<{kind.lower()}>")


def _input(value: ValueInfoProto) -> OnnxInput:
    if not value.type.HasField("tensor_type"):
        raise ValueError(f"input {value.name!r} is no tensor")
    kind = value.type.tensor_type
    sizes = tuple(_size(d) for d in kind.shape.dim) if kind.HasField("shape") else None
    dtype = element_type(kind.elem_type)
    try:
        refuse_large([([size if isinstance(size, int) else 1 for size in sizes or ()], dtype)])
    except ValueError as error:
        raise ValueError(f"input {value.name!r}: {error}") from error
    return OnnxInput(value.name, dtype, sizes)


def _size(dimension: "onnx.TensorShapeProto.Dimension") -> int | str | None:
    return dimension.dim_value if dimension.dim_value > 0 else dimension.dim_param or None


def _check_order(nodes: Iterable[OnnxNode], outputs: Iterable[str], known: set[str]) -> None:
    for node in nodes:
        for value in node.inputs:
            if value and value not in known:
                raise ValueError(f"{node} reads {value!r}, which nothing before it computes")
        for value in filter(None, node.outputs):
            if value in known:
                raise ValueError(f"{node} computes {value!r}, which is already there")
            known.add(value)
    for value in outputs:
        if value not in known:
            raise ValueError(f"the output {value!r} is computed by no node")
