"""Accumulators are values that say what they are, and refuse what no register is."""

import re

import pytest

from adequate.formats import Fixed, Minifloat, Rounding, Ternary
from adequate.operators import Accumulator, Exact, LowerOr, Order, Ripple

FLOAT, FIXED = Minifloat(5, 10), Fixed(16, 8)


@pytest.mark.parametrize(
    ("accumulator", "text"),
    [
        (Accumulator(Minifloat(8, 23)), "sequential float(8,23)"),
        (Accumulator(FLOAT, Order.TREE), "tree float(5,10)"),
        (Accumulator(FLOAT, Order.BLOCKED, block=64), "blocked(64) float(5,10)"),
        (Accumulator(FLOAT, product=Minifloat(4, 3)), "sequential float(5,10), product float(4,3)"),
        (Accumulator(FLOAT, compensated=True), "sequential float(5,10), compensated"),
        (Accumulator(FIXED, adder=LowerOr(16, 4)), "sequential fixed(16,8), adder lower_or(16,4)"),
    ],
    ids=str,
)
def test_the_text_says_all(accumulator: Accumulator, text: str) -> None:
    assert str(accumulator) == text
    assert len({accumulator, Accumulator(accumulator.format)}) == (1 if text == "sequential float(8,23)" else 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"format": Ternary()}, "format of an accumulator is fixed(bits,frac) or float(exp,man), not ternary"),
        ({"format": "float(5,10)"}, "format of an accumulator is fixed(bits,frac) or float(exp,man), not float(5,10)"),
        ({"format": FLOAT, "product": Ternary()}, "product of an accumulator is fixed(bits,frac) or float(exp,man), n"),
        (
            {"format": Fixed(8, 4, rounding=Rounding.STOCHASTIC)},
            "format of an accumulator rounds by a fixed rule; fixed(8,4,rounding=stochastic) would need a generator",
        ),
        ({"format": FLOAT, "order": "tree"}, "order of an accumulator is one of Order.SEQUENTIAL, Order.BLOCKED, Ord"),
        ({"format": FLOAT, "order": Order.BLOCKED}, "block of an accumulator must be an integer from 1 to 2147483647"),
        ({"format": FLOAT, "order": Order.BLOCKED, "block": 0}, "block of an accumulator must be an integer from 1 to"),
        ({"format": FLOAT, "order": Order.TREE, "block": 4}, "order tree of an accumulator has no block, not one of 4"),
        ({"format": FLOAT, "block": 4}, "order sequential of an accumulator has no block, not one of 4"),
        ({"format": FLOAT, "compensated": 1}, "compensated of an accumulator is True or False, not 1"),
        (
            {"format": FLOAT, "order": Order.TREE, "compensated": True},
            "a compensated accumulator adds in the order sequential, not tree",
        ),
        (
            {"format": FIXED, "compensated": True},
            "a compensated accumulator is a float; additions in fixed(16,8) lose nothing but range",
        ),
        (
            {"format": FLOAT, "adder": Ripple(16)},
            "ripple(16) adds integer codes: it needs a register fixed(...), not float(5,10)",
        ),
        (
            {"format": FIXED, "adder": LowerOr(12, 4)},
            "lower_or(12,4) adds 12 bits; a register fixed(16,8) needs 16",
        ),
        (
            {"format": FIXED, "adder": Exact(8, 8)},
            "adder of an accumulator is an adder such as ripple(16), not exact(8,8)",
        ),
    ],
)
def test_what_no_register_is_is_refused_in_one_line(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message)) as caught:
        Accumulator(**given)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
