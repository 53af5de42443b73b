"""Powers of two keep the contract; the thresholds are where the squares say."""

from fractions import Fraction

import pytest
import torch

from adequate.formats import Minifloat, Nearest, PowerOfTwo, Underflow
from tests.contracts.format_contract import FormatContract


class TestContract(FormatContract):
    formats = (
        PowerOfTwo(4),
        PowerOfTwo(4, zero=True),
        PowerOfTwo(4, nearest=Nearest.VALUE),
        PowerOfTwo(4, zero=True, nearest=Nearest.VALUE),
        PowerOfTwo(4, max_exponent=0, nearest=Nearest.VALUE),
        PowerOfTwo(4, max_exponent=0, zero=True, nearest=Nearest.VALUE),
        PowerOfTwo(2),
        PowerOfTwo(2, max_exponent=3, zero=True),
        PowerOfTwo(3, max_exponent=-122),
        PowerOfTwo(3, max_exponent=-140, zero=True, nearest=Nearest.VALUE),
        PowerOfTwo(3, max_exponent=127),
        PowerOfTwo(8, max_exponent=0),
        PowerOfTwo(9, max_exponent=100),
        PowerOfTwo(11, max_exponent=100),
    )


def test_ristrettos_exponents_are_minus_8_to_minus_1() -> None:
    assert sorted({abs(PowerOfTwo(4).decode(code)) for code in range(16)}) == [
        Fraction(1, 2**k) for k in range(8, 0, -1)
    ]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_threshold_is_the_square_root_of_two(dtype: torch.dtype) -> None:
    near = torch.tensor([2.0**0.5], dtype=dtype)
    x = torch.cat([near.nextafter(near * 0), near, near.nextafter(near * 2)])
    x = torch.cat([x * 2.0**-k for k in range(2, 8)])
    expected = [Fraction(1, 4) if Fraction(v) ** 2 < Fraction(1, 8) else Fraction(1, 2) for v in x[:3].tolist()]
    expected = [value / 2**k for k in range(6) for value in expected]
    assert [Fraction(v) for v in PowerOfTwo(5).quantize(x).tolist()] == expected


def test_zero_becomes_the_smallest_positive_value_unless_there_is_a_zero() -> None:
    x = torch.tensor([0.0, -0.0, 1e-30, -1e-30])
    assert PowerOfTwo(4).quantize(x).tolist() == [2.0**-8, 2.0**-8, 2.0**-8, -(2.0**-8)]
    assert PowerOfTwo(4, zero=True).quantize(x).tolist() == [0.0, 0.0, 0.0, 0.0]
    assert PowerOfTwo(4, zero=True).encode(x).tolist() == [0, 0, 0, 0]


def test_what_would_round_to_the_lowest_exponent_is_zero() -> None:
    x = torch.tensor([1.41, 1.42, 1.9, -1.42]) * 2.0**-8
    assert (PowerOfTwo(4, zero=True).quantize(x) * 2.0**7).tolist() == [0.0, 1.0, 1.0, -1.0]
    assert (PowerOfTwo(4, zero=True, nearest=Nearest.VALUE).quantize(x * 0.71) * 2.0**7).tolist() == [1, 1, 1, -1]
    assert (PowerOfTwo(4, zero=True, nearest=Nearest.VALUE).quantize(x * 0.7) * 2.0**7).tolist() == [0, 0, 1, 0]


def test_nearest_value_with_zero_is_a_float_without_mantissa() -> None:
    ours = PowerOfTwo(4, zero=True, nearest=Nearest.VALUE)
    same = Minifloat(3, 0, bias=8, underflow=Underflow.NEAREST)
    assert [ours.decode(code) for code in ours.word] == [same.decode(code) for code in same.word]
    x = torch.randn(10000, generator=torch.Generator().manual_seed(0)) / 8
    assert torch.equal(ours.quantize(x), same.quantize(x))


def test_stochastic_rounding_is_unbiased_where_ristrettos_was_not() -> None:
    """Its code gives E[q(0.375)] = 0.3963; an unbiased draw between 0.25 and 0.5 has the mean 0.375."""
    n = 40000
    drawn = PowerOfTwo(4).quantize(torch.full((n,), 0.375), generator=torch.Generator().manual_seed(0))
    assert set(drawn.tolist()) == {0.25, 0.5}
    assert abs(drawn.double().mean().item() - 0.375) <= 5 * 0.125 / n**0.5  # five standard errors of a fair draw


@pytest.mark.parametrize(
    ("m", "nearest", "top"),
    [
        (0.9, Nearest.EXPONENT, 0),
        (0.7, Nearest.EXPONENT, -1),
        (0.71, Nearest.EXPONENT, 0),
        (0.74, Nearest.VALUE, -1),
        (0.76, Nearest.VALUE, 0),
        (0.5, Nearest.EXPONENT, -1),
        (5.0, Nearest.EXPONENT, 2),
        (0.0, Nearest.EXPONENT, -1),
    ],
)
def test_fit_takes_the_exponent_the_largest_magnitude_rounds_to(m: float, nearest: Nearest, top: int) -> None:
    assert PowerOfTwo.fit((-m, m / 2), 4, nearest=nearest) == PowerOfTwo(4, top, nearest=nearest)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="bits of pow2 must be an integer from 2 to 11, not 1"):
        PowerOfTwo(1)
    with pytest.raises(ValueError, match="max_exponent of pow2"):
        PowerOfTwo(4, 1001)
    with pytest.raises(ValueError, match=r"nearest of pow2 must be one of Nearest\.EXPONENT, .* not 'value'"):
        PowerOfTwo(4, nearest="value")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"pow2\(9,max_exponent=0\) does not fit torch.float32"):
        PowerOfTwo(9, 0).quantize(torch.zeros(1))
