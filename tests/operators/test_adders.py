"""Adders against their definitions in plain arithmetic, at all pairs and on every carrier in Python."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from adequate.circuits import Word
from adequate.operators import ADDERS, LowerOr, Ripple, Segmented, TruncatedSum, parse_operator
from adequate.operators.adder import Adder
from tests.operators import references as reference

REFERENCES: dict[Adder, Callable[[int, int], int]] = {
    Ripple(6): lambda a, b: a + b,
    Ripple(1): lambda a, b: a + b,
    LowerOr(6, 3): lambda a, b: reference.lower_or(a, b, 3),
    LowerOr(6, 0): lambda a, b: a + b,
    LowerOr(6, 6): lambda a, b: (a | b) + 64 * (a >= 32 and b >= 32),
    TruncatedSum(6, 2): lambda a, b: (a - a % 4) + (b - b % 4),
    TruncatedSum(6, 6): lambda a, b: 0,
    Segmented(7, 2, 2): lambda a, b: reference.segmented(a, b, 7, 2, 2),  # the last adder is shortened
    Segmented(6, 1, 3): lambda a, b: reference.segmented(a, b, 6, 1, 3),
    Segmented(6, 2, 0): lambda a, b: reference.segmented(a, b, 6, 2, 0),
    Segmented(6, 6, 0): lambda a, b: a + b,
}


@pytest.mark.parametrize("adder", REFERENCES, ids=str)
def test_it_is_what_its_paper_says(adder: Adder) -> None:
    size = 2**adder.width
    wanted = [REFERENCES[adder](a, b) for a, b in product(range(size), repeat=2)]
    found = [adder(Word(a, adder.width), Word(b, adder.width)) for a, b in product(range(size), repeat=2)]
    assert [word.value for word in found] == wanted
    assert {word.width for word in found} == {adder.width + 1}
    a, b = np.arange(size)[:, None], np.arange(size)[None, :]
    whole = np.broadcast_to(adder(Word(a, adder.width), Word(b, adder.width)).value, (size, size))
    assert whole.reshape(-1).tolist() == wanted


@pytest.mark.parametrize("adder", REFERENCES, ids=str)
def test_text_both_ways(adder: Adder) -> None:
    assert parse_operator(str(adder)) == adder


def test_every_family_is_here() -> None:
    assert {type(adder) for adder in REFERENCES} == set(ADDERS)


def test_the_carry_chain_of_lower_or_is_cut() -> None:
    """Mahdiani 2010: exact where the lower parts share no 1, and its error is below 2**lower."""
    adder = LowerOr(8, 4)
    for a, b in product(range(256), repeat=2):
        found = adder(Word(a, 8), Word(b, 8)).value
        assert abs(found - a - b) < 16
        if a % 16 & b % 16 == 0:
            assert found == a + b


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="lower of lower_or must be an integer from 0 to 8, not 9"):
        LowerOr(8, 9)
    with pytest.raises(ValueError, match="previous of segmented must be an integer from 0 to 5, not 6"):
        Segmented(8, 3, 6)
    with pytest.raises(ValueError, match="width of ripple must be an integer from 1 to 48, not 0"):
        Ripple(0)
