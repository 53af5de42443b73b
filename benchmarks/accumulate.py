"""Registers that round after every addition: one JSON line each, billions of multiply-accumulates a second of one core.

``ratio`` is that to torch's float32 matrix product of the same sizes, timed in turn with it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import thread_time

import torch
from torch import Generator, Tensor

from adequate.formats import BFLOAT16, E4M3, Fixed, Format, Minifloat, Overflow
from adequate.kernels.accumulate import accumulate
from adequate.native import processor
from adequate.operators import Accumulator, Order

POSITIONS, TERMS, OUTPUTS = 4096, 576, 64  # a 3 x 3 convolution of 64 channels
PAIRS = 7

HALF, BRAIN = Minifloat(5, 10), BFLOAT16


@dataclass(frozen=True)
class Case:
    """The formats of both operands, and the register."""

    operands: Format
    accumulator: Accumulator


CASES = (
    Case(HALF, Accumulator(HALF)),
    Case(HALF, Accumulator(HALF, product=HALF)),
    Case(E4M3, Accumulator(HALF)),
    Case(E4M3, Accumulator(HALF, Order.BLOCKED, block=64)),
    Case(BRAIN, Accumulator(BRAIN)),
    Case(Fixed(8, 5), Accumulator(Minifloat(8, 23))),
    Case(Fixed(8, 5), Accumulator(Fixed(16, 10))),
    Case(Fixed(8, 5), Accumulator(Fixed(16, 8))),
    Case(Fixed(8, 5), Accumulator(Fixed(16, 8, overflow=Overflow.WRAP))),
)


def seconds(act: Callable[[], Tensor]) -> float:
    """Processor time of one call, so that what else the machine does counts little."""
    start = thread_time()
    act()
    return thread_time() - start


def main() -> None:
    """Prints every figure."""
    torch.set_num_threads(1)
    generator = Generator().manual_seed(0)
    x, w = torch.randn(POSITIONS, TERMS, generator=generator), torch.randn(OUTPUTS, TERMS, generator=generator) / 8
    for case in CASES:
        a, b = case.operands.quantize(x), case.operands.quantize(w)
        pairs = [
            (seconds(lambda a=a, b=b, by=case.accumulator: accumulate(a, b, by)), seconds(lambda a=a, b=b: a @ b.T))
            for _ in range(PAIRS + 1)
        ][1:]
        figure = {
            "figure": f"accumulate {case.operands} products in {case.accumulator}",
            "gmacs_per_core": round(POSITIONS * TERMS * OUTPUTS / min(ours for ours, _ in pairs) / 1e9, 2),
            "ratio": round(median(torchs / ours for ours, torchs in pairs), 2),
            "reference": "torch float32 matrix product, same run",
            "processor": processor.name.lower(),
        }
        print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    main()
