"""A network computed in the arithmetic of a design, bit for bit, as a module like any other."""

from collections.abc import Mapping

from torch import Generator, nn
from torch.fx import GraphModule, Node
from torch.fx.graph import PythonCode

from adequate.design import Design, LayerDesign
from adequate.emulated_layer import (
    ARITHMETIC,
    EmulatedFunction,
    EmulatedProduct,
    FormedFunction,
    Gradient,
    Quantizer,
    calls_of,
    carries_data,
    check,
    leave_out_roundings,
    outside,
    with_epilogues,
)
from adequate.emulated_layer.forms import IntegerForm, LocalResponse, form_of
from adequate.network import Layer, Network
from adequate.network.graph import copy_graph, keep_state, results_of
from adequate.network.modes import set_mode
from adequate.network.parts import take_apart


class EmulatedNetwork(GraphModule):
    """The network's graph with every layer of the design replaced by its arithmetic.

    Parameters keep the user's names. In evaluation every sum of quantised products is exact (or the accumulator's) and
    rounded as the design says. In training the same quantised operands go through torch's own differentiable float
    kernels, and the gradient passes each quantiser straight through inside the representable range and is zero outside.
    """

    def recompile(self) -> PythonCode:
        """Compiles ``graph`` anew, what follows a product in the pass that rounds it (``emulated_layer.epilogues``)."""
        graph = self._graph
        self._graph = with_epilogues(self)
        try:
            return super().recompile()
        finally:
            self._graph = graph

    def train(self, mode: bool = True) -> "EmulatedNetwork":
        """Training or evaluation, dropout and batch normalisation included.

        What trains even in the network's own graph, which is in evaluation, is left so: a batch or instance
        normalisation without running statistics, a dropout that was written to stay.
        """
        set_mode(self, mode)
        return super().train(mode)  # type: ignore[return-value]

    def round_weights_stochastically(self, generator: Generator | None) -> None:
        """From now on weights are rounded by this generator while training; None: by their formats' own rule."""
        for module in self.modules():
            if isinstance(module, EmulatedProduct):
                module.generator = generator

    def differentiate_by(self, gradient: Gradient | Mapping[str, Gradient]) -> None:
        """From now on this is the gradient of a multiplier's products in training: of all layers, or each its own.

        At first it is that of the exact product of the same operands (``straight_through``). Layers that are not in
        the mapping keep theirs.
        """
        for module in self.modules():
            if isinstance(module, EmulatedProduct):
                module.gradient = (
                    gradient.get(module.layer.name, module.gradient) if isinstance(gradient, Mapping) else gradient
                )


def emulate(network: Network, design: Design) -> EmulatedNetwork:
    """A module that computes ``network`` in the arithmetic of ``design``.

    It is a copy: neither the network nor the user's model is touched. An empty design gives the network as it is.

    Raises:
        ValueError: the design names a layer the network has not, or a slot a layer has not, or a multiplier that does
            not fit the formats of its layer.
    """
    check(network, design)
    graph = copy_graph(network.graph)
    opened = _opened(network, design)
    if opened:
        take_apart(graph, opened)
    return _with_arithmetic(graph, network, design)


def emulate_expanded(network: Network, design: Design) -> EmulatedNetwork:
    """The same with every attention and recurrent network taken apart, whether the design says so or not.

    Raises:
        ValueError: as ``emulate``.
    """
    check(network, design)
    return _with_arithmetic(copy_graph(network.expanded), network, design)


def _opened(network: Network, design: Design) -> set[str]:
    """The calls of the compact graph of which a part is in the design."""
    chosen = {network[name].nodes[0] for name, layer in design.items() if layer}
    nodes = (node for node in network.expanded.graph.nodes if node.name in chosen)
    return {node.meta["part"].node for node in nodes if "part" in node.meta}


def _with_arithmetic(graph: GraphModule, network: Network, design: Design) -> EmulatedNetwork:
    nodes = {node.name: node for node in graph.graph.nodes}
    modules = nn.ModuleDict()
    graph.add_module("emulated", modules)
    for layer in network.layers:
        chosen = design[layer.name]
        if chosen:
            form = form_of(layer, chosen)
            if form is not None or layer.operation in ARITHMETIC:
                _replace_arithmetic(graph, nodes, modules, layer, chosen, form)
            else:
                _surround(graph, nodes, modules, layer, chosen)
    if not len(modules):
        delattr(graph, "emulated")
    leave_out_roundings(graph)
    graph.graph.lint()
    emulated = EmulatedNetwork(graph, graph.graph)
    keep_state(graph, emulated)
    emulated.graph.owning_module = None  # a cycle: a trial's weights would stay until the garbage collector runs
    return emulated.eval()  # type: ignore[return-value]


def _replace_arithmetic(
    graph: GraphModule,
    nodes: dict[str, Node],
    modules: nn.ModuleDict,
    layer: Layer,
    chosen: LayerDesign,
    form: IntegerForm | None,
) -> None:
    """One module in the place of all calls of a layer."""
    calls = calls_of(layer, nodes)
    function = form.response.in_float if isinstance(form, LocalResponse) else calls[-1][-1].target
    assert callable(function)
    if form is not None:
        module: nn.Module = FormedFunction(form, chosen, function, calls[-1][-1].meta.get("mode"))
    else:
        module = (EmulatedProduct if layer.multiplies else EmulatedFunction)(layer, chosen, function)
    name = _add(modules, module)
    for call in calls:
        *inner, node = call
        args, kwargs = (tuple(outside(call)), {}) if inner else (node.args, node.kwargs)
        with graph.graph.inserting_before(node):
            made = graph.graph.call_module(name, args, kwargs)
        made.meta = {**node.meta, "layer": layer.name}
        node.replace_all_uses_with(made)
        for one in reversed(call):
            graph.graph.erase_node(one)


def _surround(
    graph: GraphModule, nodes: dict[str, Node], modules: nn.ModuleDict, layer: Layer, chosen: LayerDesign
) -> None:
    """Quantisers before and after a layer that only moves or compares values, or stays float inside."""
    calls = calls_of(layer, nodes)
    if chosen.input is not None:
        name = _add(modules, Quantizer(chosen.input, f"input of layer {layer.name!r}"))
        for call in calls:
            _quantize_inputs(graph, name, call)
    if chosen.output is not None:
        name = _add(modules, Quantizer(chosen.output, f"output of layer {layer.name!r}"))
        for result in (one for *_, last in calls for one in results_of(last) if carries_data(one)):
            with graph.graph.inserting_after(result):
                quantized = graph.graph.call_module(name, (result,))
            quantized.meta = {**result.meta, "layer": layer.name}
            result.replace_all_uses_with(quantized, delete_user_cb=lambda user, own=quantized: user is not own)


def _quantize_inputs(graph: GraphModule, quantizer: str, members: list[Node]) -> None:
    for source in outside(members):
        with graph.graph.inserting_before(members[0]):
            quantized = graph.graph.call_module(quantizer, (source,))
        quantized.meta = {key: value for key, value in source.meta.items() if key != "layer"}
        for member in members:
            member.replace_input_with(source, quantized)


def _add(modules: nn.ModuleDict, module: nn.Module) -> str:
    name = str(len(modules))
    modules[name] = module
    return f"emulated.{name}"
