"""What a multiplier costs in a whole network: one JSON line, the ratio to plain float32 torch, on one thread.

ResNet-20 with folded batch norms and random weights (the time does not depend on them), an arbitrary 8-bit table in
every layer; the median over pairs timed in turn.
"""

import json
from functools import partial

import torch
from timing import ratio
from torch import Generator, Tensor, nn

import adequate as aq
from adequate import native
from adequate.cli.memory import keep_memory
from adequate.operators import tabulate

PAIRS = 5
BATCH = 64


def forward(module: nn.Module, x: Tensor) -> None:
    """One evaluation without gradients."""
    with torch.no_grad():
        module(x)


def main() -> None:
    """Prints the ratio."""
    torch.set_num_threads(1)
    keep_memory()
    torch.manual_seed(0)
    generator = Generator().manual_seed(0)
    x = torch.randn(BATCH, 3, 32, 32, generator=generator)
    labels = torch.randint(10, (BATCH,), generator=generator)
    network = aq.fold_batchnorm(aq.trace(aq.entry("resnet20").build().eval(), x[:2]))
    ranges = aq.profile(network, [(x, labels)])
    table = tabulate("odd", lambda a, b: a * b - (a * 40503 ^ b * 30011) % 97)
    design = aq.approximate(aq.dynamic_fixed(ranges, bits=8), table, ranges)
    plain, emulated = (aq.emulate(network, one).eval() for one in (aq.Design(), design))
    figure = {
        "figure": "resnet20_8_bit_table_over_float32",
        "ratio": round(ratio(partial(forward, emulated, x), partial(forward, plain, x), PAIRS), 3),
        "batch": BATCH,
        "processor": native.processor.name.lower(),
    }
    print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    main()
