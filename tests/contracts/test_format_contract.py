"""The contract is not empty: deliberately wrong formats break it, each the law it should."""

from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from torch import Generator, Tensor

from adequate.formats import Fixed, Format, Minifloat, Rounding
from tests.contracts.format_contract import FormatContract

LAWS = [name for name in dir(FormatContract) if name.startswith("test_")]


def broken(law: str, format: Format) -> bool:
    """Whether ``format`` breaks ``law``."""
    method: Callable[..., None] = getattr(FormatContract(), law)
    try:
        if law == "test_nan_and_infinity_are_refused":
            method(format, float("nan"))
        else:
            method(format)
    except (AssertionError, ValueError, pytest.fail.Exception):
        return True
    return False


class Truncating(Fixed):
    """Claims to round to nearest, and drops bits."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return Fixed(self.bits, self.frac, rounding=Rounding.DOWN).quantize(x, generator=generator)


class Growing(Fixed):
    """Adds a step whenever it is asked, so asking twice adds two."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return super().quantize(x + 2.0**-self.frac, generator=generator)


class TiesAway(Fixed):
    """Claims ties to even, and sends them away from zero: right everywhere but at the midpoints."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return Fixed(self.bits, self.frac, rounding=Rounding.NEAREST_AWAY).quantize(x, generator=generator)


class TiesAwayMinifloat(Minifloat):
    """The same for a minifloat without mantissa, where the even code is not the even integer."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return Minifloat(self.exp, self.man, rounding=Rounding.NEAREST_AWAY).quantize(x, generator=generator)


class Overflowing(Fixed):
    """Forgets to saturate."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return Fixed(self.bits + 1, self.frac).quantize(x, generator=generator)


class Folding(Fixed):
    """Returns magnitudes."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return super().quantize(x.abs(), generator=generator)


class NegativeZero(Fixed):
    """Leaves the -0.0 that torch.round makes of -0.1."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return super().quantize(x, generator=generator).copysign(x)


class OneCodeOff(Fixed):
    """Encodes the next code."""

    def encode(self, x: Tensor) -> Tensor:
        return super().encode(x) + 1


class EndlessWord(Fixed):
    """Decodes what is no code of its own."""

    def decode(self, code: int) -> Fraction:
        return code / Fraction(2) ** self.frac


class FineGrid(Fixed):
    """States a grid twice as fine as its values have."""

    @property
    def grid(self) -> int:
        return -self.frac - 1


class EverythingInside(Fixed):
    """Passes the gradient everywhere."""

    def inside(self, x: Tensor) -> Tensor:
        return torch.ones_like(x, dtype=torch.bool)


class Biased(Fixed):
    """Draws with the fraction squared."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        if generator is None:
            return super().quantize(x)
        steps = x.clamp(float(self.minimum), float(self.maximum)) * 2.0**self.frac
        chance = torch.rand(x.shape, generator=generator, dtype=x.dtype)
        return (steps.floor() + (chance < (steps - steps.floor()) ** 2)) * 2.0**-self.frac


class Deaf(Fixed):
    """Rounds to nearest although there is a generator."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        del generator
        return super().quantize(x)


class Undemanding(Fixed):
    """Draws without a generator of the caller's."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return super().quantize(x, generator=generator or Generator())


class Choosy(Fixed):
    """Refuses float32, which would do."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        if x.dtype == torch.float32:
            raise ValueError("float64 only")
        return super().quantize(x, generator=generator)


class Lenient(Fixed):
    """Takes NaN for zero."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return super().quantize(x.nan_to_num(), generator=generator)


class Overwriting(Fixed):
    """Rounds the caller's tensor."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return x.copy_(super().quantize(x, generator=generator))


class Flattening(Fixed):
    """Loses the shape."""

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        return super().quantize(x, generator=generator).reshape(-1)


class Nameless(Fixed):
    """Its text names another format."""

    name = "float"


@pytest.mark.parametrize(
    ("format", "laws"),
    [
        (Truncating(6, 3, narrow=True), {"test_quantize_is_the_reference", "test_quantize_is_odd_where_the_format_is"}),
        (Growing(6, 3), {"test_quantize_is_idempotent", "test_quantize_is_the_reference"}),
        (TiesAway(6, 3), {"test_quantize_is_the_reference"}),
        (TiesAwayMinifloat(3, 0), {"test_quantize_is_the_reference"}),
        (Overflowing(6, 3), {"test_quantize_is_the_reference", "test_decode_of_encode_is_quantize"}),
        (Folding(6, 3), {"test_quantize_is_monotone"}),
        (NegativeZero(6, 3), {"test_zero_is_never_negative"}),
        (OneCodeOff(6, 3), {"test_every_code_decodes_and_encodes", "test_decode_of_encode_is_quantize"}),
        (EndlessWord(6, 3), {"test_there_is_no_code_outside_the_word"}),
        (FineGrid(6, 3), {"test_minimum_maximum_grid_and_digits_are_those_of_the_values"}),
        (EverythingInside(6, 3), {"test_inside_is_between_the_ends"}),
        (Biased(6, 3), {"test_a_generator_draws_between_the_neighbours_with_the_right_mean"}),
        (Deaf(6, 3), {"test_a_generator_draws_between_the_neighbours_with_the_right_mean"}),
        (Undemanding(6, 3, rounding=Rounding.STOCHASTIC), {"test_its_own_stochastic_rounding_needs_a_generator"}),
        (Choosy(6, 3), {"test_it_takes_exactly_the_dtypes_that_hold_its_values"}),
        (Lenient(6, 3), {"test_nan_and_infinity_are_refused"}),
        (Overwriting(6, 3), {"test_any_shape_and_the_input_is_left_alone"}),
        (Flattening(6, 3), {"test_any_shape_and_the_input_is_left_alone"}),
        (Nameless(6, 3), {"test_text_both_ways"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Format) else "",
)
def test_a_wrong_format_breaks_its_law(format: Format, laws: set[str]) -> None:
    kept = {law for law in laws if not broken(law, format)}
    assert not kept


def test_a_right_format_breaks_none() -> None:
    assert not [law for law in LAWS if broken(law, Fixed(6, 3, narrow=True))]
