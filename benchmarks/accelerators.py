"""What it takes to say what networks cost: JSON lines, seconds of one thread's processor time, the best of some.

Eight-bit designs, one image of random pixels; the trained weights where ``ADEQUATE_DATA`` has them, else drawn ones:
skipping zero weights takes longer the more of them there are. The operands, by running the network in the design's
arithmetic, are taken once for all machines, and timed apart; memory is the process's to keep.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from timing import seconds
from torch import Generator

import adequate as aq
from adequate import native
from adequate.accelerators import ACCELERATORS, Accelerator, Operands, Work, work_of
from adequate.accelerators.work_reduction import bit_work
from adequate.cli.memory import keep_memory
from adequate.design import Design
from adequate.network import Network

BITS = 8
TRIALS = 7
IMAGES, SMALL = 8, 10**7
"""Of a network of so few products one image is over before the calls are: several say what a product takes."""
WEIGHTS = {
    "lenet": "caffe_small/lenet_iter_10000.caffemodel",
    "resnet20": "cifar10_resnet_pytorch/resnet20-12fca82f.th",
    "squeezenet": "squeezenet_deep_compression/compressed_SqueezeNet.net",
}


def main() -> None:
    """Prints every figure."""
    keep_memory()
    torch.set_num_threads(1)
    for name in WEIGHTS:
        report(name)


def report(name: str) -> None:
    """The figures of one network."""
    entry = aq.entry(name)
    torch.manual_seed(0)
    model, weights = entry.build().eval(), Path(os.environ.get("ADEQUATE_DATA", "")) / "models" / WEIGHTS[name]
    if weights.is_file():
        entry.load(model, weights)
    x = torch.rand(entry.example_shape, generator=Generator().manual_seed(0))
    network = aq.fold_batchnorm(aq.trace(model, x))
    design = aq.dynamic_fixed(aq.profile(network, [(x, torch.zeros(1, dtype=torch.int64))]), bits=BITS)
    operands = aq.operands(network, design, x)
    works = [work_of(network[layer], design[layer], one) for layer, one in operands.items()]
    about = {"network": name, "trained": weights.is_file(), "processor": native.processor.name.lower()}
    shown("operands", about, best(lambda: aq.operands(network, design, x)))
    shown("work in bits", about, best(lambda: [bit_work(one, BITS) for one in works]), works)
    if network.macs < SMALL:
        many = aq.operands(network, design, x.expand(IMAGES, -1, -1, -1))
        more = [work_of(network[layer], design[layer], one) for layer, one in many.items()]
        shown(f"work in bits, {IMAGES} images", about, best(lambda: [bit_work(one, BITS) for one in more]), more)
    spent = {one.name(): time_of(one(), network, design, operands) for one in ACCELERATORS}
    for machine, taken in spent.items():
        shown(machine, about, taken, works)
    shown("all accelerators", about, sum(taken for taken in spent.values() if taken is not None))


def time_of(machine: Accelerator, network: Network, design: Design, operands: Operands) -> float | None:
    """Of the network's whole cost, None where the machine refuses a layer."""
    try:
        return best(lambda: aq.cost(network, design, machine, operands))
    except ValueError:
        return None


def best(act: Callable[[], object]) -> float:
    """After one that is not measured."""
    return min([seconds(act) for _ in range(TRIALS + 1)][1:])


def shown(figure: str, about: dict[str, Any], taken: float | None, works: list[Work] | None = None) -> None:
    """Billions of multiply-accumulates a second beside the time, where that is one sweep over all of them."""
    rate = {} if works is None or not taken else {"gmacs": round(sum(one.macs for one in works) / taken / 1e9, 2)}
    refused = {"refused": True} if taken is None else {"seconds": round(taken, 4)}
    print(json.dumps({"figure": figure, **refused, **rate, **about}), flush=True)


if __name__ == "__main__":
    main()
