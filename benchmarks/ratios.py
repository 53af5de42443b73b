"""How much slower than plain torch: one JSON line per ratio, each the median over pairs timed in turn on one thread."""

import json
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter

import torch
from torch import Generator, Tensor

import adequate as aq
from adequate.formats import Fixed, Format, Minifloat, PowerOfTwo

PAIRS = 15
ELEMENTS = 16_000_000
BATCH = 250


def seconds(act: Callable[[], object]) -> float:
    """How long one call takes."""
    start = perf_counter()
    act()
    return perf_counter() - start


def ratio(ours: Callable[[], object], reference: Callable[[], object]) -> float:
    """The median of ours / reference over pairs measured in turn, after one unmeasured pair."""
    pairs = [(seconds(ours), seconds(reference)) for _ in range(PAIRS + 1)][1:]
    return median(a / b for a, b in pairs)


def forward(module: torch.nn.Module, x: Tensor) -> None:
    """One evaluation without gradients."""
    with torch.no_grad():
        module(x)


def emulated_lenet(generator: Generator) -> float:
    """8-bit dynamic fixed point against the float module; untrained weights, as the time does not depend on them."""
    torch.manual_seed(0)
    model = aq.entry("lenet").build().eval()
    x = torch.rand(BATCH, 1, 28, 28, generator=generator)
    network = aq.trace(model, x[:2])
    ranges = aq.profile(network, [(x, torch.zeros(BATCH, dtype=torch.int64))])
    emulated = aq.emulate(network, aq.dynamic_fixed(ranges, bits=8))
    return ratio(partial(forward, emulated, x), partial(forward, model, x))


def quantized(format: Format, generator: Generator) -> float:
    """``format.quantize`` against a copy of the same tensor."""
    x = torch.randn(ELEMENTS, generator=generator)
    copy = torch.empty_like(x)
    return ratio(partial(format.quantize, x), partial(copy.copy_, x))


def main() -> None:
    """Prints every ratio."""
    torch.set_num_threads(1)
    generator = Generator().manual_seed(0)
    lines = [(f"emulate lenet, dynamic fixed 8 bit, {BATCH} images", partial(emulated_lenet, generator), "float lenet")]
    for format in (Fixed(8, 4), Minifloat(4, 3), PowerOfTwo(4)):
        what = f"quantize {format}, {ELEMENTS // 10**6} million float32"
        lines.append((what, partial(quantized, format, generator), "copy_ of the same tensor"))
    for figure, measure, reference in lines:
        print(json.dumps({"figure": figure, "ratio": round(measure(), 2), "reference": reference}), flush=True)


if __name__ == "__main__":
    main()
