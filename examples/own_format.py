"""A number format of one's own, held against the definition, then used in a design.

Sign and magnitude instead of two's complement: symmetric, and what many multiplier arrays want at their inputs. A
format is a set of values with codes: ``decode`` defines it, ``quantize`` and ``encode`` are the fast path to that set.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

import torch
from torch import Generator, Tensor

import adequate as aq
from adequate.formats import Fixed, Format, Rounding
from adequate.formats.rounding import effective, round_to_multiple


@dataclass(frozen=True)
class SignMagnitude(Format):
    """A sign bit above ``magnitude`` bits: value = (-1)**sign * m * 2**-frac."""

    name: ClassVar[str] = "signmag"
    magnitude: int
    frac: int

    @classmethod
    def fit(cls, interval: tuple[float, float], bits: int) -> Self:
        """The ``frac`` of two's complement for the same interval; only the most negative value is lost."""
        return cls(bits - 1, Fixed.fit(interval, bits).frac)

    @property
    def word(self) -> range:
        return range(2 ** (self.magnitude + 1))

    def decode(self, code: int) -> Fraction:
        self._require_code(code)
        sign, m = divmod(code, 2**self.magnitude)
        return (-1) ** sign * m / Fraction(2) ** self.frac

    @property
    def minimum(self) -> Fraction:
        return -self.maximum

    @property
    def maximum(self) -> Fraction:
        return self.decode(2**self.magnitude - 1)

    @property
    def digits(self) -> int:
        return self.magnitude

    @property
    def grid(self) -> int:
        return -self.frac

    def inside(self, x: Tensor) -> Tensor:
        return x.abs() <= float(self.maximum)

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        x = self._admit(x).clamp(float(self.minimum), float(self.maximum))
        return round_to_multiple(x, 2.0**-self.frac, *effective(Rounding.NEAREST_EVEN, generator)) + 0.0

    def encode(self, x: Tensor) -> Tensor:
        value = self.quantize(x).double()
        return (value.abs() * 2.0**self.frac).to(torch.int64) + (value < 0).to(torch.int64) * 2**self.magnitude


def nearest(format: Format, x: Fraction) -> Fraction:
    """The definition: of all values the nearest, of two equally near the one with the even code."""
    return min((abs(format.decode(code) - x), code % 2, format.decode(code)) for code in format.word)[2]


def agrees(format: Format) -> bool:
    """Whether the fast path is the definition at every value, at every midpoint, and a little to either side."""
    assert format.grid is not None
    step = Fraction(2) ** format.grid
    points = [format.decode(code) + step * Fraction(part, 8) for code in format.word for part in range(-4, 5)]
    found = format.quantize(torch.tensor([float(point) for point in points], dtype=torch.float64))
    return [nearest(format, point) for point in points] == [Fraction(one) for one in found.tolist()]


def main() -> None:
    """Checks the format and compares it with two's complement as the weights of a small network."""
    print(f"{SignMagnitude(3, 2)} is its definition: {agrees(SignMagnitude(3, 2))}")
    chosen = aq.entry("digits-cnn")
    assert chosen.pretrained is not None
    model = chosen.pretrained(Generator().manual_seed(0), None)
    data = chosen.prepare(aq.load("digits"))
    network = aq.trace(model, torch.zeros(chosen.example_shape))
    ranges = aq.profile(network, data.calibration(Generator().manual_seed(0)))
    print("bits   two's complement   sign and magnitude")
    for bits in range(3, 7):
        scores: list[float] = []
        for kind in (Fixed, SignMagnitude):
            design = aq.dynamic_fixed(ranges, bits=8)
            for name in design:
                weight = ranges[name].weight
                assert weight is not None
                design = design.with_layers(name, weight=kind.fit(weight.interval, bits))
            scores.append(aq.evaluate(aq.emulate(network, design), data.test))
        print(f"{bits:4}   {scores[0]:16.4f}   {scores[1]:18.4f}")


if __name__ == "__main__":
    main()
