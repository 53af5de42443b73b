"""Additions in a register, in integers, against the definition in fractions."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from adequate.kernels import reference
from adequate.program import Register
from adequate.program.value import power
from tests.random_designs import register


@pytest.mark.parametrize("seed", range(60))
def test_sums_are_those_of_the_accumulator(seed: int) -> None:
    random = Random(seed)
    accumulator = register(random)
    grid, own = random.randint(-12, 0), accumulator.format.grid
    one = Register(accumulator, grid, max(grid, own))
    terms = [[random.randint(-300, 300) for _ in range(3)] for _ in range(random.choice([0, 1, 2, 7, 12]))]
    sums = one.sum(np.array(terms, dtype=object).reshape(len(terms), 3))
    for place in range(3):
        exact = [term[place] * power(grid) for term in terms]
        wanted = reference.accumulate(exact, accumulator)
        assert sums[place] * power(own) == wanted
        bias = random.randint(-9, 9)
        added = one.add(np.array([sums[place]], dtype=object), bias, one.bias)[0]
        assert added * power(own) == reference.add(wanted, Fraction(bias) * power(one.bias), accumulator)
        assert one.rounder.low <= added <= one.rounder.high
