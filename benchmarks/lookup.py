"""Looked-up convolutions against torch's float32 ones: one JSON line per figure, the processor named.

End to end: float32 in, 8-bit patterns, sums of table entries, scaled to float32, in memory that the process keeps. A
speed is the best of the repetitions, a ratio to float32 the median over pairs timed in turn, both in processor time of
one thread; the last figure, two threads, is in elapsed time.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from statistics import median
from time import perf_counter, thread_time

import torch
from torch import Generator, Tensor
from torch.nn import functional

from adequate import native
from adequate.cli.memory import keep_memory
from adequate.emulated_layer.coding import Coding, coding_of
from adequate.formats import Fixed
from adequate.kernels.columns import Window
from adequate.kernels.lookup import lookup_convolution
from adequate.kernels.scaling import scaled
from adequate.native import Processor
from adequate.operators import BaughWooley, BrokenArray, Multiplier

PAIRS = 9
BATCH = 64
FRAC = 5
STEP = 2.0**-FRAC


@dataclass(frozen=True, slots=True)
class Convolution:
    """A layer's shape: square images and kernels, padded to keep the size."""

    channels: int
    outputs: int
    size: int
    stride: int = 1
    groups: int = 1
    kernel: int = 3

    @property
    def macs(self) -> int:
        """Products of a batch."""
        return BATCH * self.outputs * (self.size // self.stride) ** 2 * self.channels // self.groups * self.kernel**2


RESNET20 = (
    Convolution(3, 16, 32),
    *[Convolution(16, 16, 32)] * 6,
    Convolution(16, 32, 32, 2),
    *[Convolution(32, 32, 16)] * 5,
    Convolution(32, 64, 16, 2),
    *[Convolution(64, 64, 8)] * 5,
)
DEPTHWISE = tuple(Convolution(c, c, size, 1, c) for c, size in ((64, 32), (128, 16), (256, 8)))


def coding(multiplier: Multiplier) -> Coding:
    """Activations in steps of ``STEP``, of as many bits as the operand has for numbers that are not negative."""
    return coding_of(Fixed(8 - multiplier.a.signed, FRAC, signed=False), multiplier.a, multiplier, "activation")


def sums(patterns: Tensor, w: Tensor, table: Tensor, layer: Convolution) -> Tensor:
    """The layer by its table, from patterns to integers."""
    pad = (layer.kernel // 2,) * 2
    window = Window((layer.stride,) * 2, (pad, pad), (1, 1), layer.groups)
    return lookup_convolution(patterns, w, table, window, 0)


def looked_up(x: Tensor, w: Tensor, table: Tensor, layer: Convolution, code: Coding) -> Tensor:
    """The layer by its table, from float32 to float32."""
    return scaled(sums(code.encode(x, "activation"), w, table, layer), STEP * STEP)


def floating(x: Tensor, w: Tensor, layer: Convolution) -> Tensor:
    """The layer in float32."""
    return functional.conv2d(x, w, None, layer.stride, layer.kernel // 2, 1, layer.groups)


def seconds(act: Callable[[], object], clock: Callable[[], float]) -> float:
    """How long one call takes."""
    start = clock()
    act()
    return clock() - start


def calls(
    layers: Sequence[Convolution], multiplier: Multiplier, generator: Generator
) -> list[tuple[Callable[[], Tensor], ...]]:
    """Each layer by its table, in float32, and its sums alone; activations after a ReLU and normal weights."""
    table, code, made = multiplier.table(), coding(multiplier), []
    for layer in layers:
        x = torch.randn(BATCH, layer.channels, layer.size, layer.size, generator=generator).relu_()
        shape = (layer.outputs, layer.channels // layer.groups, layer.kernel, layer.kernel)
        w = torch.randn(shape, generator=generator)
        codes = w.mul(32).round().clamp(-128, 127).int()
        w_codes = (codes & 255 if multiplier.b.signed else codes + 128).to(torch.uint8)
        alone = partial(sums, code.encode(x, "activation"), w_codes, table, layer)
        made.append((partial(looked_up, x, w_codes, table, layer, code), partial(floating, x, w, layer), alone))
    return made


def figures(layers: Sequence[Convolution], multiplier: Multiplier) -> dict[str, float]:
    """Speed in GMAC/s of one core, end to end and of the sums alone, and as a share of float32's; all the layers."""
    acts = calls(layers, multiplier, Generator().manual_seed(0))
    found = [[[seconds(act, thread_time) for act in one] for one in acts] for _ in range(PAIRS + 1)][1:]
    ours, alone = (sum(min(one[i][which] for one in found) for i in range(len(layers))) for which in (0, 2))
    share = median(sum(one[1] for one in every) / sum(one[0] for one in every) for every in found)
    macs = sum(one.macs for one in layers) / 1e9
    return {
        "gmacs_per_core": round(macs / ours, 2),
        "sums_alone": round(macs / alone, 2),
        "of_float32": round(share, 3),
    }


def two_threads() -> dict[str, float]:
    """One thread's time over that of two, for all layers of ResNet-20, ours and float32's: the best of either."""
    pairs = calls(RESNET20, BaughWooley(8, 8, columns=4), Generator().manual_seed(0))
    names = ("ratio", "of_float32", "sums_alone")
    best = {(name, threads): [inf] * len(pairs) for name in names for threads in (1, 2)}
    for _ in range(2 * PAIRS):
        for name, threads in best:
            torch.set_num_threads(threads)
            found = [seconds(acts[names.index(name)], perf_counter) for acts in pairs]
            best[name, threads] = list(map(min, best[name, threads], found))
    torch.set_num_threads(1)
    return {name: round(sum(best[name, 1]) / sum(best[name, 2]), 2) for name in names}


def main() -> None:
    """Prints every figure."""
    if native.kernels is None:
        print(json.dumps({"figure": "looked-up convolutions", "processor": "none compiled"}))
        return
    torch.set_num_threads(1)
    keep_memory()
    here = native.processor
    for processor in (one for one in Processor if Processor.PORTABLE <= one <= here):
        native.processor = processor
        for name, layers in (("ResNet-20's convolutions", RESNET20), ("depthwise 3x3 convolutions", DEPTHWISE)):
            for multiplier in (BaughWooley(8, 8, columns=4), BrokenArray(8, 8, vertical=4)):
                figure = f"{name} by a table of {multiplier}"
                line = {"figure": figure, "processor": processor.name.lower(), **figures(layers, multiplier)}
                print(json.dumps(line), flush=True)
    native.processor = here
    figure = {"figure": "ResNet-20's convolutions, two threads to one", "processor": here.name.lower()}
    print(json.dumps({**figure, **two_threads()}), flush=True)


if __name__ == "__main__":
    main()
