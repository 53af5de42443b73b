"""Whether a design fits a network."""

from adequate.design import Design
from adequate.emulated_layer.calls import carries_data
from adequate.emulated_layer.multiplied_sums import require_multiplier
from adequate.network import Network
from adequate.network.graph import results_of
from adequate.network.parts import cannot_be_taken_apart, has_parts

SLOTS_OF_PRODUCTS = frozenset({"input", "weight", "multiplier", "accumulator", "output"})
SLOTS_OF_OTHERS = frozenset({"input", "output"})


def check(network: Network, design: Design) -> None:
    """Whether the design fits the network.

    Raises:
        ValueError: with the first layer or slot that does not exist, and those that do.
    """
    nodes = {node.name: node for node in network.expanded.graph.nodes}
    for name, chosen in design.items():
        if name not in network:
            known = ", ".join(repr(layer.name) for layer in network.layers[:12])
            more = f" and {len(network.layers) - 12} more" if len(network.layers) > 12 else ""
            raise ValueError(f"no such layer {name!r}; the network has {known}{more}")
        layer = network[name]
        last = nodes[layer.nodes[-1]]
        if has_parts(last):
            reason = cannot_be_taken_apart(network.expanded, last)
            raise ValueError(f"layer {name!r} ({layer.operation}) cannot be taken apart: {reason}")
        if chosen.output is not None and not any(map(carries_data, results_of(last))):
            raise ValueError(f"layer {name!r} ({layer.operation}) has no real numbers for an output format")
        allowed = SLOTS_OF_PRODUCTS if layer.multiplies else SLOTS_OF_OTHERS
        for slot in chosen.slots():
            if slot not in allowed:
                raise ValueError(
                    f"layer {name!r} ({layer.operation}) has no {slot}; its slots are {', '.join(sorted(allowed))}"
                )
        if chosen.multiplier is not None:
            require_multiplier(layer, chosen)
