"""Arguments of a node as the file writes them, as values and nodes of the graph."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.fx import Node

from adequate.network.pt2.fields import Field
from adequate.network.pt2.tensors import DTYPES, STRIDED

MEMORY_FORMATS = {
    1: torch.contiguous_format,
    2: torch.channels_last,
    3: torch.channels_last_3d,
    4: torch.preserve_format,
}
"""Numbers of memory formats (torch, ``_export/serde/schema.py``, MemoryFormat)."""

Nodes = Mapping[str, Node]


def argument(field: Field, nodes: Nodes) -> Any:
    """The value of an ``Argument``; names are looked up among the nodes before it.

    Raises:
        ValueError: a kind that is not read (a custom object, a function, a graph), or a name of no node.
    """
    kind, value = field.choice()
    reader = READERS.get(kind)
    if reader is None:
        raise field.error(f"is of kind {kind!r}, which is not read; read are {', '.join(READERS)}")
    return reader(value, nodes)


def node_of(field: Field, nodes: Nodes) -> Node:
    """The node a name stands for."""
    name = field.text()
    if name not in nodes:
        raise field.error(f"names {name!r}, which nothing before it computes")
    return nodes[name]


def _named(field: Field, nodes: Nodes) -> Node:
    return node_of(field["name"], nodes)


def _perhaps(field: Field, nodes: Nodes) -> Node | None:
    kind, value = field.choice()
    return None if kind == "as_none" else _named(value, nodes)


def _size(field: Field, nodes: Nodes) -> Any:
    """An integer, number or truth value, or the node that computes one."""
    kind, value = field.choice()
    if kind == "as_name":
        return node_of(value, nodes)
    readers: dict[str, Callable[[], Any]] = {"as_int": value.integer, "as_float": value.real, "as_bool": value.flag}
    if kind not in readers:
        raise field.error(f"is of kind {kind!r}")
    return readers[kind]()


def _layout(field: Field, _: Nodes) -> torch.layout:
    return field.chosen({STRIDED: torch.strided}, "layout")


def _each(reader: Callable[[Field, Nodes], Any]) -> Callable[[Field, Nodes], list[Any]]:
    return lambda field, nodes: [reader(one, nodes) for one in field.elements()]


def _plain(reader: Callable[[Field], Any]) -> Callable[[Field, Nodes], Any]:
    return lambda field, _: reader(field)


READERS: dict[str, Callable[[Field, Nodes], Any]] = {
    "as_none": lambda *_: None,
    "as_tensor": _named,
    "as_tensors": _each(_named),
    "as_optional_tensor": _perhaps,
    "as_optional_tensors": _each(_perhaps),
    "as_int": _plain(Field.integer),
    "as_ints": _each(_plain(Field.integer)),
    "as_float": _plain(Field.real),
    "as_floats": _each(_plain(Field.real)),
    "as_bool": _plain(Field.flag),
    "as_bools": _each(_plain(Field.flag)),
    "as_string": _plain(Field.text),
    "as_sym_int": _size,
    "as_sym_ints": _each(_size),
    "as_sym_float": _size,
    "as_sym_floats": _each(_size),
    "as_sym_bool": _size,
    "as_sym_bools": _each(_size),
    "as_scalar_type": lambda field, _: field.chosen(DTYPES, "type"),
    "as_memory_format": lambda field, _: field.chosen(MEMORY_FORMATS, "memory format"),
    "as_layout": _layout,
    "as_device": lambda *_: torch.device("cpu"),
}
"""What is read of each kind of ``Argument`` (same schema); a file's devices are all the processor here."""
