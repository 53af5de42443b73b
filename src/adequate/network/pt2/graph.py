"""The nodes of a program, built anew one by one; every shape is computed, none is believed."""

import keyword
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import getitem
from typing import Any

import torch
from torch import Tensor
from torch._dispatch.python import enable_python_dispatcher
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx import Graph, Node
from torch.fx.node import map_arg

from adequate.network.pt2.arguments import argument, node_of
from adequate.network.pt2.fields import Field
from adequate.network.pt2.limits import MOST_VALUES, RECURRENT, refuse_endless, refuse_huge
from adequate.network.pt2.operators import ASSERTIONS, WITHOUT_GRADIENT, find_operator
from adequate.network.quiet import quiet_torch

RESHAPING = frozenset({"view", "reshape", "_unsafe_view", "expand"})
"""Functions of a tensor and the shape it takes."""

LONGEST_NAME = 1000
"""Characters of a name."""


@dataclass
class Builder:
    """A graph that grows; ``nodes`` are the values so far by the file's names.

    ``batch`` is the size that the file fixes for the batch where it is to be free.
    """

    mode: FakeTensorMode
    batch: int | None = None
    graph: Graph = field(default_factory=Graph)
    nodes: dict[str, Node] = field(default_factory=dict)

    def placeholder(self, name: Field, value: Tensor) -> str:
        """An input, and its name in the graph (another one where the file's hides a function of Python's)."""
        node = self.graph.placeholder(_identifier(name))
        self._define(name, node, value)
        return node.name

    def extend(self, nodes: Iterable[Field]) -> None:
        """The nodes of a graph in the file, in their order.

        Raises:
            ValueError: unknown functions, all at once; arguments or shapes that do not fit.
        """
        listed = list(nodes)
        _refuse_unknown(listed)
        for one in listed:
            target = one["target"].text()
            if target == WITHOUT_GRADIENT:
                self._inline(one)
            elif target not in ASSERTIONS:
                self._call(one, target)

    def _call(self, node: Field, target: str) -> None:
        function = find_operator(target)
        assert function is not None
        args, kwargs = self._arguments(node, function)
        name = target.split(".")[-2]
        if self.batch is not None and name in RECURRENT:
            raise node.error("begins with states of a fixed batch")
        if self.batch is not None and name in RESHAPING:
            args = self._with_free_batch(args)
        outputs = node["outputs"].elements()
        values = map_arg((args, kwargs), lambda one: one.meta["val"])
        refuse_endless(node, target, values[0])
        try:
            # Without Python's dispatcher, C++ takes free sizes for fixed.
            with quiet_torch(), self.mode, enable_python_dispatcher(), torch.no_grad():
                value = function(*values[0], **values[1])
        except Exception as error:  # whatever torch's operators make of arguments that do not fit
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise ValueError(f"{node.where}: {target} cannot be computed: {reason[0]}") from None
        refuse_huge(node, value)
        made = self.graph.create_node("call_function", function, args, kwargs, name=_name(node))
        made.meta = {"val": value, "nn_module_stack": module_stack(node["metadata"])}
        self._name_outputs(node, made, outputs)

    def _arguments(self, node: Field, function: Callable[..., Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Those the operator's schema wants by position, and the rest by name."""
        given = [(one["name"].text(), argument(one["arg"], self.nodes)) for one in node["inputs"].elements()]
        if not isinstance(function, torch._ops.OpOverload):
            return tuple(value for _, value in given), {}
        by_name = dict(given)
        positional = []
        for one in function._schema.arguments:
            if one.kwarg_only or one.name not in by_name:
                break
            positional.append(by_name.pop(one.name))
        return tuple(positional), by_name

    def _with_free_batch(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """``reshape(x, [batch, ...])`` with the batch that x has, where x has a free one."""
        x, *shape = args
        if not (isinstance(x, Node) and shape and isinstance(shape[0], list) and shape[0][:1] == [self.batch]):
            return args
        value = x.meta["val"]
        if not value.dim() or isinstance(value.shape[0], int):
            return args
        size = self.graph.call_function(torch.ops.aten.sym_size.int, (x, 0))
        size.meta = {"val": value.shape[0]}
        return (x, [size, *shape[0][1:]], *shape[1:])

    def _name_outputs(self, node: Field, made: Node, outputs: list[Field]) -> None:
        """One value is the call itself; of several, or of a list, each is an element of it."""
        value = made.meta["val"]
        if not isinstance(value, list | tuple):
            if len(outputs) > 1:
                raise node.error(f"has {len(outputs)} outputs, computes one")
            for name in _output_names(outputs):
                if name is not None:
                    self._define(name, made, value)
            return
        names = _output_names(outputs)
        if len(names) != len(value):
            raise node.error(f"has {len(names)} outputs, computes {len(value)}")
        for position, (name, part) in enumerate(zip(names, value, strict=True)):
            if name is not None:
                element = self.graph.create_node("call_function", getitem, (made, position), name=_identifier(name))
                element.meta["nn_module_stack"] = made.meta["nn_module_stack"]
                self._define(name, element, part)

    def _inline(self, node: Field) -> None:
        """``wrap_with_set_grad_enabled(enabled, graph, *values)``: the graph's nodes, reading those values.

        Without gradient, results are detached.
        """
        inputs = [one["arg"] for one in node["inputs"].elements()]
        if len(inputs) < 2 or inputs[1].choice()[0] != "as_graph":
            raise node.error("has no graph")
        inner = inputs[1].choice()[1]["graph"]
        read = [one.choice()[1]["name"].text() for one in inner["inputs"].elements()]
        if len(read) != len(inputs) - 2:
            raise node.error(f"has {len(inputs) - 2} values for {len(read)} inputs")
        within = {name: argument(one, self.nodes) for name, one in zip(read, inputs[2:], strict=True)}
        region = Builder(self.mode, self.batch, self.graph, within)
        region.extend(inner["nodes"].elements())
        results = [node_of(one.choice()[1]["name"], region.nodes) for one in inner["outputs"].elements()]
        names = _output_names(node["outputs"].elements())
        if len(names) != len(results):
            raise node.error(f"has {len(names)} outputs, its graph {len(results)}")
        enabled = argument(inputs[0], self.nodes)
        for name, result in zip(names, results, strict=True):
            if name is None:
                continue
            if enabled:
                self.nodes[name.text()] = result
                continue
            detached = self.graph.call_function(torch.ops.aten.detach.default, (result,))
            detached.meta["nn_module_stack"] = result.meta.get("nn_module_stack", {})
            self._define(name, detached, result.meta["val"])

    def _define(self, name: Field, node: Node, value: object) -> None:
        node.meta["val"] = value
        if name.text() in self.nodes:
            raise name.error(f"is {name.text()!r} a second time")
        self.nodes[name.text()] = node
        if len(self.nodes) > MOST_VALUES:
            raise name.error(f"is beyond the {MOST_VALUES:,} values that are read")


def module_stack(metadata: Field) -> dict[str, tuple[str, str]]:
    """The module calls a node belongs to, outermost first: key, path and class of each; only names, never looked up."""
    text = metadata.members().get("nn_module_stack")
    found = {}
    for one in text.text().split(";") if text is not None else ():
        key, _, rest = one.partition(",")
        path, _, kind = rest.rpartition(",")
        found[key] = (path, kind)
    return found


def _name(node: Field) -> str | None:
    """The file's name of a call; older files have none."""
    name = node.members().get("name")
    return None if name is None or name.value is None else _identifier(name)


def _identifier(name: Field) -> str:
    """A name that becomes part of Python code, so it must be one."""
    text = name.text()
    if not text.isidentifier() or not text.isascii() or keyword.iskeyword(text) or len(text) > LONGEST_NAME:
        raise name.error(f"is {text!r}, which is no name of a value")
    return text


def _output_names(outputs: list[Field]) -> list[Field | None]:
    if len(outputs) == 1 and outputs[0].choice()[0] == "as_tensors":
        return [one["name"] for one in outputs[0].choice()[1].elements()]
    return [_output_name(one) for one in outputs]


def _output_name(output: Field) -> Field | None:
    kind, value = output.choice()
    if kind == "as_none":
        return None
    if kind == "as_tensor":
        return value["name"]
    if kind in ("as_sym_int", "as_sym_float", "as_sym_bool"):
        return value["as_name"]
    raise output.error(f"is of kind {kind!r}, which is not read")


def _refuse_unknown(nodes: list[Field]) -> None:
    known = {WITHOUT_GRADIENT, *ASSERTIONS}
    targets = dict.fromkeys(one["target"].text() for one in nodes)
    unknown = [one for one in targets if one not in known and find_operator(one) is None]
    if unknown:
        raise ValueError(f"{nodes[0].where.partition(':')[0]} calls what is not read: {', '.join(map(repr, unknown))}")
