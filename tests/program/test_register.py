"""Additions in a register, in integers, against the definition in fractions."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from adequate.formats import Minifloat, Rounding, Underflow
from adequate.kernels import reference
from adequate.operators import Accumulator
from adequate.program import Register
from adequate.program.value import bits, power
from tests.random_designs import register


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_sums_are_those_of_the_accumulator(seed: int, limited: bool) -> None:
    """With and without a limit from the products, some of which are as large as they come and of one sign."""
    random = Random(seed)
    accumulator = register(random)
    if isinstance(accumulator.format, Minifloat):
        rules = (
            random.choice(list(Underflow)),
            random.choice([one for one in Rounding if one is not Rounding.STOCHASTIC]),
        )
        format = replace(accumulator.format, underflow=rules[0], rounding=rules[1])
        accumulator = replace(accumulator, format=format)
    grid, own = random.randint(-12, 0), accumulator.format.grid
    one = Register(accumulator, grid, max(grid, own))
    count = random.choice([0, 1, 2, 7, 12, 40])
    terms = [[300, -300, random.randint(-300, 300)] for _ in range(count)]
    if limited:
        one = one.limited(300 * count, 9, count)
    sums = one.sum(np.array(terms, dtype=object).reshape(len(terms), 3))
    for place in range(3):
        exact = [term[place] * power(grid) for term in terms]
        wanted = reference.accumulate(exact, accumulator)
        assert sums[place] * power(one.grid) == wanted
        bias = random.randint(-9, 9)
        added = one.add(np.array([sums[place]], dtype=object), bias, one.bias)[0]
        assert added * power(one.grid) == reference.add(wanted, Fraction(bias) * power(one.bias), accumulator)
        assert one.rounder.low <= added <= one.rounder.high


def test_a_float_register_is_as_wide_as_what_it_holds() -> None:
    """A hundred products of two 8-bit numbers: their sum has 23 bits, of which rounding leaves a few more."""
    one = Register(Accumulator(Minifloat(8, 23)), -12, -12)
    assert bits(one.rounder.low, one.rounder.high)[0] > 128
    narrow = one.limited(100 * 2**14, 2**14, 100)
    assert narrow.grid == -12
    assert bits(narrow.rounder.low, narrow.rounder.high)[0] <= 25
