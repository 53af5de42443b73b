"""Minifloats keep the contract; their ends and tables are those printed in the standards."""

from fractions import Fraction

import pytest
import torch

from adequate.formats import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    E2M1,
    E2M3,
    E3M2,
    E4M3,
    E5M2,
    Format,
    Minifloat,
    Rounding,
    Specials,
    Underflow,
    round_reference,
)
from tests.contracts.format_contract import FormatContract


class TestContract(FormatContract):
    formats = (
        E4M3,
        E5M2,
        E3M2,
        E2M3,
        E2M1,
        BFLOAT16,
        BINARY16,
        BINARY32,
        Minifloat(4, 3, underflow=Underflow.FLUSH),
        Minifloat(4, 3, underflow=Underflow.NEAREST),
        Minifloat(1, 2),
        Minifloat(1, 2, underflow=Underflow.NEAREST),
        Minifloat(1, 0),
        Minifloat(3, 0),
        Minifloat(3, 0, bias=2, underflow=Underflow.NEAREST),
        Minifloat(3, 0, bias=2, underflow=Underflow.FLUSH),
        Minifloat(4, 0, underflow=Underflow.FLUSH, rounding=Rounding.NEAREST_AWAY),
        Minifloat(3, 2, rounding=Rounding.NEAREST_AWAY),
        Minifloat(3, 2, rounding=Rounding.TOWARD_ZERO, underflow=Underflow.NEAREST),
        Minifloat(3, 2, rounding=Rounding.DOWN),
        Minifloat(3, 2, rounding=Rounding.DOWN, underflow=Underflow.NEAREST),
        Minifloat(3, 2, rounding=Rounding.STOCHASTIC, underflow=Underflow.FLUSH),
        Minifloat(2, 2, specials=Specials.IEEE),
        Minifloat(2, 0, specials=Specials.NAN),
        Minifloat(5, 2, bias=140),
        Minifloat(5, 2, bias=-90, rounding=Rounding.DOWN),
        Minifloat(4, 3, bias=900),
        Minifloat(8, 23),
        Minifloat(11, 20, specials=Specials.IEEE),
        Minifloat(11, 50, specials=Specials.IEEE),
    )


@pytest.mark.parametrize(
    ("format", "largest", "smallest_normal", "smallest"),
    [  # OCP OFP8 v1.0, table 2; OCP MX v1.0, tables 2 to 4; IEEE 754-2019, table 3.5
        (E4M3, 448, Fraction(2) ** -6, Fraction(2) ** -9),
        (E5M2, 57344, Fraction(2) ** -14, Fraction(2) ** -16),
        (E3M2, 28, Fraction(1, 4), Fraction(1, 16)),
        (E2M3, Fraction(15, 2), 1, Fraction(1, 8)),
        (E2M1, 6, 1, Fraction(1, 2)),
        (BINARY16, 65504, Fraction(2) ** -14, Fraction(2) ** -24),
        (BFLOAT16, (2 - Fraction(2) ** -7) * 2**127, Fraction(2) ** -126, Fraction(2) ** -133),
        (BINARY32, (2 - Fraction(2) ** -23) * 2**127, Fraction(2) ** -126, Fraction(2) ** -149),
    ],
    ids=str,
)
def test_the_ends_printed_in_the_standards(
    format: Minifloat, largest: Fraction, smallest_normal: Fraction, smallest: Fraction
) -> None:
    assert (format.maximum, format.minimum) == (largest, -largest)
    assert format.decode(2**format.man) == smallest_normal == Fraction(2) ** format.min_exponent
    assert format.decode(1) == smallest == Fraction(2) ** format.grid


def test_all_values_of_e2m1() -> None:
    values = [E2M1.decode(code) for code in E2M1.word]
    assert values == [s * Fraction(v) / 2 for s in (1, -1) for v in (0, 1, 2, 3, 4, 6, 8, 12)]  # OCP MX v1.0, 5.3.3


@pytest.mark.parametrize(("format", "codes"), [(E4M3, [0x7F, 0xFF]), (E5M2, [*range(0x7C, 0x80), *range(0xFC, 0x100)])])
def test_special_codes_are_no_numbers(format: Format, codes: list[int]) -> None:
    for code in codes:
        with pytest.raises(ValueError, match=f"code {code} .* NaN or infinity"):
            format.decode(code)


def test_ristrettos_minifloat_saturates_at_480_and_has_a_zero() -> None:
    """Its code yields 512 above 480 and has no code for zero (a known defect that is not inherited)."""
    ristretto = Minifloat(4, 3, underflow=Underflow.FLUSH)
    x = torch.tensor([512.0, -1e9, 0.0, 2.0**-6, 0.0156, -0.0156])
    assert ristretto.quantize(x).tolist() == [480.0, -480.0, 0.0, 2.0**-6, 0.0, 0.0]
    assert ristretto.encode(x).tolist() == [127, 255, 0, 8, 0, 0]


