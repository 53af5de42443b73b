"""The values of a format as integer multiples of one number."""

from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor

from adequate.formats import Format, PerChannel, Rounding, Scaled, SharedExponent
from adequate.quantization import units


@dataclass(frozen=True)
class Multiples:
    """value = scale * 2**grid * n for integers n of magnitude up to ``largest``; a power of two is in the grid."""

    format: Format
    scale: float
    grid: int
    largest: int

    def read(self, x: Tensor, what: str) -> Tensor:
        """x quantised: the numbers 2**grid * n, float64.

        Raises:
            ValueError: x has NaN or infinite values.
        """
        return units(x, self.format, what).values.double()

    def integers(self, values: Tensor) -> list[int]:
        """n of float64 values of the format, NaN and infinite ones left out."""
        ratios = [one.as_integer_ratio() for one in (values[values.isfinite()] / self.scale).tolist()]
        up, down = 2 ** max(-self.grid, 0), 2 ** max(self.grid, 0)
        return [numerator * up // (denominator * down) for numerator, denominator in ratios]


def multiples_of(format: Format) -> Multiples | None:
    """A format's values; None where they are no multiples of one number: several scales, or one found from the data.

    None as well where rounding is stochastic, which has no single result.
    """
    if not has_one_scale(format):
        return None
    dyadic = not isinstance(format, Scaled) or format.dyadic
    grid, scale = format.grid, 1.0
    if not dyadic:
        assert isinstance(format, Scaled)
        assert isinstance(format.scale, float)
        grid, scale = format.element.grid, format.scale
    assert grid is not None
    unit = Fraction(scale) * Fraction(2) ** grid
    return Multiples(format, scale, grid, int(max(format.maximum, -format.minimum) / unit))


def has_one_scale(format: Format) -> bool:
    """Whether a code alone says the value, and a value alone the code."""
    if isinstance(format, PerChannel):
        return False
    element = format.element if isinstance(format, Scaled) else format
    if getattr(element, "rounding", None) is Rounding.STOCHASTIC or element.grid is None:
        return False
    return not isinstance(format, Scaled) or not isinstance(format.scale, tuple | SharedExponent)
