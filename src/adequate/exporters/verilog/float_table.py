"""Tables over the numbers of a float: an entry for each, found by exponent and mantissa."""

from dataclasses import replace

from adequate.exporters.verilog.hardware import Function
from adequate.exporters.verilog.instruction import MANTISSA_BITS, Instruction
from adequate.exporters.verilog.pools import Pools
from adequate.exporters.verilog.refusal import Refusal
from adequate.program.steps import Table

LONGEST_TABLE = 2**16
"""Entries of a table."""


def place_of(n: int, mantissa: int) -> int:
    """Which number n is among the floats of so many mantissa bits, counted from 0, of which 1 is the smallest.

    >>> [place_of(n, 2) for n in (-8, -1, 0, 1, 7, 8, 10, 12, 14, 16)]
    [-8, -1, 0, 1, 7, 8, 9, 10, 11, 12]
    """
    size = abs(n)
    step = _step(size, mantissa)
    place = (step << mantissa) + (size >> step)
    return -place if n < 0 else place


def float_table(step: Table, base: Instruction, pools: Pools) -> Instruction:
    """The pass of a table over some of the integers that x may be, in the shortest float that has them all.

    Raises:
        Refusal: the table is too long.
    """
    assert step.numbers is not None
    known = dict(zip(step.numbers.tolist(), step.entries.tolist(), strict=True))
    mantissa = next(bits for bits in range(2**MANTISSA_BITS) if all(n % 2 ** _step(abs(n), bits) == 0 for n in known))
    found = {place_of(n, mantissa): entry for n, entry in known.items()}
    low, high = min(found), max(found)
    if high - low >= LONGEST_TABLE:
        raise Refusal(step, f"a table of {high - low + 1} entries; the longest has {LONGEST_TABLE}")
    entries = tuple(found.get(place, 0) for place in range(low, high + 1))
    told = replace(base, function=Function.FLOAT_TABLE, parameters=pools.records(entries))
    return replace(told, low=low, mantissa=mantissa)


def _step(size: int, mantissa: int) -> int:
    """How many bits of a number lie below its mantissa."""
    return max(size.bit_length() - 1 - mantissa, 0)
