"""Calls that pass their operand on unchanged taken out."""

from collections.abc import Callable

from torch import Tensor
from torch.fx import Node

from adequate.network.graph import arguments, copy_graph, function_of
from adequate.network.network import Network
from adequate.network.rewrites.surgery import finished, remove

ANY = ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
SHAPING = ("reshape", "view", "flatten", "squeeze", "unsqueeze", "expand", "unflatten", "view_as", "reshape_as")


def drop_identities(network: Network) -> Network:
    """The network without calls whose result is their operand, bit for bit.

    Those are dropout (which evaluation passes through; a network that is still to be trained loses it), clones and
    casts to the same dtype, reshapes to the same shape, transpositions that move nothing, slices of everything,
    padding by nothing, x * 1, x / 1, x - 0 and x + 0 (which makes of -0 a 0). Where the graph writes in place, clones
    stay.
    """
    graph = copy_graph(network.graph)
    in_place = any(node.op == "call_function" and function_of(node).endswith("_") for node in graph.graph.nodes)
    nodes = {node.name: node for node in graph.graph.nodes}
    done = []
    for layer in network.layers:
        node = nodes.get(layer.outputs[0])
        if node is None or len(layer.nodes) != 1 or "part" in node.meta or not node.args:
            continue
        source = node.args[0]
        if not isinstance(source, Node) or not _same_kind(source, node):
            continue
        name = function_of(node)
        if name in ("clone", "contiguous") and in_place:
            continue
        if any(name in names and unchanged(node) for names, unchanged in UNCHANGED):
            remove(graph, node, instead=source)
            done.append(f"drop_identities: {layer.name}")
    return finished(network, graph, done)


def _same_kind(source: Node, node: Node) -> bool:
    """Whether shapes and dtypes are the same, the free batch included."""
    a, b = source.meta.get("val"), node.meta.get("val")
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        return False
    return a.dtype == b.dtype and a.device == b.device and list(map(str, a.shape)) == list(map(str, b.shape))


def _off(node: Node) -> bool:
    return not arguments(node)["train"]


def _permutes_nothing(node: Node) -> bool:
    rank = len(node.meta["val"].shape)
    return [d % rank for d in arguments(node)["dims"]] == list(range(rank))


def _swaps_nothing(node: Node) -> bool:
    rank = len(node.meta["val"].shape)
    return arguments(node)["dim0"] % rank == arguments(node)["dim1"] % rank


def _takes_all(node: Node) -> bool:
    given = arguments(node)
    return given.get("start") in (None, 0) and given.get("step", 1) == 1


def _pads_nothing(node: Node) -> bool:
    given = arguments(node)
    return not any(given.get("pad", given.get("padding", ())))


def _by_number(neutral: float) -> Callable[[Node], bool]:
    def unchanged(node: Node) -> bool:
        other = node.args[1]
        return isinstance(other, int | float) and other == neutral and arguments(node).get("rounding_mode") is None

    return unchanged


UNCHANGED: tuple[tuple[tuple[str, ...], Callable[[Node], bool]], ...] = (
    (("clone", "contiguous", "to", "_to_copy", "type_as", "lift_fresh_copy"), lambda _: True),
    (SHAPING, lambda _: True),
    (ANY, _off),
    (("permute",), _permutes_nothing),
    (("transpose",), _swaps_nothing),
    (("slice",), _takes_all),
    (("pad", "constant_pad_nd"), _pads_nothing),
    (("mul", "div"), _by_number(1)),
    (("add", "sub"), _by_number(0)),
)
"""Functions, and when a call of theirs with the shape and dtype of its operand passes that on."""
