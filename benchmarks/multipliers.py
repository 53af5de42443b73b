"""What a multiplier costs in a whole network: one JSON line per ratio to plain float32 torch, on one thread.

ResNet-20 with folded batch norms and random weights (the time does not depend on them), an arbitrary 8-bit table in
every layer; each ratio is the median over pairs timed in turn.
"""

import json
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

import adequate as aq
from adequate import native
from adequate.operators import tabulate

PAIRS = 5
BATCH = 64


def seconds(act: Callable[[], object]) -> float:
    """How long one call takes."""
    start = perf_counter()
    act()
    return perf_counter() - start


def ratio(ours: Callable[[], object], reference: Callable[[], object]) -> float:
    """The median of ours / reference over pairs measured in turn, after one unmeasured pair."""
    pairs = [(seconds(ours), seconds(reference)) for _ in range(PAIRS + 1)][1:]
    return median(a / b for a, b in pairs)


def forward(module: nn.Module, x: Tensor) -> None:
    """One evaluation without gradients."""
    with torch.no_grad():
        module(x)


def step(module: nn.Module, x: Tensor, labels: Tensor) -> None:
    """Forward and backward, and new weights by SGD."""
    optimizer = torch.optim.SGD(module.parameters(), lr=0.001)
    optimizer.zero_grad()
    functional.cross_entropy(module(x), labels).backward()
    optimizer.step()


def main() -> None:
    """Prints both ratios."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    generator = Generator().manual_seed(0)
    x = torch.randn(BATCH, 3, 32, 32, generator=generator)
    labels = torch.randint(10, (BATCH,), generator=generator)
    network = aq.fold_batchnorm(aq.trace(aq.entry("resnet20").build().eval(), x[:2]))
    ranges = aq.profile(network, [(x, labels)])
    table = tabulate("odd", lambda a, b: a * b - (a * 40503 ^ b * 30011) % 97)
    design = aq.approximate(aq.dynamic_fixed(ranges, bits=8), table, ranges)
    plain, emulated = (aq.emulate(network, one) for one in (aq.Design(), design))
    processor = "" if native.kernels is None else native.processor.name
    figures = {"resnet20_8_bit_table_over_float32": (forward, x), "resnet20_table_step_over_float32": (step, x, labels)}
    for name, (act, *given) in figures.items():
        training = act is step
        found = ratio(partial(act, emulated.train(training), *given), partial(act, plain.train(training), *given))
        print(
            json.dumps({"figure": name, "ratio": round(found, 3), "batch": BATCH, "processor": processor}), flush=True
        )


if __name__ == "__main__":
    main()
