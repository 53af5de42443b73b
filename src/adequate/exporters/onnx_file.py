"""An ONNX file in the making: nodes and constants under names of their own."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import onnx
import torch
from onnx import TensorProto, helper
from torch import Tensor

from adequate.network.onnx.graph import SLOT

OPSET = 21
"""Of the standard operators: the first that quantises to 16 bits (ONNX, QuantizeLinear-21)."""

IR_VERSION = 10
"""The first whose nodes have metadata; onnxruntime 1.31 reads up to 13, and onnx itself would write a newer one."""

ELEMENT_TYPES = {
    torch.float32: TensorProto.FLOAT,
    torch.int64: TensorProto.INT64,
    torch.int32: TensorProto.INT32,
    torch.int16: TensorProto.INT16,
    torch.uint16: TensorProto.UINT16,
    torch.int8: TensorProto.INT8,
    torch.uint8: TensorProto.UINT8,
    torch.float8_e4m3fn: TensorProto.FLOAT8E4M3FN,
    torch.float8_e4m3fnuz: TensorProto.FLOAT8E4M3FNUZ,
    torch.float8_e5m2: TensorProto.FLOAT8E5M2,
    torch.float8_e5m2fnuz: TensorProto.FLOAT8E5M2FNUZ,
}
"""What tensors are stored as."""

Attribute = int | float | str | Sequence[int]

Sizes = Sequence[int | str | None]
"""Of an input or output: a free size has a name, an unknown one is None."""


class OnnxFile:
    """Collects nodes, constants, inputs and outputs; ``content`` is the file.

    Values and nodes get the names that are wanted, with ``#2`` and so on behind them where those are taken; only the
    node of a layer gets the layer's.
    """

    def __init__(self, domains: Mapping[str, int], layers: Collection[str]) -> None:
        """``domains`` are the versions of further domains of operators, ``layers`` all names of layers."""
        self._domains = dict(domains)
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, Tensor] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._names = set(layers)
        self._values: set[str] = set()
        self._computed: set[str] = set()

    def input(self, name: str, dtype: torch.dtype, sizes: Sizes) -> str:
        """A value that the network reads."""
        value = _unused(name, self._values)
        self._inputs.append(helper.make_tensor_value_info(value, ELEMENT_TYPES[dtype], sizes))
        return value

    def output(self, value: str, sizes: Sizes) -> None:
        """Makes a value of float32 numbers one that the network gives: itself, if it is computed and no output yet."""
        if value not in self._computed or any(value == other.name for other in self._outputs):
            value = self.node("output", "Identity", [value])
        self._outputs.append(helper.make_tensor_value_info(value, TensorProto.FLOAT, sizes))

    def constant(self, name: str, value: Tensor) -> str:
        """A stored tensor; one of the same name and content is stored once."""
        value = value.detach().cpu().contiguous()
        for known in _numbered(name):
            if known in self._constants and _same(self._constants[known], value):
                return known
            if known not in self._values:
                break
        stored = _unused(name, self._values)
        self._constants[stored] = value
        return stored

    def node(
        self,
        name: str,
        operator: str,
        operands: Sequence[str],
        attributes: Mapping[str, Attribute] | None = None,
        *,
        domain: str = "",
        slot: str = "",
        layer: bool = False,
    ) -> str:
        """A call of an operator, and the name of its one result.

        ``slot`` is that of the format it stands for. With ``layer``, as with the slot so called, it is a layer itself
        and has its name.
        """
        own = name if layer or slot == "layer" else _unused(name, self._names)
        result = _unused(own, self._values)
        self._computed.add(result)
        node = helper.make_node(operator, operands, [result], own, domain=domain)
        node.attribute.extend(helper.make_attribute(key, one) for key, one in sorted((attributes or {}).items()))
        if slot:
            node.metadata_props.add(key=SLOT, value=slot)
        self._nodes.append(node)
        return result

    def content(self) -> bytes:
        """The file; the same calls give the same bytes."""
        graph = helper.make_graph(
            self._nodes,
            "network",
            self._inputs,
            self._outputs,
            [_stored(name, value) for name, value in self._constants.items()],
        )
        domains = [helper.make_opsetid(domain, version) for domain, version in {"": OPSET, **self._domains}.items()]
        model = helper.make_model(graph, opset_imports=domains, ir_version=IR_VERSION, producer_name="adequate")
        return model.SerializeToString(deterministic=True)


def _stored(name: str, value: Tensor) -> TensorProto:
    numbers = value.reshape(-1).view(torch.uint8).numpy().tobytes()
    return helper.make_tensor(name, ELEMENT_TYPES[value.dtype], list(value.shape), numbers, raw=True)


def _same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are stored alike, down to the sign of a zero."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return torch.equal(a.reshape(-1).view(torch.uint8), b.reshape(-1).view(torch.uint8))


def _numbered(name: str) -> Iterator[str]:
    yield name
    count = 2
    while True:
        yield f"{name}#{count}"
        count += 1


def _unused(name: str, taken: set[str]) -> str:
    found = next(one for one in _numbered(name) if one not in taken)
    taken.add(found)
    return found
