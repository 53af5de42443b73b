"""A network computed in the arithmetic of a design, bit for bit, as a module like any other."""

from typing import Any

from torch import Generator, Tensor, nn
from torch.fx import GraphModule, Node

from adequate.design import Design, LayerDesign
from adequate.emulated_layer import ARITHMETIC, EmulatedFunction, EmulatedProduct, Quantizer
from adequate.network import Layer, Network
from adequate.network.graph import copy_graph

SLOTS_OF_PRODUCTS = frozenset({"input", "weight", "accumulator", "output"})
SLOTS_OF_OTHERS = frozenset({"input", "output"})

MODE_ARGUMENTS = {
    "dropout": "train",
    "alpha_dropout": "train",
    "feature_dropout": "train",
    "feature_alpha_dropout": "train",
    "batch_norm": "training",
    "instance_norm": "use_input_stats",
    "rrelu": "training",
}
"""Functions that behave differently in training, and the argument that says so."""


class EmulatedNetwork(GraphModule):
    """The network's graph with every layer of the design replaced by its arithmetic.

    Parameters keep the user's names. In evaluation every sum of quantised products is exact (or the accumulator's) and
    rounded as the design says. In training the same quantised operands go through torch's own differentiable float
    kernels, and the gradient passes each quantiser straight through inside the representable range and is zero outside.
    """

    def train(self, mode: bool = True) -> "EmulatedNetwork":
        """Training or evaluation, dropout and batch normalisation included.

        What trains even in the network's own graph, which is in evaluation, is left so: a batch or instance
        normalisation without running statistics, a dropout that was written to stay.
        """
        for node in self.graph.nodes:
            if node.op == "call_function":
                flag = MODE_ARGUMENTS.get(getattr(node.target, "__name__", "").partition(".")[0])
                if flag is not None and not node.meta.setdefault("always", _argument(node, flag)):
                    _set_argument(node, flag, mode)
        self.recompile()
        return super().train(mode)  # type: ignore[return-value]

    def round_weights_stochastically(self, generator: Generator | None) -> None:
        """From now on weights are rounded by this generator while training; None: by their formats' own rule."""
        for module in self.modules():
            if isinstance(module, EmulatedProduct):
                module.generator = generator


def emulate(network: Network, design: Design) -> EmulatedNetwork:
    """A module that computes ``network`` in the arithmetic of ``design``.

    It is a copy: neither the network nor the user's model is touched. An empty design gives the network as it is.

    Raises:
        ValueError: the design names a layer the network has not, or a slot a layer has not.
    """
    check(network, design)
    graph = copy_graph(network.graph)
    nodes = {node.name: node for node in graph.graph.nodes}
    modules = nn.ModuleDict()
    graph.add_module("emulated", modules)
    for layer in network.layers:
        chosen = design[layer.name]
        if chosen:
            replace = _replace_arithmetic if layer.operation in ARITHMETIC else _surround
            replace(graph, nodes, modules, layer, chosen)
    if not len(modules):
        delattr(graph, "emulated")
    graph.graph.lint()
    emulated = EmulatedNetwork(graph, graph.graph)
    return emulated.eval()  # type: ignore[return-value]


def check(network: Network, design: Design) -> None:
    """Whether the design fits the network.

    Raises:
        ValueError: with the first layer or slot that does not exist, and those that do.
    """
    for name, chosen in design.items():
        if name not in network:
            known = ", ".join(repr(layer.name) for layer in network.layers[:12])
            more = f" and {len(network.layers) - 12} more" if len(network.layers) > 12 else ""
            raise ValueError(f"no such layer {name!r}; the network has {known}{more}")
        layer = network[name]
        allowed = SLOTS_OF_PRODUCTS if layer.multiplies else SLOTS_OF_OTHERS
        for slot in chosen.slots():
            if slot not in allowed:
                raise ValueError(
                    f"layer {name!r} ({layer.operation}) has no {slot}; its slots are {', '.join(sorted(allowed))}"
                )


def _replace_arithmetic(
    graph: GraphModule, nodes: dict[str, Node], modules: nn.ModuleDict, layer: Layer, chosen: LayerDesign
) -> None:
    node = nodes[layer.nodes[-1]]
    assert callable(node.target)
    kind = EmulatedProduct if layer.multiplies else EmulatedFunction
    name = _add(modules, kind(layer, chosen, node.target))
    with graph.graph.inserting_before(node):
        call = graph.graph.call_module(name, node.args, node.kwargs)
    call.meta = {**node.meta, "layer": layer.name}
    node.replace_all_uses_with(call)
    graph.graph.erase_node(node)


def _surround(
    graph: GraphModule, nodes: dict[str, Node], modules: nn.ModuleDict, layer: Layer, chosen: LayerDesign
) -> None:
    """Quantisers before and after a layer that only moves or compares values, or stays float inside."""
    members = [nodes[name] for name in layer.nodes]
    if chosen.input is not None:
        name = _add(modules, Quantizer(chosen.input, f"input of layer {layer.name!r}"))
        sources = dict.fromkeys(s for n in members for s in n.all_input_nodes if s not in members and _carries_data(s))
        for source in sources:
            with graph.graph.inserting_before(members[0]):
                call = graph.graph.call_module(name, (source,))
            call.meta = {key: value for key, value in source.meta.items() if key != "layer"}
            for member in members:
                member.replace_input_with(source, call)
    if chosen.output is not None:
        last = members[-1]
        name = _add(modules, Quantizer(chosen.output, f"output of layer {layer.name!r}"))
        with graph.graph.inserting_after(last):
            call = graph.graph.call_module(name, (last,))
        call.meta = {**last.meta, "layer": layer.name}
        last.replace_all_uses_with(call, delete_user_cb=lambda user: user is not call)


def _carries_data(node: Node) -> bool:
    value = node.meta.get("val")
    return node.op != "get_attr" and isinstance(value, Tensor) and value.is_floating_point()


def _add(modules: nn.ModuleDict, module: nn.Module) -> str:
    name = str(len(modules))
    modules[name] = module
    return f"emulated.{name}"


def _argument(node: Node, name: str) -> Any:
    position = _position(node, name)
    return node.args[position] if position < len(node.args) else node.kwargs.get(name)


def _set_argument(node: Node, name: str, value: Any) -> None:
    position = _position(node, name)
    if position < len(node.args):
        node.update_arg(position, value)
    else:
        node.update_kwarg(name, value)


def _position(node: Node, name: str) -> int:
    target: Any = node.target
    return [argument.name for argument in target._schema.arguments].index(name)
