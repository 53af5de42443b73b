"""Every kind of layer with every family of multipliers, against Python integers and definitions by index."""

from random import Random

import numpy as np
import pytest
import torch

from adequate.design import Design
from adequate.emulation import emulate
from adequate.formats import Binary
from adequate.operators import Multiplier
from tests import multiplied_of
from tests import random_designs as draw
from tests.emulated_layer import products_of_all_kinds as kinds
from tests.fractions_of import fractions


def check(random: Random, case: kinds.Case, multiplier: Multiplier, dtype: torch.dtype, parameter: bool) -> None:
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


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")  # torch's, about speed
@pytest.mark.parametrize("multiplier", draw.MULTIPLIERS, ids=str)
@pytest.mark.parametrize("kind", [kinds.convolution, kinds.transposed, kinds.any_contraction, kinds.parameter_first])
def test_sums_of_a_multipliers_products_equal_the_definition(kind: kinds.Kind, multiplier: Multiplier) -> None:
    random = Random(f"{kind.__name__} {multiplier}")
    case = kind(random)
    if isinstance(multiplier.a.format, Binary):  # +1 and -1: there is no zero to pad with
        while kind is kinds.transposed or padded(case):
            kind = kinds.convolution
            case = kind(random)
    dtype, parameter = random.choice([torch.float32, torch.float64]), random.random() < 0.5
    check(random, case, multiplier, dtype, parameter or kind is kinds.parameter_first)
