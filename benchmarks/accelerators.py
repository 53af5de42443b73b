"""How long accelerators take to be asked, one core, one image, 8 bits: one JSON line each.

Untrained networks on noise; taking the operands is a figure of its own.
"""

import json
from collections.abc import Callable
from functools import partial

import torch
from timing import seconds
from torch import Generator

from adequate import dynamic_fixed, operands, profile
from adequate.accelerators import ACCELERATORS, BitWork, Laconic, bit_work, layer_costs, work_of
from adequate.accelerators.work import Operands
from adequate.design import Design
from adequate.network import Network, fold_batchnorm, trace
from adequate.zoo import entry

BITS, TURNS = 8, 5

Asked = tuple[Network, Design, Operands]


def main() -> None:
    """Prints every figure."""
    torch.set_num_threads(1)
    lenet, resnet, squeezenet = asked("lenet"), asked("resnet20"), asked("squeezenet")
    for machine in ACCELERATORS:
        tell(f"{machine.name()} of resnet20", resnet[0], partial(layer_costs, *resnet[:2], machine(), resnet[2]))
    tell("laconic of squeezenet", squeezenet[0], lambda: layer_costs(*squeezenet[:2], Laconic(), squeezenet[2]))
    tell("every machine of lenet", lenet[0], lambda: [layer_costs(*lenet[:2], one(), lenet[2]) for one in ACCELERATORS])
    tell("work in bits of squeezenet", squeezenet[0], lambda: all_work(*squeezenet))


def asked(name: str) -> Asked:
    """A network, a design and the operands of one image, timed."""
    generator, member = Generator().manual_seed(0), entry(name)
    torch.manual_seed(0)
    images = torch.randn(member.example_shape, generator=generator)
    network = fold_batchnorm(trace(member.build().eval(), images))
    design = dynamic_fixed(profile(network, [(images, torch.zeros(1))]), bits=BITS)
    tell(f"operands of {name}", network, lambda: operands(network, design, images))
    return network, design, operands(network, design, images)


def all_work(network: Network, design: Design, found: Operands) -> BitWork:
    """The work in bits of every layer."""
    layers = [layer for layer in network.layers if layer.multiplies]
    return sum((bit_work(work_of(one, design[one.name], found[one.name]), BITS) for one in layers), BitWork())


def tell(figure: str, network: Network, act: Callable[[], object]) -> None:
    """Prints the least processor time of some calls: what else the machine does counts little."""
    least = min(seconds(act) for _ in range(TURNS))
    rate = sum(layer.macs for layer in network.layers) / least / 1e9
    print(json.dumps({"figure": figure, "seconds": round(least, 4), "gmacs_per_core": round(rate, 2)}), flush=True)


if __name__ == "__main__":
    main()
