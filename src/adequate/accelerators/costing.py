"""What a network costs on an accelerator in a design."""

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cost import Cost, total
from adequate.accelerators.work import Operands
from adequate.design import Design
from adequate.network import Network


def cost(network: Network, design: Design, accelerator: Accelerator, operands: Operands | None = None) -> Cost:
    """What one image costs: the sum over the layers.

    Raises:
        ValueError: a layer the machine cannot run; operands missing that it reads.
    """
    return total(layer_costs(network, design, accelerator, operands).values())


def layer_costs(
    network: Network, design: Design, accelerator: Accelerator, operands: Operands | None = None
) -> dict[str, Cost]:
    """What one image costs in every layer that is a sum of products, by name.

    Raises:
        ValueError: as ``cost``.
    """
    return {
        layer.name: accelerator.run(layer, design[layer.name], None if operands is None else operands.get(layer.name))
        for layer in network.layers
        if layer.multiplies
    }