def test_flush_and_nearest_differ_only_below_the_smallest_normal_number() -> None:
    x = torch.tensor([0.6, 0.5, 0.4, 1.0]) * 2.0**-6
    assert (Minifloat(4, 3, underflow=Underflow.NEAREST).quantize(x) * 2.0**6).tolist() == [1.0, 0.0, 0.0, 1.0]
    assert (Minifloat(4, 3, underflow=Underflow.FLUSH).quantize(x) * 2.0**6).tolist() == [0.0, 0.0, 0.0, 1.0]


def test_without_mantissa_ties_go_to_the_even_exponent_field() -> None:
    """fields 3, 4, 5 of float(3,0) are 1, 2, 4: 1.5 lies between 3 and 4, 3 between 4 and 5."""
    assert Minifloat(3, 0).quantize(torch.tensor([1.5, -1.5, 3.0, -3.0, 6.0])).tolist() == [2.0, -2.0, 2.0, -2.0, 8.0]


def test_binary32_is_what_the_processor_does() -> None:
    generator = torch.Generator().manual_seed(5)
    raw = torch.randint(-(2**63), 2**63 - 1, (20000,), generator=generator)
    scaled = torch.randn(20000, dtype=torch.float64, generator=generator)
    subnormal = scaled * 2.0**-140
    x = torch.cat([raw.view(torch.float64).nan_to_num(), scaled, subnormal])
    x = x[x.abs() <= torch.finfo(torch.float32).max]
    assert torch.equal(BINARY32.quantize(x), x.float().double())


def test_the_usual_bias_is_the_same_format() -> None:
    assert Minifloat(4, 3, bias=7) == Minifloat(4, 3)
    assert hash(Minifloat(4, 3, bias=7)) == hash(Minifloat(4, 3))
    assert str(Minifloat(4, 3, bias=8)) == "float(4,3,bias=8)"


@pytest.mark.parametrize(
    ("largest", "bits", "rule", "exp", "man"),
    [  # by eq. 6.2: ceil(log2(log2(m) - 1) + 1)
        (30.0, 8, "code", 4, 3),
        (30.0, 8, "thesis_eq_6_2", 3, 4),  # log2(3.907) + 1 = 2.97
        (64.0, 8, "thesis_eq_6_2", 4, 3),  # log2(5) + 1 = 3.3
        (1000.0, 8, "code", 5, 2),  # log2(8.97) + 1 = 4.2
        (1.0, 8, "thesis_eq_6_2", 1, 6),
        (0.0, 8, "code", 4, 3),
        (30.0, 5, "code", 4, 0),
        (30.0, 4, "code", 3, 0),  # Gysel 2016, 8.3: fewer than five bits cannot cover LeNet's range
    ],
)
def test_fit_follows_eq_6_2(largest: float, bits: int, rule: str, exp: int, man: int) -> None:
    assert Minifloat.fit((-1.0 if largest else 0.0, largest), bits, rule=rule) == Minifloat(exp, man)


@pytest.mark.parametrize("largest", [2.5, 4.0, 7.9, 8.0, 30.0, 31.0, 33.0, 500.0, 513.0, 1e5])
def test_eq_6_2_avoids_saturation_with_the_fewest_bits(largest: float) -> None:
    """ "No saturation happens, under the assumption that we use infinitely many mantissa bits" (Gysel 2016, 6.3.1)."""
    exp = Minifloat.fit((0.0, largest), 40, rule="thesis_eq_6_2").exp
    assert largest <= Minifloat(exp, 40).maximum * (1 + Fraction(2) ** -40)
    assert exp == 1 or largest > Minifloat(exp - 1, 40).maximum


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"exp": 0, "man": 3}, "exp of float must be an integer from 1 to 11, not 0"),
        ({"exp": 4, "man": 53}, "man of float"),
        ({"exp": 4, "man": 3, "bias": 2000}, "bias of float"),
        ({"exp": 1, "man": 3, "specials": Specials.IEEE}, "no normal number"),
        ({"exp": 1, "man": 0, "specials": Specials.NAN}, "no normal number"),
        ({"exp": 4, "man": 3, "underflow": "flush"}, "underflow of float must be one of"),
    ],
)
def test_nonsense_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Minifloat(**arguments)  # type: ignore[arg-type]


def test_the_all_ones_exponent_beyond_float32_needs_float64() -> None:
    with pytest.raises(ValueError, match=r"float\(8,23\) does not fit torch.float32.*use torch.float64"):
        Minifloat(8, 23).quantize(torch.zeros(1))


def test_the_reference_is_exact_where_doubles_are_not() -> None:
    just_above_a_tie = 1 + Fraction(1, 16) + Fraction(1, 2**80)
    assert round_reference(E4M3, just_above_a_tie) == Fraction(9, 8)
