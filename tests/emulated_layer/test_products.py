"""Every sum of products in random designs, on random shapes, against fractions and definitions by index."""

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
import torch

from adequate.design import Design
from adequate.emulation import emulate
from tests import fractions_of as exact
from tests import random_designs as draw
from tests.emulated_layer.products_of_all_kinds import (
    CONTRACTIONS,
    PARAMETER_FIRST,
    Case,
    Product,
    contraction,
    convolution,
    drawn,
    traced,
    transposed,
)
from tests.fractions_of import fractions


def check(random: Random, case: Case, dtype: torch.dtype, parameter: bool) -> None:
    x, w = drawn(random, case.x, dtype), drawn(random, case.w, dtype)
    bias = None if case.bias is None else drawn(random, (case.bias,), dtype)
    network, layer = traced(Product(case, w if parameter else None, bias), *([x] if parameter else [x, w]))
    output = tuple(max(index[d] for index in case.meetings) + 1 for d in range(len(next(iter(case.meetings)))))
    axis = random.choice(case.free) if case.free else None
    design = draw.contraction(
        random,
        None if axis is None else (case.w[axis], random.choice([axis, axis - len(case.w)])),
        (output[1], 1) if len(output) > 1 else None,
        [range(-len(shape), len(shape)) for shape in (case.x, case.w, output)],
    )
    expected = exact.product_layer(
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


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")  # torch's, about speed
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", [convolution, transposed])
def test_convolutions_equal_the_fractions(kind: Callable[[Random], Case], seed: int) -> None:
    random = Random(seed)
    check(random, kind(random), [torch.float32, torch.float64][seed % 3 == 0], parameter=seed % 4 != 1)


@pytest.mark.parametrize(("number", "parameter"), [(i, i % 2 == 0) for i in range(len(CONTRACTIONS))])
def test_contractions_equal_the_fractions(number: int, parameter: bool) -> None:
    random = Random(number)
    case = contraction(random, *CONTRACTIONS[number])
    check(random, case, [torch.float32, torch.float64][number % 3 == 0], parameter)


@pytest.mark.parametrize("number", range(len(PARAMETER_FIRST)))
def test_a_parameter_takes_the_weight_slot_wherever_it_stands(number: int) -> None:
    random = Random(number)
    check(random, contraction(random, *PARAMETER_FIRST[number]), torch.float32, parameter=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("kind", ["convolution", "transposed", "contraction", "parameter first"])
def test_many_random_products_equal_the_fractions(kind: str) -> None:
    for seed in range(1000, 1120):
        random = Random(seed)
        match kind:
            case "convolution":
                case = convolution(random)
            case "transposed":
                case = transposed(random)
            case "contraction":
                case = contraction(random, *random.choice(CONTRACTIONS))
            case _:
                case = contraction(random, *random.choice(PARAMETER_FIRST))
        parameter = kind == "parameter first" or random.random() < 0.5
        check(random, case, random.choice([torch.float32, torch.float64]), parameter)
