"""What a network costs on an accelerator in a design."""

from collections.abc import Mapping
from types import MappingProxyType

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cost import Cost, total
from adequate.accelerators.work import Operands
from adequate.design import Design
from adequate.network import Network


def cost(
    network: Network,
    design: Design,
    accelerator: Accelerator,
    operands: Operands | None = None,
    relative_energies: Mapping[str, float] = MappingProxyType({}),
) -> Cost:
    """What one image costs: the sum over the layers; ``relative_energies`` as ``Accelerator.run`` has them.

    Raises:
        ValueError: a layer the machine cannot run; operands missing that it reads.
    """
    return total(layer_costs(network, design, accelerator, operands, relative_energies).values())


def layer_costs(
    network: Network,
    design: Design,
    accelerator: Accelerator,
    operands: Operands | None = None,
    relative_energies: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, Cost]:
    """What one image costs in every layer that is a sum of products, by name.

    Raises:
        ValueError: as ``cost``.
    """
    found: dict[str, Cost] = {}
    for layer in network.layers:
        if layer.multiplies:
            taken = None if operands is None else operands.get(layer.name)
            found[layer.name] = accelerator.run(layer, design[layer.name], taken, relative_energies)
    return found
