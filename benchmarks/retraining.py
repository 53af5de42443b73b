"""How much slower a step of retraining with an approximate multiplier is than one in floating point: JSON lines.

ResNet-20 with folded batch norms, both times the same network, loss and optimizer, on one thread; each figure is the
median over pairs of steps timed in turn. Untrained weights: the time does not depend on them.
"""

import json
from collections.abc import Callable

import torch
from timing import ratio
from torch import Generator, Tensor, nn
from torch.nn import functional

import adequate as aq
from adequate import native
from adequate.cli.memory import keep_memory
from adequate.design import Design
from adequate.emulation import EmulatedNetwork
from adequate.finetuning.smoothed_difference import smoothed_differences
from adequate.operators import BrokenArray, SignMagnitude

PAIRS = 5
BATCH = 64
MULTIPLIER = SignMagnitude(BrokenArray(8, 8, 2, 6))


def step(module: nn.Module, x: Tensor, y: Tensor) -> Callable[[], object]:
    """One step of training."""
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-6)

    def act() -> None:
        loss = functional.cross_entropy(module(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return act


def trained(network: aq.Network, design: Design) -> EmulatedNetwork:
    """A module in training."""
    module = aq.emulate(network, design)
    module.train()
    return module


def main() -> None:
    """Prints every ratio."""
    torch.set_num_threads(1)
    keep_memory()
    torch.manual_seed(0)
    generator = Generator().manual_seed(0)
    x = torch.rand(BATCH, 3, 32, 32, generator=generator)
    y = torch.randint(10, (BATCH,), generator=generator)
    network = aq.fold_batchnorm(aq.trace(aq.entry("resnet20").build().eval(), x[:2]))
    design = aq.dynamic_fixed(aq.profile(network, [(x, y)]), bits=8)
    products = [layer.name for layer in network.multiplying]
    quantized = Design({name: layer for name, layer in design.items() if name in products})
    approximate = quantized.with_layers(products, multiplier=MULTIPLIER)
    smoothed = trained(network, approximate)
    smoothed.differentiate_by(smoothed_differences(smoothed, aq.SmoothedDifference()))
    reference = step(trained(network, Design()), x, y)
    modules = {
        "8-bit formats": trained(network, quantized),
        f"{MULTIPLIER}, straight-through": trained(network, approximate),
        f"{MULTIPLIER}, smoothed difference": smoothed,
    }
    for what, module in modules.items():
        figure = f"retraining step of resnet20, {what}, {BATCH} images"
        measured = round(ratio(step(module, x, y), reference, PAIRS), 2)
        line = {
            "figure": figure,
            "ratio": measured,
            "reference": "float step",
            "processor": native.processor.name.lower(),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
