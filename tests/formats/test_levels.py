"""Binary, ternary and codebook formats keep the contract."""

from fractions import Fraction

import pytest
import torch

from adequate.formats import Binary, Codebook, Ternary
from tests.contracts.format_contract import FormatContract


class TestContract(FormatContract):
    formats = (
        Binary(),
        Ternary(),
        Ternary(threshold=0.0),
        Ternary(threshold=0.25),
        Ternary(threshold=0.75),
        Codebook((-0.5, 0.25)),
        Codebook((-1.0, 0.0, 1.0)),
        Codebook((-2.5, -0.10000000149011612, 0.3333333432674408, 2.0, 100.0)),
        Codebook((0.0, 1.0, 1.0000001192092896, 3.0)),
        Codebook((-3.0000000054977558e38, 0.0, 3.0000000054977558e38)),
        Codebook((-1.401298464324817e-45, 0.0, 1.401298464324817e-45)),
        Codebook.fit((-1.0, 1.0), 5),
    )


def test_signs() -> None:
    x = torch.tensor([0.0, -0.0, 5.0, -1e-45])
    assert Binary().quantize(x).tolist() == [1.0, 1.0, 1.0, -1.0]
    assert Binary().encode(x).tolist() == [0, 0, 0, 1]


def test_ternary_is_the_nearest_value_by_default_and_half_is_zero() -> None:
    x = torch.tensor([0.5, -0.5, 0.50001, -0.50001, 9.0])
    assert Ternary().quantize(x).tolist() == [0.0, 0.0, 1.0, -1.0, 1.0]
    assert Ternary().encode(x).tolist() == [0, 0, 1, -1, 1]


def test_codebook_ties_go_to_the_even_code() -> None:
    book = Codebook((0.0, 1.0, 2.0, 3.0))
    assert book.encode(torch.tensor([0.5, 1.5, 2.5])).tolist() == [0, 2, 2]


def test_a_midpoint_that_is_no_float32_is_still_exact() -> None:
    low, high = 1.0, 1.0000001192092896  # neighbours in float32: no float32 number lies between
    book = Codebook((low, high))
    middle = float((Fraction(low) + Fraction(high)) / 2)
    above = torch.tensor(middle, dtype=torch.float64).nextafter(torch.tensor(2.0, dtype=torch.float64))
    assert book.quantize(torch.tensor([low, high])).tolist() == [low, high]
    assert book.quantize(torch.stack([torch.tensor(middle, dtype=torch.float64), above])).tolist() == [low, high]


def test_fit() -> None:
    assert Binary.fit((-1.0, 1.0), 1) == Binary()
    assert Ternary.fit((-1.0, 1.0), 2) == Ternary()
    assert Codebook.fit((-1.0, 1.0), 2).decode(1) == Fraction(-0.3333333432674408)
    with pytest.raises(ValueError, match="bits of binary must be an integer from 1 to 1, not 2"):
        Binary.fit((-1.0, 1.0), 2)
    with pytest.raises(ValueError, match="distinct"):
        Codebook.fit((1.0, 1.0), 2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1.0,), "two or more"),
        ((1.0, 1.0), "distinct"),
        ((1.0, 0.0), "ascending"),
        ((0.0, -0.0), "distinct"),
        ((0.0, 0.1), "not 0.1, but for instance 0.10000000149011612"),
        ((0.0, float("nan")), "finite"),
        ((0.0, 1e39), "finite"),
    ],
)
def test_nonsense_codebooks_are_refused(values: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Codebook(values)


def test_integers_in_a_codebook_are_floats() -> None:
    assert Codebook((-1, 0, 1)) == Codebook((-1.0, 0.0, 1.0))
    assert str(Codebook((-1, 0, 1))) == "codebook(-1.0,0.0,1.0)"


@pytest.mark.parametrize("threshold", [-0.5, 1.0, 0.7])
def test_thresholds_that_are_none_are_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold of ternary"):
        Ternary(threshold)
