"""Every kind of layer with every family of multipliers, against Python integers and definitions by index."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch

from adequate.design import Design
from adequate.emulation import emulate
from adequate.formats import Binary, Fixed, Minifloat, Overflow
from adequate.operators import Accumulator, Drum, LowerOr, Multiplier, Order, SignMagnitude, tabulate
from tests import multiplied_of
from tests import random_designs as draw
from tests.emulated_layer import products_of_all_kinds as kinds
from tests.fractions_of import fractions

QUIET = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
"""What torch says of speed."""


def check(
    random: Random,
    case: kinds.Case,
    multiplier: Multiplier,
    dtype: torch.dtype,
    parameter: bool,
    accumulator: Accumulator | None = None,
) -> None:
    x, w = kinds.drawn(random, case.x, dtype), kinds.drawn(random, case.w, dtype)
    bias = None if case.bias is None else kinds.drawn(random, (case.bias,), dtype)
    network, layer = kinds.traced(kinds.Product(case, w if parameter else None, bias), *([x] if parameter else [x, w]))
    output = tuple(max(index[d] for index in case.meetings) + 1 for d in range(len(next(iter(case.meetings)))))
    axis = random.choice(case.free) if case.free else None
    design = draw.multiplied(
        random,
        multiplier,
        None if axis is None else (case.w[axis], random.choice([axis, axis - len(case.w)])),
        (output[1], 1) if len(output) > 1 else None,
        range(-len(output), len(output)),
    )
    if accumulator is not None:
        design = replace(design, input=Fixed(8, 5), weight=Fixed(8, 6), accumulator=accumulator)
    expected = multiplied_of.layer(
        design,
        fractions(x),
        fractions(w),
        None if bias is None else fractions(bias),
        case.meetings,
        dtype,
        case.bias_axis,
    )
    with torch.no_grad():
        got = emulate(network, Design({layer.name: design}))(*([x] if parameter else [x, w]))
    wrong = np.argwhere(fractions(got) != expected)
    assert got.shape == expected.shape
    assert len(wrong) == 0, f"{layer} {design.slots()}: {len(wrong)} of {expected.size}, the first at {wrong[0]}"


def padded(case: kinds.Case) -> bool:
    return any(at is None for met in case.meetings.values() for at, _ in met)


KINDS = (kinds.convolution, kinds.transposed, kinds.any_contraction, kinds.parameter_first)
MET = [(kind, multiplier) for at, multiplier in enumerate(draw.MULTIPLIERS) for kind in KINDS[at % 2 :: 2]]
"""Every multiplier in two kinds of layers, every kind with half of the multipliers."""


@QUIET
@pytest.mark.parametrize(("kind", "multiplier"), MET, ids=lambda one: getattr(one, "__name__", str(one)))
def test_sums_of_a_multipliers_products_equal_the_definition(kind: kinds.Kind, multiplier: Multiplier) -> None:
    random = Random(f"{kind.__name__} {multiplier}")
    case = kind(random)
    if isinstance(multiplier.a.format, Binary):  # +1 and -1: there is no zero to pad with
        while kind is kinds.transposed or padded(case):
            kind = kinds.convolution
            case = kind(random)
    dtype, parameter = random.choice([torch.float32, torch.float64]), random.random() < 0.5
    check(random, case, multiplier, dtype, parameter or kind is kinds.parameter_first)


ACCUMULATORS = (
    Accumulator(Fixed(12, 6)),
    Accumulator(Fixed(14, 8, overflow=Overflow.WRAP), Order.TREE),
    Accumulator(Minifloat(5, 10), Order.BLOCKED, block=3),
    Accumulator(Minifloat(4, 3), product=Minifloat(4, 3), compensated=True),
    Accumulator(Fixed(14, 8), adder=LowerOr(14, 4)),
)


@QUIET
@pytest.mark.parametrize("accumulator", ACCUMULATORS, ids=str)
@pytest.mark.parametrize("kind", [kinds.convolution, kinds.transposed, kinds.any_contraction])
def test_an_accumulator_adds_a_multipliers_products(kind: kinds.Kind, accumulator: Accumulator) -> None:
    random = Random(f"{kind.__name__} {accumulator}")
    odd = tabulate("odd", lambda a, b: a * b + 1, signed_a=True, signed_b=True)
    for multiplier in (SignMagnitude(Drum(8, 8, 3)), odd):
        check(random, kind(random), multiplier, torch.float64, True, accumulator)
