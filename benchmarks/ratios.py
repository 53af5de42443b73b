"""How much slower than plain torch: one JSON line per ratio, each the median over pairs timed in turn on one thread.

Both keep the memory they have freed, as commands do.
"""

import json
from collections.abc import Callable
from functools import partial

import torch
from timing import ratio
from torch import Generator, Tensor

import adequate as aq
from adequate.cli.memory import keep_memory
from adequate.formats import Fixed, Format, Minifloat, PowerOfTwo, Rounding
from adequate.formats.compiled import sweep
from adequate.native import kernels, processor

PAIRS = 15
ELEMENTS = 16_000_000
BATCH = 250


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
    return ratio(partial(forward, emulated, x), partial(forward, model, x), PAIRS)


def emulated_resnet20(rule: Callable[..., aq.Design], generator: Generator) -> float:
    """An 8-bit design against the float32 network with the same folded batch norms; weights and norms are drawn."""
    torch.manual_seed(0)
    model = aq.entry("resnet20").build().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.bias, std=0.1, generator=generator)
    x = torch.rand(64, 3, 32, 32, generator=generator)
    network = aq.fold_batchnorm(aq.trace(model, x[:2]))
    ranges = aq.profile(network, [(x, torch.zeros(64, dtype=torch.int64))])
    emulated, plain = aq.emulate(network, rule(ranges, bits=8)), aq.emulate(network, aq.Design())
    return ratio(partial(forward, emulated, x), partial(forward, plain, x), PAIRS)


def quantized(format: Format, rounding: Rounding, generator: Generator) -> float:
    """The compiled kernel into a given tensor against a copy into it: throughput, so that 1 is as quick as a copy."""
    x = torch.randn(ELEMENTS, generator=generator)
    out, copy = torch.empty_like(x), torch.empty_like(x)
    kernel = format.kernel(rounding)
    assert kernel is not None
    return 1 / ratio(partial(sweep, x, out, kernel, key=1), partial(copy.copy_, x), PAIRS)


def quantized_anew(format: Format, generator: Generator) -> float:
    """``format.quantize`` against ``clone``, both into memory yet to be had."""
    x = torch.randn(ELEMENTS, generator=generator)
    return ratio(partial(format.quantize, x), x.clone, PAIRS)


def main() -> None:
    """Prints every ratio."""
    torch.set_num_threads(1)
    keep_memory()
    generator = Generator().manual_seed(0)
    lines = [(f"emulate lenet, dynamic fixed 8 bit, {BATCH} images", partial(emulated_lenet, generator), "float lenet")]
    for rule in (aq.dynamic_fixed, aq.minifloat_uniform):
        what = f"emulate resnet20, {rule.__name__} 8 bit, 64 images"
        lines.append((what, partial(emulated_resnet20, rule, generator), "float resnet20, batch norms folded too"))
    for format in (Fixed(8, 4), Minifloat(4, 3), PowerOfTwo(4)):
        what = f"quantize {format}, {ELEMENTS // 10**6} million float32"
        lines.append((what, partial(quantized_anew, format, generator), "clone of the same tensor"))
        if kernels is not None:
            for rounding in (Rounding.NEAREST_EVEN, Rounding.STOCHASTIC):
                throughput = f"throughput of the {processor.name.lower()} kernel: {what}, {rounding.value}"
                lines.append((throughput, partial(quantized, format, rounding, generator), "copy_ of the same tensor"))
    for figure, measure, reference in lines:
        print(json.dumps({"figure": figure, "ratio": round(measure(), 2), "reference": reference}), flush=True)


if __name__ == "__main__":
    main()
