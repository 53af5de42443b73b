"""Accuracy against word length for three kinds of arithmetic, on one network and the same images.

Fixed point gets a binary point per tensor; the minifloat is one for the whole network; powers of two replace only the
weights, up to 5 bits, and leave layer inputs and outputs in 8-bit fixed point. No search, no fine-tuning: closed rules.
"""

import torch
from torch import Generator

import adequate as aq
from adequate.formats import PowerOfTwo

BITS = range(3, 9)
MOST_SHIFT_BITS = 5


def main() -> None:
    """Prints one row per word length."""
    chosen = aq.entry("digits-cnn")
    assert chosen.pretrained is not None
    model = chosen.pretrained(Generator().manual_seed(0), None)
    data = chosen.prepare(aq.load("digits"))
    network = aq.trace(model, torch.zeros(chosen.example_shape))
    ranges = aq.profile(network, data.calibration(Generator().manual_seed(0)))

    def shifts(bits: int) -> aq.Design:
        design = aq.dynamic_fixed(ranges, 8)
        for name in design:
            weight = ranges[name].weight
            assert weight is not None
            design = design.with_layers(name, weight=PowerOfTwo.fit(weight.interval, bits))
        return design

    def accuracy(design: aq.Design) -> float:
        return aq.evaluate(aq.emulate(network, design), data.test)

    print(f"float: {accuracy(aq.Design()):.4f} of {len(data.test)} images")
    print("bits   dynamic fixed   minifloat   power-of-two weights")
    for bits in BITS:
        fixed = accuracy(aq.dynamic_fixed(ranges, bits))
        minifloat = accuracy(aq.minifloat_uniform(ranges, bits, exp=min(4, bits - 1)))
        powers = f"{accuracy(shifts(bits)):.4f}" if bits <= MOST_SHIFT_BITS else ""
        print(f"{bits:4}   {fixed:13.4f}   {minifloat:9.4f}   {powers:>20}")


if __name__ == "__main__":
    main()
